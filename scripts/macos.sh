# shellcheck shell=bash
# The parts of scripts/install for macOS: the line in /etc/synthetic.conf that makes /proc, and the
# LaunchDaemon. Sourced after files.sh; scripts/install sets `synthetic` and `list`, and has the
# functions that print and remember what is done.

: "${me:?}" "${machine=}" "${label:?}" "${plist:?}" "${daemon_program:?}" "${synthetic=}" "${list=}"

# Adds the line `proc`, once. A last line without a newline is ended first.
add_to_synthetic() {
    local how=added
    if [ -e "$synthetic" ] && grep -qE '^proc(	|$)' "$synthetic"; then return; fi
    doing "add the line proc to $synthetic" || return 0
    directory /etc
    if [ ! -e "$synthetic" ]; then
        how=made
    elif [ -n "$(tail -c 1 "$synthetic")" ]; then
        how=ended
        echo >>"$synthetic"
    fi
    echo proc >>"$synthetic"
    chmod 644 "$synthetic"
    note "s $how"
}

# Writes into the same file, which keeps its owner and mode.
remove_from_synthetic() {
    local how rest
    how=$(sed -n 's/^s //p' "$list") # no line: another prefix has taken it over
    if [ -z "$how" ] || [ ! -e "$synthetic" ]; then return; fi
    doing "remove the line proc from $synthetic" || return 0
    if [ "$how" = ended ] && [ "$(tail -n 1 "$synthetic")" = proc ]; then
        rest=$(sed '$d' "$synthetic")
        printf '%s' "$rest" >"$synthetic"
    else
        rest=$(sed '/^proc$/d' "$synthetic" && echo .) # the dot keeps empty lines at the end
        printf '%s' "${rest%.}" >"$synthetic"
    fi
    if [ "$how" = made ] && [ ! -s "$synthetic" ]; then rm "$synthetic"; fi
}

# Ends the script if a user other than root may replace the program that launchd runs as root: in
# each directory above it only root may make, rename and remove files.
check_daemon_directory() {
    local path=$daemon_program mode owner rest
    while [ -n "$path" ]; do
        path=${path%/*}
        [ -d "$machine$path/" ] || continue # made later, as root
        read -r mode rest owner rest < <(ls -ldn "$machine$path/")
        case $mode in
            # In a directory with the sticky bit only the owner of a file removes it.
            ?????w???[!tT]* | ????????w[!tT]*) ;;
            *) [ "$owner" != 0 ] || continue ;;
        esac
        die "users other than root can write to $machine$path/, and $label runs as root from there"
    done
}

launchd_has() { launchctl print "system/$label" >/dev/null 2>&1; }

# Ends the LaunchDaemon. `launchctl bootout` returns before it has ended.
stop_daemon() {
    local tries=30
    launchctl bootout "system/$label" >/dev/null 2>&1 || true # it may not run
    while launchd_has; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || die "launchd has not ended $label within 30 s"
        sleep 1
    done
}

# Starts it, in place of a running one. 5 and 37 mean that launchd is not done with the old one.
start_daemon() {
    local tries=10 status
    stop_daemon
    while :; do
        status=0
        launchctl bootstrap system "$plist" || status=$?
        tries=$((tries - 1))
        case $status:$tries in
            0:*) return ;;
            5:[1-9] | 37:[1-9]) sleep 1 ;;
            *) die "failed: launchctl bootstrap system $plist (status $status)" ;;
        esac
    done
}

note_missing_macfuse() {
    has fuse || cat <<'NEXT'
`mount` needs macFUSE, which is missing; `cat`, `ls` and `record` work without it. To install it:
  brew install --cask macfuse
NEXT
}

# Steps that the user has to take after an installation for all users.
next_on_macos() {
    note_missing_macfuse
    cat <<'NEXT'
The first mount asks for macFUSE's kernel extension: allow it in System Settings, Privacy &
Security, and restart. On Apple silicon the startup options must first be set to Reduced Security
with kernel extensions of identified developers.
NEXT
    if [ ! -d "$machine/proc" ]; then
        cat <<'NEXT'
/proc is made at the next start of this Mac, and mounted then. To have it now:
  sudo /System/Library/Filesystems/apfs.fs/Contents/Resources/apfs.util -t
NEXT
    else
        echo 'It is mounted on /proc at every start, once the extension is allowed. To have it now:'
    fi
    # launchd knows the service if it was started above, or when this Mac was; then a second
    # bootstrap is an error (5 or 37).
    if launchd_has; then
        printf '  sudo launchctl kickstart system/%s\n' "$label"
    else
        printf '  sudo launchctl bootstrap system %s\n' "$plist"
    fi
}

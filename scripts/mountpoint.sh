# shellcheck shell=bash
# Checks of scripts/run before it installs or builds: the mount point, FUSE and the right to mount.
# Sourced after lib.sh, with the absolute path of the mount point in `dir`.

: "${me:?}" "${system:?}" "${machine=}" "${dir:?}"

# The path without links, as the mount table has it. If it is a dead mount (its daemon was killed),
# which cannot be entered, or a directory that does not exist yet, the parent's path is resolved.
physical() {
    local parent
    (cd -P "$1" && pwd -P) 2>/dev/null && return
    parent=$(cd -P "$(dirname "$1")" && pwd -P) 2>/dev/null || return
    printf '%s/%s\n' "${parent%/}" "$(basename "$1")"
}

# Whether macOS's table of mounts names this program by a source: mach-procfs, or mach-procfs@macfuse0.
# An sshfs of a user who is called so is mach-procfs@host:.
is_own_source() {
    local number=${1#mach-procfs@macfuse}
    [ "$1" != mach-procfs ] || return 0
    [ "$number" != "$1" ] && [ -n "$number" ] && [ -z "${number//[0-9]/}" ]
}

# The mount on a directory: "ours", another type, or nothing. The last line wins, since it is the
# uppermost. Linux: `SOURCE on DIR type fuse.mach-procfs (…)`; macOS: `SOURCE on DIR (macfuse, …)`,
# where only SOURCE identifies the program.
mounted_on() {
    local line table type=''
    table=$(mount)
    while IFS= read -r line; do
        case $line in
            *" on $1 type "*)
                type=${line##*" on $1 type "}
                type=${type%% *}
                ;;
            *" on $1 ("*)
                type=${line##*" on $1 ("}
                type=${type%%[,)]*}
                if [ "$type" = macfuse ] && is_own_source "${line%%" on $1 ("*}"; then
                    type=ours
                fi
                ;;
        esac
    done <<<"$table"
    if [ "$type" = fuse.mach-procfs ]; then type=ours; fi
    printf '%s' "$type"
}

answers() { { IFS= read -r _ <"$1/self/maps"; } 2>/dev/null; }

# Ends the script if $dir cannot be mounted on. Makes nothing. Sets `mounted`: yes or no, or dead if
# the daemon of a mount was killed.
# shellcheck disable=SC2034 # `mounted` is for the script that sources this file
check_mount_point() {
    local path there='' above=$dir
    mounted=no
    if path=$(physical "$dir"); then
        dir=$path
        there=$(mounted_on "$dir")
    fi
    case $there in
        '') ;;
        ours)
            if answers "$dir"; then mounted=yes; else mounted=dead; fi
            return
            ;;
        *) die "$dir has another file system on it ($there); name an empty directory" ;;
    esac
    if [ -d "$dir" ]; then
        # Another user may have prepared a trap under a name in /tmp that can be guessed.
        [ -O "$dir" ] || is_root || die "$dir belongs to another user"
        [ -w "$dir" ] || die "$dir cannot be written to, which mounting takes"
        [ -z "$(ls -A "$dir")" ] || die "$dir is not empty; name an empty directory"
        return
    fi
    while [ ! -e "$above" ] && [ ! -L "$above" ]; do above=$(dirname "$above"); done
    if [ "$above" = "$dir" ]; then die "$dir is not a directory; name an empty directory"; fi
    if [ ! -d "$above" ] || [ ! -w "$above" ]; then
        die "cannot make the directory $dir: $above is no directory that this user may write to"
    fi
}

# Ends the script if Linux's FUSE cannot be used. `ensure` checks macOS's.
check_fuse() {
    local device=$machine/dev/fuse rights
    [ "$system" != macos ] || return 0
    if [ ! -e "$device" ]; then
        say '/dev/fuse is missing. A container has it if it is started with --device /dev/fuse.'
        advise "Elsewhere run this, then $me again" "$(for_root 'modprobe fuse')"
    fi
    if ! { : <>"$device"; } 2>/dev/null; then
        if is_root; then
            die '/dev/fuse cannot be opened; start the container with --device /dev/fuse'
        fi
        advise "/dev/fuse is closed to this user. Run this, then $me again" \
            "$(for_root 'chmod 666 /dev/fuse')"
    fi
    if is_root; then
        rights=$(sed -n 's/^CapEff:[[:space:]]*//p' "$machine/proc/self/status")
        # Bit 21 is CAP_SYS_ADMIN, which mount(2) takes; root in a container often lacks it.
        [ -z "$rights" ] || [ $((0x$rights >> 21 & 1)) = 1 ] ||
            die 'this root may not mount; start the container with --cap-add SYS_ADMIN'
    fi
}

# Makes $dir. `unmake_mount_point` removes it.
make_mount_point() {
    local path=$dir
    made=''
    while [ ! -e "$path" ] && [ ! -L "$path" ]; do
        made="$made$path
"
        path=$(dirname "$path")
    done
    trap unmake_mount_point EXIT
    mkdir -p "$dir" || die "cannot make the directory $dir"
    dir=$(physical "$dir")
}

unmake_mount_point() {
    local path
    while IFS= read -r path; do
        [ -z "$path" ] || rmdir "$path" 2>/dev/null || true
    done <<<"$made"
}

# shellcheck shell=bash
# Steps with a time limit, whose output is kept, cleared of names and packed: for first-mac. Sourced
# after lib.sh. In bash 3.2, without timeout(1), which macOS lacks.

: "${me:?}" "${root:?}" "${system:?}" "${limit=0}"

# Sets `work`, and makes a pipe in it into which each command writes its end. It is open for reading
# and writing, so that no side waits for the other.
begin_steps() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/first-mac.XXXXXX")
    work=$(cd -P "$work" && pwd -P) # as the table of mounts has it
    answers=$work/answers
    count=0 failed=0 running=''
    mkdir "$answers"
    mkfifo "$work/ends"
    exec 3<>"$work/ends"
}

# Ends the command that runs when the script is interrupted.
end_step() { [ -z "$running" ] || kill -TERM -"$running" 2>/dev/null || true; }

# The output of a step so far.
answer_of() { printf '%s\n' "$answers"/*-"$1".txt; }

# ended NUMBER SECONDS: sets `status` if this step has written its end within the time.
ended() {
    local number
    while read -r -t "$2" -u 3 number status; do
        [ "$number" != "$1" ] || return 0 # else of a step that was given up before
    done
    return 1
}

# step NAME SECONDS COMMAND…: standard output and error go to a file each, the status into the
# summary and into `status`. A command that takes too long is killed with all that it has started.
# One that cannot be killed, since the kernel waits for a dead mount, is abandoned.
step() {
    local name=$1 seconds=$2 since=$SECONDS number pid file
    shift 2
    count=$((count + 1))
    number=$count
    [ "$limit" = 0 ] || [ "$seconds" -le "$limit" ] || seconds=$limit
    file=$answers/$(printf '%02d' "$number")-$name
    say "$name (at most $seconds s)"
    set -m # a process group for each command
    {
        status=0
        ("$@") >"$file.txt" 2>"$file.err" </dev/null 3>&- || status=$?
        echo "$number $status" >&3
    } 2>/dev/null &
    pid=$!
    running=$pid
    set +m
    if ! ended "$number" "$seconds"; then
        kill -TERM -"$pid" 2>/dev/null || true
        ended "$number" 2 || kill -KILL -"$pid" 2>/dev/null || true
        status="ended after $seconds s"
    fi
    running=''
    disown "$pid" 2>/dev/null || true
    [ -s "$file.err" ] || rm -f "$file.err"
    [ "$status" = 0 ] || failed=$((failed + 1))
    printf '%02d %s: %s (%s s)\n' "$number" "$name" "$status" $((SECONDS - since)) \
        >>"$answers/00-summary.txt"
}

# --- what must not be in the archive ----------------------------------------------------------------

# secrets: `NAME VALUE` for each value that is replaced by NAME, longer paths first.
secrets() {
    local user
    printf 'WORK %s\n' "$work"
    printf 'SOURCE %s\n' "$root" "$(cd -P "$root" && pwd -P)"
    if [ -n "${HOME:-}" ] && [ "$HOME" != / ]; then
        printf 'HOME %s\n' "$HOME" "$(cd -P "$HOME" 2>/dev/null && pwd -P)"
    fi
    user=$(id -un)
    # root is every machine's, and the name of a file.
    [ "$user" = root ] || printf 'USER %s\n' "$user"
    host_names | while IFS= read -r name; do
        case $name in '' | localhost | localhost.*) ;; *) printf 'HOST %s\n' "$name" ;; esac
    done
    if [ "$system" = macos ] && [ "$user" != root ]; then
        { id -F 2>/dev/null || true; } | sed -n 's/^..*/USER &/p' # the full name
    fi
}

host_names() {
    uname -n
    uname -n | sed 's/\..*//'
    [ "$system" = macos ] || return 0
    scutil --get ComputerName 2>/dev/null || true
    scutil --get LocalHostName 2>/dev/null || true
}

hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }

# Replaces the names in all output: as words, so that a user called `a` leaves the rest alone. A
# recording has bytes that are not text in hexadecimal.
hide_names() {
    local name value pattern file
    # Also as the program quotes a path for a shell.
    secrets | sed -e p -e "s/'/'\\\\''/g" | sort -u | awk 'NF > 1 { print length($0), $0 }' |
        sort -rn | cut -d ' ' -f 2- >"$work/secrets"
    while read -r name value; do
        pattern=$(printf '%s' "$value" | sed 's/[][\.*^$+?(){}|/]/\\&/g')
        # Twice: the text between two names belongs to the match of the first one.
        printf 's/(^|[^[:alnum:]])%s($|[^[:alnum:]])/\\1%s\\2/g\n' \
            "$pattern" "$name" "$pattern" "$name"
        # Shorter ones would be found in any bytes.
        [ ${#value} -lt 4 ] ||
            printf '/"hex": "/s/%s/%s/g\n' "$(hex "$value")" "$(hex "$name")"
    done <"$work/secrets" >"$work/hide.sed"
    # Names of volumes and of servers: a recording has all mounts.
    printf '%s\n' 's|/Volumes/[^"/]*|/Volumes/VOLUME|g' 's|//[^" /]*@[^" ]*|//SHARE|g' \
        >>"$work/hide.sed"
    for file in "$answers"/*; do
        if LC_ALL=C sed -E -f "$work/hide.sed" "$file" >"$work/hidden"; then
            mv "$work/hidden" "$file"
        else
            withhold "$file"
        fi
        while read -r name value; do
            if LC_ALL=C grep -qwF -e "$value" "$file"; then withhold "$file"; fi
        done <"$work/secrets"
    done
}

withhold() { echo 'withheld: a name would have been in it' >"$1"; }

# pack FILE: packs the output, without the names of the archive's owners.
pack() {
    local options=(--format=ustar --owner=0 --group=0 --numeric-owner)
    case $(tar --version) in
        *bsdtar*) options=(--format=ustar --uid 0 --gid 0 --uname '' --gname '') ;;
    esac
    # COPYFILE_DISABLE: no ._ files with extended attributes.
    (cd "$work" && COPYFILE_DISABLE=1 tar "${options[@]}" -cf - answers) | gzip -n >"$1" ||
        die "cannot write $1"
    say "$count steps, $failed of them failed or were ended: $1"
}

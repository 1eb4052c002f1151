# shellcheck shell=bash
# The files that an installation consists of, and how they are made: for scripts/install,
# scripts/package and scripts/packaging/archive. Sourced with `root` set.

: "${root:?}"

# macOS: the label of the LaunchDaemon, which names all files of it.
label=io.github.mach-procfs
# Its copy of the program. No user may write there, as many may in /usr/local/bin.
daemon_program=/Library/PrivilegedHelperTools/$label
plist=/Library/LaunchDaemons/$label.plist
log=/var/log/mach-procfs.log

# program_files PREFIX: `MODE PATH WHAT` for each file below the prefix, from src/cli/installed.txt.
program_files() {
    local path mode what
    while read -r path mode what; do
        case $path in '#'*) ;; *) printf '%s %s %s\n' "$mode" "$1/$path" "$what" ;; esac
    done <"$root/src/cli/installed.txt"
}

# service_files SYSTEM UNITS HELPERS: what mounts at every start, in the same form. UNITS is the
# directory of systemd's units, HELPERS that of mount(8)'s helpers; a link has no mode.
service_files() {
    case $1 in
        # The property list comes last: it says which prefix the others belong to.
        macos) printf '%s\n' "755 $daemon_program program" \
            "644 /etc/newsyslog.d/$label.conf newsyslog" "644 $plist plist" ;;
        *) printf '%s\n' "644 $2/mach-procfs.service service" \
            "link $3/mount.fuse.mach-procfs helper" ;;
    esac
}

# make_files PROGRAM PREFIX DIR: all of these but the program and the link, in DIR, named as WHAT
# says. PREFIX is where the program will lie.
make_files() {
    local mode path what
    "$1" generate all "$3/all" || die "failed: $1 generate all"
    while read -r mode path what; do
        [ "$what" = program ] || mv "$3/all/$path" "$3/$what"
    done < <(program_files .)
    for what in service plist newsyslog; do
        sed -e "s|@PREFIX@|$2|" -e "s|@LABEL@|$label|" -e "s|@PROGRAM@|$daemon_program|" \
            -e "s|@LOG@|$log|" "$root/scripts/packaging/mach-procfs.$what" >"$3/$what"
    done
}

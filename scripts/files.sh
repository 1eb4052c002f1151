# shellcheck shell=bash
# The files of an installation, and how they are made: for scripts/install, scripts/package and
# scripts/packaging/archive. Sourced with `root` set.

: "${root:?}"

# macOS: the label of the LaunchDaemon, which names all files of it.
label=io.github.mach-procfs
# Its copy of the program. No user may write there, unlike /usr/local/bin on many Macs.
daemon_program=/Library/PrivilegedHelperTools/$label
plist=/Library/LaunchDaemons/$label.plist
log=/var/log/mach-procfs.log

# program_files PREFIX: `MODE WHAT PATH` for each file below the prefix, from src/cli/installed.txt.
program_files() {
    local path mode what
    while read -r path mode what; do
        case $path in '#'*) ;; *) printf '%s %s %s\n' "$mode" "$what" "$1/$path" ;; esac
    done <"$root/src/cli/installed.txt"
}

# service_files SYSTEM UNITS HELPERS: the files that mount at every start, in the same form. UNITS
# is the directory of systemd's units, HELPERS that of mount(8)'s helpers; a link has no mode.
service_files() {
    case $1 in
        # The property list comes last: it says which prefix the others belong to.
        macos) printf '%s\n' "755 program $daemon_program" \
            "644 newsyslog /etc/newsyslog.d/$label.conf" "644 plist $plist" ;;
        *) printf '%s\n' "644 service $2/mach-procfs.service" \
            "link helper $3/mount.fuse.mach-procfs" ;;
    esac
}

# make_files PROGRAM PREFIX DIR: makes all of these except the program and the link, in DIR, named
# by WHAT. PREFIX is the place of the installed program.
make_files() {
    local mode path what prefix
    prefix=$(printf '%s' "$2" | sed 's/[\\&|]/\\&/g') # as sed writes it unchanged
    "$1" generate all "$3/all" || die "failed: $1 generate all"
    while read -r mode what path; do
        [ "$what" = program ] || mv "$3/all/$path" "$3/$what"
    done < <(program_files .)
    for what in service plist newsyslog; do
        sed -e "s|@PREFIX@|$prefix|" -e "s|@LABEL@|$label|" -e "s|@PROGRAM@|$daemon_program|" \
            -e "s|@LOG@|$log|g" "$root/scripts/packaging/mach-procfs.$what" >"$3/$what"
    done
}

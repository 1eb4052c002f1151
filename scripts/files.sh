# shellcheck shell=bash
# The one list of the files that an installation consists of, and how they are made: for
# scripts/install, scripts/package and packaging/archive. Sourced with `root` set.

: "${root:?}"

# program_files PREFIX ZSH: `MODE PATH WHAT` for each file below the prefix. ZSH is the name of zsh's
# directory of completions, which Debian calls otherwise for its packages.
program_files() {
    cat <<LIST
755 $1/bin/mach-procfs program
644 $1/share/man/man1/mach-procfs.1 man
644 $1/share/bash-completion/completions/mach-procfs bash
644 $1/share/zsh/$2/_mach-procfs zsh
644 $1/share/fish/vendor_completions.d/mach-procfs.fish fish
LIST
}

# service_files SYSTEM UNITS HELPERS: what mounts at every start, the same way. UNITS is the
# directory of systemd's units, HELPERS that of mount(8)'s helpers; a link has no mode.
service_files() {
    case $1 in
        macos) printf '644 /Library/LaunchDaemons/mach-procfs.plist plist\n' ;;
        *) printf '644 %s/mach-procfs.service service\nlink %s/mount.fuse.mach-procfs helper\n' \
            "$2" "$3" ;;
    esac
}

# make_files PROGRAM BIN DIR: all of these but the program and the link, in DIR, named as WHAT says.
# BIN is where the program will lie.
make_files() {
    local what
    for what in man bash zsh fish; do
        "$1" generate "$what" >"$3/$what" || die "failed: $1 generate $what"
    done
    for what in service plist; do
        sed "s|@BIN@|$2|" "$root/packaging/mach-procfs.$what" >"$3/$what"
    done
}

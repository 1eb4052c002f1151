# shellcheck shell=bash
# For all scripts and .ci/run: detects the system, and which of a script's tools are there;
# install.sh, below, gets the missing ones. Sourced with `me` (the script's name, for messages) and
# `root` (the top of the source tree) set.
#
# Written for bash 3.2, the one macOS has: no associative arrays, no mapfile, and lists are words
# in a string, since there an empty array is an error under `set -u`.
#
# Only tests set MACH_PROCFS_MACHINE: the directory that stands in for / where a script looks at the
# machine (/etc/os-release, /dev/fuse, /usr/bin/python3, …).

: "${me:?}" "${root:?}"
machine=${MACH_PROCFS_MACHINE:-}

say() { printf '%s\n' "$me: $*" >&2; }
die() { say "$*"; exit 1; }
# suggest MESSAGE COMMAND: a message, and a command on a line of its own, to be copied.
suggest() { say "$1:"; printf '  %s\n' "$2" >&2; }
advise() { suggest "$@"; exit 1; } # where the script can do no more
# A word as any shell reads it, for a command that is printed. Not `printf %q`: in some locales bash
# writes $'…', which sh does not know. (Variables, since versions of bash read quotes in a
# substitution differently.)
quoted() {
    local quote="'" escaped="'\\''"
    case $1 in
        '' | *[!A-Za-z0-9/._+:@%,=-]*) printf "'%s'" "${1//$quote/$escaped}" ;;
        *) printf '%s' "$1" ;;
    esac
}
found() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }

detect_system() {
    local os_release=$machine/etc/os-release
    system=unknown
    if [ "$(uname -s)" = Darwin ]; then
        system=macos
    elif [ -r "$os_release" ]; then
        # The file is shell by its own manual page; a subshell keeps its names out of ours.
        # ID_LIKE brings in the derived systems (Mint, Pop!_OS, Manjaro, …).
        # shellcheck source=/dev/null
        case " $(. "$os_release" && printf '%s %s' "${ID:-}" "${ID_LIKE:-}") " in
            *' debian '* | *' ubuntu '*) system=debian ;;
            *' fedora '*) system=fedora ;;
            *' arch '*) system=arch ;;
        esac
    fi
}

# at_least HAVE WANT: compares major and minor only. A HAVE that is not a version is never enough.
at_least() {
    local have=${1%%[!0-9.]*} want=$2 have_minor want_minor
    case $have in [0-9]*.[0-9]*) ;; *) return 1 ;; esac
    have_minor=${have#*.} want_minor=${want#*.}
    have_minor=${have_minor%%.*} want_minor=${want_minor%%.*}
    [ "${have%%.*}" -gt "${want%%.*}" ] ||
        { [ "${have%%.*}" -eq "${want%%.*}" ] && [ "$have_minor" -ge "$want_minor" ]; }
}

# Both, since a cargo and a rustc from different places may differ; and by running them, since
# rustup's stand-ins exist even without a toolchain.
rust_is_new_enough() {
    local tool version
    for tool in cargo rustc; do
        version=$("$tool" --version 2>/dev/null) || return 1
        version=${version#* }
        at_least "${version%% *}" "$rust_wanted" || return 1
    done
}

has() {
    case $system:$1 in
        macos:cc) xcode-select -p >/dev/null 2>&1 ;; # /usr/bin/cc is there without a compiler, too
        macos:fuse) [ -d "$machine/Library/Filesystems/macfuse.fs" ] ;;
        *:fuse) found fusermount3 ;;
        *:mtab) [ -e "$machine/etc/mtab" ] ;;
        *:dpkg-dev) found dpkg-shlibdeps ;;
        *:cargo) rust_is_new_enough ;;
        # The system's own Python, for which its packages are, and not another one on the PATH.
        *:psutil) "$machine/usr/bin/python3" -c 'import psutil' >/dev/null 2>&1 ;;
        *) found "$1" ;;
    esac
}

# Prints the missing ones of the tools, as words.
missing_of() {
    local tool
    for tool in "$@"; do has "$tool" || printf ' %s' "$tool"; done
}

rust_wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml")
[ -n "$rust_wanted" ] || die "no rust-version in $root/Cargo.toml"
detect_system
# A rustup installed a moment ago is not yet on the PATH of the shell that installed it.
cargo_bin=${CARGO_HOME:-${HOME:-}/.cargo}/bin
if ! rust_is_new_enough && [ -x "$cargo_bin/cargo" ]; then PATH=$cargo_bin:$PATH; fi
# shellcheck source=scripts/install.sh
. "$root/scripts/install.sh"

# shellcheck shell=bash
# How each system gets the tools that lib.sh found missing. Sourced by lib.sh; the scripts call
# `ensure`. An installed tool is not installed again, so a second run changes nothing.

: "${me:?}" "${system:?}" "${rust_wanted:?}"
# shellcheck disable=SC2016 # for the user's shell to expand
brew_line='/bin/bash -c "$(curl -fsSL https://raw.githubusercontent.com/Homebrew/install/HEAD/install.sh)"'
rustup_line="curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"

# The Debian or Ubuntu packages with a new enough cargo, or nothing. cargo-web is the newer one
# that Debian's stable releases have beside `cargo`; it would push an installed cargo out, so it
# is only for a machine that has none.
debian_rust() {
    local package version
    for package in cargo cargo-web; do
        if [ "$package" = cargo-web ] && found cargo; then continue; fi
        version=$(LC_ALL=C apt-cache policy "$package" 2>/dev/null | sed -n 's/^ *Candidate: *//p')
        at_least "$version" "$rust_wanted" || continue
        printf '%s ca-certificates' "$package" # cargo cannot fetch a crate without them
        return
    done
}

# Adds a command for the user to run.
by_hand() { commands="$commands${commands:+ && }$*"; }

# A user's fusermount3 unmounts by /etc/mtab, which Debian's smallest systems lack.
mtab_line='ln -sf /proc/self/mounts /etc/mtab'

# Sets `packages` (for the package manager), `mtab` (for root to run) and `commands`.
plan() {
    local tool rust=''
    packages='' mtab='' commands=''
    for tool in "$@"; do
        case $system:$tool in
            macos:cc) by_hand 'xcode-select --install' ;; # opens a window, so it is the user's
            debian:cc) packages="$packages gcc libc6-dev" ;;
            *:cc) packages="$packages gcc" ;;
            debian:c++) packages="$packages g++" ;;
            fedora:c++) packages="$packages gcc-c++" ;;
            *:c++) packages="$packages gcc" ;;
            *:fuse) packages="$packages fuse3" ;;
            *:mtab) mtab=$mtab_line ;;
            debian:script) packages="$packages bsdutils" ;;
            fedora:script) packages="$packages util-linux-script" ;;
            *:script) packages="$packages util-linux" ;;
            *:unshare) packages="$packages util-linux" ;;
            *:man) packages="$packages man-db" ;;
            debian:ps) packages="$packages procps" ;;
            *:ps) packages="$packages procps-ng" ;;
            arch:psutil) packages="$packages python-psutil" ;;
            *:psutil) packages="$packages python3-psutil" ;;
            fedora:shellcheck) packages="$packages ShellCheck" ;;
            *:cargo)
                case $system in
                    debian) rust=$(debian_rust) ;;
                    fedora) rust=cargo ;;
                    arch | macos) rust=rust ;;
                esac
                if found rustup; then
                    by_hand 'rustup update stable && rustup default stable'
                elif [ -n "$rust" ]; then
                    packages="$packages $rust"
                else
                    found curl || packages="$packages curl ca-certificates"
                    by_hand "$rustup_line"
                fi
                ;;
            *) packages="$packages $tool" ;;
        esac
    done
}

# Homebrew refuses root; every other package manager wants it.
may_install() {
    case $system in
        macos) ! is_root && found brew ;;
        debian | fedora | arch) is_root || sudo -n true >/dev/null 2>&1 ;;
        *) false ;;
    esac
}

installer() {
    case $system in
        debian) printf 'apt-get install -y --no-install-recommends' ;;
        fedora) printf 'dnf install -y' ;;
        arch) printf 'pacman -S --needed --noconfirm' ;;
        macos) printf 'brew install' ;;
    esac
}

# Prints and runs a package manager's command, which may not ask, nor write to the script's output.
manage() {
    if [ "$system" = debian ]; then set -- env DEBIAN_FRONTEND=noninteractive "$@"; fi
    if [ "$system" != macos ] && ! is_root; then set -- sudo -n "$@"; fi
    say "running: $*"
    "$@" </dev/null >&2
}

# One unreachable third-party source is no reason to stop.
update_lists() {
    manage apt-get update || say 'apt-get update failed; going on with the lists that are here'
}

# for_root COMMAND…: one line that runs the commands as root, for the user to copy.
for_root() {
    local command line='' sudo=''
    if ! is_root && found sudo; then sudo='sudo '; fi
    for command in "$@"; do line="$line${line:+ && }$sudo$command"; done
    if is_root || [ -n "$sudo" ]; then printf '%s' "$line"; else printf 'su -c %s' "$(quoted "$line")"; fi
}

# The commands that the user has to run if the script may not.
package_command() {
    set --
    if [ -n "$packages" ]; then
        case $system in
            debian) set -- 'apt-get update' "$(installer)$packages" ;;
            fedora | arch) set -- "$(installer)$packages" ;;
        esac
    fi
    if [ -n "$mtab" ]; then set -- "$@" "$mtab"; fi
    case $system in
        debian | fedora | arch) for_root "$@" ;;
        macos)
            found brew || printf '%s && ' "$brew_line"
            printf '%s' "$(installer)$packages"
            ;;
    esac
}

# ensure TOOL…: returns when all are there, and installs missing ones; else exits 1 and prints what
# to run. A TOOL is cc, c++, fuse (on Linux), mtab, cargo, psutil, dpkg-dev, or another that `plan`
# has a package for. macFUSE is left to the user: only a mount takes it.
ensure() {
    local tool missing list='' may=no note=''
    if ! is_root && [ "$system" != macos ]; then
        case " $* " in
            *' mtab '*) ;;
            *' fuse '*) set -- "$@" mtab ;;
        esac
    fi
    missing=$(missing_of "$@")
    [ -n "$missing" ] || return 0
    if may_install; then may=yes; fi
    # A link comes from no list.
    if [ $may = yes ] && [ "$system" = debian ] && [ "$missing" != ' mtab' ]; then update_lists; fi
    # shellcheck disable=SC2086 # a list of words
    plan $missing
    if [ -n "$packages$mtab" ]; then
        if [ $may = yes ]; then
            # shellcheck disable=SC2046,SC2086 # lists of words
            if [ -n "$packages" ]; then manage $(installer) $packages || die "failed: $(installer)$packages"; fi
            # shellcheck disable=SC2086 # a list of words
            if [ -n "$mtab" ]; then manage $mtab || die "failed: $mtab"; fi
        elif [ "$system" != unknown ]; then
            commands="$(package_command)${commands:+ && $commands}"
        fi
    fi
    hash -r
    # shellcheck disable=SC2086 # a list of words
    missing=$(missing_of $missing)
    [ -n "$missing" ] || return 0
    for tool in $missing; do
        case $system:$tool in
            *:fuse) tool=fusermount3 ;;
            *:mtab) tool=/etc/mtab ;;
            *:cargo)
                tool="cargo $rust_wanted or newer"
                [ -n "$commands" ] || by_hand "$rustup_line" # the system's own was too old after all
                ;;
        esac
        list="$list${list:+, }$tool"
    done
    list="missing: $list."
    if [ "$system" = unknown ] && [ -n "$packages" ]; then
        list="$list Install with your package manager:$packages."
    fi
    if [ "$system" = macos ] && is_root; then note=' as yourself (Homebrew refuses root)'; fi
    [ -n "$commands" ] || die "$list Then run $me again."
    advise "$list Run this$note, then $me again" "$commands"
}

# shellcheck shell=bash
# Builds the program as it is released. Sourced after lib.sh by the scripts that need it; `build`
# sets `program`, the path of the program.

: "${me:?}" "${root:?}"

# Whether root runs this in a source tree of another user.
is_in_tree_of_other() {
    local fields
    is_root || return
    fields=$(ls -ldn "$root/Cargo.toml") # mode, links, owner, …
    # shellcheck disable=SC2086 # a list of words
    set -- $fields
    [ "$3" != 0 ]
}

# Whether root came there by sudo. The caller of sudo then builds: rustup's cargo is in that user's
# home, and root leaves no file in the tree.
builds_for_caller() { is_in_tree_of_other && [ "${SUDO_UID:-0}" != 0 ] && found sudo; }

as_caller() { sudo -n -H -u "#$SUDO_UID" -- "$@"; }

# Runs these shell commands as the caller, with all that lib.sh and this file define.
caller_shell() {
    # shellcheck disable=SC2016 # for the caller's shell to expand
    as_caller "$BASH" -c 'me=$1 root=$2 && . "$2/scripts/lib.sh" && . "$2/scripts/build.sh" && eval "$3"' \
        bash "$me" "$root" "$1"
}

# The path of the program that is built.
built_program() {
    local path=${CARGO_TARGET_DIR:-target}/release/mach-procfs
    case $path in /*) ;; *) path=$root/$path ;; esac
    printf '%s\n' "$path"
}

# build TOOL…: ensures these tools and those that building takes, and builds.
build() {
    if builds_for_caller; then
        ensure cc "$@"
        caller_shell rust_is_new_enough || ensure cargo
        # shellcheck disable=SC2016 # for the caller's shell to expand
        program=$(caller_shell 'build && printf "%s\n" "$program"') || exit
        return
    fi
    ensure cc "$@" cargo
    program=$(built_program)
    [ -x "$program" ] || say 'building; the first time this takes 2 to 5 minutes'
    (cd "$root" && cargo build --release >&2) || die 'cargo build --release failed'
    [ -x "$program" ] || die "cargo build made no $program"
}

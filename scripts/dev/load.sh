# shellcheck shell=bash
# What scripts/dev/soak and scripts/dev/storm share: tests run for so many seconds, with
# the program as it is released. Sourced with `me` and `root` set, and the script's arguments.
: "${me:?}" "${root:?}"
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"

seconds=${1:-}
case $seconds in
    -h | --help)
        cat <<HELP
usage: $me SECONDS
Mounts, puts load on the mount for so many seconds, and prints counts of what was tried and what
came of it. Exits 1 if anything was wrong: a byte, an answer, a request that took 5 s, something
that was not given back, a panic. MACH_PROCFS_SEED=N repeats a storm.
HELP
        exit
        ;;
    '' | *[!0-9]*) die 'wants a number of seconds (see --help)' ;;
esac
[ $# -eq 1 ] || die 'wants one number of seconds (see --help)'

[ "$system" != macos ] || die 'only on Linux, where the tests mount'
ensure cc fuse cargo
cd "$root" || die "no directory $root"
export MACH_PROCFS_SECONDS=$seconds CI=true

# put TEST: puts the load of one test on a mount.
put() {
    cargo test --release --test fuse -- --exact "$1" --nocapture || die "FAILED: ${1##*::}, $seconds s"
    say "all was right: ${1##*::}, $seconds s"
}

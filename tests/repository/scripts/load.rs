//! `scripts/dev/fuzz`, `scripts/dev/bench`, `scripts/dev/soak` and `scripts/dev/storm`.

use super::machine::Machine;

/// The builds of these targets, then their runs.
fn fuzzed(seconds: u32, targets: &[&str]) -> Vec<String> {
    let build = targets.iter().map(|it| format!("cargo fuzz build --sanitizer none {it}"));
    let run = targets.iter().map(|it| {
        let dictionary = if it.starts_with("linux") { "-dict=fuzz/linux.dict " } else { "" };
        format!(
            "cargo fuzz run --sanitizer none {it} fuzz/corpus/{it} fuzz/seeds/{it} -- {dictionary}\
             -max_total_time={seconds} -timeout=10 -rss_limit_mb=1024 -print_final_stats=1"
        )
    });
    build.chain(run).collect()
}

const TARGETS: [&str; 5] =
    ["recording", "shared_cache", "load_commands", "linux_maps", "linux_smaps"];

#[test]
fn fuzzing_gets_what_it_needs_then_runs_each_target() {
    let cases = [
        (
            "debian",
            vec![
                "root: apt-get update",
                "root: apt-get install -y --no-install-recommends gcc libc6-dev g++",
            ],
        ),
        ("fedora", vec!["root: dnf install -y gcc gcc-c++"]),
        ("arch", vec!["root: pacman -S --needed --noconfirm gcc gcc"]),
    ];
    for (system, mut installed) in cases {
        let machine = Machine::new(system).root().rust("1.95.0");
        installed.push("cargo install cargo-fuzz --locked --version 0.13.2");
        let outcome = machine.script("scripts/dev/fuzz", &[]);
        let expected: Vec<_> =
            installed.into_iter().map(Into::into).chain(fuzzed(20, &TARGETS)).collect();
        assert_eq!(outcome.succeeded().log, expected);
        assert!(!outcome.stderr.contains("noise of libFuzzer"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("#9\tDONE   cov: 7\n"), "{}", outcome.stderr);
        assert_eq!(machine.script("scripts/dev/fuzz", &[]).log, fuzzed(20, &TARGETS));
    }
}

#[test]
fn fuzzing_takes_a_time_and_targets() {
    let machine = Machine::complete("debian");
    let outcome = machine.script("scripts/dev/fuzz", &["300", "linux_maps"]);
    assert_eq!(outcome.succeeded().log, fuzzed(300, &["linux_maps"]));
    assert!(outcome.stderr.ends_with("scripts/dev/fuzz: nothing found: linux_maps\n"));
    let macos = Machine::complete("macos");
    assert_eq!(macos.script("scripts/dev/fuzz", &["7"]).succeeded().log, fuzzed(7, &TARGETS[..3]));
    for wrong in ["", "0", "20s", "-1"] {
        machine
            .script("scripts/dev/fuzz", &[wrong])
            .did(&[])
            .failed(&format!("scripts/dev/fuzz: no number of seconds: {wrong} (see --help)"));
    }
    machine
        .script("scripts/dev/fuzz", &["20", "maps"])
        .did(&[])
        .failed("scripts/dev/fuzz: no such target: maps (see --help)");
}

#[test]
fn what_fuzzing_finds_is_a_failure_and_can_be_run_again() {
    let machine = Machine::complete("debian");
    machine.file("fail-linux_maps", "");
    let outcome = machine.script("scripts/dev/fuzz", &[]);
    outcome.failed("scripts/dev/fuzz: FAILED: linux_maps");
    let repo = machine.path("repo");
    for expected in [
        "noise of libFuzzer\n".to_owned(),
        "scripts/dev/fuzz: linux_maps fails on /a b/crash-1\n".to_owned(),
        format!(
            "scripts/dev/fuzz: to run it again:\n  cd {} && \
             cargo fuzz run --sanitizer none linux_maps /a\\ b/crash-1\n",
            repo.display()
        ),
    ] {
        assert!(outcome.stderr.contains(&expected), "{}", outcome.stderr);
    }
    machine.file("fail-cargo", "");
    machine
        .script("scripts/dev/fuzz", &[])
        .failed("scripts/dev/fuzz: FAILED: the build of recording");
}

#[test]
fn a_benchmark_gets_what_it_needs_and_its_options() {
    let machine = Machine::new("debian").root().rust("1.95.0");
    machine.script("scripts/dev/bench", &["--only", "requests"]).succeeded().did(&[
        "root: apt-get update",
        "root: apt-get install -y --no-install-recommends gcc libc6-dev fuse3",
        "cargo bench --bench mount -- --only requests",
    ]);
    // One part runs readers of /proc, as root.
    let readers = [
        "root: apt-get update",
        "root: apt-get install -y --no-install-recommends procps lsof util-linux",
    ];
    let only = "cargo bench --bench mount -- --only readers";
    machine
        .script("scripts/dev/bench", &["--only", "readers"])
        .succeeded()
        .did(&[readers[0], readers[1], only]);
    machine.script("scripts/dev/bench", &[]).succeeded().did(&["cargo bench --bench mount --"]);
    let here = machine.path("home");
    machine
        .script("scripts/dev/bench", &["--cpu", "1", "--only", "requests", "--json", "a b.json"])
        .succeeded()
        .did(&[&format!(
            "cargo bench --bench mount -- --cpu 1 --only requests --json {}/a b.json",
            here.display()
        )]);
    machine
        .script("scripts/dev/bench", &["--json", "/dev/null"])
        .did(&["cargo bench --bench mount -- --json /dev/null"]);
    machine
        .script("scripts/dev/bench", &["--pure", "render", "parse"])
        .succeeded()
        .did(&["cargo bench --bench pure -- render parse"]);
    let bare = Machine::new("debian").with(&["cc", "fusermount3"]).rust("1.95.0");
    bare.script("scripts/dev/bench", &[]).did(&["cargo bench --bench mount --"]);
    machine.file("fail-cargo", "");
    machine
        .script("scripts/dev/bench", &[])
        .failed("scripts/dev/bench: FAILED: cargo bench --bench mount");
    machine
        .script("scripts/dev/bench", &["--pure"])
        .failed("scripts/dev/bench: FAILED: cargo bench --bench pure");
}

#[test]
fn a_benchmark_refuses_what_it_does_not_know() {
    let machine = Machine::new("debian").root();
    let cases: [(&[&str], &str); 7] = [
        (&["--frob"], "no such option: --frob (see --help)"),
        (&["requests"], "no such option: requests (see --help)"),
        (&["--json"], "--json needs a value (see --help)"),
        (&["--cpu", "1", "--only"], "--only needs a value (see --help)"),
        (&["--cpu", "first"], "no number of a CPU: first (see --help)"),
        (&["--only", "maps"], "no such part: maps (see --help)"),
        (&["--only", "small own"], "no such part: small own (see --help)"),
    ];
    for (arguments, message) in cases {
        let outcome = machine.script("scripts/dev/bench", arguments);
        outcome.did(&[]).failed(&format!("scripts/dev/bench: {message}"));
    }
    Machine::complete("macos")
        .script("scripts/dev/bench", &[])
        .did(&[])
        .failed("scripts/dev/bench: only on Linux, where there is a procfs to compare with");
}

#[test]
fn load_is_put_on_for_so_many_seconds() {
    let machine = Machine::complete("debian");
    let storm = "cargo test --release --test fuse -- --exact soak::storm --nocapture";
    let soak = "cargo test --release --test fuse -- --exact soak::soak --nocapture";
    let lookups =
        "cargo test --release --test fuse -- --exact bounds::lookups_leave_nothing --nocapture";
    machine.script("scripts/dev/storm", &["7"]).succeeded().did(&[&format!("for 7 s: {storm}")]);
    for (seconds, number) in [("3", 60_000), ("08", 160_000), ("50", 1_000_000), ("900", 1_000_000)]
    {
        machine.script("scripts/dev/soak", &[seconds]).succeeded().did(&[
            &format!("for {seconds} s: {soak}"),
            &format!("for {seconds} s: {number} look-ups: {lookups}"),
        ]);
    }
    machine.file("fail-cargo", "");
    machine.script("scripts/dev/storm", &["1"]).failed("scripts/dev/storm: FAILED: storm, 1 s");
    machine.script("scripts/dev/soak", &["1"]).failed("scripts/dev/soak: FAILED: soak, 1 s");
}

#[test]
fn help_needs_nothing_and_wrong_seconds_are_refused() {
    let machine = Machine::new("debian").root();
    for script in ["scripts/dev/bench", "scripts/dev/soak", "scripts/dev/storm", "scripts/dev/fuzz"]
    {
        let help = machine.script(script, &["--help"]);
        assert!(help.succeeded().did(&[]).stdout.starts_with(&format!("usage: {script} ")));
    }
    for script in ["scripts/dev/soak", "scripts/dev/storm"] {
        for wrong in [&[] as &[&str], &[""], &["x"], &["-1"], &["1s"]] {
            machine
                .script(script, wrong)
                .did(&[])
                .failed(&format!("{script}: wants a number of seconds (see --help)"));
        }
        machine
            .script(script, &["1", "2"])
            .did(&[])
            .failed(&format!("{script}: wants one number of seconds (see --help)"));
        Machine::complete("macos")
            .script(script, &["1"])
            .did(&[])
            .failed(&format!("{script}: only on Linux, where the tests mount"));
    }
}

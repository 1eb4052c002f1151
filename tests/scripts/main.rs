//! The scripts on machines that are not at hand: each system, with and without root or sudo, with tools present, missing or too old.
//!
//! A [`Machine`] is a temporary directory with a copy of the scripts and a PATH of its own. On
//! that PATH are a few real tools (cat, sed, …) and fakes of all that asks about the system or
//! changes it. The fakes are small shell scripts that write what they were asked into a log, and a
//! fake package manager makes the tool that its package would bring. So a test states the exact
//! commands, the status and the message. What is real here is bash and the scripts; that the
//! package names are right on Fedora, Arch and macOS is not shown.

// clippy.toml allows these in `#[test]` functions only; the helpers are test code as well.
#![allow(clippy::unwrap_used, clippy::panic)]

mod install;
mod machine;
#[cfg(target_os = "linux")] // it takes md5sum and other tools of GNU
mod package;
mod refusals;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use machine::{Machine, real};

const RUSTUP: &str = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";
const BREW: &str = r#"/bin/bash -c "$(curl -fsSL https://raw.githubusercontent.com/Homebrew/install/HEAD/install.sh)""#;

// --- each system, from nothing -----------------------------------------------------------------

#[test]
fn debian_as_root_takes_the_newer_of_its_cargos() {
    Machine::new("debian")
        .root()
        .candidate("cargo", "0.66.0+ds1-1")
        .candidate("cargo-web", "1.96.0+dfsg1-1~deb12u2")
        .sets_up_with(&[
            "root: apt-get update",
            "root: apt-get install -y --no-install-recommends gcc libc6-dev fuse3 cargo-web ca-certificates",
        ]);
}

#[test]
fn ubuntu_and_its_derivatives_with_sudo() {
    for system in ["ubuntu", "mint"] {
        Machine::new(system).sudo("free").candidate("cargo", "1.91.1ubuntu1").sets_up_with(&[
            "root: apt-get update",
            "root: apt-get install -y --no-install-recommends gcc libc6-dev fuse3 cargo ca-certificates",
        ]);
    }
}

#[test]
fn fedora_as_root_and_with_sudo() {
    for machine in [Machine::new("fedora").root(), Machine::new("fedora").sudo("free")] {
        machine.sets_up_with(&["root: dnf install -y gcc fuse3 cargo"]);
    }
}

#[test]
fn arch_as_root_and_with_sudo() {
    for machine in [Machine::new("arch").root(), Machine::new("arch").sudo("free")] {
        machine.sets_up_with(&["root: pacman -S --needed --noconfirm gcc fuse3 rust"]);
    }
}

#[test]
fn macos_with_sudo() {
    Machine::new("macos")
        .sudo("free")
        .sets_up_with(&["user: brew install --cask macfuse", "user: brew install pkgconf rust"]);
}

#[test]
fn only_what_is_missing_is_installed() {
    let machine = Machine::new("debian").root().with(&["cc"]).rust("1.95.0");
    machine.sets_up_with(&[
        "root: apt-get update",
        "root: apt-get install -y --no-install-recommends fuse3",
    ]);
    let machine = Machine::new("macos").sudo("free").with(&["pkg-config"]).rust("1.95.0");
    machine.sets_up_with(&["user: brew install --cask macfuse"]);
}

#[test]
fn nothing_is_installed_where_nothing_is_missing() {
    for system in ["debian", "ubuntu", "fedora", "arch", "alpine", "macos"] {
        for machine in [Machine::complete(system), Machine::complete(system).root()] {
            machine.sets_up_with(&[]);
        }
    }
}

// --- where the script may not install ----------------------------------------------------------

#[test]
fn without_root_the_message_has_the_command() {
    let cases = [
        (
            "debian",
            format!(
                "sudo apt-get update && sudo apt-get install -y --no-install-recommends gcc libc6-dev fuse3 && {RUSTUP}"
            ),
        ),
        ("fedora", "sudo dnf install -y gcc fuse3 cargo".to_owned()),
        ("arch", "sudo pacman -S --needed --noconfirm gcc fuse3 rust".to_owned()),
    ];
    for (system, command) in cases {
        Machine::new(system).sudo("asks").script("scripts/run", &[]).did(&[]).advised("scripts/run: missing: cc, fusermount3, cargo 1.88 or newer. Run this, then scripts/run again", &command);
    }
}

#[test]
fn without_any_sudo_the_command_is_for_su() {
    let cases = [
        (
            "ubuntu",
            "su -c 'apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev fuse3 cargo ca-certificates'",
        ),
        ("fedora", "su -c 'dnf install -y gcc fuse3 cargo'"),
        ("arch", "su -c 'pacman -S --needed --noconfirm gcc fuse3 rust'"),
    ];
    for (system, command) in cases {
        let machine = Machine::new(system).candidate("cargo", "1.91");
        machine.file("lists", "");
        machine.script("scripts/run", &[]).did(&[]).advised("scripts/run: missing: cc, fusermount3, cargo 1.88 or newer. Run this, then scripts/run again", command);
    }
}

#[test]
fn an_unknown_system_is_told_what_it_needs() {
    for root in [false, true] {
        let machine = Machine::new("alpine").rust("1.95.0");
        let machine = if root { machine.root() } else { machine };
        machine.script("scripts/run", &[]).did(&[]).failed(
            "scripts/run: missing: cc, fusermount3. Install with your package manager: gcc fuse3. Then run scripts/run again.",
        );
    }
}

#[test]
fn macos_leaves_the_cask_to_the_user_where_sudo_would_ask() {
    let machine = Machine::new("macos").sudo("asks");
    machine.script("scripts/run", &[]).did(&["user: brew install pkgconf rust"]).advised(
        "scripts/run: missing: macFUSE. Run this, then scripts/run again",
        "brew install --cask macfuse",
    );
}

#[test]
fn macos_without_homebrew_without_compiler_or_as_root() {
    let all = "cc, pkg-config, macFUSE, cargo 1.88 or newer";
    let machine = Machine::new("macos").sudo("free").without("brew");
    fs::remove_file(machine.path("xcode")).unwrap();
    machine.script("scripts/run", &[]).did(&[]).advised(&format!("scripts/run: missing: {all}. Run this, then scripts/run again"), &format!("{BREW} && brew install pkgconf rust && brew install --cask macfuse && xcode-select --install"));

    Machine::new("macos").root().script("scripts/run", &[]).did(&[]).advised("scripts/run: missing: pkg-config, macFUSE, cargo 1.88 or newer. Run this as yourself (Homebrew refuses root), then scripts/run again", "brew install pkgconf rust && brew install --cask macfuse");
}

#[test]
fn a_package_manager_that_fails_ends_it() {
    let cases = [
        ("fedora", "dnf", "dnf install -y gcc fuse3"),
        ("arch", "pacman", "pacman -S --needed --noconfirm gcc fuse3"),
        ("macos", "brew", "brew install --cask macfuse"),
    ];
    for (system, manager, command) in cases {
        let machine = Machine::new(system).rust("1.95.0").sudo("free");
        machine.file(&format!("fail-{manager}"), "");
        machine.script("scripts/run", &[]).failed(&format!("scripts/run: failed: {command}"));
    }
}

// --- Rust --------------------------------------------------------------------------------------

#[test]
fn a_cargo_too_old_is_replaced_by_the_systems() {
    for old in ["1.87.0", "0.99.0", "1.9.0"] {
        let machine = Machine::complete("fedora").root().rust(old);
        machine.sets_up_with(&["root: dnf install -y cargo"]);
    }
}

#[test]
fn a_cargo_new_enough_is_kept() {
    for new in ["1.88.0", "1.100.0-nightly", "2.0.0"] {
        Machine::complete("fedora").root().rust(new).sets_up_with(&[]);
    }
}

#[test]
fn a_rustup_is_asked_to_update() {
    for system in ["debian", "fedora", "arch", "macos"] {
        let machine = Machine::complete(system).sudo("free").rust("1.80.1").with(&["rustup"]);
        let outcome = machine.script("scripts/test", &[]);
        outcome.advised(
            "scripts/test: missing: cargo 1.88 or newer. Run this, then scripts/test again",
            "rustup update stable && rustup default stable",
        );
        assert!(
            !outcome.log.iter().any(|command| command.contains("install")),
            "{:?}",
            outcome.log
        );
    }
}

#[test]
fn a_cargo_without_its_rustc_is_not_enough() {
    let machine = Machine::complete("arch").root().without("rustc");
    machine.sets_up_with(&["root: pacman -S --needed --noconfirm rust"]);
}

#[test]
fn an_installed_debian_cargo_is_not_pushed_out() {
    let machine = Machine::complete("debian")
        .root()
        .rust("0.66.0")
        .candidate("cargo", "0.66.0+ds1-1")
        .candidate("cargo-web", "1.96.0+dfsg1-1~deb12u2");
    machine.script("scripts/run", &[]).did(&["root: apt-get update"]).advised(
        "scripts/run: missing: cargo 1.88 or newer. Run this, then scripts/run again",
        RUSTUP,
    );
}

#[test]
fn where_the_system_has_no_new_cargo_the_rest_is_installed_and_rustup_named() {
    let machine = Machine::new("ubuntu").root().without("curl").candidate("cargo", "1.75.0+dfsg0");
    machine
        .script("scripts/run", &[])
        .did(&[
            "root: apt-get update",
            "root: apt-get install -y --no-install-recommends gcc libc6-dev fuse3 curl ca-certificates",
        ])
        .advised("scripts/run: missing: cargo 1.88 or newer. Run this, then scripts/run again", RUSTUP);

    // A system whose own cargo turns out too old only once it is there.
    let machine = Machine::complete("fedora").root().without("cargo");
    machine.file("packaged", "1.79.0");
    machine.script("scripts/run", &[]).did(&["root: dnf install -y cargo"]).advised(
        "scripts/run: missing: cargo 1.88 or newer. Run this, then scripts/run again",
        RUSTUP,
    );
}

#[test]
fn a_rustup_not_yet_on_the_path_is_found() {
    Machine::complete("debian")
        .without("cargo")
        .without("rustc")
        .rust_in("home/.cargo/bin", "1.95.0")
        .sets_up_with(&[]);
}

// --- scripts/run: mount and show ---------------------------------------------------------------

#[test]
fn it_shows_its_own_maps_and_says_how_to_unmount() {
    let machine = Machine::complete("debian");
    let outcome = machine.script("scripts/run", &[]);
    let dir = machine.path("home/proc");
    let repo = machine.path("repo");
    let (dir, repo) = (dir.display(), repo.display());

    let (head, rest) = outcome.succeeded().stdout.trim_start().split_once('\n').unwrap();
    let process = head.strip_prefix(&format!("{dir}/self/maps, of this shell (process "));
    let process = process.unwrap().strip_suffix("):").unwrap();
    assert!(process.parse::<u32>().is_ok(), "{process}");
    let twelve = |what: &str| (1..=12).map(|n| format!("{what} {n}\n")).collect::<String>();
    assert_eq!(
        rest,
        format!(
            "{}\n{dir}/self/task/vmmap, of this shell (process {process}):\n{}\n\
             mach-procfs is mounted on {dir}. To see more:\n  \
               sed 20q {dir}/self/maps\n  sed 20q {dir}/self/task/vmmap\n  ls {dir}\n\
             To call the program by its name in this shell, as the README does (scripts/install \
             installs it):\n  export PATH={repo}/target/release:$PATH\n\
             To unmount:\n  {repo}/target/release/mach-procfs umount {dir}\n",
            twelve("region"),
            twelve("vm region"),
        )
    );
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "the fake mount shows Linux's own /proc")]
fn self_is_the_shell_that_runs_the_script() {
    let machine = Machine::complete("debian");
    machine.fake(
        "fakes/mach-procfs",
        r#"mkdir "$2/self" "$2/self/task"
        ln -s /proc/self/stat "$2/self/maps"
        ln -s /proc/self/stat "$2/self/task/vmmap""#,
    );
    symlink(real("ln"), machine.path("bin/ln")).unwrap();
    let output = machine.script("scripts/run", &[]).succeeded().stdout.clone();
    let lines: Vec<_> = output.lines().collect();
    let process = lines[1].split_once("(process ").unwrap().1.trim_end_matches("):");
    assert!(lines[2].starts_with(&format!("{process} (bash) ")), "{output}");
}

#[test]
fn a_given_mount_point_is_made_and_may_be_relative_or_have_spaces() {
    let machine = Machine::complete("macos");
    let outcome = machine.script("scripts/run", &["deep/my proc"]);
    let dir = machine.path("home/deep/my proc");
    let mount = format!("mach-procfs mount {}", dir.display());
    outcome.succeeded().did(&["cargo build --release", &mount]);
    let quoted = dir.display().to_string().replace(' ', "\\ ");
    assert!(outcome.stdout.ends_with(&format!("umount {quoted}\n")), "{}", outcome.stdout);

    let again = machine.script("scripts/run", &["deep/../deep/my proc/"]);
    again.succeeded().did(&["cargo build --release"]);
    assert!(again.stderr.contains(&format!("already mounted on {}\n", dir.display())));
}

#[test]
fn a_link_to_the_mount_point_is_the_mount_point() {
    let machine = Machine::complete("arch");
    machine.script("scripts/run", &["real"]).succeeded();
    symlink(machine.path("home/real"), machine.path("home/link")).unwrap();
    machine.script("scripts/run", &["link"]).succeeded().did(&["cargo build --release"]);
}

#[test]
fn the_script_works_from_any_directory() {
    let machine = Machine::complete("debian");
    let by_path = machine.script_from("repo", "scripts/run".into(), &["../home/a"]);
    by_path.succeeded();
    let inside = machine.script_from("repo/scripts", "run".into(), &["../../home/a"]);
    inside.succeeded().did(&["cargo build --release"]);
}

#[test]
fn a_dead_mount_is_left_to_mount() {
    let machine = Machine::complete("debian");
    let dir = machine.path("home/proc");
    fs::create_dir(&dir).unwrap();
    let line = format!("mach-procfs on {} type fuse.mach-procfs (ro)\n", dir.display());
    machine.file("mounts", &line);
    let outcome = machine.script("scripts/run", &[]);
    assert_eq!(outcome.succeeded().log, machine.mounts_after(&[]));
}

#[test]
fn another_file_system_is_not_covered() {
    let cases = [("debian", " type tmpfs (rw)", "tmpfs"), ("macos", " (apfs, local)", "apfs")];
    for (system, table, found) in cases {
        let machine = Machine::complete(system);
        let dir = machine.path("home/there");
        fs::create_dir(&dir).unwrap();
        machine.file("mounts", &format!("something on {}{table}\n", dir.display()));
        machine.script("scripts/run", &["there"]).did(&[]).failed(&format!(
            "scripts/run: {} has another file system on it ({found}); name an empty directory",
            dir.display()
        ));
    }
}

#[test]
fn a_directory_with_something_in_it_is_not_covered() {
    let machine = Machine::complete("debian");
    machine.file("home/file", "");
    let home = machine.path("home");
    machine
        .script("scripts/run", &["."])
        .did(&[])
        .failed(&format!("scripts/run: {} is not empty; name an empty directory", home.display()));
    let file = machine.script("scripts/run", &["file"]);
    let path = home.join("file");
    file.did(&[]).failed(&format!(
        "scripts/run: {} is not a directory; name an empty directory",
        path.display()
    ));
}

#[test]
fn a_failing_build_or_mount_is_the_end() {
    let machine = Machine::complete("debian");
    machine.file("fail-cargo", "");
    machine
        .script("scripts/run", &[])
        .did(&["cargo build --release"])
        .failed("scripts/run: cargo build --release failed");

    let machine = Machine::complete("debian");
    machine.file("fail-mount", "");
    let outcome = machine.script("scripts/run", &[]);
    outcome.failed("mach-procfs: cannot open /dev/fuse");
    assert_eq!(outcome.stderr.lines().count(), 2, "the program says it, after the build's line");
}

#[test]
fn without_a_home_the_mount_point_is_in_tmp() {
    let machine = Machine::complete("debian");
    fs::remove_dir_all(machine.path("home")).unwrap();
    fs::create_dir(machine.path("cwd")).unwrap();
    // No user has this number, so no real mount point has this name.
    let uid = format!("{}9999999999", std::process::id());
    machine.file("uid", &uid);
    let dir = Path::new("/tmp").canonicalize().unwrap().join(format!("mach-procfs-{uid}"));
    let outcome = machine.script_from("cwd", "../repo/scripts/run".into(), &[]);
    let made = fs::remove_dir_all(&dir);
    outcome
        .succeeded()
        .did(&["cargo build --release", &format!("mach-procfs mount {}", dir.display())]);
    made.unwrap();
}

#[test]
fn wrong_arguments_change_nothing() {
    let machine = Machine::new("debian").root();
    machine
        .script("scripts/run", &["--frob"])
        .did(&[])
        .failed("scripts/run: no such option: --frob (see --help)");
    machine
        .script("scripts/run", &["a", "b"])
        .did(&[])
        .failed("scripts/run: one mount point at most (see --help)");
    for script in ["scripts/run", "scripts/test"] {
        let help = machine.script(script, &["--help"]);
        assert!(help.succeeded().did(&[]).stdout.starts_with(&format!("usage: {script} [")));
    }
}

// --- scripts/test ------------------------------------------------------------------------------

#[test]
fn tests_get_what_they_need_then_run_with_the_arguments() {
    let fedora = Machine::new("fedora").root().rust("1.95.0");
    fedora.script("scripts/test", &[]).succeeded().did(&[
        "root: dnf install -y gcc fuse3 less util-linux procps-ng lsof python3-psutil",
        "cargo test",
    ]);
    let arch = Machine::complete("arch").root().without("ps");
    fs::remove_file(arch.path("psutil")).unwrap();
    arch.script("scripts/test", &[])
        .succeeded()
        .did(&["root: pacman -S --needed --noconfirm procps-ng python-psutil", "cargo test"]);
    let machine = Machine::new("debian").root().rust("1.95.0");
    let outcome = machine.script("scripts/test", &["--test", "tree"]);
    outcome.succeeded().did(&[
        "root: apt-get update",
        "root: apt-get install -y --no-install-recommends gcc libc6-dev fuse3 less util-linux \
         procps lsof python3-psutil",
        "cargo test --test tree",
    ]);
    assert_eq!(outcome.stdout, "test result: ok. 3 passed; 0 failed\n");
    assert!(outcome.stderr.ends_with("scripts/test: all passed: cargo test --test tree\n"));
    machine.script("scripts/test", &[]).succeeded().did(&["cargo test"]);
}

#[test]
fn tests_that_were_skipped_are_counted_and_named_at_the_end() {
    let machine = Machine::complete("debian");
    machine.file(
        "skipped",
        "SKIPPED mount::reads: /dev/fuse cannot be opened\nSKIPPED users::two: needs root\n",
    );
    let outcome = machine.script("scripts/test", &[]);
    outcome.succeeded().did(&["cargo test"]);
    let report = "scripts/test: these tests, or parts of them, were skipped:\n  \
        mount::reads: /dev/fuse cannot be opened\n  users::two: needs root\n\
        scripts/test: all passed but 2 that were skipped: cargo test\n";
    assert!(outcome.stderr.ends_with(report), "{}", outcome.stderr);
    machine.file("fail-cargo", "");
    machine.script("scripts/test", &[]).failed("scripts/test: FAILED: cargo test");
}

#[test]
fn tests_that_fail_are_a_failure() {
    let machine = Machine::complete("macos");
    machine.file("fail-cargo", "");
    machine
        .script("scripts/test", &[])
        .did(&["cargo test"])
        .failed("scripts/test: FAILED: cargo test");
}

// --- scripts/fuzz ------------------------------------------------------------------------------

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

const TARGETS: [&str; 3] = ["recording", "linux_maps", "linux_smaps"];

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
        let outcome = machine.script("scripts/fuzz", &[]);
        let expected: Vec<_> =
            installed.into_iter().map(Into::into).chain(fuzzed(20, &TARGETS)).collect();
        assert_eq!(outcome.succeeded().log, expected);
        assert!(!outcome.stderr.contains("noise of libFuzzer"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("#9\tDONE   cov: 7\n"), "{}", outcome.stderr);
        assert_eq!(machine.script("scripts/fuzz", &[]).log, fuzzed(20, &TARGETS));
    }
}

#[test]
fn fuzzing_takes_a_time_and_targets() {
    let machine = Machine::complete("debian");
    let outcome = machine.script("scripts/fuzz", &["300", "linux_maps"]);
    assert_eq!(outcome.succeeded().log, fuzzed(300, &["linux_maps"]));
    assert!(outcome.stderr.ends_with("scripts/fuzz: nothing found: linux_maps\n"));
    let macos = Machine::complete("macos");
    assert_eq!(macos.script("scripts/fuzz", &["7"]).succeeded().log, fuzzed(7, &["recording"]));
    for wrong in ["", "0", "20s", "-1"] {
        machine
            .script("scripts/fuzz", &[wrong])
            .did(&[])
            .failed(&format!("scripts/fuzz: no number of seconds: {wrong} (see --help)"));
    }
    machine
        .script("scripts/fuzz", &["20", "maps"])
        .did(&[])
        .failed("scripts/fuzz: no such target: maps (see --help)");
}

#[test]
fn what_fuzzing_finds_is_a_failure_and_can_be_run_again() {
    let machine = Machine::complete("debian");
    machine.file("fail-linux_maps", "");
    let outcome = machine.script("scripts/fuzz", &[]);
    outcome.failed("scripts/fuzz: FAILED: linux_maps");
    let repo = machine.path("repo");
    for expected in [
        "noise of libFuzzer\n".to_owned(),
        "scripts/fuzz: linux_maps fails on /a b/crash-1\n".to_owned(),
        format!(
            "scripts/fuzz: to run it again:\n  cd {} && \
             cargo fuzz run --sanitizer none linux_maps /a\\ b/crash-1\n",
            repo.display()
        ),
    ] {
        assert!(outcome.stderr.contains(&expected), "{}", outcome.stderr);
    }
    machine.file("fail-cargo", "");
    machine.script("scripts/fuzz", &[]).failed("scripts/fuzz: FAILED: the build of recording");
}

// --- scripts/bench, scripts/soak, scripts/storm ------------------------------------------------

#[test]
fn a_benchmark_gets_what_it_needs_and_its_options() {
    let machine = Machine::new("debian").root().rust("1.95.0");
    machine.script("scripts/bench", &[]).succeeded().did(&[
        "root: apt-get update",
        "root: apt-get install -y --no-install-recommends gcc libc6-dev fuse3",
        "cargo bench --bench mount --",
    ]);
    let here = machine.path("home");
    machine
        .script("scripts/bench", &["--cpu", "1", "--only", "requests", "--json", "a b.json"])
        .succeeded()
        .did(&[&format!(
            "cargo bench --bench mount -- --cpu 1 --only requests --json {}/a b.json",
            here.display()
        )]);
    machine
        .script("scripts/bench", &["--json", "/dev/null"])
        .did(&["cargo bench --bench mount -- --json /dev/null"]);
    machine
        .script("scripts/bench", &["--pure", "render", "parse"])
        .succeeded()
        .did(&["cargo bench --bench pure -- render parse"]);
    machine.file("fail-cargo", "");
    machine.script("scripts/bench", &[]).failed("scripts/bench: FAILED: cargo bench --bench mount");
    machine
        .script("scripts/bench", &["--pure"])
        .failed("scripts/bench: FAILED: cargo bench --bench pure");
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
        let outcome = machine.script("scripts/bench", arguments);
        outcome.did(&[]).failed(&format!("scripts/bench: {message}"));
    }
    Machine::complete("macos")
        .script("scripts/bench", &[])
        .did(&[])
        .failed("scripts/bench: only on Linux, where there is a procfs to compare with");
}

#[test]
fn load_is_put_on_for_so_many_seconds() {
    let machine = Machine::complete("debian");
    let storm = "cargo test --release --test soak -- --exact storm --nocapture";
    let soak = "cargo test --release --test soak -- --exact soak --nocapture";
    let lookups = "cargo test --release --test bounds -- --exact lookups_leave_nothing --nocapture";
    machine.script("scripts/storm", &["7"]).succeeded().did(&[&format!("for 7 s: {storm}")]);
    for (seconds, number) in [("3", 60_000), ("08", 160_000), ("50", 1_000_000), ("900", 1_000_000)]
    {
        machine.script("scripts/soak", &[seconds]).succeeded().did(&[
            &format!("for {seconds} s: {soak}"),
            &format!("for {seconds} s: {number} look-ups: {lookups}"),
        ]);
    }
    machine.file("fail-cargo", "");
    machine.script("scripts/storm", &["1"]).failed("scripts/storm: FAILED: storm, 1 s");
    machine.script("scripts/soak", &["1"]).failed("scripts/soak: FAILED: soak, 1 s");
}

#[test]
fn help_needs_nothing_and_wrong_seconds_are_refused() {
    let machine = Machine::new("debian").root();
    for script in ["scripts/bench", "scripts/soak", "scripts/storm", "scripts/fuzz"] {
        let help = machine.script(script, &["--help"]);
        assert!(help.succeeded().did(&[]).stdout.starts_with(&format!("usage: {script} ")));
    }
    for script in ["scripts/soak", "scripts/storm"] {
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
    }
}

#[test]
fn the_scripts_can_be_started() {
    for script in [
        "scripts/run",
        "scripts/test",
        "scripts/fuzz",
        "scripts/bench",
        "scripts/soak",
        "scripts/storm",
        "scripts/install",
        "scripts/package",
        "scripts/check-darwin",
        "scripts/dev/bare-root",
        ".ci/run",
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o111, 0o111, "{script}");
    }
}

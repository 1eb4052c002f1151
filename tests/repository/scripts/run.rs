//! `scripts/run` mounts and shows, and `scripts/test` runs all tests.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::machine::{Machine, real};

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
    let hint = format!("umount '{}'\n", dir.display());
    assert!(outcome.stdout.ends_with(&hint), "{}", outcome.stdout);

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
fn a_mount_of_its_own_is_found_by_its_source_on_macos() {
    for source in ["mach-procfs", "mach-procfs@macfuse0", "mach-procfs@macfuse12"] {
        let machine = Machine::complete("macos");
        let dir = machine.path("home/there");
        fs::create_dir(&dir).unwrap();
        let line = format!("{source} on {} (macfuse, nodev, nosuid)\n", dir.display());
        machine.file("mounts", &line);
        // Nothing is served there, so it is left to `mount` as a dead one.
        let outcome = machine.script("scripts/run", &["there"]);
        let mount = format!("mach-procfs mount {}", dir.display());
        outcome.succeeded().did(&["cargo build --release", &mount]);
    }
}

#[test]
fn another_file_system_is_not_covered() {
    let cases = [
        ("debian", "something", " type tmpfs (rw)", "tmpfs"),
        ("debian", "mach-procfs", " type fuse.sshfs (rw)", "fuse.sshfs"),
        ("macos", "something", " (apfs, local)", "apfs"),
        ("macos", "mach-procfs", " (apfs, local)", "apfs"),
        ("macos", "mach-procfs@host:/home", " (macfuse, nodev)", "macfuse"),
        ("macos", "mach-procfs@host:/home@macfuse0", " (macfuse, nodev)", "macfuse"),
        ("macos", "mach-procfs@macfuse", " (macfuse)", "macfuse"),
        ("macos", "mach-procfs@macfuse1x", " (macfuse)", "macfuse"),
        ("macos", "mach-procfs2", " (macfuse)", "macfuse"),
        ("macos", "me@host:/@macfuse1", " (macfuse)", "macfuse"),
    ];
    for (system, source, table, found) in cases {
        let machine = Machine::complete(system);
        let dir = machine.path("home/there");
        fs::create_dir(&dir).unwrap();
        machine.file("mounts", &format!("{source} on {}{table}\n", dir.display()));
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
    let outcome = machine.script("scripts/test", &["--test", "linux"]);
    outcome.succeeded().did(&[
        "root: apt-get update",
        "root: apt-get install -y --no-install-recommends gcc libc6-dev fuse3 less util-linux \
         procps lsof python3-psutil",
        "cargo test --test linux",
    ]);
    assert_eq!(outcome.stdout, "test result: ok. 3 passed; 0 failed\n");
    assert!(outcome.stderr.ends_with("scripts/test: all passed: cargo test --test linux\n"));
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

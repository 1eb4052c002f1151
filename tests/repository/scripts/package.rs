//! `scripts/package`: what is in the package, and what it refuses. That dpkg installs it, `scripts/package
//! --test` shows.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::machine::{Machine, real};

const SHLIBDEPS: &str = r#"
[ -e debian/control ] && [ "$1" = -O ] && [ -x "$2" ] || exit 93
echo 'shlibs:Depends=libc6 (>= 2.34), libgcc-s1 (>= 4.2)'
"#;

/// Keeps the tree that is to be packed.
const DPKG_DEB: &str = r#"
echo "dpkg-deb $1 $2" >>"$here/log"
if [ -e "$here/fail-dpkg-deb" ]; then exit 2; fi
rm -rf "$here/tree"
cp -R "$3" "$here/tree"
echo package >"$4"
"#;

/// A machine where a package can be made.
fn machine() -> Machine {
    let machine = with_tools(Machine::complete("debian"));
    machine.fake("bin/dpkg-shlibdeps", SHLIBDEPS);
    machine
}

fn with_tools(machine: Machine) -> Machine {
    for tool in ["cut", "du", "find", "gzip", "ln", "md5sum", "tr"] {
        symlink(real(tool), machine.path("bin").join(tool)).unwrap();
    }
    machine.fake("bin/dpkg-deb", DPKG_DEB);
    machine.fake("bin/dpkg", "echo amd64");
    machine.fake("bin/strip", r#"[ -x "$1" ] && ! [ -e "$here/fail-strip" ]"#);
    machine
        .file("repo/Cargo.toml", "[package]\nversion = \"1.2.3-rc.4\"\nrust-version = \"1.88\"\n");
    for name in ["README.md", "CHANGELOG.md"] {
        machine.file(&format!("repo/{name}"), name);
    }
    machine.file("repo/LICENSE-MIT", "MIT\n\nas is\n");
    machine
}

#[test]
fn its_files_and_what_it_says_of_itself() {
    let machine = machine();
    let outcome = machine.script("scripts/package", &[]);
    outcome.succeeded().did(&["cargo build --release", "dpkg-deb --root-owner-group --build"]);
    let deb = machine.path("repo/target/debian/mach-procfs_1.2.3~rc.4-1_amd64.deb");
    assert_eq!(outcome.stdout, format!("{}\n", deb.display()));
    assert_eq!(fs::read_to_string(deb).unwrap(), "package\n");

    let files = [
        ("usr/bin/mach-procfs", 0o755),
        ("usr/share/man/man1/mach-procfs.1.gz", 0o644),
        ("usr/share/bash-completion/completions/mach-procfs", 0o644),
        ("usr/share/zsh/vendor-completions/_mach-procfs", 0o644),
        ("usr/share/fish/vendor_completions.d/mach-procfs.fish", 0o644),
        ("usr/lib/systemd/system/mach-procfs.service", 0o644),
        ("usr/share/doc/mach-procfs/README.md", 0o644),
        ("usr/share/doc/mach-procfs/changelog.gz", 0o644),
        ("usr/share/doc/mach-procfs/copyright", 0o644),
        ("DEBIAN/postinst", 0o755),
        ("DEBIAN/postrm", 0o755),
        ("DEBIAN/prerm", 0o755),
    ];
    let tree = machine.path("tree");
    for (name, mode) in files {
        let data = fs::metadata(tree.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(data.permissions().mode() & 0o777, mode, "{name}");
    }
    let helper = fs::read_link(tree.join("usr/sbin/mount.fuse.mach-procfs")).unwrap();
    assert_eq!(helper.to_str(), Some("../bin/mach-procfs"));
    let text = |name: &str| fs::read_to_string(tree.join(name)).unwrap();
    assert!(text(files[5].0).contains("\nExecStart=/usr/bin/mach-procfs mount "));
    assert!(text("usr/share/doc/mach-procfs/copyright").contains("\n MIT\n .\n as is\n\n"));

    let sums = text("DEBIAN/md5sums");
    assert_eq!(sums.lines().count(), 9, "{sums}");

    let control = text("DEBIAN/control");
    for line in [
        "Version: 1.2.3~rc.4-1",
        "Architecture: amd64",
        "Depends: libc6 (>= 2.34), libgcc-s1 (>= 4.2)",
    ] {
        assert!(control.lines().any(|it| it == line), "{line} in {control}");
    }
    assert!(!control.contains('@') || !control.contains("@VERSION@"), "{control}");
    let size = control.lines().find_map(|line| line.strip_prefix("Installed-Size: ")).unwrap();
    assert!(size.parse::<u32>().is_ok(), "{size}");
}

#[test]
fn without_dpkg_dev_it_is_installed_or_named() {
    let machine = with_tools(Machine::complete("debian")).sudo("asks");
    machine.script("scripts/package", &[]).did(&[]).advised(
        "scripts/package: missing: dpkg-dev. Run this, then scripts/package again",
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends dpkg-dev",
    );
    let machine = with_tools(Machine::complete("debian")).root();
    machine.fake("fakes/nothing", SHLIBDEPS); // what the package manager brings
    machine.script("scripts/package", &[]).succeeded().did(&[
        "root: apt-get update",
        "root: apt-get install -y --no-install-recommends dpkg-dev",
        "cargo build --release",
        "dpkg-deb --root-owner-group --build",
    ]);
}

#[test]
fn a_package_without_dependencies_is_none() {
    for fake in ["echo shlibs:Depends=", "exit 2", ""] {
        let machine = machine();
        machine.fake("bin/dpkg-shlibdeps", fake);
        machine.script("scripts/package", &[]).did(&["cargo build --release"]).failed(
            "scripts/package: failed: dpkg-shlibdeps names no library that the program needs",
        );
        assert!(!machine.path("repo/target/debian").exists());
    }
}

#[test]
fn what_fails_is_a_failure() {
    let machine = machine();
    machine.file("fail-strip", "");
    machine.script("scripts/package", &[]).failed("scripts/package: failed: strip");
    fs::remove_file(machine.path("fail-strip")).unwrap();
    machine.file("fail-dpkg-deb", "");
    machine.script("scripts/package", &[]).failed("scripts/package: failed: dpkg-deb --build");
    machine.file("fail-cargo", "");
    machine
        .script("scripts/package", &[])
        .did(&["cargo build --release"])
        .failed("scripts/package: cargo build --release failed");
}

#[test]
fn what_it_refuses() {
    for (system, arguments, message) in [
        ("debian", &["--frob"][..], "no such argument: --frob (see --help)"),
        ("debian", &["--test"], "--test wants root"),
        ("fedora", &[], "only Debian and Ubuntu have these packages"),
    ] {
        let outcome = Machine::complete(system).script("scripts/package", arguments);
        outcome.did(&[]).failed(&format!("scripts/package: {message}"));
    }
    let help = Machine::new("debian").script("scripts/package", &["--help"]);
    assert!(help.succeeded().stdout.starts_with("usage: scripts/package [--test]\n"));
}

#[test]
fn its_test_is_run_for_root_in_namespaces() {
    let machine = machine().root();
    machine
        .fake("bin/unshare", r#"echo "unshare $1 $2, ${8##*/packaging/} ${11##*/}" >>"$here/log""#);
    let packed = "dpkg-deb --root-owner-group --build";
    machine.script("scripts/package", &["--test"]).succeeded().did(&[
        "cargo build --release",
        packed,
        packed,
        "unshare --mount --pid, debian/test newer.deb",
    ]);
    machine.fake("bin/unshare", "exit 1");
    let failed = machine.script("scripts/package", &["--test"]);
    assert_eq!(failed.status, 1);
    assert!(failed.stderr.ends_with("scripts/package: FAILED: the test of the package\n"));
}

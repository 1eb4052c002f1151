//! What a release is made of: the Homebrew formula with its sources, and archives of programs.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};

use crate::common::program::is_installed;
use crate::common::skip;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names in an archive.
fn list(archive: &Path) -> Vec<String> {
    let list = Command::new("tar").arg("-tzf").arg(archive).output().unwrap();
    assert!(list.status.success(), "{list:?}");
    String::from_utf8(list.stdout).unwrap().lines().map(str::to_owned).collect()
}

// --- the formula ----------------------------------------------------------------------------------

fn formula(arguments: &[&str], dist: &Path) -> Output {
    Command::new(top().join("scripts/packaging/formula"))
        .args(arguments)
        .env("DIST", dist)
        .output()
        .unwrap()
}

#[test]
fn the_formula_builds_the_sources_that_are_packed() {
    if !top().join(".git").exists() {
        return skip("these sources are in no git repository");
    }
    if !is_installed("git") {
        return skip("git is not installed");
    }
    let dist = tempfile::tempdir().unwrap();
    let address = ["https://git.example/somebody/", "mach-", "procfs"].concat();
    let output = formula(&[&address], dist.path());
    assert!(output.status.success(), "{output:?}");
    let version = env!("CARGO_PKG_VERSION");
    let archive = dist.path().join(format!("mach-procfs-{version}.tar.gz"));
    let path = dist.path().join("mach-procfs.rb");
    let text = fs::read_to_string(&path).unwrap();
    let said = format!("{}\n{}\n", archive.display(), path.display());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), said);

    assert!(text.starts_with("class MachProcfs < Formula\n"), "{text}");
    assert!(!text.contains('@'), "{text}");
    let sum = Command::new("sha256sum").arg(&archive).output();
    let sum = sum.or_else(|_| Command::new("shasum").args(["-a", "256"]).arg(&archive).output());
    let sum = String::from_utf8(sum.unwrap().stdout).unwrap();
    for line in [
        format!("homepage \"{address}\""),
        format!("url \"{address}/releases/download/v{version}/mach-procfs-{version}.tar.gz\""),
        format!("sha256 \"{}\"", sum.split(' ').next().unwrap()),
        "depends_on macos: :monterey".to_owned(),
        "depends_on \"rust\" => :build".to_owned(),
    ] {
        assert!(text.lines().any(|it| it.trim() == line), "{line} in {text}");
    }
    // FUSE is a caveat, and the only dependencies are those two.
    assert_eq!(text.matches("depends_on ").count(), 2, "{text}");
    assert_eq!(text.matches("brew install --cask macfuse").count(), 1);
    assert_is_ruby(&path, &text);

    let list = list(&archive);
    for name in ["Cargo.toml", "Cargo.lock", "src/main.rs", "src/cli/installed.txt"] {
        assert!(list.contains(&format!("mach-procfs-{version}/{name}")), "{name}");
    }
}

/// By Ruby where it is installed, else by its pairs.
fn assert_is_ruby(path: &Path, text: &str) {
    match Command::new("ruby").arg("-c").arg(path).output() {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(_) => {
            let begins = |line: &&str| {
                let line = line.trim();
                line.starts_with("class ") || line.starts_with("def ") || line.ends_with(" do")
            };
            let ends = text.lines().filter(|line| line.trim() == "end").count();
            assert_eq!(text.lines().filter(begins).count(), ends, "{text}");
            assert_eq!(text.matches("<<~EOS").count() * 2, text.matches("EOS").count());
        }
    }
}

#[test]
fn the_formula_takes_an_address_only() {
    let dist = tempfile::tempdir().unwrap();
    for (arguments, message) in [
        (&[][..], "wants the address of a repository"),
        (&["a", "b"], "wants the address of a repository"),
        (&["somebody/repository"], "somebody/repository is no address of a repository"),
        (&["https://git.example/a b"], "unusual letters in the address https://git.example/a b"),
        (&["https://git.example/a|b"], "unusual letters in the address https://git.example/a|b"),
    ] {
        let output = formula(arguments, dist.path());
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said, format!("scripts/packaging/formula: {message}\n"));
    }
    assert_eq!(fs::read_dir(dist.path()).unwrap().count(), 0);
}

// --- the archive of a program ---------------------------------------------------------------------

#[test]
fn an_archive_has_the_files_of_an_installation() {
    let place = tempfile::tempdir().unwrap();
    let (target, dist) = (place.path().join("target"), place.path().join("dist"));
    let archive = |arguments: &[&str]| {
        Command::new(top().join("scripts/packaging/archive"))
            .args(arguments)
            .env("CARGO_TARGET_DIR", &target)
            .env("DIST", &dist)
            .output()
            .unwrap()
    };
    let failed = |output: &Output, message: &str| {
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(said, format!("scripts/packaging/archive: {message}\n"));
    };
    failed(&archive(&[]), "wants a target");
    let program = target.join("release/mach-procfs");
    let missing = format!("{} is not there; build it first", program.display());
    failed(&archive(&["some-target"]), &missing);

    fs::create_dir_all(program.parent().unwrap()).unwrap();
    symlink(env!("CARGO_BIN_EXE_mach-procfs"), &program).unwrap();
    let output = archive(&["some-target"]);
    assert!(output.status.success(), "{output:?}");
    let version = env!("CARGO_PKG_VERSION");
    let path = dist.join(format!("mach-procfs-{version}-some-target.tar.gz"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{}\n", path.display()));

    let mut expected = vec!["./LICENSE-APACHE", "./LICENSE-MIT", "./README.md"];
    let files = fs::read_to_string(top().join("src/cli/installed.txt")).unwrap();
    let files: Vec<Vec<&str>> = files
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(' ').collect())
        .collect();
    let paths: Vec<String> = files.iter().map(|fields| format!("./{}", fields[0])).collect();
    expected.extend(paths.iter().map(String::as_str));
    expected.sort_unstable();
    let mut found = list(&path);
    found.retain(|name| !name.ends_with('/'));
    found.sort_unstable();
    assert_eq!(found, expected);

    let unpacked = Command::new("tar").arg("-C").arg(&target).arg("-xzf").arg(&path).status();
    assert!(unpacked.unwrap().success());
    for fields in files {
        let mode = fs::symlink_metadata(target.join(fields[0])).unwrap().permissions().mode();
        assert_eq!(format!("{:o}", mode & 0o7777), fields[1], "{}", fields[0]);
    }
}

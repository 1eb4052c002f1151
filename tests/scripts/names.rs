//! What the repository names nowhere, or in one place, and the formula made for a repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All text files but what is built, and what cargo writes: its lock names what fuser may ask for.
fn texts() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut left = vec![top().to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if ["target", ".git", "Cargo.lock", "corpus", "artifacts", "dist"].contains(&name) {
                continue;
            }
            if path.is_dir() {
                left.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push((path.strip_prefix(top()).unwrap().to_owned(), text));
            }
        }
    }
    assert!(found.len() > 200, "{}", found.len());
    found
}

/// The files with this text, in letters of either case.
fn with(text: &str) -> Vec<PathBuf> {
    let has = |content: &str| content.to_lowercase().contains(text);
    let mut paths: Vec<_> =
        texts().into_iter().filter(|(_, it)| has(it)).map(|(path, _)| path).collect();
    paths.sort();
    paths
}

#[test]
fn nothing_asks_where_a_library_of_fuse_is() {
    for words in [["pkg", "-config"], ["pkg", "conf"], ["pkg", "_config"], ["fuse", ".pc"]] {
        let text = words.concat();
        assert_eq!(with(&text), Vec::<PathBuf>::new(), "{text}");
    }
}

/// There is no address yet. One that is known goes to packaging/formula as its argument.
#[test]
fn the_address_of_the_repository_is_a_placeholder_in_the_formula_only() {
    let placeholder = ["@repo", "sitory@"].concat();
    let expected = ["packaging/formula", "packaging/mach-procfs.rb"].map(PathBuf::from);
    assert_eq!(with(&placeholder), expected);
    for (path, text) in texts() {
        for rest in text.split("github.com/").skip(1) {
            let address = rest.split([' ', '"', '\'', '>', ')', '\n']).next().unwrap();
            let name = address.split('/').nth(1).unwrap_or_default();
            assert!(!name.starts_with("mach-procfs"), "{}: {address}", path.display());
        }
    }
}

fn formula(arguments: &[&str], dist: &Path) -> std::process::Output {
    Command::new(top().join("packaging/formula"))
        .args(arguments)
        .env("DIST", dist)
        .output()
        .unwrap()
}

#[test]
fn the_formula_builds_the_sources_that_are_packed() {
    if !top().join(".git").exists() {
        eprintln!("SKIPPED: these sources are in no git repository");
        return;
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

    let list = Command::new("tar").arg("-tzf").arg(&archive).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    for name in ["Cargo.toml", "Cargo.lock", "src/main.rs", "packaging/files"] {
        assert!(list.lines().any(|it| it == format!("mach-procfs-{version}/{name}")), "{name}");
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
        assert_eq!(said, format!("packaging/formula: {message}\n"));
    }
    assert_eq!(fs::read_dir(dist.path()).unwrap().count(), 0);
}

/// A document and the scripts call the files of the LaunchDaemon by one name, and what a document
/// explains is what the program says.
#[test]
fn the_page_for_macs_has_the_names_and_messages_of_today() {
    let read = |name: &str| fs::read_to_string(top().join(name)).unwrap();
    let (page, files) = (read("docs/macos.md"), read("scripts/files.sh"));
    let label = files.lines().find_map(|line| line.strip_prefix("label=")).unwrap();
    for path in [
        format!("`/Library/LaunchDaemons/{label}.plist`"),
        format!("`/Library/PrivilegedHelperTools/{label}`"),
        format!("`/etc/newsyslog.d/{label}.conf`"),
        "`/var/log/mach-procfs.log`".to_owned(),
        format!("launchctl kickstart system/{label}\n"),
    ] {
        assert!(page.contains(&path), "{path}");
    }
    // A message may be wrapped in the source.
    let source: String = texts()
        .into_iter()
        .filter(|(path, _)| path.starts_with("src/mount"))
        .flat_map(|(_, text)| text.lines().map(|it| it.trim().to_owned() + " ").collect::<Vec<_>>())
        .collect::<String>()
        .replace("\\ ", "");
    for message in [
        "macFUSE is not installed",
        "see whether macFUSE's extension is allowed",
        "macOS makes it at the next start",
        "make it first",
        "has a mach-procfs already",
        "it is in use; --lazy ends it all the same",
        "no mach-procfs is mounted there, but ",
        "allow_other is for root and the group admin",
    ] {
        assert!(source.contains(message), "{message}");
        assert!(page.contains(&format!("`{message}")), "{message}");
    }
    let readme = read("README.md");
    assert!(readme.contains("scripts/dev/first-mac") && page.contains("scripts/dev/first-mac"));
}

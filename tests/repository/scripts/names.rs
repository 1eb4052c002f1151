//! What the repository names nowhere, or in one place, and by one name.

use std::fs;
use std::path::{Path, PathBuf};

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

/// There is no address yet. One that is known goes to scripts/packaging/formula as its argument.
#[test]
fn the_address_of_the_repository_is_a_placeholder_in_the_formula_only() {
    let placeholder = ["@repo", "sitory@"].concat();
    let expected =
        ["scripts/packaging/formula", "scripts/packaging/mach-procfs.rb"].map(PathBuf::from);
    assert_eq!(with(&placeholder), expected);
    for (path, text) in texts() {
        for rest in text.split("github.com/").skip(1) {
            let address = rest.split([' ', '"', '\'', '>', ')', '\n']).next().unwrap();
            let name = address.split('/').nth(1).unwrap_or_default();
            assert!(!name.starts_with("mach-procfs"), "{}: {address}", path.display());
        }
    }
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

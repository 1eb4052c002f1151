//! The documents say what is so: their tables of files are those of the rows, commands exist.

use std::path::Path;

use mach_procfs::tree::{On, ROWS, as_markdown, as_short_markdown, files};

pub(super) fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The text between the marks of a document is this one; `UPDATE_GOLDEN=1` makes it so.
fn assert_table(document: &str, table: &str) {
    let whole = text(document);
    let begin = whole.find("<!-- the table of files").expect("its beginning is marked");
    let begin = begin + whole[begin..].find("-->\n").unwrap() + "-->\n".len();
    let end = begin + whole[begin..].find("<!-- end of the table -->").expect("so is its end");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
        std::fs::write(path, format!("{}{table}{}", &whole[..begin], &whole[end..])).unwrap();
        return;
    }
    assert!(whole[begin..end] == *table, "UPDATE_GOLDEN=1 makes the table in {document}:\n{table}");
}

#[test]
fn the_tables_of_files_are_those_of_the_rows() {
    assert_table("README.md", &as_short_markdown());
    assert_table("docs/files.md", &as_markdown());
    assert!(as_markdown().contains("`PID/loginuid` (0444, on macOS 0400): "));
}

/// The paths that a text has in backquotes, `a/{b,c}` for `a/b` and `a/c`.
fn paths_in(text: &str) -> Vec<String> {
    let expand = |word: &str| match word.split_once('{') {
        Some((before, names)) => {
            let names = names.strip_suffix('}').expect("the names end the path").split(',');
            names.map(|name| format!("{before}{name}")).collect()
        }
        None => vec![word.to_owned()],
    };
    text.split('`').skip(1).step_by(2).flat_map(expand).collect()
}

/// By its path, or by that of a directory that it stands in.
#[test]
fn every_file_of_linux_only_has_a_reason() {
    let text = text("docs/files.md");
    let list = text.split("These files do not exist on macOS:\n").nth(1).unwrap();
    let reasons = list.split("\n[").next().unwrap().split("\n* ").skip(1);
    let named: Vec<String> = reasons
        .flat_map(|item| {
            let (paths, reason) = item.split_once(':').expect("a reason");
            assert!(reason.trim().ends_with('.'), "{item}");
            paths_in(paths)
        })
        .collect();
    let is_on_macos = |path: &str| ROWS.iter().any(|row| row.path == path && row.on != On::Linux);
    for row in ROWS.iter().filter(|row| !is_on_macos(row.path)) {
        let is_named = |name: &String| {
            row.path
                .strip_prefix(name.as_str())
                .is_some_and(|it| matches!(it.get(..1), None | Some("/")))
        };
        assert!(named.iter().any(is_named), "docs/files.md has no reason for {}", row.path);
    }
    for name in named {
        let is_row = ROWS.iter().any(|row| row.path == name);
        assert!(is_row && !is_on_macos(&name), "{name} has a reason, and exists on macOS");
    }
}

/// By its path, or by its name under the heading of its directory.
#[test]
fn every_row_is_described_in_the_formats() {
    let formats = text("docs/formats.md");
    for row in files() {
        let (directory, name) = row.path.rsplit_once('/').unwrap_or(("", row.path));
        let is_there = formats.split("\n## ").any(|section| {
            let heading = section.lines().next().unwrap();
            let body = &section[heading.len()..];
            heading.contains(&format!("`{}`", row.path))
                || heading.contains(&format!("`{directory}/`"))
                    && body.contains(&format!("`{name}`"))
        });
        assert!(is_there, "docs/formats.md does not describe {}", row.path);
    }
}

#[test]
fn the_picture_in_the_documents_is_one_that_is_made() {
    assert!(text("docs/vmmap.svg") == text("tests/golden/mach_arm64_vmmap_svg.txt"));
}

#[test]
fn what_the_readme_links_to_is_there() {
    let readme = text("README.md");
    let links: Vec<&str> =
        readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert!(links.len() >= 4);
    for link in links.iter().filter(|link| !link.starts_with("http")) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(link).exists(), "{link}");
    }
    for script in ["scripts/run", "scripts/test"] {
        assert!(readme.contains(script));
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(script).exists(), "{script}");
    }
}

/// Where coreutils are uutils', `cat`, and of some versions `cp`, `head -c` and `wc -c`, let the
/// kernel copy, which shows nothing of a file whose size is 0.
#[test]
fn the_first_example_shows_content_whatever_the_coreutils_are() {
    let readme = text("README.md");
    let example = readme.split("```console\n").nth(1).unwrap().split("```").next().unwrap();
    let commands = example.lines().filter_map(|line| line.strip_prefix("$ "));
    let reading: Vec<&str> = commands.filter(|line| line.contains("~/proc/")).collect();
    assert!(reading.len() >= 3, "{reading:?}");
    for command in reading {
        let program = command.split(' ').next().unwrap();
        assert!(["sed", "awk", "grep", "mach-procfs"].contains(&program), "{command}");
    }
    // The script reads by the shell itself, and what it proposes reads, too.
    let run = text("scripts/run");
    assert!(run.contains("read -r line") && !run.contains("cat $quoted"));
}

/// What a newcomer types next has to fit what `scripts/run` has mounted.
#[test]
fn documents_and_scripts_mount_on_one_directory() {
    let mut found = 0;
    for name in
        ["README.md", "docs/macos.md", "docs/scripting.md", "scripts/run", "scripts/install"]
    {
        for line in text(name).lines() {
            let words = line.split("mount ").skip(1).filter_map(|rest| {
                rest.split_whitespace()
                    .find(|word| !word.starts_with('-'))
                    .filter(|it| it.starts_with("~/"))
            });
            for word in words {
                assert_eq!(word.trim_end_matches(['`', ';', '.']), "~/proc", "{name}: {line}");
                found += 1;
            }
        }
    }
    assert!(found >= 5, "{found} mounts below the home");
    assert!(text("scripts/run").contains("\"$HOME/proc\""));
}

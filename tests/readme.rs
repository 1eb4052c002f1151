//! The documents say what is so: their tables of files are those of the rows, commands exist.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(all(target_os = "linux", feature = "mount"))]
mod common;

use std::path::Path;

fn text(name: &str) -> String {
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
    assert_table("README.md", &mach_procfs::tree::as_short_markdown());
    assert_table("docs/files.md", &mach_procfs::tree::as_markdown());
}

/// By its path, or by its name under the heading of its directory.
#[test]
fn every_row_is_described_in_the_formats() {
    let formats = text("docs/formats.md");
    for row in mach_procfs::tree::files() {
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

#[cfg(all(target_os = "linux", feature = "mount"))]
mod commands {
    //! Every block of commands runs in a test, or is marked as untested on macOS.

    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;
    use std::process::Command;

    use super::common::mount::{can_mount, detach_all, mount_point};
    use super::common::skip;
    use super::common::watchdog::Watchdog;

    /// A fenced block of commands.
    struct Block {
        document: String,
        /// Each command with the output that the document shows, where it shows any.
        commands: Vec<(String, Vec<String>)>,
    }

    fn top() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    /// Those that are not marked as untested on macOS.
    fn blocks_of(document: &str) -> Vec<Block> {
        let text = super::text(document);
        let fenced = text.split("\n```").skip(1).step_by(2);
        let of_commands = fenced.filter_map(|block| {
            let (kind, body) = block.split_once('\n')?;
            let is_marked = body.starts_with("# untested on macOS\n");
            (["console", "sh"].contains(&kind) && !is_marked).then_some((kind, body))
        });
        of_commands
            .map(|(kind, body)| {
                let mut commands: Vec<(String, Vec<String>)> = Vec::new();
                for line in body.lines() {
                    match (kind, line.strip_prefix("$ ")) {
                        ("console", None) => commands.last_mut().unwrap().1.push(line.to_owned()),
                        (_, command) => {
                            commands.push((command.unwrap_or(line).to_owned(), Vec::new()));
                        }
                    }
                }
                Block { document: document.to_owned(), commands }
            })
            .collect()
    }

    /// Those that have to run here: tests/scripting.rs runs the blocks of its page.
    fn blocks() -> Vec<Block> {
        let pages = std::fs::read_dir(top().join("docs")).unwrap();
        let pages = pages.map(|it| format!("docs/{}", it.unwrap().file_name().to_str().unwrap()));
        let mut documents: Vec<String> =
            pages.filter(|it| it.ends_with(".md") && it != "docs/scripting.md").collect();
        documents.extend(["README.md", "CONTRIBUTING.md"].map(str::to_owned));
        documents.iter().flat_map(|document| blocks_of(document)).collect()
    }

    /// The path of a script of this project, where a command calls one.
    fn script(command: &str) -> Option<&str> {
        let command = command.strip_prefix("sudo ").unwrap_or(command);
        let word = command.split(' ').next().unwrap();
        word.starts_with("scripts/").then_some(word)
    }

    fn sources_of_tests(directory: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources_of_tests(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                found.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }

    /// A home of its own, and a clone in it in which `scripts/run` only mounts: nothing is built.
    struct Newcomer {
        home: tempfile::TempDir,
        _watchdog: Watchdog,
    }

    impl Newcomer {
        fn new() -> Self {
            let home = mount_point();
            let clone = home.path().join("clone");
            let release = clone.join("target/release");
            std::fs::create_dir_all(&release).unwrap();
            std::fs::create_dir(clone.join("scripts")).unwrap();
            symlink(env!("CARGO_BIN_EXE_mach-procfs"), release.join("mach-procfs")).unwrap();
            symlink(top().join("tests"), clone.join("tests")).unwrap();
            let run = clone.join("scripts/run");
            std::fs::write(&run, "exec target/release/mach-procfs mount ~/proc\n").unwrap();
            std::fs::set_permissions(&run, std::fs::Permissions::from_mode(0o755)).unwrap();
            let proc = home.path().join("proc");
            let watchdog = Watchdog::new("commands of the documents", move || detach_all(&proc));
            Newcomer { home, _watchdog: watchdog }
        }

        /// What each of these commands prints, all in one shell.
        fn run(&self, commands: &[&str]) -> Vec<Vec<String>> {
            let lines = commands.iter().map(|it| format!("echo '<command>'\n{it}\n"));
            let script: String = lines.collect();
            let program = Path::new(env!("CARGO_BIN_EXE_mach-procfs")).parent().unwrap();
            let path = std::env::var("PATH").unwrap();
            let output = Command::new("timeout")
                .args(["--kill-after=5", "200", "bash", "-ec", &script])
                .current_dir(self.home.path().join("clone"))
                .env("HOME", self.home.path())
                .env("PATH", format!("{}:{path}", program.display()))
                .output()
                .unwrap();
            assert!(output.status.success(), "{script}\n{output:?}");
            // Names in a map are bytes.
            let text = String::from_utf8_lossy(&output.stdout);
            let outputs = text.split("<command>\n").skip(1);
            outputs.map(|it| it.lines().map(str::to_owned).collect()).collect()
        }
    }

    impl Drop for Newcomer {
        fn drop(&mut self) {
            // Its daemon ends with it.
            detach_all(&self.home.path().join("proc"));
        }
    }

    #[test]
    fn every_block_of_commands_runs() {
        let blocks = blocks();
        assert!(blocks.len() >= 6, "{}", blocks.len());
        let is_mountable = can_mount();
        for Block { document, commands } in &blocks {
            let is_session = commands.iter().any(|(_, output)| !output.is_empty());
            // tests/scripts runs the scripts, see below; a session needs what they leave.
            let commands: Vec<_> =
                commands.iter().filter(|(it, _)| is_session || script(it).is_none()).collect();
            if !is_mountable && commands.iter().any(|(it, _)| it.contains("~/proc")) {
                continue;
            }
            if commands.iter().any(|(it, _)| it.contains("jq ")) && !has("jq") {
                skip("jq is missing");
                continue;
            }
            let texts: Vec<&str> = commands.iter().map(|(it, _)| it.as_str()).collect();
            // A command may go on in further lines.
            let outputs = if is_session {
                Newcomer::new().run(&texts)
            } else {
                Newcomer::new().run(&[&texts.join("\n")])
            };
            for ((command, shown), output) in commands.iter().zip(&outputs) {
                let is_fixed = command.contains("--replay");
                if is_fixed && is_session {
                    assert_eq!(shown, output, "{document}: {command}");
                } else if !shown.is_empty() {
                    // Of another process only the form is the same.
                    let form = |lines: &[String]| -> Vec<usize> {
                        lines.iter().map(|line| line.split_whitespace().count()).collect()
                    };
                    assert_eq!(form(shown), form(output), "{document}: {command}");
                }
            }
        }
    }

    fn has(program: &str) -> bool {
        Command::new(program).arg("--version").output().is_ok()
    }

    #[test]
    fn tests_run_every_script_in_the_documents() {
        let mut sources = Vec::new();
        sources_of_tests(&top().join("tests"), &mut sources);
        let mut found = 0;
        for Block { document, commands } in blocks() {
            for name in commands.iter().filter_map(|(command, _)| script(command)) {
                let call = format!("script(\"{name}\"");
                let is_run = sources.iter().any(|text| text.contains(&call));
                assert!(is_run, "{document}: no test runs {name}");
                found += 1;
            }
        }
        assert!(found >= 6, "{found} calls of scripts");
    }
}

//! Every block of commands runs in a test, or is marked as untested on macOS.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use crate::common::mount::{can_mount, detach_all, mount_point};
use crate::common::program::is_installed;
use crate::common::skip;
use crate::common::watchdog::Watchdog;

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
    let text = super::documents::text(document);
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

/// Those that have to run here: tests/readers/scripting.rs runs the blocks of its page.
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
        // tests/repository/scripts runs the scripts, see below; a session needs what they leave.
        let commands: Vec<_> =
            commands.iter().filter(|(it, _)| is_session || script(it).is_none()).collect();
        if !is_mountable && commands.iter().any(|(it, _)| it.contains("~/proc")) {
            continue;
        }
        if commands.iter().any(|(it, _)| it.contains("jq ")) && !is_installed("jq") {
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

//! The completions, typed with real TAB keys into real shells on a terminal.

use crate::common;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const PROMPT: &str = "READY>";

/// Only ends a test that would hang.
const LIMIT: Duration = Duration::from_secs(60);

/// A shell on a terminal of its own, which script(1) makes.
struct Shell {
    script: Child,
    keys: ChildStdin,
    output: Receiver<Vec<u8>>,
    seen: String,
    /// Home, and where it runs: with the completions, and a `mach-procfs` that prints its arguments.
    home: TempDir,
}

impl Shell {
    /// Starts it, or says that it is not here.
    fn new(name: &str) -> Option<Self> {
        for program in [name, "script"] {
            if !common::program::is_installed(program) {
                common::skip(&format!("{program} is not installed"));
                return None;
            }
        }
        let home = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = home.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        std::fs::create_dir(home.path().join("bin")).unwrap();
        let program = home.path().join("bin/mach-procfs");
        common::program::write_script(&program, "#!/bin/sh\nprintf '<%s>' \"$@\" END\necho\n");
        std::fs::create_dir(home.path().join("somewhere")).unwrap();
        let completions = common::program::run(&["generate", name]);
        assert!(completions.status.success() && completions.stderr.is_empty(), "{completions:?}");
        let completions = common::program::out(&completions);
        let command = match name {
            "bash" => {
                write("completions", &completions);
                write("rc", &format!("PS1='{PROMPT} '; . ~/completions\n"));
                "exec bash --noprofile --rcfile rc -i"
            }
            "zsh" => {
                write("functions/_mach-procfs", &completions);
                let rc = "fpath=(~/functions $fpath); autoload -U compinit; compinit -u -D\n";
                write(".zshrc", &format!("PS1='{PROMPT} '; {rc}"));
                "exec zsh -d -i"
            }
            "fish" => {
                write(".config/fish/completions/mach-procfs.fish", &completions);
                let prompt = format!("function fish_prompt; echo '{PROMPT} '; end\n");
                write(".config/fish/config.fish", &prompt);
                "exec fish -i"
            }
            _ => panic!("{name}"),
        };
        let path = std::env::var("PATH").unwrap();
        let mut script = Command::new("script")
            .args(["-q", "-c", command, "/dev/null"])
            .env_clear()
            .env("PATH", format!("{}/bin:{path}", home.path().display()))
            .env("HOME", home.path())
            .env("TERM", "xterm")
            .env("LC_ALL", "C.UTF-8")
            .env("SHELL", "/bin/sh")
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let keys = script.stdin.take().unwrap();
        let mut pipe = script.stdout.take().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(got @ 1..) = pipe.read(&mut bytes) {
                if sender.send(bytes[..got].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut shell = Shell { script, keys, output, seen: String::new(), home };
        shell.wait_for(PROMPT);
        Some(shell)
    }

    /// Waits until the shell has written this, and forgets all before its end.
    fn wait_for(&mut self, text: &str) -> String {
        let since = Instant::now();
        loop {
            if let Some(at) = self.seen.find(text) {
                let before = self.seen[..at].to_owned();
                self.seen.drain(..at + text.len());
                return before;
            }
            let left = LIMIT.saturating_sub(since.elapsed());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(error) => panic!("no {text:?} in {:?}: {error}", self.seen),
            }
        }
    }

    /// The arguments that the program gets when this is typed, `\t` being the TAB key.
    fn arguments(&mut self, typed: &str) -> Vec<String> {
        write!(self.keys, "mach-procfs {typed}\r").unwrap();
        let line = self.wait_for("<END>");
        self.wait_for(PROMPT);
        let arguments = line.split('<').skip(1).map(|it| it.split('>').next().unwrap().to_owned());
        // Besides them, before the line of the output, is how the shell echoes what is typed.
        let mut arguments: Vec<String> = arguments.collect();
        arguments.retain(|argument| !argument.is_empty());
        // zsh takes the slash of a directory back when the line is entered.
        arguments.iter_mut().for_each(|it| it.truncate(it.trim_end_matches('/').len()));
        arguments
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = writeln!(self.keys, "exit\r");
        let since = Instant::now();
        while matches!(self.script.try_wait(), Ok(None)) && since.elapsed() < LIMIT {
            std::thread::yield_now();
        }
        let _ = self.script.kill();
        let _ = self.script.wait();
        assert!(Path::exists(self.home.path()));
    }
}

/// What is typed, and what it becomes.
const TYPED: [(&str, &[&str]); 10] = [
    ("ca\t", &["cat"]),
    ("cat --rep\t x", &["cat", "--replay", "x"]),
    ("ls --al\t", &["ls", "--all"]),
    ("ls --dir\t", &["ls", "--directory"]),
    ("record --al\t", &["record", "--all"]),
    ("-v cat --hel\t", &["-v", "cat", "--help"]),
    ("help rec\t", &["help", "record"]),
    // Hidden ones are not offered.
    ("gen\t", &["gen"]),
    ("cat --repo\t", &["cat", "--repo"]),
    ("--rep\t", &["--rep"]),
];

const TYPED_WITH_FUSE: [(&str, &[&str]); 7] = [
    ("um\t somewhere", &["umount", "somewhere"]),
    ("mount --rep\t x", &["mount", "--replay", "x"]),
    ("mount --for\tsomew\t", &["mount", "--foreground", "somewhere"]),
    ("umount --la\tsomew\t", &["umount", "--lazy", "somewhere"]),
    ("unmount --la\t", &["unmount", "--lazy"]),
    ("doctor --hel\t", &["doctor", "--help"]),
    ("doctor somew\t", &["doctor", "somewhere"]),
];

fn completes(name: &str) {
    let Some(mut shell) = Shell::new(name) else { return };
    let with_fuse = if cfg!(feature = "mount") { &TYPED_WITH_FUSE[..] } else { &[] };
    for (typed, expected) in TYPED.iter().chain(with_fuse) {
        assert_eq!(shell.arguments(typed), *expected, "{name}: {typed:?}");
    }
    if !cfg!(feature = "mount") {
        assert_eq!(shell.arguments("mou\t"), ["mou"], "{name}");
    }
}

#[test]
fn bash_completes_behind_every_command() {
    completes("bash");
}

#[test]
fn zsh_completes_behind_every_command() {
    completes("zsh");
}

#[test]
fn fish_completes_behind_every_command() {
    completes("fish");
}

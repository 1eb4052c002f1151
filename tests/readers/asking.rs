//! A reader is asked twice: with the kernel's procfs at `/proc`, and with the mount there.

use std::path::Path;
use std::process::{Command, Stdio};

use super::common::{self, mount::Mount, program::is_installed};

/// Whether a reader is there; says so where not, which in CI is a failure.
pub fn is_here(reader: &str) -> bool {
    let found = is_installed(reader);
    if !found {
        common::skip(&format!("{reader} is missing; scripts/test installs it"));
    }
    found
}

/// What a reader has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: Option<i32>,
    pub said: String,
    pub errors: String,
}

/// Both procfs, and the user who asks.
pub struct Asking<'a> {
    pub mount: &'a Mount,
    pub user: u32,
    /// Where the kernel's procfs is to be seen, too.
    pub keeps: Option<&'a Path>,
    /// The variables that lines refer to.
    pub variables: Vec<(&'static str, String)>,
}

impl<'a> Asking<'a> {
    /// Root asks about these processes: a line's `$PIDS`, with commas between them, and `$WORDS`.
    pub fn about(mount: &'a Mount, pids: &[u32]) -> Self {
        let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
        let variables = vec![("PIDS", pids.join(",")), ("WORDS", pids.join(" "))];
        Asking { mount, user: 0, keeps: None, variables }
    }

    /// Runs a line for the shell, which ends with the reader, with this directory at `/proc`, in a
    /// mount namespace of its own.
    pub fn over(&self, proc: &Path, line: &str) -> Answer {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c"]);
        let user = self.user;
        let who = match user {
            0 => String::new(),
            _ => format!("setpriv --reuid {user} --regid {user} --clear-groups"),
        };
        let keep = if self.keeps.is_some() { "mount --bind /proc \"$KEPT\" && " } else { "" };
        let output = command
            .arg(format!("{keep}mount --bind \"$AT\" /proc && exec {who} sh -c \"exec $LINE\""))
            .env("KEPT", self.keeps.unwrap_or(Path::new("")))
            .env("AT", proc)
            .env("LINE", line)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env_remove("COLUMNS")
            .envs(self.variables.iter().map(|(name, value)| (*name, value)))
            .current_dir("/")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Answer {
            status: output.status.code(),
            said: text(&output.stdout),
            errors: text(&output.stderr),
        }
    }

    /// What the reader answers over the mount.
    pub fn ours(&self, line: &str) -> Answer {
        self.over(self.mount.root(), line)
    }

    /// Asserts that the reader answers the same over both, and returns that. What the machine does
    /// meanwhile may change it: then the kernel's answer afterwards is another than before.
    pub fn same(&self, line: &str) -> Answer {
        self.same_of(line, |answer| answer)
    }

    /// The same of a part of the answer.
    pub fn same_of<T: PartialEq + std::fmt::Debug>(
        &self,
        line: &str,
        part: impl Fn(Answer) -> T,
    ) -> T {
        let kernels = || part(self.over(Path::new("/proc"), line));
        common::until(line, || {
            let before = kernels();
            let ours = part(self.ours(line));
            (before == kernels()).then(|| {
                assert_eq!(ours, before, "ours and the kernel's: {line}");
                ours
            })
        })
    }
}

impl Answer {
    /// The whole answer, of a reader that has found what it looked for and nothing to complain of.
    #[track_caller]
    pub fn good(self) -> String {
        assert_eq!((self.status, self.errors.as_str()), (Some(0), ""), "{}", self.said);
        self.said
    }
}

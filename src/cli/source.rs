//! The source of answers: this machine's kernel, or a recording.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use mach_procfs::kernel::{self, Kernel};
use mach_procfs::model::{Code, Pid, Result as Answer, error_words};
use mach_procfs::recording::{self, Limits, Recording};
use mach_procfs::tree::{Caller, Tree};

use super::Failure;

#[derive(Debug, Args)]
pub(super) struct Source {
    /// Take the answers from a recording instead of this machine's kernel
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) replay: Option<PathBuf>,
}

impl Source {
    /// The tree over the source, and this process as its caller.
    pub(super) fn tree(&self) -> Result<(Arc<Tree>, Caller), Failure> {
        let uid = nix::unistd::geteuid().as_raw();
        let gid = nix::unistd::getegid().as_raw();
        let kernel: Arc<dyn Kernel> = match self.recording()? {
            Some(recording) => recording::replay(recording, uid, gid),
            None => host()?,
        };
        let caller = Caller { uid, gid, pid: Pid::this().number() };
        Ok((Tree::new(kernel, uid, gid), caller))
    }

    /// Whether this machine's kernel can be asked, if it will be.
    #[cfg(feature = "mount")]
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.replay.is_none() {
            host()?;
        }
        Ok(())
    }

    /// The recording, if one was named.
    pub(super) fn recording(&self) -> Result<Option<Recording>, Failure> {
        let Some(path) = &self.replay else {
            return Ok(None);
        };
        let because = |reason: &dyn std::fmt::Display| {
            Failure::Because(format!("{}: {}", path.display(), error_words(reason)))
        };
        let file = File::open(path).map_err(|error| because(&error))?;
        recording::read(file, Limits::default()).map(Some).map_err(|error| because(&error))
    }
}

/// Reads a whole file.
pub(super) fn read(tree: &Arc<Tree>, path: &Path, caller: &Caller) -> Answer<Vec<u8>> {
    let mut content = tree.open(tree.resolve(path, caller)?.node, caller)?;
    let mut text = Vec::new();
    while content.fill(&mut text, usize::MAX)? {}
    Ok(text)
}

/// This machine's kernel.
fn host() -> Result<Arc<dyn Kernel>, Failure> {
    kernel::host().map_err(|error| match error.code {
        // An error of our own: its message is complete.
        Code::None => Failure::Because(error.call.to_owned()),
        Code::Errno(_) | Code::KernReturn(_) => Failure::Because(error.to_string()),
    })
}

//! Why a mount could not be made or ended.

use std::fmt;
use std::path::Path;

/// Why a mount could not be made or ended, in one line, and the command that helps, if there is
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountError {
    reason: String,
    command: Option<String>,
}

impl MountError {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        MountError { reason: reason.into(), command: None }
    }

    /// An error about this path.
    pub(super) fn at(path: &Path, reason: impl fmt::Display) -> Self {
        MountError::new(format!("{}: {reason}", path.display()))
    }

    /// Adds a command to run.
    pub(super) fn with_command(self, command: impl Into<String>) -> Self {
        MountError { command: Some(command.into()), ..self }
    }

    /// A command for a shell that helps, with paths quoted.
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        self.command.as_deref()
    }
}

impl fmt::Display for MountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for MountError {}

//! Makes a mount, serves it until a signal or an unmount ends it, and clears a mount after a crash;
//! and the checks of `doctor`. fuser speaks the protocol; mounting and unmounting are done here.
//!
//! This file alone picks the system in this layer. Each side implements `system::System` and
//! provides `unmount` and `diagnose`.

mod command;
mod doctor;
mod error;
mod guard;
mod helper;
#[cfg(target_os = "linux")]
mod linux;
#[doc(hidden)]
pub mod macos;
mod made;
mod options;
mod quote;
mod session;
mod system;

use std::path::Path;

pub use doctor::{Check, Verdict, diagnose, task_port};
pub use error::MountError;
pub use options::Options;
pub use quote::quote;
pub use session::{check, mount};

#[cfg(target_os = "linux")]
use linux as host;
#[cfg(target_os = "macos")]
use macos as host;

/// Whether every mount has the same source in the mount table, which identifies it on macOS.
pub const SOURCE_IS_FIXED: bool = host::SOURCE_IS_FIXED;

/// How long the helper that mounts for us may take.
pub const HELPER_WITHIN: std::time::Duration = std::time::Duration::from_secs(20);

/// Ends a mount of ours, also one that a killed daemon has left. A mount in use is ended only with
/// `lazy`: it is detached now and ends with its last use.
///
/// # Errors
/// There is no mount of ours, it is in use, or the caller may not end it.
pub fn unmount(path: &Path, lazy: bool) -> Result<(), MountError> {
    host::unmount(path, lazy)
}

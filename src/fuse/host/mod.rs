//! The differences between the systems, in the requests of their kernels and in memory.

mod memory;
mod rules;

pub(super) use memory::give_back_memory;
pub use rules::{HostRules, LINUX, MACFUSE};

/// The rules of the system that this runs on.
#[cfg(target_os = "linux")]
pub const HERE: HostRules = LINUX;

/// The rules of the system that this runs on.
#[cfg(target_os = "macos")]
pub const HERE: HostRules = MACFUSE;

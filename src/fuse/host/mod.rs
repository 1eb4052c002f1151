//! What differs between the systems in what they ask of a volume. The one place of this layer that
//! picks the system.

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

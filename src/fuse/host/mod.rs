//! What differs between the systems in what they ask of a volume. The one place of this layer that
//! picks the system: each side provides constants on how replies differ.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod memory;

#[cfg(target_os = "linux")]
pub(super) use linux::*;
#[cfg(target_os = "macos")]
pub(super) use macos::*;
pub(super) use memory::give_back_memory;

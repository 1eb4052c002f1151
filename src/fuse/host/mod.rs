//! What differs between the systems in mounting, unmounting and in what they ask of a volume.
//! The one place of this layer that picks the system. Each side provides:
//!
//! * constants: how replies differ;
//! * `check_mount_point`, `config`, `Mounted`: the life of a mount;
//! * `unmount_path`: the `umount` command.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod memory;
#[cfg(target_os = "linux")]
mod mountinfo;

#[cfg(target_os = "linux")]
pub(super) use linux::*;
#[cfg(target_os = "macos")]
pub(super) use macos::*;
pub(super) use memory::give_back_memory;

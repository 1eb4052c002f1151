//! What differs between the systems in mounting, unmounting and in what they ask of a volume.
//! The one place of this layer that picks the system. Each side provides:
//!
//! * constants: how replies differ;
//! * `check_mount_point`, `config`, `Mounted`: the life of a mount;
//! * `unmount_path`: the `umount` command;
//! * `diagnose`: what `doctor` looks at.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod linux_doctor;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
mod macos_doctor;
mod memory;
// What is to be said of a Mac is tested everywhere; only looking at one takes one.
#[cfg(any(target_os = "macos", test))]
mod macos_judge;
#[cfg(target_os = "linux")]
mod mountinfo;

#[cfg(target_os = "linux")]
pub(super) use linux::*;
#[cfg(target_os = "linux")]
pub(super) use linux_doctor::diagnose;
#[cfg(target_os = "macos")]
pub(super) use macos::*;
#[cfg(target_os = "macos")]
pub(super) use macos_doctor::diagnose;
pub(super) use memory::give_back_memory;

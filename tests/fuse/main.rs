//! The mount and the adapter: over the kernel's procfs, over a model of XNU, by the rules of Linux and
//! of macFUSE.
#![cfg(feature = "mount")]
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

#[cfg(target_os = "linux")]
mod access;
#[cfg(target_os = "linux")]
mod access_darwin;
#[cfg(target_os = "linux")]
mod bounds;
#[cfg(target_os = "linux")]
mod doctor;
#[cfg(target_os = "linux")]
mod faults;
#[cfg(target_os = "linux")]
mod hang;
#[cfg(target_os = "linux")]
mod hardening;
#[cfg(target_os = "linux")]
mod lifecycle;
#[cfg(target_os = "linux")]
mod macfuse;
mod macos_helper;
#[cfg(target_os = "linux")]
mod macos_mounter;
#[cfg(target_os = "linux")]
mod mount;
#[cfg(target_os = "linux")]
mod reuse;
#[cfg(target_os = "linux")]
mod soak;
#[cfg(target_os = "linux")]
mod users;

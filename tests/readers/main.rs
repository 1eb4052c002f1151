//! Real readers, as their makers ship them: they give the same answer through the mount as on the
//! kernel's own procfs, for every field that the mount has.
#![cfg(all(target_os = "linux", feature = "mount"))]
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod alone;
mod another_user;
mod asking;
mod lsof;
mod node_exporter;
mod procfs_crate;
mod procps;
mod psutil;
mod recordings;
mod scripting;
mod targets;
mod walk;

/// A user that owns nothing here.
const NOBODY: u32 = 65534;

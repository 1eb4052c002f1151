//! The Linux source and the tree over it, without a mount.
#![cfg(target_os = "linux")]
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod descriptors;
mod library;
mod live;
mod map_files;
mod nonsense;
mod own_ends;
mod own_files;
mod process_info;
mod rendered;
mod tree;

//! The macOS source and recordings, over a model of XNU or what was recorded, without a mount.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod cache;
mod calls;
#[cfg(target_os = "linux")]
mod costs;
mod kernel;
mod libraries;
mod machine;
mod names;
mod network;
mod own;
mod queries;
mod recording;
mod recording_parts;
#[cfg(target_os = "linux")]
mod recording_sizes;
#[cfg(target_os = "linux")]
mod replay_tree;
#[cfg(not(target_os = "macos"))]
#[allow(unsafe_code)]
mod sys;
mod threads;
mod walk;

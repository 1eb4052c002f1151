//! The adapter as macFUSE's kernel extension uses it: over a socket pair with a stand-in for the
//! extension, and a model of XNU behind the tree.
#![cfg(all(target_os = "linux", feature = "mount"))]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod delays;
mod descriptors;
mod extension;
mod hand_overs;
mod images;
mod listings;
mod mappings;
mod numbers;
mod readers;
mod relay;
mod tools;
mod wire;
mod worlds;

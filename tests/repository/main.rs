//! The repository itself: its layers, its documents and its scripts.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod code;
#[cfg(all(target_os = "linux", feature = "mount"))]
mod commands;
mod documents;
mod layers;
mod library;
mod recording_document;
mod scripts;
mod words;

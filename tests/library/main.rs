//! The package as a library: what it shows of processes, its public API, its examples, what it
//! depends on and which files it is published with.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod api;
mod dependencies;
mod examples;
mod package;
#[cfg(target_os = "linux")]
mod regions;
mod scanner;

//! The package as a library: what it shows of processes, its public API, its examples and what it
//! depends on.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod api;
mod dependencies;
mod examples;
#[cfg(target_os = "linux")]
mod regions;
mod scanner;

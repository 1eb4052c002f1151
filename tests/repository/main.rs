//! The repository itself: its layers, its documents and its scripts.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod code;
mod documents;
mod layers;
mod recording_document;
mod scripts;

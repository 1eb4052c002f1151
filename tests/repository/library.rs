//! The package as a library: its public API, its examples, what it depends on and which files it is
//! published with.

mod api;
mod dependencies;
mod examples;
mod package;
mod scanner;

//! What the calls of a running Mac find above them in the library.

pub use mach_procfs::kernel::xnu::*;

#[path = "../../../src/kernel/xnu/sys/mod.rs"]
pub mod sys;

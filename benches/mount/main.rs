//! The table of `scripts/dev/bench`: what a read through the mount costs against the kernel's own
//! file, each figure beside its goal. `docs/performance.md` says how it is measured and why.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(target_os = "linux")]
mod beside;
#[cfg(target_os = "linux")]
#[path = "../both/mod.rs"]
mod both;
#[cfg(target_os = "linux")]
mod clock;
#[cfg(target_os = "linux")]
#[path = "../../tests/common/mod.rs"]
mod common;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod pure;
#[cfg(target_os = "linux")]
mod readers;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod through;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

/// There is no procfs to compare with.
#[cfg(not(target_os = "linux"))]
fn main() {}

//! What a process has mapped: address ranges, access and mapped files, on Linux and macOS.
//!
//! [`own_regions`] reports the map of the calling process, without any privilege. [`System`]
//! reports those of other processes, as far as the system lets this program see them. On Linux both
//! read the kernel's procfs; on macOS they ask `proc_info` and Mach. The code for macOS is tested
//! over a model of XNU, and untested on macOS itself.
//!
//! ```
//! for region in mach_procfs::own_regions()? {
//!     let region = region?;
//!     if region.is_executable() {
//!         println!("{:#x}-{:#x} {:?}", region.start(), region.end(), region.path());
//!     }
//! }
//! # Ok::<(), mach_procfs::Error>(())
//! ```
//!
//! # Features
//!
//! | feature | gives |
//! |---|---|
//! | `serde` | `serde::Serialize` for [`Region`], [`PageCounts`], [`Device`] and [`Pid`] |
//! | `cli` | the program `mach-procfs` without FUSE; implies `serde`; on by default |
//! | `mount` | the program's commands that need FUSE; implies `cli`; on by default |
//!
//! A program that uses the library needs none of them:
//! `mach-procfs = { version = "0.1", default-features = false }`. The library then depends on
//! `libc`, `log`, `memchr` and `nix`, on macOS also on `mach2` and `zerocopy`.
//!
//! # Stability
//!
//! What is listed here is the library's interface. The other modules are the program's. They are
//! reachable for its binary, tests, benchmarks and fuzz targets, and may change in any version.

mod api;
pub use api::{Device, Error, ErrorKind, PageCounts, Pid, Region, Regions, System, own_regions};

// Hidden in the documentation only: where the lint for missing documentation runs, they are public.
#[cfg_attr(doc, doc(hidden))]
pub mod format;
#[cfg(feature = "mount")]
#[cfg_attr(doc, doc(hidden))]
pub mod fuse;
#[cfg_attr(doc, doc(hidden))]
pub mod kernel;
#[cfg_attr(doc, doc(hidden))]
pub mod model;
#[cfg(feature = "mount")]
#[cfg_attr(doc, doc(hidden))]
pub mod mount;
#[cfg(feature = "cli")]
#[cfg_attr(doc, doc(hidden))]
pub mod recording;
#[cfg(feature = "cli")]
#[cfg_attr(doc, doc(hidden))]
pub mod tree;

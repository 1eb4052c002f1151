//! The `/proc` that macOS never had: what a process has mapped, as text files.
//!
//! As a library, [`regions`] tells what a process, one's own above all, has mapped. As a program it
//! serves that as files:
//!
//! ```text
//!  linux: /proc text ──────────────┐
//!                                  ├──►  kernel  ──►  tree  ──►  fuse  ──►  reader of a mounted file
//!  xnu: a Mac's kernel ─┐          │    (trait)         │  └───►  cli   ──►  `mach-procfs cat`
//!  recording: a replay ─┴► mach ───┘                    └ format: values ► bytes
//!
//!  spoken by all: model.
//! ```
//!
//! | layer | knows | never knows |
//! |---|---|---|
//! | [`model`] | values: pids, regions, errors by meaning | any OS, any text, FUSE |
//! | [`kernel`] | how one OS answers | text formats, FUSE |
//! | [`mod@format`] | one value to bytes, infallibly | which kernel, FUSE |
//! | [`tree`] | the table of pseudo-files, access | FUSE |
//! | `fuse` | FUSE requests and replies | how content is made |
//! | `mount` | how a mount is made, ended and diagnosed | requests |
//! | `cli`, `main` | the command line; alone prints and exits | the insides of the others |

pub mod format;
#[cfg(feature = "mount")]
pub mod fuse;
pub mod kernel;
pub mod model;
#[cfg(feature = "mount")]
pub mod mount;
pub mod recording;
pub mod tree;

pub use kernel::{Regions, regions};

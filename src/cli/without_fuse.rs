//! The commands that a program built without FUSE lacks, for a message that says why.

use std::ffi::OsString;

use clap::Args;

use super::Failure;

/// All arguments that the command would take.
#[derive(Debug, Args)]
pub(super) struct Ignored {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _arguments: Vec<OsString>,
}

pub(super) fn refuse(command: &str) -> Result<(), Failure> {
    Err(Failure::Because(format!(
        "{command}: this program was built without FUSE (--no-default-features), so it has cat, \
         ls and record only; `cargo build --release` in its source builds it with FUSE"
    )))
}

//! `cat`: prints pseudo-files without a mount.

use std::io::{Write, stdout};
use std::path::PathBuf;

use mach_procfs::model::Error;
use mach_procfs::tree::Source as Content;

use super::paths::Paths;
use super::source::Source;
use super::{Failure, complain_about, reason};

/// Bytes that are generated before they are written.
const AT_ONCE: usize = 64 * 1024;

/// Prints each file. A file that fails is named on standard error, and the others still print.
pub(super) fn cat(source: &Source, paths: &[PathBuf]) -> Result<(), Failure> {
    let tree = Paths::new(source)?;
    let mut failed = false;
    for path in paths {
        let problem = match tree.open(path) {
            Ok(content) => print(&mut content.without_turns())?.map(|error| reason(path, &error)),
            Err(problem) => Some(problem),
        };
        if let Some(problem) = problem {
            complain_about(path, &problem);
            failed = true;
        }
    }
    if failed { Err(Failure::Said) } else { Ok(()) }
}

/// Prints the content, and returns the error that ended it early, if one did.
fn print(content: &mut Content) -> Result<Option<Error>, Failure> {
    let mut out = stdout().lock();
    let mut text = Vec::new();
    loop {
        let made = content.fill(&mut text, AT_ONCE);
        out.write_all(&text)?;
        text.clear();
        match made {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Ok(Some(error)),
        }
    }
    out.flush()?;
    Ok(None)
}

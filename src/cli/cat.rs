//! `cat`: pseudo-files without any mount.

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mach_procfs::model::Error;
use mach_procfs::tree::{Caller, Source, Tree};

use super::source::Source as From;
use super::{Failure, complain_about};

/// How much is made before it is written.
const AT_ONCE: usize = 64 * 1024;

/// Prints each file; those that fail are named and the others still print.
pub(super) fn cat(from: &From, paths: &[PathBuf]) -> Result<(), Failure> {
    let (tree, caller) = from.tree()?;
    let mut failed = false;
    for path in paths {
        match open(&tree, path, &caller) {
            Ok(mut source) => {
                if let Some(error) = print(&mut source)? {
                    complain_about(path, &error);
                    failed = true;
                }
            }
            Err(error) => {
                complain_about(path, &error);
                failed = true;
            }
        }
    }
    if failed { Err(Failure::Said) } else { Ok(()) }
}

fn open(tree: &Arc<Tree>, path: &Path, caller: &Caller) -> Result<Source, Error> {
    let node = tree.resolve(path, caller)?.node;
    tree.open(node, caller)
}

/// The content as far as it could be made, and what ended it early.
fn print(source: &mut Source) -> Result<Option<Error>, Failure> {
    let mut out = stdout().lock();
    let mut text = Vec::new();
    loop {
        let made = source.fill(&mut text, AT_ONCE);
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

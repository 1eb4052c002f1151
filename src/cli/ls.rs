//! `ls`: lists directories of the tree without a mount.

use std::ffi::OsStr;
use std::io::{IsTerminal, StdoutLock, Write, stdout};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use clap::Args;
use mach_procfs::model::{Error, ErrorKind};
use mach_procfs::tree::{Attributes, NodeType};

use super::messages::Plain;
use super::paths::Paths;
use super::source::Source;
use super::{Failure, complain_about, reason};

#[derive(Debug, Args)]
pub(super) struct LsArguments {
    #[command(flatten)]
    source: Source,
    /// List . and .., too
    #[arg(short, long)]
    all: bool,
    /// Name directories themselves, not what is in them
    #[arg(short, long)]
    directory: bool,
    /// Show mode, owner and time of each name, too
    #[arg(short)]
    long: bool,
    /// One name a line, which is always so
    #[arg(short = '1')]
    _one: bool,
    /// Paths in the tree, or below a mount; the root by default
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Names the files, then lists the directories, both sorted by their bytes as ls does in the locale C.
/// A path that fails is named on standard error.
pub(super) fn ls(arguments: &LsArguments) -> Result<(), Failure> {
    let root = [PathBuf::from(if arguments.directory { "." } else { "/" })];
    let paths = if arguments.paths.is_empty() { &root[..] } else { &arguments.paths };
    let out = stdout().lock();
    let is_terminal = out.is_terminal();
    let mut listing = Listing { tree: Paths::new(&arguments.source)?, arguments, out, is_terminal };
    let mut failed = false;
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for path in paths {
        // As in ls: with these options, a link on the command line is shown itself.
        let follow = !arguments.long && !arguments.directory;
        match listing.tree.find(path, follow) {
            Err(problem) => {
                complain_about(path, &problem);
                failed = true;
            }
            Ok(found) if found.node_type == NodeType::Directory && !arguments.directory => {
                directories.push((path, found));
            }
            Ok(found) => files.push((path, found)),
        }
    }
    for list in [&mut files, &mut directories] {
        list.sort_by_key(|(path, _)| path.as_os_str());
    }
    let mut gap = "";
    for (path, found) in files {
        listing.line(path.as_os_str().as_bytes(), &found)?;
        gap = "\n";
    }
    for (path, found) in directories {
        if paths.len() > 1 {
            listing.out.write_all(gap.as_bytes())?;
            listing.write_name(path.as_os_str().as_bytes())?;
            listing.out.write_all(b":\n")?;
            gap = "\n";
        }
        if let Some(problem) = listing.directory(path, &found)? {
            complain_about(path, &problem);
            failed = true;
        }
    }
    listing.out.flush()?;
    if failed { Err(Failure::Said) } else { Ok(()) }
}

struct Listing<'a> {
    tree: Paths,
    arguments: &'a LsArguments,
    out: StdoutLock<'a>,
    is_terminal: bool,
}

impl Listing<'_> {
    /// The entries of a directory, and the error that ended the list early, if one did.
    fn directory(&mut self, path: &Path, found: &Attributes) -> Result<Option<String>, Failure> {
        let Paths { tree, caller, .. } = &self.tree;
        let (tree, caller) = (tree.clone(), *caller);
        let entries = match tree.list(found.node, &caller) {
            Ok(entries) => entries,
            Err(error) => return Ok(Some(reason(path, &error))),
        };
        if self.arguments.all {
            self.line(b".", found)?;
            match tree.attributes(found.node.parent()) {
                Ok(parent) => self.line(b"..", &parent)?,
                Err(error) => return Ok(Some(reason(path, &error))),
            }
        }
        let mut some_are_gone = false;
        for entry in entries {
            let name = entry.name.as_bytes();
            if !self.arguments.long {
                // A plain line needs no look-up.
                self.write_name(&name)?;
                self.out.write_all(b"\n")?;
                continue;
            }
            match tree.lookup(found.node, OsStr::from_bytes(&name), &caller) {
                Ok(attributes) => self.line(&name, &attributes)?,
                // It was closed or has ended since it was listed, like the descriptor of an earlier
                // listing.
                Err(error) if is_gone(&error) => some_are_gone = true,
                Err(error) => return Ok(Some(reason(path, &error))),
            }
        }
        // A directory that disappeared with its content is not an empty one.
        if some_are_gone && let Err(error) = tree.attributes(found.node) {
            return Ok(Some(reason(path, &error)));
        }
        Ok(None)
    }

    fn line(&mut self, name: &[u8], attributes: &Attributes) -> Result<(), Failure> {
        let is_link = attributes.node_type == NodeType::Link;
        let target = (self.arguments.long && is_link)
            .then(|| self.tree.tree.read_link(attributes.node, &self.tree.caller).ok())
            .flatten();
        if self.arguments.long {
            let owner = attributes.owner;
            let since = owner.since.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
            write!(
                self.out,
                "{} {:>2} {:<8} {:<8} {:>3} {} ",
                mode(attributes),
                attributes.links,
                user(owner.uid),
                group(owner.gid),
                attributes.size,
                date(since),
            )?;
        }
        self.write_name(name)?;
        if let Some(target) = target {
            self.out.write_all(b" -> ")?;
            self.write_name(&target)?;
        }
        Ok(self.out.write_all(b"\n")?)
    }

    /// A name on one line; on a terminal without characters that would command the terminal.
    fn write_name(&mut self, name: &[u8]) -> Result<(), Failure> {
        if self.is_terminal {
            write!(self.out, "{}", Plain(String::from_utf8_lossy(name)))?;
        } else {
            self.out.write_all(&without_line_ends(name))?;
        }
        Ok(())
    }
}

/// Whether an entry no longer exists.
fn is_gone(error: &Error) -> bool {
    matches!(
        error.kind,
        ErrorKind::NoSuchName
            | ErrorKind::NoSuchProcess
            | ErrorKind::Replaced
            | ErrorKind::Vanished
    )
}

/// A name for a program to read: unchanged, except for characters that a reader of lines takes for
/// the end of one.
fn without_line_ends(name: &[u8]) -> Vec<u8> {
    let mut line = Vec::with_capacity(name.len());
    for byte in name {
        match byte {
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            0 => line.extend_from_slice(b"\\0"),
            byte => line.push(*byte),
        }
    }
    line
}

/// The first column of `ls -l`.
fn mode(attributes: &Attributes) -> String {
    let mut mode = String::from(match attributes.node_type {
        NodeType::Directory => 'd',
        NodeType::Link => 'l',
        NodeType::File => '-',
    });
    for (bit, letter) in (0..9).rev().zip("rwxrwxrwx".chars()) {
        mode.push(if attributes.mode >> bit & 1 == 1 { letter } else { '-' });
    }
    mode
}

/// The user's name, or the number where there is none.
fn user(uid: u32) -> String {
    let found = nix::unistd::User::from_uid(uid.into()).ok().flatten();
    found.map_or_else(|| uid.to_string(), |user| user.name)
}

/// The group's name, or the number where there is none.
fn group(gid: u32) -> String {
    let found = nix::unistd::Group::from_gid(gid.into()).ok().flatten();
    found.map_or_else(|| gid.to_string(), |group| group.name)
}

/// Seconds since the epoch as `2026-11-22 22:18` in UTC. The calendar is counted in eras of 400
/// years that begin in March, so that a leap day is the last day of its year.
fn date(seconds: u64) -> String {
    let (days, of_day) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", of_day / 3600, of_day / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates() {
        assert_eq!(date(0), "1970-01-01 00:00");
        assert_eq!(date(951_782_400), "2000-02-29 00:00");
        assert_eq!(date(1_795_385_880), "2026-11-22 22:18");
        assert_eq!(date(4_107_542_400), "2100-03-01 00:00");
    }
}

//! `ls`: directories of the tree without any mount.

use std::ffi::OsStr;
use std::io::{StdoutLock, Write, stdout};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use mach_procfs::model::{Error, ErrorKind};
use mach_procfs::tree::{Attributes, Caller, NodeType, Tree};

use super::source::Source;
use super::{Failure, complain_about, type_letter};

/// Lists each directory, and names each file; those that fail are named on standard error.
pub(super) fn ls(source: &Source, paths: &[PathBuf], long: bool) -> Result<(), Failure> {
    let (tree, caller) = source.tree()?;
    let root = [PathBuf::from("/")];
    let paths = if paths.is_empty() { &root } else { paths };
    let mut listing = Listing { tree: &tree, caller, long, out: stdout().lock() };
    let mut failed = false;
    for (number, path) in paths.iter().enumerate() {
        if paths.len() > 1 {
            let gap = if number > 0 { "\n" } else { "" };
            writeln!(listing.out, "{gap}{}:", path.display())?;
        }
        if let Some(error) = listing.path(path)? {
            complain_about(path, &error);
            failed = true;
        }
    }
    listing.out.flush()?;
    if failed { Err(Failure::Said) } else { Ok(()) }
}

struct Listing<'a> {
    tree: &'a Tree,
    caller: Caller,
    long: bool,
    out: StdoutLock<'a>,
}

impl Listing<'_> {
    fn path(&mut self, path: &Path) -> Result<Option<Error>, Failure> {
        let found = match self.tree.resolve(path, &self.caller) {
            Ok(found) => found,
            Err(error) => return Ok(Some(error)),
        };
        if found.node_type != NodeType::Directory {
            self.line(&path.display().to_string(), &found)?;
            return Ok(None);
        }
        let entries = match self.tree.list(found.node, &self.caller) {
            Ok(entries) => entries,
            Err(error) => return Ok(Some(error)),
        };
        for entry in entries {
            let name = entry.name.to_string();
            if !self.long {
                writeln!(self.out, "{name}")?;
                continue;
            }
            match self.tree.lookup(
                found.node,
                OsStr::from_bytes(&entry.name.as_bytes()),
                &self.caller,
            ) {
                Ok(attributes) => self.line(&name, &attributes)?,
                // Processes that ended since they were listed.
                Err(error) if error.kind == ErrorKind::NoSuchProcess => {}
                Err(error) => return Ok(Some(error)),
            }
        }
        Ok(None)
    }

    fn line(&mut self, name: &str, attributes: &Attributes) -> Result<(), Failure> {
        if !self.long {
            writeln!(self.out, "{name}")?;
            return Ok(());
        }
        let mut mode = String::from(type_letter(attributes));
        for (bit, letter) in (0..9).rev().zip("rwxrwxrwx".chars()) {
            mode.push(if attributes.mode >> bit & 1 == 1 { letter } else { '-' });
        }
        let owner = attributes.owner;
        let since = owner.since.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let link = match attributes.node_type {
            NodeType::Link => match self.tree.read_link(attributes.node, &self.caller) {
                Ok(target) => format!(" -> {}", target.escape_ascii()),
                Err(_) => String::new(),
            },
            NodeType::Directory | NodeType::File => String::new(),
        };
        writeln!(
            self.out,
            "{mode} {:>2} {:<8} {:<8} 0 {} {name}{link}",
            attributes.links,
            user(owner.uid),
            group(owner.gid),
            date(since),
        )?;
        Ok(())
    }
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

/// Seconds since the epoch as `2026-11-22 22:18` in UTC: the civil calendar counted in eras of
/// 400 years that begin with March, so that a leap day is the last of its year.
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

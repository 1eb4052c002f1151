//! The table of pseudo-files: one row for each ([`rows`](super::rows)). Look-up, listing,
//! attributes, inode numbers and the README's table derive from it.

use super::kind::{Access, Entries, Kind, On, Passthrough};
use super::rows::{LISTED, RowSpec};
use crate::kernel::System;

/// The number of a row: its place in [`ROWS`], and 8 bits of every computed node id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowId(pub(super) u8);

/// One pseudo-file, link or directory.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its path from the mount point, a word in capitals for each name that is not always the same.
    pub path: &'static str,
    /// The last word of the path, which each look-up compares.
    name: &'static str,
    /// The row of the directory it stands in; the root stands in itself.
    pub parent: RowId,
    /// Where it stands for many: for which.
    pub entries: Option<Entries>,
    /// What it is.
    pub kind: Kind,
    /// Who may read it.
    pub access: Access,
    /// Which kernels have it.
    pub on: On,
    /// The same file in Linux's procfs; Linux shows that.
    pub own: Option<Passthrough>,
    /// Its content, in one line.
    pub doc: &'static str,
}

/// The root directory.
pub(super) const ROOT: RowId = RowId(0);

/// All rows. Their order is part of the numbers of nodes only.
pub static ROWS: [Row; LISTED.len()] = {
    assert!(LISTED.len() < 256);
    let mut rows = [LISTED[0].row(ROOT); LISTED.len()];
    let mut at = 0;
    while at < LISTED.len() {
        rows[at] = LISTED[at].row(RowId(parent(LISTED[at].path)));
        at += 1;
    }
    rows
};

impl RowSpec {
    const fn row(&self, parent: RowId) -> Row {
        let RowSpec { path, entries, kind, access, on, own, doc } = *self;
        let name = path.split_at(name_at(path)).1;
        Row { path, name, parent, entries, kind, access, on, own, doc }
    }
}

/// Where the last word of a path begins.
const fn name_at(path: &str) -> usize {
    let path = path.as_bytes();
    let mut at = path.len();
    while at > 0 && path[at - 1] != b'/' {
        at -= 1;
    }
    at
}

/// The number of the row whose path is all of this one before its last slash.
// It panics while the program is compiled, never while it runs.
#[allow(clippy::panic)]
const fn parent(path: &str) -> u8 {
    let length = name_at(path).saturating_sub(1);
    let path = path.as_bytes();
    let mut number = 0;
    while number < LISTED.len() {
        let found = LISTED[number].path.as_bytes();
        let mut same = found.len() == length;
        let mut at = 0;
        while same && at < length {
            same = found[at] == path[at];
            at += 1;
        }
        if same {
            return number as u8;
        }
        number += 1;
    }
    panic!("a path of LISTED is in no directory of LISTED");
}

impl Row {
    /// Its name; empty for the root.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Permission bits.
    #[must_use]
    pub fn mode(&self) -> u16 {
        match (self.kind, self.access) {
            (Kind::Link(_), _) => 0o777,
            (Kind::Directory, Access::Anyone) => 0o555,
            (Kind::Directory, Access::Memory) => 0o500,
            (_, Access::Anyone) => 0o444,
            (_, Access::Memory) => 0o400,
        }
    }

    /// Whether it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        matches!(self.kind, Kind::Directory)
    }

    /// Whether this kernel has it.
    pub(super) fn is_on(&self, system: System) -> bool {
        self.on.includes(system)
    }
}

impl RowId {
    /// The row of this number, if there is one.
    pub(super) fn new(number: u8) -> Option<Self> {
        (usize::from(number) < ROWS.len()).then_some(RowId(number))
    }

    /// The row itself.
    #[must_use]
    pub fn row(self) -> &'static Row {
        // A `RowId` is only made for a row that exists: here, in `new` and in `below`.
        &ROWS[usize::from(self.0)]
    }

    /// All rows.
    pub(super) fn all() -> impl Iterator<Item = RowId> {
        (0..).zip(&ROWS).map(|(number, _)| RowId(number))
    }

    fn below(self) -> impl Iterator<Item = RowId> {
        RowId::all().filter(move |row| row.row().parent == self && *row != ROOT)
    }

    /// The rows that stand in this directory under a name of their own, in the order of the table.
    pub fn children(self) -> impl Iterator<Item = RowId> {
        self.below().filter(|row| row.row().entries.is_none())
    }

    /// Whether the names in this directory are the same as long as it is there.
    #[must_use]
    pub fn has_constant_names(self) -> bool {
        self.entries().next().is_none()
    }

    /// The rows of this directory that stand for many.
    pub(super) fn entries(self) -> impl Iterator<Item = (RowId, Entries)> {
        self.below().filter_map(|row| Some((row, row.row().entries?)))
    }

    /// This row and those of the directories above it, without the root.
    fn line(self) -> impl Iterator<Item = RowId> {
        std::iter::successors(Some(self), |row| Some(row.row().parent))
            .take_while(|row| *row != ROOT)
    }

    /// Whether nodes of this row belong to a process.
    #[must_use]
    pub fn is_of_a_process(self) -> bool {
        self.line().any(|row| {
            matches!(row.row().entries, Some(Entries::Processes | Entries::ProcessNames))
        })
    }

    /// Whether to look at its nodes, or into them, reads files of a process or of the machine: its
    /// credentials, where not everyone has access, its name, or the list of CPUs.
    #[must_use]
    pub fn metadata_reads_files(self) -> bool {
        self.row().access == Access::Memory
            || self.numbered_entries() == Some(Entries::Cpus)
            || self.entries().any(|(_, it)| matches!(it, Entries::ProcessNames | Entries::Cpus))
    }

    /// Which numbered entries nodes of this row are, or belong to.
    pub(super) fn numbered_entries(self) -> Option<Entries> {
        self.line().find_map(|row| row.row().entries.filter(|entries| entries.is_numbered()))
    }
}

/// All files and links in the order of the table, for those who describe them.
pub fn files() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(|row| !row.is_directory())
}

#[cfg(test)]
mod tests {
    use super::super::kind::{Link, Public};
    use super::*;

    #[test]
    fn rows_stand_where_the_constants_say() {
        assert_eq!(ROOT.row().path, "");
        assert!(ROOT.row().parent == ROOT);
    }

    #[test]
    fn names_are_unique_in_their_directory_and_no_pids() {
        for row in RowId::all().skip(1).map(RowId::row) {
            for system in [System::Linux, System::Darwin] {
                let named =
                    |twin: &RowId| twin.row().name() == row.name() && twin.row().is_on(system);
                let twins = row.parent.below().filter(named).count();
                assert!(twins <= 1, "{} on {system:?}", row.path);
            }
            assert!(crate::model::Pid::from_name(row.name().as_bytes()).is_none());
            assert!(row.parent.row().is_directory(), "{}", row.path);
            assert_eq!(row.entries.is_some(), row.name().bytes().all(|it| it.is_ascii_uppercase()));
        }
    }

    /// The access of a row and what it says of Linux's own file are one rule.
    #[test]
    fn nothing_of_a_file_of_memory_is_public() {
        for row in &ROWS {
            let Some(Passthrough::Target(_, public)) = row.own else { continue };
            let is_private = matches!(public, Public::Nothing);
            assert_eq!(is_private, row.access == Access::Memory, "{}", row.path);
        }
    }

    /// What only one system's kernel has a question for is on no other, or Linux has the file
    /// itself.
    #[test]
    fn a_row_is_on_the_systems_that_can_answer() {
        for row in &ROWS {
            let is_darwins = matches!(
                row.kind,
                Kind::Libraries(_)
                    | Kind::Platform(_)
                    | Kind::Role(_)
                    | Kind::AuditToken(_)
                    | Kind::SecurityToken(_)
                    | Kind::TaskSuspension(_)
                    | Kind::ThreadSuspension(_)
                    | Kind::Registers(..)
                    | Kind::Port(_)
                    | Kind::Darwin(_)
                    | Kind::Machine(_)
                    | Kind::Link(Link::Network)
            ) || row.entries == Some(Entries::Ports);
            let on_linux = row.is_on(System::Linux);
            assert!(!is_darwins || !on_linux || row.own.is_some(), "{}", row.path);
            let is_passed = matches!(row.kind, Kind::Passthrough);
            assert!(!is_passed || row.own.is_some(), "{}", row.path);
            let is_linuxs = is_passed || row.entries == Some(Entries::MappedFiles);
            assert!(!is_linuxs || !row.is_on(System::Darwin), "{}", row.path);
        }
    }

    /// A node has one number beside the process.
    #[test]
    fn no_entries_stand_below_numbered_entries() {
        for row in RowId::all() {
            let numbered = |row: &RowId| row.row().entries.is_some_and(Entries::is_numbered);
            assert!(row.line().filter(numbered).count() <= 1, "{}", row.row().path);
        }
    }
}

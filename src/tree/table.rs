//! The table of pseudo-files: one row for each. Look-up, listing, attributes, inode numbers and
//! the README's table derive from it.

use crate::format::{self, Renderer};
use crate::kernel::Detail;

/// The number of a row: its place in [`ROWS`], and 8 bits of every inode number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowId(pub(super) u8);

/// What a row's nodes are.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A directory whose names are the rows that have it as their parent.
    Directory,
    /// The root: those rows, and a directory for every process.
    Root,
    /// A link to the directory of the process that asks.
    OwnProcess,
    /// A file of one or more lines for every region: what it needs of a region, and the renderer.
    Regions(Detail, Renderer),
}

/// One pseudo-file, link or directory.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name, empty for the root and for the directories whose names are pids.
    pub name: &'static str,
    /// The row of the directory it stands in; the root stands in itself.
    pub parent: RowId,
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u16,
    /// What it tells, in one line.
    pub doc: &'static str,
}

/// The root directory.
pub(super) const ROOT: RowId = RowId(0);
/// A process's directory.
pub(super) const PROCESS: RowId = RowId(1);
/// A process's directory of Mach files.
const TASK: RowId = RowId(2);

/// All rows. Their order is part of the inode numbers only; append new ones.
pub const ROWS: [Row; 7] = [
    Row {
        name: "",
        parent: ROOT,
        kind: Kind::Root,
        mode: 0o555,
        doc: "a directory for every process",
    },
    Row { name: "", parent: ROOT, kind: Kind::Directory, mode: 0o555, doc: "one process" },
    Row {
        name: "task",
        parent: PROCESS,
        kind: Kind::Directory,
        mode: 0o555,
        doc: "the process as a Mach task",
    },
    Row {
        name: "self",
        parent: ROOT,
        kind: Kind::OwnProcess,
        mode: 0o777,
        doc: "link to the directory of the process that reads it",
    },
    Row {
        name: "maps",
        parent: PROCESS,
        kind: Kind::Regions(Detail::Map, format::maps),
        mode: 0o400,
        doc: "mapped regions in Linux's grammar: range, protection, offset, device, inode, name",
    },
    Row {
        name: "vmmap",
        parent: TASK,
        kind: Kind::Regions(Detail::Attributes, format::vmmap),
        mode: 0o400,
        doc: "mapped regions as Mach sees them: size, current and maximum protection, inheritance, sharing, behaviour, wired count, submap",
    },
    Row {
        name: "vmmap_r",
        parent: TASK,
        kind: Kind::Regions(Detail::Pages, format::vmmap_r),
        mode: 0o400,
        doc: "the same, looking inside submaps: pages resident, swapped out and dirtied, and what the region is for",
    },
];

impl RowId {
    /// The row of this number, if there is one.
    pub(super) fn new(number: u8) -> Option<Self> {
        (usize::from(number) < ROWS.len()).then_some(RowId(number))
    }

    /// The row itself.
    #[must_use]
    pub fn row(self) -> &'static Row {
        // A `RowId` is only made for a row that exists: here, in `new` and in `children`.
        &ROWS[usize::from(self.0)]
    }

    /// The rows that stand in this directory under a name of their own, in the order of the table.
    pub fn children(self) -> impl Iterator<Item = RowId> {
        (0..)
            .zip(&ROWS)
            .filter(move |(_, row)| row.parent == self && !row.name.is_empty())
            .map(|(number, _)| RowId(number))
    }

    /// The row's path from the mount point, `PID` standing for a pid.
    #[must_use]
    pub fn path(self) -> String {
        let row = self.row();
        let name = if self == PROCESS { "PID" } else { row.name };
        if row.parent == ROOT { name.to_owned() } else { format!("{}/{name}", row.parent.path()) }
    }

    /// Whether nodes of this row belong to a process.
    #[must_use]
    pub fn is_of_a_process(self) -> bool {
        self == PROCESS || (self != ROOT && self.row().parent.is_of_a_process())
    }
}

/// A file or link of the table, for those who describe it.
#[derive(Clone, Debug)]
pub struct Described {
    /// Its path, with `PID` for a process's number.
    pub path: String,
    /// Permission bits.
    pub mode: u16,
    /// What it tells, in one line.
    pub doc: &'static str,
}

/// All files and links in the order of the table.
pub fn files() -> impl Iterator<Item = Described> {
    let shown = |(_, row): &(u8, &Row)| matches!(row.kind, Kind::OwnProcess | Kind::Regions(..));
    (0..).zip(&ROWS).filter(shown).map(|(number, row)| Described {
        path: RowId(number).path(),
        mode: row.mode,
        doc: row.doc,
    })
}

/// The table of files as it stands in the README.
#[must_use]
pub fn as_markdown() -> String {
    use std::fmt::Write as _;
    let mut text = String::from("| file | mode | shows |\n|---|---|---|\n");
    for Described { path, mode, doc } in files() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{path}` | {mode:04o} | {doc} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_where_the_constants_say() {
        assert!(matches!(ROOT.row().kind, Kind::Root));
        assert_eq!(PROCESS.path(), "PID");
        assert_eq!(TASK.path(), "PID/task");
        assert!(ROWS.len() <= 256);
    }

    #[test]
    fn names_are_unique_in_their_directory_and_no_pids() {
        for (number, row) in (0..).zip(&ROWS) {
            let twins = row.parent.children().filter(|twin| twin.row().name == row.name).count();
            let expected = usize::from(!row.name.is_empty());
            assert_eq!(twins, expected, "{}", RowId(number).path());
            assert!(crate::model::Pid::from_name(row.name.as_bytes()).is_none());
        }
    }
}

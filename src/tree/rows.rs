//! The rows, one line of the mount's tree each. A new pseudo-file is one of them, its renderer in
//! `format`, and a golden.

mod process;
mod root;
mod task;

use super::table::{Access, Entries, Kind, On, Passthrough, Render};
use crate::format::macfuse;
use crate::model::{Extent, Machine, Port, ProcessInfo, Thread};

/// A row as it is written down; [`Row`](super::Row) has the directory it stands in too.
#[derive(Clone, Copy)]
pub(super) struct RowSpec {
    pub(super) path: &'static str,
    pub(super) items: Option<Entries>,
    pub(super) kind: Kind,
    pub(super) access: Access,
    pub(super) on: On,
    pub(super) own: Option<Passthrough>,
    pub(super) doc: &'static str,
}

impl RowSpec {
    const fn memory(self) -> Self {
        RowSpec { access: Access::Memory, ..self }
    }

    const fn darwin(self) -> Self {
        RowSpec { on: On::Darwin, ..self }
    }

    const fn linux(self) -> Self {
        RowSpec { on: On::Linux, ..self }
    }

    const fn each(self, items: Entries) -> Self {
        RowSpec { items: Some(items), ..self }
    }

    /// Linux has this file itself, under this name.
    const fn own(self, name: &'static str) -> Self {
        RowSpec { own: Some(Passthrough::Target(name)), ..self }
    }

    /// Linux has this file itself, in the directory of each process.
    const fn callers(self, name: &'static str) -> Self {
        RowSpec { own: Some(Passthrough::Caller(name)), ..self }
    }
}

/// In the order of listings; directories first, in which others stand.
pub(super) const LISTED: [RowSpec; root::ROWS.len() + process::ROWS.len() + task::ROWS.len()] = {
    let parts = [root::ROWS, process::ROWS, task::ROWS];
    let mut all = [root::ROWS[0]; root::ROWS.len() + process::ROWS.len() + task::ROWS.len()];
    let (mut part, mut at, mut number) = (0, 0, 0);
    while part < parts.len() {
        if at < parts[part].len() {
            all[number] = parts[part][at];
            number += 1;
            at += 1;
        } else {
            (part, at) = (part + 1, 0);
        }
    }
    all
};

const fn row(path: &'static str, kind: Kind, doc: &'static str) -> RowSpec {
    RowSpec { path, items: None, kind, access: Access::Anyone, on: On::Both, own: None, doc }
}

const fn directory(path: &'static str, doc: &'static str) -> RowSpec {
    row(path, Kind::Directory, doc)
}

const fn process_info(path: &'static str, of: Render<ProcessInfo>, doc: &'static str) -> RowSpec {
    row(path, Kind::ProcessInfo(Extent::Brief, of), doc)
}

const fn thread_sums(path: &'static str, of: Render<ProcessInfo>, doc: &'static str) -> RowSpec {
    row(path, Kind::ProcessInfo(Extent::Threads, of), doc)
}

const fn whole_process(path: &'static str, of: Render<ProcessInfo>, doc: &'static str) -> RowSpec {
    row(path, Kind::ProcessInfo(Extent::Whole, of), doc)
}

const fn ids(path: &'static str, of: macfuse::Ids, doc: &'static str) -> RowSpec {
    row(path, Kind::Ids(of), doc)
}

const fn thread(path: &'static str, of: Render<Thread>, doc: &'static str) -> RowSpec {
    row(path, Kind::Thread(of), doc)
}

const fn thread_of(
    path: &'static str,
    extent: Extent,
    of: fn(&ProcessInfo, &Thread, &mut Vec<u8>),
    doc: &'static str,
) -> RowSpec {
    row(path, Kind::ThreadOf(extent, of), doc)
}

const fn port(path: &'static str, of: Render<Port>, doc: &'static str) -> RowSpec {
    row(path, Kind::Port(of), doc)
}

/// A file that only Linux has, under this name in a process's directory.
const fn linux_own(path: &'static str, name: &'static str, doc: &'static str) -> RowSpec {
    row(path, Kind::Passthrough, doc).own(name).linux()
}

const fn machine(path: &'static str, of: Render<Machine>, doc: &'static str) -> RowSpec {
    row(path, Kind::Machine(of), doc)
}

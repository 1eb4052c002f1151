//! The rows, one line of the mount's tree each: what a file is made of and how it is shown, on
//! which systems it is and who may see it. What is more than a line to show has its renderer in
//! `format`.

mod ids;
mod linux;
mod net;
mod ports;
mod process;
mod root;
mod task;
mod threads;

use super::kind::{Access, Entries, Kind, On, Passthrough, Public, Render};
use crate::format::macfuse;
use crate::kernel::Darwin;
use crate::model::{Extent, Machine, Port, ProcessInfo, Result, Thread};

/// A row as it is written down; [`Row`](super::Row) has the directory it stands in too.
#[derive(Clone, Copy)]
pub(super) struct RowSpec {
    pub(super) path: &'static str,
    pub(super) entries: Option<Entries>,
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

    const fn each(self, entries: Entries) -> Self {
        RowSpec { entries: Some(entries), ..self }
    }

    /// Linux has this file itself, under this name, and shows so much of it to everyone.
    const fn own(self, name: &'static str, public: Public) -> Self {
        let access = match public {
            Public::Nothing => Access::Memory,
            Public::Whole | Public::Redacted(_) => self.access,
        };
        RowSpec { access, own: Some(Passthrough::Target(name, public)), ..self }
    }

    /// Linux has this file itself, in the directory of each process.
    const fn callers(self, name: &'static str) -> Self {
        RowSpec { own: Some(Passthrough::Caller(name)), ..self }
    }
}

/// In the order of listings; directories first, in which others stand.
const PARTS: [&[RowSpec]; 8] = [
    root::ROWS,
    process::ROWS,
    linux::ROWS,
    net::ROWS,
    ids::ROWS,
    task::ROWS,
    ports::ROWS,
    threads::ROWS,
];

const LENGTH: usize = {
    let (mut part, mut length) = (0, 0);
    while part < PARTS.len() {
        length += PARTS[part].len();
        part += 1;
    }
    length
};

/// All of them.
pub(super) static LISTED: [RowSpec; LENGTH] = {
    let mut all = [root::ROWS[0]; LENGTH];
    let (mut part, mut at, mut number) = (0, 0, 0);
    while part < PARTS.len() {
        if at < PARTS[part].len() {
            all[number] = PARTS[part][at];
            number += 1;
            at += 1;
        } else {
            (part, at) = (part + 1, 0);
        }
    }
    all
};

const fn row(path: &'static str, kind: Kind, doc: &'static str) -> RowSpec {
    RowSpec { path, entries: None, kind, access: Access::Anyone, on: On::Both, own: None, doc }
}

const fn directory(path: &'static str, doc: &'static str) -> RowSpec {
    row(path, Kind::Directory, doc)
}

const fn process(path: &'static str, of: Render<ProcessInfo>, doc: &'static str) -> RowSpec {
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
    row(path, Kind::Port(of), doc).memory().darwin()
}

/// A file of Linux, made on Darwin of what this function asks for.
const fn from_darwin(
    path: &'static str,
    own: &'static str,
    render: fn(&dyn Darwin, &mut Vec<u8>) -> Result<()>,
    doc: &'static str,
) -> RowSpec {
    row(path, Kind::Darwin(render), doc).own(own, Public::Whole)
}

/// A file that only Linux has, under this name in a process's directory.
const fn linux_own(
    path: &'static str,
    name: &'static str,
    public: Public,
    doc: &'static str,
) -> RowSpec {
    row(path, Kind::Passthrough, doc).own(name, public).linux()
}

const fn machine(path: &'static str, of: Render<Machine>, doc: &'static str) -> RowSpec {
    row(path, Kind::Machine(of), doc)
}

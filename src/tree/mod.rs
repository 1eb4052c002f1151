//! The tree of pseudo-files: look-up, listing, attributes and content, for callers through FUSE and
//! for the command line.

mod access;
mod byname;
mod entries;
mod inode;
mod kind;
mod links;
mod living;
mod markdown;
mod permission;
mod rows;
mod source;
mod table;
mod text;
mod users;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::SystemTime;

pub use access::Caller;
pub use entries::Name;
pub use inode::{Item, Node};
pub use kind::{Access, Entries, Kind, Link, On, Passthrough, Public, Render};
pub use markdown::{as_markdown, as_short_markdown, documented};
pub use source::Source;
pub use table::{ROWS, Row, RowId, files};

use byname::ByName;

use crate::kernel::{Kernel, System};
use crate::model::{Error, ErrorKind, Owner, Pid, Result};

/// What a node is, for `stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeType {
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A regular file.
    File,
}

/// What `stat` shows of a node.
#[derive(Clone, Copy, Debug)]
pub struct Attributes {
    /// The node.
    pub node: Node,
    /// Its type.
    pub node_type: NodeType,
    /// Permission bits.
    pub mode: u16,
    /// Number of hard links.
    pub links: u32,
    /// 0, since the length is unknown before the content is generated; for `PID/fd` Linux's own
    /// size.
    pub size: u64,
    /// Owner, and the time shown as time of change.
    pub owner: Owner,
}

/// One name of a directory.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it stands: ascending, the same for the same name every time, at least 1.
    pub cookie: u64,
    /// Its inode number.
    pub inode: u32,
    /// Its type.
    pub node_type: NodeType,
    /// Its name.
    pub name: Name,
}

/// What a request wants to know of a node, but for the content of a file.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// What `stat` shows of it, and whether the caller may read it.
    Attributes,
    /// The names of the directory that it is.
    Listing,
    /// Where the link that it is leads.
    Target,
    /// The node of this name in the directory that it is.
    Name(&'a OsStr),
}

/// The tree over one kernel.
pub struct Tree {
    kernel: Arc<dyn Kernel>,
    /// Owner of what belongs to no process, and since when it is there.
    owner: Owner,
    by_name: ByName,
}

impl Tree {
    /// A tree over this kernel, whose root and links belong to this user and group.
    #[must_use]
    pub fn new(kernel: Arc<dyn Kernel>, uid: u32, gid: u32) -> Arc<Self> {
        let owner = Owner { uid, gid, since: SystemTime::now() };
        Arc::new(Tree { kernel, owner, by_name: ByName::default() })
    }

    /// Whether finding this out about a node may sleep for long.
    #[must_use]
    pub fn metadata_may_sleep(&self, node: Node, wanted: Wanted<'_>) -> bool {
        node.row.metadata_reads_files()
            || self.kernel.metadata_may_sleep() && self.asks_the_kernel(node, wanted)
    }

    /// Whether this asks the kernel. It does not if the table of rows has the whole answer.
    fn asks_the_kernel(&self, node: Node, wanted: Wanted<'_>) -> bool {
        let asks_for_entry = |name: &[u8], entries| match entries {
            Entries::Processes => Pid::from_name(name).is_some(),
            _ => true,
        };
        let mut entries = node.row.entries();
        node.process.is_some()
            || match wanted {
                Wanted::Attributes => false,
                Wanted::Listing => entries.next().is_some(),
                Wanted::Target => true,
                Wanted::Name(name) => {
                    let name = name.as_bytes();
                    self.child(node, name).is_none()
                        && entries.any(|(_, entries)| asks_for_entry(name, entries))
                }
            }
    }

    /// The node of this name in this directory, for this caller.
    ///
    /// # Errors
    /// `NoSuchName`, `NotDirectory`; `Denied` in a directory that the caller may not list;
    /// `NoSuchProcess` or `Replaced` for a directory of a process that is gone.
    pub fn lookup(&self, parent: Node, name: &OsStr, caller: &Caller) -> Result<Attributes> {
        let name = name.as_bytes();
        if !parent.row.row().is_directory() {
            return Err(Error::new(ErrorKind::NotDirectory, "lookup"));
        }
        self.check_access(parent, &self.asker_for(parent, caller))?;
        let found = match self.child(parent, name) {
            Some(row) => Ok((parent.child(row), None)),
            None => self.find_entry(parent, name),
        };
        let (node, owner) = found.or_else(|error| {
            // It may be about another process with this pid, to which a fresh path leads.
            self.check_alive(parent)?;
            Err(error)
        })?;
        let owner = owner.map_or_else(|| self.owner(node), Ok)?;
        self.attributes_of(node, owner)
    }

    /// The rows of a directory that have a name of their own and that this kernel can serve.
    fn children(&self, node: Node) -> impl Iterator<Item = RowId> {
        node.row.children().filter(|row| self.serves(*row))
    }

    /// The row of this name in a directory.
    fn child(&self, node: Node, name: &[u8]) -> Option<RowId> {
        let mut rows = node.row.children();
        rows.find(|row| row.row().name().as_bytes() == name && self.serves(*row))
    }

    /// Whether a directory's listing shows the rows that have a name of their own. Linux's programs
    /// take every name in `PID/task` for the number of a thread.
    fn lists_children(&self, node: Node) -> bool {
        self.kernel.system() == System::Darwin || !holds_threads(node.row)
    }

    fn serves(&self, row: RowId) -> bool {
        let row = row.row();
        let of_the_caller = matches!(row.kind, Kind::Link(Link::OwnProcess | Link::OwnThread));
        row.is_on(self.kernel.system()) && (self.knows_callers() || !of_the_caller)
    }

    /// What `stat` shows of a node.
    ///
    /// # Errors
    /// `NoSuchName` for an item that is gone; `NoSuchProcess` or `Replaced` for a process that is
    /// gone.
    pub fn attributes(&self, node: Node) -> Result<Attributes> {
        let owner = self.owner(node)?;
        self.check_entry(node)?;
        self.attributes_of(node, owner)
    }

    fn attributes_of(&self, node: Node, owner: Owner) -> Result<Attributes> {
        let row = node.row.row();
        if !self.has_file(node) {
            return Err(Error::new(ErrorKind::NoSuchName, "own file"));
        }
        let mode = match row.kind {
            Kind::Link(Link::Descriptor) => self.descriptor_mode(node)?,
            Kind::Link(Link::MappedFile) => self.mapped_file_mode(node)?,
            // Whether it is open.
            Kind::Descriptor(_) => self.descriptor_mode(node).map(|_| row.mode())?,
            _ => row.mode(),
        };
        let links = match node.process {
            _ if !row.is_directory() => 1,
            // Without it, all else is still known.
            Some((pid, _)) if !self.lists_children(node) => {
                let linked = self.kernel.procfs().map(|procfs| procfs.linked_threads(pid));
                linked.and_then(Result::ok).unwrap_or(0).saturating_add(2)
            }
            _ => {
                let below = node.row.children().filter(|row| row.row().is_directory());
                let below = below.filter(|row| self.serves(*row)).count();
                2 + u32::try_from(below).unwrap_or(0)
            }
        };
        let holds_descriptors = || {
            let mut entries = node.row.entries();
            entries.any(|(row, _)| matches!(row.row().kind, Kind::Link(Link::Descriptor)))
        };
        let size = match node.process {
            // Without it, or where this kernel has none, it is 0, and all else is still known.
            Some((pid, _)) if row.is_directory() && holds_descriptors() => {
                let size = self.kernel.procfs().map(|procfs| procfs.descriptors_size(pid));
                size.and_then(Result::ok).unwrap_or(0)
            }
            _ => 0,
        };
        Ok(Attributes { node, node_type: node_type(row), mode, links, size, owner })
    }

    /// The names of a directory for this caller, by ascending cookie, without `.` and `..`.
    ///
    /// # Errors
    /// `NotDirectory`; `Denied` where the caller may not list it; `NoSuchProcess` or `Replaced`
    /// for a process that is gone.
    pub fn list(&self, node: Node, caller: &Caller) -> Result<Vec<Entry>> {
        if !node.row.row().is_directory() {
            return Err(Error::new(ErrorKind::NotDirectory, "list"));
        }
        self.check_access(node, &self.asker_for(node, caller))?;
        let is_listed = |row: &RowId| self.lists_children(node) && self.has_file(node.child(*row));
        let listed = self.children(node).filter(is_listed);
        let rows = listed.map(|row| Entry {
            cookie: FIRST_ROW_COOKIE + u64::from(row.0),
            inode: node.child(row).inode(),
            node_type: node_type(row.row()),
            name: Name::Row(row.row().name()),
        });
        let mut listing: Vec<Entry> = rows.collect();
        self.of_living(node, || self.list_entries(node, &mut listing))?;
        Ok(listing)
    }

    /// Opens a file for this caller.
    ///
    /// # Errors
    /// `Denied` where the caller may not see it; `IsDirectory` or `NotLink` where it is no file;
    /// `NoSuchProcess` or `Replaced` for a process that is gone.
    pub fn open(self: &Arc<Self>, node: Node, caller: &Caller) -> Result<Source> {
        let asker = self.asker_for(node, caller);
        // Before and after the kernel's file holds the address space: a process whose owner changed
        // in between is not shown.
        self.check_access(node, &asker)?;
        let making = self.content_source(node, &asker)?;
        self.check_access(node, &asker)?;
        Ok(Source::new(Arc::clone(self), node, asker, making))
    }

    /// Whether this caller may open this file or list this directory.
    ///
    /// # Errors
    /// `Denied` where not; `NoSuchProcess` or `Replaced` for a process that is gone.
    pub fn check_readable(&self, node: Node, caller: &Caller) -> Result<()> {
        self.check_alive(node)?;
        self.check_access(node, &self.asker_for(node, caller))
    }

    /// Prepares for many questions: directories of processes may stay open for the next one, where
    /// that makes it cheaper.
    pub fn keep_open(&self, directories: usize) {
        if let Some(procfs) = self.kernel.procfs() {
            procfs.keep_open(directories);
        }
    }
}

/// Whether it is `PID/task`.
fn holds_threads(row: RowId) -> bool {
    row.entries().any(|(_, entries)| entries == Entries::Threads)
}

/// Before it come the cookies of `.` and `..`.
const FIRST_ROW_COOKIE: u64 = 3;

fn node_type(row: &Row) -> NodeType {
    match row.kind {
        Kind::Directory => NodeType::Directory,
        Kind::Link(_) => NodeType::Link,
        _ => NodeType::File,
    }
}

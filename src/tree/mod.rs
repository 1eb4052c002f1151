//! The tree of pseudo-files: look-up, listing, attributes and content, for whoever asks, be it
//! through FUSE or from the command line.

mod access;
mod inode;
mod source;
mod table;

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};
use std::sync::Arc;
use std::time::SystemTime;

use access::Asker;
pub use access::Caller;
pub use inode::Node;
pub use source::Source;
pub use table::{Described, Kind, ROWS, Row, RowId, as_markdown, files};

use crate::kernel::{AccessRule, Kernel, Owned};
use crate::model::{Credentials, Error, ErrorKind, Identity, Owner, Pid, Result};
use table::PROCESS;

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

/// What `stat` shows of a node. Sizes are always 0: nobody knows a length before the content is
/// made.
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
    /// Owner, and the time shown as time of change.
    pub owner: Owner,
}

/// A name in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// That of a row.
    Row(&'static str),
    /// A pid.
    Pid(Pid),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Row(name) => f.write_str(name),
            Name::Pid(pid) => pid.fmt(f),
        }
    }
}

/// One name of a directory.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Where it stands: ascending, the same for the same name every time, at least 1.
    pub cookie: u64,
    /// The inode number to list. That of a process's directory has no identity yet: to ask each
    /// process for it would be one more call for every name.
    pub number: u64,
    /// Its type.
    pub node_type: NodeType,
    /// Its name.
    pub name: Name,
}

/// Behind the cookies of the named rows come those of the pids.
const FIRST_PID_COOKIE: u64 = 512;

/// The tree over one kernel.
pub struct Tree {
    kernel: Arc<dyn Kernel>,
    /// Owner of what belongs to no process, and since when it is there.
    owner: Owner,
}

impl Tree {
    /// A tree over this kernel, whose root and links belong to this user and group.
    #[must_use]
    pub fn new(kernel: Arc<dyn Kernel>, uid: u32, gid: u32) -> Arc<Self> {
        let owner = Owner { uid, gid, since: SystemTime::now() };
        Arc::new(Tree { kernel, owner })
    }

    /// Whether anything but opening and reading a file of regions may sleep for long.
    #[must_use]
    pub fn metadata_may_sleep(&self) -> bool {
        self.kernel.metadata_may_sleep()
    }

    /// The node of this name in this directory.
    ///
    /// # Errors
    /// `NoSuchName`, `NotDirectory`; `NoSuchProcess` or `Replaced` for a directory of a process
    /// that is gone.
    pub fn lookup(&self, parent: Node, name: &OsStr) -> Result<Attributes> {
        let name = name.as_bytes();
        if !matches!(parent.row.row().kind, Kind::Directory | Kind::Root) {
            return Err(Error::new(ErrorKind::NotDirectory, "lookup"));
        }
        self.check_alive(parent)?;
        let child = self.children(parent).find(|child| child.row().name.as_bytes() == name);
        if let Some(row) = child {
            return self.attributes_of_living(Node { row, process: parent.process });
        }
        let none = || Error::new(ErrorKind::NoSuchName, "lookup");
        let pid = Pid::from_name(name).filter(|_| parent == Node::ROOT).ok_or_else(none)?;
        let identity = self.kernel.identity(pid)?;
        self.attributes_of_living(Node { row: PROCESS, process: Some((pid, identity)) })
    }

    /// The node at this path, links followed, for those who come without FUSE. A path is taken
    /// from the root, with or without a leading slash.
    ///
    /// # Errors
    /// As [`lookup`](Self::lookup) and [`read_link`](Self::read_link).
    pub fn resolve(&self, path: &Path, caller: &Caller) -> Result<Attributes> {
        let mut found = self.attributes(Node::ROOT)?;
        for component in path.components() {
            found = match component {
                Component::RootDir | Component::CurDir | Component::Prefix(_) => found,
                Component::ParentDir if found.node_type != NodeType::Directory => {
                    return Err(Error::new(ErrorKind::NotDirectory, "lookup"));
                }
                Component::ParentDir => self.attributes(found.node.parent())?,
                Component::Normal(name) => self.lookup(found.node, name)?,
            };
            if found.node_type == NodeType::Link {
                // A link is relative to its own directory, and none leads to another link.
                let target = self.read_link(found.node, caller)?;
                found = self.lookup(found.node.parent(), OsStr::new(&target))?;
            }
        }
        let wants_directory = path.as_os_str().as_bytes().ends_with(b"/");
        if wants_directory && found.node_type != NodeType::Directory {
            return Err(Error::new(ErrorKind::NotDirectory, "lookup"));
        }
        Ok(found)
    }

    /// The rows of a directory that this kernel can serve.
    fn children(&self, node: Node) -> impl Iterator<Item = RowId> {
        let own = self.kernel.knows_callers();
        node.row.children().filter(move |row| own || !matches!(row.row().kind, Kind::OwnProcess))
    }

    /// What `stat` shows of a node.
    ///
    /// # Errors
    /// `NoSuchProcess` or `Replaced` for a process that is gone.
    pub fn attributes(&self, node: Node) -> Result<Attributes> {
        self.check_alive(node)?;
        self.attributes_of_living(node)
    }

    fn attributes_of_living(&self, node: Node) -> Result<Attributes> {
        let row = node.row.row();
        let (node_type, owned) = match row.kind {
            Kind::Directory | Kind::Root => (NodeType::Directory, Owned::Process),
            Kind::OwnProcess => (NodeType::Link, Owned::Process),
            Kind::Regions(..) => (NodeType::File, Owned::Memory),
        };
        let owner = match node.process {
            Some((pid, _)) => self.kernel.owner(pid, owned)?,
            None => self.owner,
        };
        let subdirectories = || {
            node.row.children().filter(|child| matches!(child.row().kind, Kind::Directory)).count()
        };
        let links = match row.kind {
            Kind::Directory | Kind::Root => 2 + u32::try_from(subdirectories()).unwrap_or(0),
            Kind::OwnProcess | Kind::Regions(..) => 1,
        };
        Ok(Attributes { node, node_type, mode: row.mode, links, owner })
    }

    /// The target of a link, for this caller.
    ///
    /// # Errors
    /// `NotLink`; `NoSuchName` for a caller that has no number here.
    pub fn read_link(&self, node: Node, caller: &Caller) -> Result<String> {
        match node.row.row().kind {
            Kind::OwnProcess => match self.kernel.process_of_caller(caller.pid) {
                Ok(pid) => Ok(pid.to_string()),
                Err(error) if error.kind == ErrorKind::NoSuchProcess => {
                    Err(error.meaning(ErrorKind::NoSuchName))
                }
                Err(error) => Err(error),
            },
            Kind::Directory | Kind::Root | Kind::Regions(..) => {
                Err(Error::new(ErrorKind::NotLink, "readlink"))
            }
        }
    }

    /// The names of a directory, by ascending cookie, without `.` and `..`.
    ///
    /// # Errors
    /// `NotDirectory`; `NoSuchProcess` or `Replaced` for a process that is gone.
    pub fn list(&self, node: Node) -> Result<Vec<Entry>> {
        self.check_alive(node)?;
        let rows = self.children(node).map(|row| Entry {
            cookie: 3 + u64::from(row.0),
            number: Node { row, process: node.process }.number(),
            node_type: match row.row().kind {
                Kind::Directory | Kind::Root => NodeType::Directory,
                Kind::OwnProcess => NodeType::Link,
                Kind::Regions(..) => NodeType::File,
            },
            name: Name::Row(row.row().name),
        });
        let mut entries: Vec<Entry> = rows.collect();
        match node.row.row().kind {
            Kind::Root => {
                entries.extend(self.kernel.processes()?.into_iter().map(|pid| {
                    let process = Some((pid, Identity::new(0)));
                    Entry {
                        cookie: FIRST_PID_COOKIE + u64::from(pid.number()),
                        number: Node { row: PROCESS, process }.number(),
                        node_type: NodeType::Directory,
                        name: Name::Pid(pid),
                    }
                }));
            }
            Kind::Directory => {}
            Kind::OwnProcess | Kind::Regions(..) => {
                return Err(Error::new(ErrorKind::NotDirectory, "list"));
            }
        }
        Ok(entries)
    }

    /// Opens a file for this caller.
    ///
    /// # Errors
    /// `Denied` where the caller may not see it; `IsDirectory` or `NotLink` where it is no file;
    /// `NoSuchProcess` or `Replaced` for a process that is gone.
    pub fn open(self: &Arc<Self>, node: Node, caller: &Caller) -> Result<Source> {
        let (Kind::Regions(detail, render), Some((pid, identity))) =
            (node.row.row().kind, node.process)
        else {
            return Err(Error::new(ErrorKind::IsDirectory, "open"));
        };
        // Before and after the walk holds the address space: a process that was, or has become,
        // somebody else's in between is not shown.
        let asker = self.asker(caller);
        self.check_memory_access(node, &asker)?;
        let walk = self.kernel.regions(pid, identity, detail)?;
        self.check_memory_access(node, &asker)?;
        Ok(Source::new(Arc::clone(self), node, asker, (walk, render)))
    }

    /// Whether this caller may open this file or list this directory.
    ///
    /// # Errors
    /// `Denied` where not; `NoSuchProcess` or `Replaced` for a process that is gone.
    pub fn check_readable(&self, node: Node, caller: &Caller) -> Result<()> {
        self.check_alive(node)?;
        match node.row.row().kind {
            Kind::Regions(..) => self.check_memory_access(node, &self.asker(caller)),
            Kind::Directory | Kind::Root | Kind::OwnProcess => Ok(()),
        }
    }

    fn asker(&self, caller: &Caller) -> Asker {
        Asker { caller: *caller, standing: self.kernel.standing(caller.pid) }
    }

    fn check_memory_access(&self, node: Node, asker: &Asker) -> Result<()> {
        let rule = self.kernel.access_rule();
        let Some((pid, _)) = node.process.filter(|_| !asker.may_see_all(rule)) else {
            return Ok(());
        };
        let target = self.kernel.credentials(pid)?;
        if asker.may_see_memory(rule, &target)
            || self.has_made_namespace(pid, asker, &target)
            || self.is_own(pid, asker)
        {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::Denied, "access").pid(pid))
        }
    }

    /// Whether the process lives in a user namespace that this user has made, as those of a
    /// rootless container do: its maker may do all there (`cap_capable`).
    fn has_made_namespace(&self, pid: Pid, asker: &Asker, target: &Credentials) -> bool {
        let Some(above) = asker.may_have_made(target) else {
            return false;
        };
        self.kernel.namespace_maker(pid, above) == Some(asker.caller.uid)
    }

    /// Whether the one who asks is this very process, which Linux shows itself whatever its ids
    /// are (`mm_access`).
    fn is_own(&self, pid: Pid, asker: &Asker) -> bool {
        self.kernel.access_rule() == AccessRule::Linux
            && self.kernel.process_of_caller(asker.caller.pid).is_ok_and(|own| own == pid)
    }

    /// Whether the process of this node is still the one it was made for.
    fn check_alive(&self, node: Node) -> Result<()> {
        match node.process {
            Some((pid, identity)) if self.kernel.identity(pid)? != identity => {
                Err(Error::new(ErrorKind::Replaced, "identity").pid(pid))
            }
            _ => Ok(()),
        }
    }
}

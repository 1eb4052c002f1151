//! Links: where they lead, and how a path that goes through them is followed.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use super::kind::{Kind, Link};
use super::{Attributes, Caller, Item, Node, NodeType, Tree};
use crate::kernel::Procfs;
use crate::model::{AddressRange, Error, ErrorKind, Identity, Pid, Result};

/// A path that goes through more links than this goes in a circle.
const MOST_LINKS: u32 = 40;

impl Tree {
    /// The target of a link, for this caller.
    ///
    /// # Errors
    /// `NotLink`; `NoSuchName` for a caller that has no number here, and for a link that leads
    /// nowhere; `Denied` where the caller may not see it; `NoSuchProcess` or `Replaced` for a
    /// process that is gone.
    pub fn read_link(&self, node: Node, caller: &Caller) -> Result<Vec<u8>> {
        let Kind::Link(link) = node.row.row().kind else {
            return Err(Error::new(ErrorKind::NotLink, "readlink"));
        };
        let asker = self.asker_for(node, caller);
        self.of_living(node, || {
            self.check_access(node, &asker)?;
            let target = match (link, node.process) {
                (Link::OwnProcess, _) => self.own_process(caller)?.to_string().into_bytes(),
                (Link::OwnThread, _) => {
                    format!("{}/task/{}", self.own_process(caller)?, caller.pid).into_bytes()
                }
                (Link::To(path), _) => path.as_bytes().to_vec(),
                (Link::Network, _) => format!("{}/net", self.any_process()?).into_bytes(),
                (Link::Named, Some((pid, _))) => format!("../{pid}").into_bytes(),
                (Link::Of(to), Some((pid, _))) => self.kernel.link(pid, to)?,
                (Link::Descriptor, Some((pid, _))) => {
                    self.kernel.descriptor_target(pid, descriptor_of(node))?
                }
                (Link::MappedFile, _) => {
                    let (pid, identity, range) = mapping_of(node)?;
                    self.procfs()?.mapped_file(pid, identity, range)?
                }
                (_, None) => return Err(Error::new(ErrorKind::NotLink, "readlink")),
            };
            // What was found may be of one whose owner has changed.
            self.check_access(node, &asker)?;
            Ok(target)
        })
    }

    fn own_process(&self, caller: &Caller) -> Result<Pid> {
        self.process_of_caller(caller.pid).map_err(|error| match error.kind {
            ErrorKind::NoSuchProcess => error.meaning(ErrorKind::NoSuchName),
            _ => error,
        })
    }

    /// The first process, launchd, which every Mac has; of a recording that lacks it, the first one
    /// that it has.
    fn any_process(&self) -> Result<Pid> {
        if let Some(launchd) = Pid::new(1)
            && self.kernel.identity(launchd).is_ok()
        {
            return Ok(launchd);
        }
        let first = self.kernel.processes()?.first().copied();
        first.ok_or_else(|| Error::new(ErrorKind::NoSuchName, "no process"))
    }

    /// The bits of a link to a descriptor: whether it was opened to be read and written
    /// (`proc_fd_link` and `tid_fd_update_inode`), where that is known.
    pub(super) fn descriptor_mode(&self, node: Node) -> Result<u16> {
        let Some((pid, _)) = node.process else { return Ok(0o700) };
        let flags = match self.kernel.descriptor_flags(pid, descriptor_of(node)) {
            Ok(flags) => flags,
            // It exists; the kernel reports no more to this program.
            Err(error) if error.kind == ErrorKind::Denied => None,
            Err(error) => return Err(error),
        };
        Ok(match flags.map(|flags| flags & 3) {
            Some(0) => 0o500,
            Some(1) => 0o300,
            Some(3) => 0,
            _ => 0o700,
        })
    }

    /// The bits of a link to a mapped file: how the file was opened
    /// (`proc_map_files_instantiate`).
    pub(super) fn mapped_file_mode(&self, node: Node) -> Result<u16> {
        let (pid, identity, range) = mapping_of(node)?;
        self.procfs()?.mapped_file_mode(pid, identity, range)
    }

    /// What only Linux has; the rows that need it are on no other system.
    fn procfs(&self) -> Result<&dyn Procfs> {
        self.kernel.procfs().ok_or_else(|| Error::new(ErrorKind::NoSuchName, "row of Linux"))
    }

    /// The node at this path, links followed, for those who come without FUSE. A path is taken
    /// from the root, with or without a leading slash. A last link that leads out of the tree is
    /// found itself.
    ///
    /// # Errors
    /// As [`lookup`](Self::lookup) and [`read_link`](Self::read_link).
    pub fn resolve(&self, path: &Path, caller: &Caller) -> Result<Attributes> {
        let mut left = MOST_LINKS;
        let found = self.walk(self.attributes(Node::ROOT)?, path, caller, &mut left)?;
        let wants_directory = path.as_os_str().as_bytes().ends_with(b"/");
        if wants_directory && found.node_type != NodeType::Directory {
            return Err(Error::new(ErrorKind::NotDirectory, "lookup"));
        }
        Ok(found)
    }

    fn walk(
        &self,
        from: Attributes,
        path: &Path,
        caller: &Caller,
        left: &mut u32,
    ) -> Result<Attributes> {
        let mut found = from;
        for component in path.components() {
            found = match component {
                Component::RootDir | Component::CurDir | Component::Prefix(_) => found,
                Component::ParentDir if found.node_type != NodeType::Directory => {
                    return Err(Error::new(ErrorKind::NotDirectory, "lookup"));
                }
                Component::ParentDir => self.attributes(found.node.parent())?,
                Component::Normal(name) => self.lookup(found.node, name, caller)?,
            };
            if found.node_type == NodeType::Link {
                let target = self.read_link(found.node, caller)?;
                let leads_within = !matches!(
                    found.node.row.row().kind,
                    Kind::Link(Link::Of(_) | Link::Descriptor | Link::MappedFile)
                );
                if leads_within {
                    *left = left
                        .checked_sub(1)
                        .ok_or_else(|| Error::new(ErrorKind::NoSuchName, "too many links"))?;
                    let directory = self.attributes(found.node.parent())?;
                    found =
                        self.walk(directory, Path::new(OsStr::from_bytes(&target)), caller, left)?;
                }
            }
        }
        Ok(found)
    }
}

fn descriptor_of(node: Node) -> u32 {
    node.number().and_then(|number| u32::try_from(number).ok()).unwrap_or(u32::MAX)
}

fn mapping_of(node: Node) -> Result<(Pid, Identity, AddressRange)> {
    match (node.process, node.item) {
        (Some((pid, identity)), Some(Item::Range(range))) => Ok((pid, identity, range)),
        _ => Err(Error::new(ErrorKind::NoSuchName, "map_files")),
    }
}

//! Translates FUSE requests into tree calls and replies.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use fuser::{
    AccessFlags, Errno, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    KernelConfig, LockOwner, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyStatfs, ReplyXattr, Request,
};

use super::Adapter;
use super::attributes::{
    ATTRIBUTE_TTL, BLOCK_SIZE, NAME_MAX, file_attr, file_type, is_lastingly_missing, looked_up,
    missing, name_ttl,
};
use super::content::Content;
use super::listing::Listing;
use super::unsupported::unsupported_operations;
use crate::model::{Error, ErrorKind, Result};
use crate::tree::{Caller, Node, NodeType, Tree, Wanted};

fn caller(request: &Request) -> Caller {
    Caller { uid: request.uid(), gid: request.gid(), pid: request.pid() }
}

impl Filesystem for Adapter {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        if config.add_capabilities(self.rules.wants).is_err() {
            log::debug!("the kernel sends requests about one node one after the other");
            self.directories_are_serial = true;
            self.pool.watch_closely();
        }
        Ok(())
    }

    fn destroy(&mut self) {
        self.end();
    }

    fn lookup(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if self.rules.is_probe(name) {
            return reply.error(Errno::ENOENT);
        }
        let caller = caller(request);
        let ids = Arc::clone(&self.ids);
        let wanted = Wanted::Name(name);
        let name = name.to_owned();
        let rules = self.rules;
        let look_up = move |tree: &Tree, parent: Node| {
            let found = match tree.lookup(parent, &name, &caller) {
                Err(error) if is_lastingly_missing(&error, parent, rules) => None,
                found => Some(found?),
            };
            let name_ttl = name_ttl(parent, found.as_ref(), rules);
            ids.make_room();
            Ok((found, name_ttl, ids))
        };
        let parent = self.node(parent.0);
        self.metadata(
            request,
            parent,
            wanted,
            reply,
            look_up,
            move |reply, (found, name_ttl, ids)| {
                let attr = found.map_or_else(missing, |found| {
                    file_attr(&found, ids.looked_up(found.node), found.size)
                });
                reply.entry_with_ttls(&ATTRIBUTE_TTL, &name_ttl, &attr, Generation(0));
            },
        );
    }

    fn forget(&self, _: &Request, node: INodeNo, lookups: u64) {
        self.ids.forget(node.0, lookups);
    }

    fn getattr(
        &self,
        request: &Request,
        node: INodeNo,
        handle: Option<FileHandle>,
        reply: ReplyAttr,
    ) {
        // The kernel passes the handle for lseek(SEEK_END), the one question that needs the length.
        let handle = if self.rules.handle_means_seek_end { handle.map(|it| it.0) } else { None };
        let handle = match handle {
            None if self.rules.open_files_have_sizes => self.handles.file_on(node.0),
            handle => handle,
        };
        let Some(handle) = handle else {
            let caller = caller(request);
            let attr = move |tree: &Tree, node: Node| {
                let attributes = looked_up(tree, node, &caller)?;
                Ok(file_attr(&attributes, u64::from(node.inode()), attributes.size))
            };
            let (node, wanted) = (self.node(node.0), Wanted::Attributes);
            return self.metadata(request, node, wanted, reply, attr, |reply, attr| {
                reply.attr(&ATTRIBUTE_TTL, &attr);
            });
        };
        let tree = Arc::clone(&self.tree);
        let length = |content: Result<&mut Content>| match content {
            Ok(content) => content.length(),
            // A user without access to the content may still see the other attributes.
            Err(error) if error.kind == ErrorKind::Denied => Ok(0),
            Err(error) => Err(error),
        };
        self.content(handle, caller(request), true, reply, length, move |node, length, answer| {
            let attributes = tree.attributes(node)?;
            let attr = file_attr(&attributes, u64::from(node.inode()), length);
            answer.send(|reply| reply.attr(&ATTRIBUTE_TTL, &attr));
            Ok(())
        });
    }

    fn readlink(&self, request: &Request, node: INodeNo, reply: ReplyData) {
        let caller = caller(request);
        let node = self.node(node.0);
        let target = move |tree: &Tree, node| tree.read_link(node, &caller);
        self.metadata(request, node, Wanted::Target, reply, target, |reply, it| reply.data(&it));
    }

    fn open(&self, request: &Request, node: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        if flags.0 & libc::O_ACCMODE != libc::O_RDONLY || flags.0 & libc::O_TRUNC != 0 {
            return reply.error(Errno::EROFS);
        }
        let caller = caller(request);
        let handles = Arc::clone(&self.handles);
        let (id, node) = (node.0, self.node(node.0));
        let info = self.call_info(caller.uid, &node);
        self.run_blocking(info, reply, true, move |answer| {
            let open = |node| handles.with_room(|| handles.open::<Content>(id, node, &caller));
            match node.and_then(open) {
                Ok(handle) => match answer.take() {
                    // Direct: a size of 0 would otherwise end every read.
                    Some(reply) => {
                        reply.opened(FileHandle(handle), FopenFlags::FOPEN_DIRECT_IO);
                    }
                    None => handles.close::<Content>(handle),
                },
                Err(error) => answer.refuse(&error),
            }
        });
    }

    fn read(
        &self,
        request: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        // The page cache serves every handle of the file, also one whose process has become another
        // image since. `sendfile`, `splice` and private mappings read through it as long as the
        // kernel keeps the size that SEEK_END reported.
        if self.rules.page_cache_has_no_owner && owner.is_none() {
            return reply.error(Errno::EINVAL);
        }
        let caller = caller(request);
        if let Some(bytes) = self.handles.made(handle.0, &caller, offset, size as usize) {
            return self.at_once(reply, |answer| answer.send(|reply| reply.data(&bytes)));
        }
        let make = move |content: Result<&mut Content>| {
            content.map_err(Error::of_open_file)?.read(offset, size as usize)
        };
        let is_first = offset == 0;
        self.content(handle.0, caller, is_first, reply, make, |_, bytes, answer| {
            answer.send(|reply| reply.data(&bytes));
            Ok(())
        });
    }

    /// Nothing has to be flushed: after ENOSYS the kernel does not ask again. Where processes share
    /// a handle, FLUSH reports which of them has closed the file.
    fn flush(
        &self,
        request: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: LockOwner,
        reply: ReplyEmpty,
    ) {
        if !self.rules.shared_handles {
            return reply.error(Errno::ENOSYS);
        }
        self.at_once(reply, |answer| {
            self.handles.close_descriptor(handle.0, request.pid());
            answer.send(ReplyEmpty::ok);
        });
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.close::<Content>(handle.0, reply);
    }

    fn opendir(&self, request: &Request, node: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        let id = node.0;
        let caller = caller(request);
        let handles = Arc::clone(&self.handles);
        let node = self.node(node.0);
        self.answer(request, node, Wanted::Attributes, reply, move |tree, node, answer| {
            tree.check_readable(node, &caller)?;
            let handle = handles.with_room(|| handles.open::<Listing>(id, node, &caller))?;
            match answer.take() {
                Some(reply) => reply.opened(FileHandle(handle), FopenFlags::empty()),
                None => handles.close::<Listing>(handle),
            }
            Ok(())
        });
    }

    fn readdir(
        &self,
        request: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let caller = caller(request);
        let handles = Arc::clone(&self.handles);
        if handles.has_ended(handle.0, &caller, offset) {
            return self.at_once(reply, |answer| answer.send(ReplyDirectory::ok));
        }
        let node = handles.node::<Listing>(handle.0);
        // The cookies of the two names that every directory has come before those of the listing.
        if let Ok(here) = node {
            let dots = [(1, here, "."), (2, here.parent(), "..")];
            for (cookie, node, name) in dots {
                let inode = INodeNo(u64::from(node.inode()));
                if offset < cookie && reply.add(inode, cookie, FileType::Directory, name) {
                    return reply.ok();
                }
            }
        }
        self.answer(request, node, Wanted::Listing, reply, move |tree, node, answer| {
            handles.with_room(|| {
                let listing = handles.of_reader::<Listing>(handle.0, &caller, false)?;
                let mut listing = listing.lock();
                let entries = listing.after(offset, tree, node, &caller)?;
                if entries.is_empty() {
                    handles.end_listing(handle.0, &caller);
                }
                if let Some(mut reply) = answer.take() {
                    for entry in entries {
                        let kind = file_type(entry.node_type);
                        let inode = INodeNo(u64::from(entry.inode));
                        let name = entry.name.as_bytes();
                        if reply.add(inode, entry.cookie, kind, OsStr::from_bytes(&name)) {
                            break;
                        }
                    }
                    // The next request may lock it before this thread runs again.
                    drop(listing);
                    reply.ok();
                }
                Ok(())
            })
        });
    }

    fn releasedir(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        reply: ReplyEmpty,
    ) {
        self.close::<Listing>(handle.0, reply);
    }

    /// No blocks and no inodes, by which `df` knows a pseudo file system.
    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(0, 0, 0, 0, 0, BLOCK_SIZE, NAME_MAX, BLOCK_SIZE);
    }

    fn access(&self, request: &Request, node: INodeNo, mask: AccessFlags, reply: ReplyEmpty) {
        if mask.contains(AccessFlags::W_OK) {
            return reply.error(Errno::EROFS);
        }
        if self.rules.kernel_checks_access {
            return reply.ok();
        }
        let caller = caller(request);
        let node = self.node(node.0);
        let check = move |tree: &Tree, node| {
            let attributes = looked_up(tree, node, &caller)?;
            if mask.contains(AccessFlags::X_OK) && attributes.node_type == NodeType::File {
                return Err(Error::new(ErrorKind::Denied, "access"));
            }
            if mask.contains(AccessFlags::R_OK) {
                tree.check_readable(node, &caller)?;
            }
            Ok(())
        };
        self.metadata(request, node, Wanted::Attributes, reply, check, |reply, ()| reply.ok());
    }

    fn getxattr(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, reply: ReplyXattr) {
        reply.error(self.rules.no_xattr);
    }

    fn listxattr(&self, _: &Request, _: INodeNo, size: u32, reply: ReplyXattr) {
        match size {
            _ if !self.rules.lists_no_xattrs => reply.error(self.rules.no_xattr),
            0 => reply.size(0),
            _ => reply.data(&[]),
        }
    }

    unsupported_operations!();

    /// Backup and creation times: the process's start.
    #[cfg(target_os = "macos")]
    fn getxtimes(&self, request: &Request, node: INodeNo, reply: fuser::ReplyXTimes) {
        let node = self.node(node.0);
        let since = |tree: &Tree, node| Ok(tree.attributes(node)?.owner.since);
        self.metadata(request, node, Wanted::Attributes, reply, since, |reply, since| {
            reply.xtimes(since, since);
        });
    }
}

#[cfg(target_os = "macos")]
impl super::reply::Refuse for fuser::ReplyXTimes {
    fn refuse(self, errno: Errno) {
        self.error(errno);
    }
}

//! The tree through FUSE: each request is taken apart, put to the tree, and its answer sent. How
//! content is made is not known here.

mod content;
mod errno;
mod gate;
mod handle;
mod host;
mod ids;
mod listing;
mod quota;
mod readers;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use fuser::{
    AccessFlags, BsdFileFlags, CopyFileRangeFlags, Errno, FileAttr, FileHandle, FileType,
    Filesystem, FopenFlags, Generation, INodeNo, IoctlFlags, KernelConfig, LockOwner, OpenFlags,
    PollEvents, PollFlags, PollNotifier, RenameFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyIoctl, ReplyLseek, ReplyOpen, ReplyPoll,
    ReplyStatfs, ReplyWrite, ReplyXattr, Request, TimeOrNow, WriteFlags,
};

pub use host::{HERE, HostRules, LINUX, MACFUSE};
pub use quota::Limits;

use crate::model::{Error, ErrorKind, Result};
use crate::tree::{Access, Attributes, Caller, Node, NodeType, Tree, Wanted};
use content::Content;
use gate::{About, Answer, Gate, Refuse};
use handle::Handles;
use ids::NodeIds;
use listing::Listing;

/// Attributes are never cached: each `stat` asks whether the process still lives.
const ATTRIBUTE_TTL: Duration = Duration::ZERO;

/// How long the kernel may remember names below a process's directory. The directory itself is
/// looked up every time, and every node knows its process, so none of them can show another.
const NAME_TTL: Duration = Duration::from_secs(1);

/// What stdio and copying tools take for the best size of a read.
const BLOCK_SIZE: u32 = 128 * 1024;

/// The longest name that a directory of this file system can have.
const NAME_MAX: u32 = 255;

/// How requests are served.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Event loops, at least 1.
    pub loops: usize,
    /// What the kernel that asks expects.
    pub rules: HostRules,
    /// What open files may cost.
    pub limits: Limits,
}

/// The tree, as fuser asks it.
pub struct Adapter {
    tree: Arc<Tree>,
    handles: Arc<Handles>,
    ids: Arc<NodeIds>,
    gate: Gate,
    rules: HostRules,
    /// Closed when the session has ended.
    alive: Option<UnixStream>,
}

impl Adapter {
    /// An adapter that closes `alive` when its session has ended.
    #[must_use]
    pub fn new(tree: Arc<Tree>, service: &Service, alive: UnixStream) -> Self {
        let Service { loops, rules, limits } = *service;
        let handles = Arc::new(Handles::new(Arc::clone(&tree), rules.shared_handles, limits));
        let ids = Arc::new(NodeIds::new(Arc::clone(&tree), limits.items));
        Adapter { tree, handles, ids, gate: Gate::new(loops, rules), rules, alive: Some(alive) }
    }

    /// How many requests an event loop gave to the pool so far, each at the cost of two context
    /// switches. It goes on counting while the adapter serves.
    #[must_use]
    pub fn handed_over(&self) -> Arc<AtomicU64> {
        self.gate.handed_over()
    }

    /// The node of this id. One that is open stays known whatever became of its id.
    fn node(&self, id: u64) -> Result<Node> {
        self.ids.node(id).or_else(|error| self.handles.node_on(id).ok_or(error))
    }

    /// Answers from the tree's metadata: at once where the kernel never sleeps for it.
    fn metadata<R: Refuse>(
        &self,
        request: &Request,
        node: Result<Node>,
        wanted: Wanted<'_>,
        reply: R,
        work: impl FnOnce(&Arc<Tree>, Node, &Answer<R>) -> Result<()> + Send + 'static,
    ) {
        let tree = Arc::clone(&self.tree);
        let about = About::of(request.uid(), &node);
        let run_blocking =
            node.as_ref().is_ok_and(|node| self.tree.metadata_may_sleep(*node, wanted));
        let work = move |answer: Answer<R>| {
            if let Err(error) = node.and_then(|node| work(&tree, node, &answer)) {
                answer.refuse(&error);
            }
        };
        if run_blocking {
            self.gate.run_blocking(about, reply, true, work);
        } else {
            self.gate.at_once(reply, work);
        }
    }

    /// Answers from the content behind a handle, for which the kernel may be asked: `make` has the
    /// content to itself; `send` replies without its lock, which the next request may come for
    /// before this thread runs again.
    fn content<R: Refuse, T>(
        &self,
        handle: u64,
        caller: Caller,
        afresh: bool,
        reply: R,
        make: impl Fn(Result<&mut Content>) -> Result<T> + Send + 'static,
        send: impl FnOnce(Node, T, &Answer<R>) -> Result<()> + Send + 'static,
    ) {
        let handles = Arc::clone(&self.handles);
        let node = handles.node::<Content>(handle);
        let about = About::of(caller.uid, &node);
        let is_free = handles.is_free(handle);
        self.gate.run_blocking(about, reply, is_free, move |answer| {
            let attempt = || match handles.of_reader::<Content>(handle, &caller, afresh) {
                Ok(content) => make(Ok(&mut content.lock())),
                Err(error) => make(Err(error)),
            };
            let sent = node.and_then(|node| {
                let made = handles.with_room(attempt)?;
                send(node, made, &answer)
            });
            if let Err(error) = sent {
                answer.refuse(&error);
            }
        });
    }
}

impl About {
    /// A call for this user about this node.
    fn of(user: u32, node: &Result<Node>) -> Self {
        let node = node.as_ref().ok();
        About {
            user,
            pid: node.and_then(|node| node.process).map(|(pid, _)| pid),
            is_directory: node.is_some_and(|node| node.row.row().is_directory()),
        }
    }
}

fn caller(request: &Request) -> Caller {
    Caller { uid: request.uid(), gid: request.gid(), pid: request.pid() }
}

fn file_type(node_type: NodeType) -> FileType {
    match node_type {
        NodeType::Directory => FileType::Directory,
        NodeType::Link => FileType::Symlink,
        NodeType::File => FileType::RegularFile,
    }
}

/// `number`: in a reply to LOOKUP the node id, which the kernel names the node by from then on; else
/// the inode number, which programs see.
fn file_attr(attributes: &Attributes, number: u64, size: u64) -> FileAttr {
    let since: SystemTime = attributes.owner.since;
    FileAttr {
        ino: INodeNo(number),
        size,
        blocks: 0,
        atime: since,
        mtime: since,
        ctime: since,
        // Shown by Finder and by `stat -f %SB`, on macOS only.
        crtime: since,
        kind: file_type(attributes.node_type),
        perm: attributes.mode,
        nlink: attributes.links,
        uid: attributes.owner.uid,
        gid: attributes.owner.gid,
        rdev: 0,
        blksize: BLOCK_SIZE,
        flags: 0,
    }
}

fn read_only() -> Errno {
    Errno::EROFS
}

impl Filesystem for Adapter {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        if config.add_capabilities(self.rules.wants).is_err() {
            log::debug!("the kernel sends requests about one node one after the other");
            self.gate.directories_are_serial();
        }
        Ok(())
    }

    fn destroy(&mut self) {
        self.alive = None;
    }

    fn lookup(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if self.rules.is_probe(name) {
            return reply.error(Errno::ENOENT);
        }
        let caller = caller(request);
        let ids = Arc::clone(&self.ids);
        let wanted = Wanted::Name(name);
        let name = name.to_owned();
        self.metadata(request, self.node(parent.0), wanted, reply, move |tree, parent, answer| {
            let found = tree.lookup(parent, &name, &caller)?;
            // What comes and goes is looked up each time: this is what never shows a dead process
            // as alive, nor its successor under the old node. So is what not everyone may look up.
            let row = found.node.row.row();
            let for_all = parent.row.row().access == Access::Anyone;
            let stays = row.entries.is_none() && for_all;
            let name_ttl = if stays { NAME_TTL } else { Duration::ZERO };
            ids.make_room();
            if let Some(reply) = answer.take() {
                let attr = file_attr(&found, ids.looked_up(found.node), found.size);
                reply.entry_with_ttls(&ATTRIBUTE_TTL, &name_ttl, &attr, Generation(0));
            }
            Ok(())
        });
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
        // lseek(SEEK_END) asks with the handle: only it needs the length, and gets it.
        let handle = if self.rules.handle_means_seek_end { handle.map(|it| it.0) } else { None };
        let handle = match handle {
            None if self.rules.open_files_have_sizes => self.handles.file_on(node.0),
            handle => handle,
        };
        let Some(handle) = handle else {
            let node = self.node(node.0);
            return self.metadata(
                request,
                node,
                Wanted::Attributes,
                reply,
                |tree, node, answer| {
                    let attributes = tree.attributes(node)?;
                    if let Some(reply) = answer.take() {
                        let inode = u64::from(node.inode());
                        reply.attr(&ATTRIBUTE_TTL, &file_attr(&attributes, inode, attributes.size));
                    }
                    Ok(())
                },
            );
        };
        let tree = Arc::clone(&self.tree);
        let length = |content: Result<&mut Content>| match content {
            Ok(content) => content.length(),
            // Who may not read a file may still look at its other attributes.
            Err(error) if error.kind == ErrorKind::Denied => Ok(0),
            Err(error) => Err(error),
        };
        self.content(handle, caller(request), true, reply, length, move |node, length, answer| {
            let attributes = tree.attributes(node)?;
            if let Some(reply) = answer.take() {
                let inode = u64::from(node.inode());
                reply.attr(&ATTRIBUTE_TTL, &file_attr(&attributes, inode, length));
            }
            Ok(())
        });
    }

    fn readlink(&self, request: &Request, node: INodeNo, reply: ReplyData) {
        let caller = caller(request);
        let node = self.node(node.0);
        self.metadata(request, node, Wanted::Target, reply, move |tree, node, answer| {
            let target = tree.read_link(node, &caller)?;
            if let Some(reply) = answer.take() {
                reply.data(&target);
            }
            Ok(())
        });
    }

    fn open(&self, request: &Request, node: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        if flags.0 & libc::O_ACCMODE != libc::O_RDONLY || flags.0 & libc::O_TRUNC != 0 {
            return reply.error(read_only());
        }
        let caller = caller(request);
        let handles = Arc::clone(&self.handles);
        let (id, node) = (node.0, self.node(node.0));
        let about = About::of(caller.uid, &node);
        let rules = self.rules;
        self.gate.run_blocking(about, reply, true, move |answer| {
            let open = |node| handles.with_room(|| handles.open::<Content>(id, node, &caller));
            let opened = node.and_then(open);
            match (opened, answer.take()) {
                // Direct: a size of 0 would otherwise end every read.
                (Ok(handle), Some(reply)) => {
                    reply.opened(FileHandle(handle), FopenFlags::FOPEN_DIRECT_IO);
                }
                (Ok(handle), None) => handles.close::<Content>(handle),
                (Err(error), Some(reply)) => reply.refuse(errno::errno(&error, &rules)),
                (Err(_), None) => {}
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
        // What is in the page cache is given to every handle of the file, also to one whose
        // process has become another image since. `sendfile`, `splice` and private mappings take
        // it from there as long as the kernel keeps the size that SEEK_END was told.
        if self.rules.page_cache_has_no_owner && owner.is_none() {
            reply.error(Errno::EINVAL);
            return;
        }
        let caller = caller(request);
        if let Some(bytes) = self.handles.made(handle.0, &caller, offset, size as usize) {
            return self.gate.at_once(reply, |answer| {
                if let Some(reply) = answer.take() {
                    reply.data(&bytes);
                }
            });
        }
        let make = move |content: Result<&mut Content>| {
            content.map_err(Error::of_open_file)?.read(offset, size as usize)
        };
        let is_first = offset == 0;
        self.content(handle.0, caller, is_first, reply, make, |_, bytes, answer| {
            if let Some(reply) = answer.take() {
                reply.data(&bytes);
            }
            Ok(())
        });
    }

    /// There is nothing to flush; after ENOSYS the kernel does not ask again. Where many share a
    /// handle it says who has closed the file.
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
        self.gate.at_once(reply, |answer| {
            self.handles.close_descriptor(handle.0, request.pid());
            if let Some(reply) = answer.take() {
                reply.ok();
            }
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
        self.gate.at_once(reply, |answer| {
            self.handles.close::<Content>(handle.0);
            if let Some(reply) = answer.take() {
                reply.ok();
            }
        });
    }

    fn opendir(&self, request: &Request, node: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        let id = node.0;
        let caller = caller(request);
        let handles = Arc::clone(&self.handles);
        let node = self.node(node.0);
        self.metadata(request, node, Wanted::Attributes, reply, move |tree, node, answer| {
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
            return self.gate.at_once(reply, |answer| {
                if let Some(reply) = answer.take() {
                    reply.ok();
                }
            });
        }
        let node = handles.node::<Listing>(handle.0);
        // The two names that every directory has go before the listing's own cookies.
        if let Ok(here) = node {
            let dots = [(1, here, "."), (2, here.parent(), "..")];
            for (cookie, node, name) in dots {
                let inode = INodeNo(u64::from(node.inode()));
                if offset < cookie && reply.add(inode, cookie, FileType::Directory, name) {
                    return reply.ok();
                }
            }
        }
        self.metadata(request, node, Wanted::Listing, reply, move |tree, node, answer| {
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
                    // The next request may come for it before this thread runs again.
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
        self.gate.at_once(reply, |answer| {
            self.handles.close::<Listing>(handle.0);
            if let Some(reply) = answer.take() {
                reply.ok();
            }
        });
    }

    /// No blocks and no inodes: `df` then takes it for the pseudo file system that it is.
    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(0, 0, 0, 0, 0, BLOCK_SIZE, NAME_MAX, BLOCK_SIZE);
    }

    fn access(&self, request: &Request, node: INodeNo, mask: AccessFlags, reply: ReplyEmpty) {
        if mask.contains(AccessFlags::W_OK) {
            return reply.error(read_only());
        }
        if self.rules.kernel_checks_access {
            return reply.ok();
        }
        let caller = caller(request);
        let node = self.node(node.0);
        self.metadata(request, node, Wanted::Attributes, reply, move |tree, node, answer| {
            let attributes = tree.attributes(node)?;
            if mask.contains(AccessFlags::X_OK) && attributes.node_type == NodeType::File {
                return Err(Error::new(ErrorKind::Denied, "access"));
            }
            if mask.contains(AccessFlags::R_OK) {
                tree.check_readable(node, &caller)?;
            }
            if let Some(reply) = answer.take() {
                reply.ok();
            }
            Ok(())
        });
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

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        reply.error(Errno::ENOSYS);
    }

    fn fsyncdir(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        reply.error(Errno::ENOSYS);
    }

    fn ioctl(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        _: IoctlFlags,
        _: u32,
        _: &[u8],
        _: u32,
        reply: ReplyIoctl,
    ) {
        reply.error(Errno::ENOTTY);
    }

    /// Always ready: after ENOSYS the kernel says so itself.
    fn poll(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        _: PollNotifier,
        _: PollEvents,
        _: PollFlags,
        reply: ReplyPoll,
    ) {
        reply.error(Errno::ENOSYS);
    }

    /// SEEK_DATA and SEEK_HOLE: after ENOSYS the kernel answers them itself.
    fn lseek(&self, _: &Request, _: INodeNo, _: FileHandle, _: i64, _: i32, reply: ReplyLseek) {
        reply.error(Errno::ENOSYS);
    }

    // From here on: attempts to change something. The mount is read-only, so the kernel refuses
    // them before they come here, unless someone has remounted it for writing.

    fn setattr(
        &self,
        _: &Request,
        _: INodeNo,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        reply.error(read_only());
    }

    fn mknod(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, _: u32, _: u32, reply: ReplyEntry) {
        reply.error(read_only());
    }

    fn mkdir(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        reply.error(read_only());
    }

    fn unlink(&self, _: &Request, _: INodeNo, _: &OsStr, reply: ReplyEmpty) {
        reply.error(read_only());
    }

    fn rmdir(&self, _: &Request, _: INodeNo, _: &OsStr, reply: ReplyEmpty) {
        reply.error(read_only());
    }

    fn symlink(&self, _: &Request, _: INodeNo, _: &OsStr, _: &Path, reply: ReplyEntry) {
        reply.error(read_only());
    }

    fn rename(
        &self,
        _: &Request,
        _: INodeNo,
        _: &OsStr,
        _: INodeNo,
        _: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        reply.error(read_only());
    }

    fn link(&self, _: &Request, _: INodeNo, _: INodeNo, _: &OsStr, reply: ReplyEntry) {
        reply.error(read_only());
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        _: u64,
        _: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        reply.error(read_only());
    }

    fn create(
        &self,
        _: &Request,
        _: INodeNo,
        _: &OsStr,
        _: u32,
        _: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        reply.error(read_only());
    }

    fn setxattr(
        &self,
        _: &Request,
        _: INodeNo,
        _: &OsStr,
        _: &[u8],
        _: i32,
        _: u32,
        reply: ReplyEmpty,
    ) {
        reply.error(read_only());
    }

    fn removexattr(&self, _: &Request, _: INodeNo, _: &OsStr, reply: ReplyEmpty) {
        reply.error(read_only());
    }

    fn fallocate(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        _: u64,
        _: u64,
        _: i32,
        reply: ReplyEmpty,
    ) {
        reply.error(read_only());
    }

    fn copy_file_range(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        _: u64,
        _: INodeNo,
        _: FileHandle,
        _: u64,
        _: u64,
        _: CopyFileRangeFlags,
        reply: ReplyWrite,
    ) {
        reply.error(read_only());
    }

    #[cfg(target_os = "macos")]
    fn setvolname(&self, _: &Request, _: &OsStr, reply: ReplyEmpty) {
        reply.error(read_only());
    }

    #[cfg(target_os = "macos")]
    fn exchange(
        &self,
        _: &Request,
        _: INodeNo,
        _: &OsStr,
        _: INodeNo,
        _: &OsStr,
        _: u64,
        reply: ReplyEmpty,
    ) {
        reply.error(read_only());
    }

    /// Backup and creation times: the process's start.
    #[cfg(target_os = "macos")]
    fn getxtimes(&self, request: &Request, node: INodeNo, reply: fuser::ReplyXTimes) {
        let node = self.node(node.0);
        self.metadata(request, node, Wanted::Attributes, reply, |tree, node, answer| {
            let since = tree.attributes(node)?.owner.since;
            if let Some(reply) = answer.take() {
                reply.xtimes(since, since);
            }
            Ok(())
        });
    }
}

#[cfg(target_os = "macos")]
impl Refuse for fuser::ReplyXTimes {
    fn refuse(self, errno: Errno) {
        self.error(errno);
    }
}

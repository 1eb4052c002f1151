//! The tree through FUSE: each request is taken apart, put to the tree, and its answer sent. How
//! content is made is not known here.

mod budget;
mod content;
mod errno;
mod gate;
mod handle;
mod host;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fuser::{
    AccessFlags, BsdFileFlags, CopyFileRangeFlags, Errno, FileAttr, FileHandle, FileType,
    Filesystem, FopenFlags, Generation, INodeNo, InitFlags, IoctlFlags, KernelConfig, LockOwner,
    OpenFlags, PollEvents, PollFlags, PollNotifier, RenameFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyIoctl, ReplyLseek, ReplyOpen, ReplyPoll,
    ReplyStatfs, ReplyWrite, ReplyXattr, Request, TimeOrNow, WriteFlags,
};

pub use budget::Limits;

/// Whether the kernel here opens a file once for all its readers.
pub(crate) const ONE_OPEN_FOR_ALL: bool = host::ONE_OPEN_FOR_ALL;

use crate::model::{Error, ErrorKind, Pid, Result};
use crate::tree::{Access, Attributes, Caller, Node, NodeType, Tree};
use content::Content;
use gate::{About, Answer, Gate, Refuse};
use handle::Handles;

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
pub(crate) struct Service {
    /// Event loops, at least 1.
    pub(crate) loops: usize,
    /// Whether one open of a file serves all its readers.
    pub(crate) one_open_for_all: bool,
    /// What open files may cost.
    pub(crate) limits: Limits,
}

/// The tree, as fuser asks it.
pub(crate) struct Adapter {
    tree: Arc<Tree>,
    handles: Arc<Handles>,
    gate: Gate,
    /// Closed when the session has ended.
    alive: Option<UnixStream>,
}

impl Adapter {
    /// An adapter that closes `alive` when its session has ended.
    pub(crate) fn new(tree: Arc<Tree>, service: &Service, alive: UnixStream) -> Self {
        let handles = Arc::new(Handles::new(service.one_open_for_all, service.limits));
        Adapter { tree, handles, gate: Gate::new(service.loops), alive: Some(alive) }
    }

    /// Answers from the tree's metadata: at once where the kernel never sleeps for it.
    fn metadata<R: Refuse>(
        &self,
        request: &Request,
        node: u64,
        reply: R,
        work: impl FnOnce(&Arc<Tree>, Node, &Answer<R>) -> Result<()> + Send + 'static,
    ) {
        let tree = Arc::clone(&self.tree);
        let node = Node::from_number(node);
        let about = About { user: request.uid(), pid: pid_of(&node) };
        let may_sleep = node.as_ref().is_ok_and(|node| self.tree.metadata_may_sleep(*node));
        let work = move |answer: Answer<R>| {
            if let Err(error) = node.and_then(|node| work(&tree, node, &answer)) {
                answer.refuse(&error);
            }
        };
        if may_sleep {
            self.gate.may_sleep(about, reply, true, work);
        } else {
            self.gate.at_once(reply, work);
        }
    }

    /// Answers from the content behind a handle, for which the kernel may be asked: `make` has the
    /// content to itself; `send` replies without its lock, which the next request may come for
    /// before this thread runs again.
    fn content<R: Refuse, T>(
        &self,
        node: u64,
        handle: u64,
        caller: Caller,
        reply: R,
        make: impl FnOnce(Result<&mut Content>) -> Result<T> + Send + 'static,
        send: impl FnOnce(T, &Answer<R>) -> Result<()> + Send + 'static,
    ) {
        let tree = Arc::clone(&self.tree);
        let handles = Arc::clone(&self.handles);
        let node = Node::from_number(node);
        let about = About { user: caller.uid, pid: pid_of(&node) };
        let known = handles.content(handle, &caller);
        let is_free = match &known {
            Ok(Some(content)) => content.try_lock().is_some(),
            Ok(None) | Err(_) => true,
        };
        let find = move || {
            let node = node?;
            if handles.are_shared() {
                tree.check_readable(node, &caller)?;
            }
            match known? {
                Some(content) => Ok(content),
                None => {
                    let room = handles.room(&caller)?;
                    let content = Content::new(tree.open(node, &caller)?, room);
                    handles.add_reader(handle, &caller, content)
                }
            }
        };
        self.gate.may_sleep(about, reply, is_free, move |answer| {
            let made = match find() {
                Ok(content) => make(Ok(&mut content.lock())),
                Err(error) => make(Err(error)),
            };
            if let Err(error) = made.and_then(|made| send(made, &answer)) {
                answer.refuse(&error);
            }
        });
    }
}

fn pid_of(node: &Result<Node>) -> Option<Pid> {
    node.as_ref().ok().and_then(|node| node.process).map(|(pid, _)| pid)
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

fn file_attr(attributes: &Attributes, size: u64) -> FileAttr {
    let since: SystemTime = attributes.owner.since;
    FileAttr {
        ino: INodeNo(attributes.node.number()),
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
    /// Without it the kernel lets no look-up into a directory before the last one is answered, so
    /// that one that hangs would stop all.
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        if config.add_capabilities(InitFlags::FUSE_PARALLEL_DIROPS).is_err() {
            log::debug!("the kernel looks up one name at a time");
        }
        Ok(())
    }

    fn destroy(&mut self) {
        self.alive = None;
    }

    fn lookup(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if host::is_probe(name) {
            return reply.error(Errno::ENOENT);
        }
        let name = name.to_owned();
        let caller = caller(request);
        self.metadata(request, parent.0, reply, move |tree, parent, answer| {
            let found = tree.lookup(parent, &name, &caller)?;
            // What comes and goes is looked up each time: this is what never shows a dead process
            // as alive, nor its successor under the old node. So is what not everyone may look up.
            let row = found.node.row.row();
            let for_all = parent.row.row().access == Access::Anyone;
            let stays = row.items.is_none() && for_all;
            let name_ttl = if stays { NAME_TTL } else { Duration::ZERO };
            if let Some(reply) = answer.take() {
                let attr = file_attr(&found, found.size);
                reply.entry_with_ttls(&ATTRIBUTE_TTL, &name_ttl, &attr, Generation(0));
            }
            Ok(())
        });
    }

    /// Nodes are computed from their numbers: there is nothing to forget.
    fn forget(&self, _: &Request, _: INodeNo, _: u64) {}

    fn getattr(
        &self,
        request: &Request,
        node: INodeNo,
        handle: Option<FileHandle>,
        reply: ReplyAttr,
    ) {
        // lseek(SEEK_END) asks with the handle: only it needs the length, and gets it.
        let handle = handle.filter(|_| host::HANDLE_MEANS_SEEK_END).map(|handle| handle.0);
        let open = || self.handles.open_on(node.0).filter(|_| host::OPEN_FILES_HAVE_SIZES);
        let Some(handle) = handle.or_else(open) else {
            return self.metadata(request, node.0, reply, |tree, node, answer| {
                let attributes = tree.attributes(node)?;
                if let Some(reply) = answer.take() {
                    reply.attr(&ATTRIBUTE_TTL, &file_attr(&attributes, attributes.size));
                }
                Ok(())
            });
        };
        let (tree, number) = (Arc::clone(&self.tree), node.0);
        let length = |content: Result<&mut Content>| match content {
            Ok(content) => content.length(),
            // Who may not read a file may still look at its other attributes.
            Err(error) if error.kind == ErrorKind::Denied => Ok(0),
            Err(error) => Err(error),
        };
        self.content(number, handle, caller(request), reply, length, move |length, answer| {
            let attributes = tree.attributes(Node::from_number(number)?)?;
            if let Some(reply) = answer.take() {
                reply.attr(&ATTRIBUTE_TTL, &file_attr(&attributes, length));
            }
            Ok(())
        });
    }

    fn readlink(&self, request: &Request, node: INodeNo, reply: ReplyData) {
        let caller = caller(request);
        self.metadata(request, node.0, reply, move |tree, node, answer| {
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
        let tree = Arc::clone(&self.tree);
        let handles = Arc::clone(&self.handles);
        let node = Node::from_number(node.0);
        let about = About { user: caller.uid, pid: pid_of(&node) };
        self.gate.may_sleep(about, reply, true, move |answer| {
            let open = |node| {
                let room = handles.room(&caller)?;
                Ok((node, Content::new(tree.open(node, &caller)?, room)))
            };
            match (node.and_then(open), answer.take()) {
                (Ok((node, content)), Some(reply)) => {
                    let handle = handles.open_file(node, &caller, content);
                    // Direct: a size of 0 would otherwise end every read.
                    reply.opened(FileHandle(handle), FopenFlags::FOPEN_DIRECT_IO);
                }
                (Err(error), Some(reply)) => reply.refuse(errno::errno(&error)),
                (_, None) => {}
            }
        });
    }

    fn read(
        &self,
        request: &Request,
        node: INodeNo,
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
        if host::PAGE_CACHE_HAS_NO_OWNER && owner.is_none() {
            reply.error(Errno::EINVAL);
            return;
        }
        let make = move |content: Result<&mut Content>| content?.read(offset, size as usize);
        self.content(node.0, handle.0, caller(request), reply, make, |bytes, answer| {
            if let Some(reply) = answer.take() {
                reply.data(&bytes);
            }
            Ok(())
        });
    }

    /// There is nothing to flush; after ENOSYS the kernel does not ask again.
    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.error(Errno::ENOSYS);
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
            self.handles.close_file(handle.0);
            if let Some(reply) = answer.take() {
                reply.ok();
            }
        });
    }

    fn opendir(&self, request: &Request, node: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        let caller = caller(request);
        let handles = Arc::clone(&self.handles);
        self.metadata(request, node.0, reply, move |tree, node, answer| {
            tree.check_readable(node, &caller)?;
            let handle = handles.open_directory(&caller)?;
            match answer.take() {
                Some(reply) => reply.opened(FileHandle(handle), FopenFlags::empty()),
                None => handles.close_directory(handle),
            }
            Ok(())
        });
    }

    fn readdir(
        &self,
        request: &Request,
        node: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let caller = caller(request);
        let handles = Arc::clone(&self.handles);
        // The two names that every directory has go before the listing's own cookies.
        if let Ok(here) = Node::from_number(node.0) {
            let dots = [(1, here, "."), (2, here.parent(), "..")];
            for (cookie, node, name) in dots {
                let number = INodeNo(node.number());
                if offset < cookie && reply.add(number, cookie, FileType::Directory, name) {
                    return reply.ok();
                }
            }
        }
        self.metadata(request, node.0, reply, move |tree, node, answer| {
            if handles.are_shared() {
                tree.check_readable(node, &caller)?;
            }
            let listing = handles.listing(handle.0, &caller)?;
            let mut listing = listing.lock();
            let entries = listing.after(offset, tree, node, &caller)?;
            if let Some(mut reply) = answer.take() {
                for entry in entries {
                    let kind = file_type(entry.node_type);
                    let number = INodeNo(entry.number);
                    if reply.add(
                        number,
                        entry.cookie,
                        kind,
                        OsStr::from_bytes(&entry.name.as_bytes()),
                    ) {
                        break;
                    }
                }
                reply.ok();
            }
            Ok(())
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
        self.handles.close_directory(handle.0);
        reply.ok();
    }

    /// No blocks and no inodes: `df` then takes it for the pseudo file system that it is.
    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(0, 0, 0, 0, 0, BLOCK_SIZE, NAME_MAX, BLOCK_SIZE);
    }

    fn access(&self, request: &Request, node: INodeNo, mask: AccessFlags, reply: ReplyEmpty) {
        if mask.contains(AccessFlags::W_OK) {
            return reply.error(read_only());
        }
        if host::KERNEL_CHECKS_ACCESS {
            return reply.ok();
        }
        let caller = caller(request);
        self.metadata(request, node.0, reply, move |tree, node, answer| {
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
        reply.error(host::NO_XATTR);
    }

    fn listxattr(&self, _: &Request, _: INodeNo, size: u32, reply: ReplyXattr) {
        host::list_no_xattrs(size, reply);
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
        self.metadata(request, node.0, reply, |tree, node, answer| {
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

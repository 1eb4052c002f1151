//! A stand-in for macFUSE's kernel extension: the other end of a socket pair, which speaks FUSE to the
//! adapter as the extension would, in the layouts of Linux. One handle serves all processes that open
//! a node; READ and READDIR carry the reader's ids; FLUSH comes for each closed description of a file;
//! RELEASE comes after the last close; without FUSE_NODE_RWLOCK requests about one node are sent one
//! after the other.

use std::collections::HashMap;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use fuser::{Config, Session, SessionACL};
use mach_procfs::fuse::{Adapter, HostRules, Limits, Service};
use mach_procfs::kernel::Kernel;
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::tree::{Caller, Tree};
use rustix::net::sockopt::set_socket_send_buffer_size;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, shutdown,
};
use xnu_model::{VnodeId, XnuModel};

use super::wire::{self, Attr, Dirent, Opcode};
use crate::common::watchdog::Watchdog;

/// FUSE_NODE_RWLOCK.
pub const NODE_RWLOCK: u32 = 1 << 24;

/// A request waits no longer than this: more than the adapter itself lets it wait.
const LONGEST: Duration = Duration::from_secs(20);

/// How to serve.
pub struct Set {
    pub rules: HostRules,
    pub limits: Limits,
    pub loops: usize,
    /// What INIT offers.
    pub offers: u32,
}

/// What a request gives: the reply's body, or an errno.
pub type Reply = Result<Vec<u8>, i32>;

struct Handle {
    number: u64,
    /// How many descriptions of open files it serves.
    opens: usize,
}

/// An adapter that is served over a socket pair.
pub struct Adapted {
    /// The end that requests are sent to.
    pub socket: OwnedFd,
    /// Ends when the socket is closed.
    pub serving: JoinHandle<()>,
    /// Readable when the adapter is gone.
    pub ended: UnixStream,
    /// How many requests were given to the pool.
    pub handed_over: Arc<AtomicU64>,
}

impl Adapted {
    pub fn over(model: &Arc<XnuModel>, set: &Set) -> Self {
        Self::over_kernel(Arc::new(MachKernel::new(Arc::clone(model))), set)
    }

    pub fn over_kernel(kernel: Arc<dyn Kernel>, set: &Set) -> Self {
        let tree = Tree::new(kernel, 0, 0);
        let (socket, theirs) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .unwrap();
        // The longest reply is one message.
        set_socket_send_buffer_size(&theirs, 4 << 20).unwrap();
        let (ended, alive) = UnixStream::pair().unwrap();
        let Set { rules, limits, loops, .. } = *set;
        let adapter = Adapter::new(tree, &Service { loops, rules, limits }, alive);
        let handed_over = adapter.handed_over();
        let serving = std::thread::spawn(move || {
            let mut config = Config::default();
            config.n_threads = Some(loops);
            let session = Session::from_fd(adapter, theirs, SessionACL::All, config).unwrap();
            // It ends with an error where the socket is closed first.
            let _ = session.run();
        });
        Adapted { socket, serving, ended, handed_over }
    }
}

pub struct Extension {
    pub model: Arc<XnuModel>,
    handed_over: Arc<AtomicU64>,
    /// The flags that INIT was answered with.
    pub granted: u32,
    socket: Arc<OwnedFd>,
    rules: HostRules,
    loops: usize,
    unique: AtomicU64,
    waiting: Arc<Mutex<HashMap<u64, Sender<Reply>>>>,
    handles: Mutex<HashMap<u64, Handle>>,
    /// A lock for each node that was asked about.
    nodes: Mutex<HashMap<u64, Arc<Mutex<()>>>>,
    /// The vnodes of nodes, which are locked while a request about the node is served.
    vnodes: Mutex<HashMap<u64, VnodeId>>,
    threads: Vec<JoinHandle<()>>,
    /// Readable when the adapter is gone.
    ended: UnixStream,
    _watchdog: Watchdog,
}

impl Extension {
    pub fn over(model: Arc<XnuModel>, set: &Set) -> Self {
        let kernel = MachKernel::new(Arc::clone(&model));
        Self::over_kernel(Arc::new(kernel), model, set)
    }

    /// Over a kernel that need not be one of this model.
    pub fn over_kernel(kernel: Arc<dyn Kernel>, model: Arc<XnuModel>, set: &Set) -> Self {
        let Set { rules, loops, offers, .. } = *set;
        let Adapted { socket: ours, serving, ended, handed_over } =
            Adapted::over_kernel(kernel, set);
        let socket = Arc::new(ours);
        let init = wire::request(Opcode::Init, 1, 0, ROOT, &wire::init(offers));
        rustix::net::send(&socket, &init, SendFlags::empty()).unwrap();
        let (_, reply) = receive(&socket).expect("the reply to INIT");
        let granted = wire::u32_at(&reply.unwrap(), 12);
        let waiting = Arc::<Mutex<HashMap<u64, Sender<Reply>>>>::default();
        let receiving = std::thread::spawn({
            let (socket, waiting) = (Arc::clone(&socket), Arc::clone(&waiting));
            move || {
                while let Some((unique, reply)) = receive(&socket) {
                    if let Some(sender) = waiting.lock().unwrap().remove(&unique) {
                        let _ = sender.send(reply);
                    }
                }
                // Who still waits gets an error.
                waiting.lock().unwrap().clear();
            }
        });
        let watchdog = Watchdog::new("a stand-in for macFUSE", {
            let (model, socket) = (Arc::clone(&model), Arc::clone(&socket));
            move || {
                model.release();
                let _ = shutdown(&socket, Shutdown::Both);
            }
        });
        Extension {
            _watchdog: watchdog,
            model,
            handed_over,
            granted,
            socket,
            rules,
            loops,
            unique: AtomicU64::new(2),
            waiting,
            handles: Mutex::default(),
            nodes: Mutex::default(),
            vnodes: Mutex::default(),
            threads: vec![serving, receiving],
            ended,
        }
    }

    /// How many requests of these were given to the pool.
    pub fn hand_overs<T>(&self, requests: impl FnOnce(&Self) -> T) -> u64 {
        let before = self.handed_over();
        requests(self);
        self.handed_over() - before
    }

    /// How many requests were given to the pool so far.
    pub fn handed_over(&self) -> u64 {
        self.handed_over.load(Ordering::Relaxed)
    }

    /// This vnode is locked while a request about this node is served.
    pub fn tie(&self, node: u64, vnode: VnodeId) {
        self.vnodes.lock().unwrap().insert(node, vnode);
    }

    /// Sends a request and waits for the reply.
    pub fn ask(&self, opcode: Opcode, node: u64, who: Caller, body: &[u8]) -> Reply {
        let lock = Arc::clone(self.nodes.lock().unwrap().entry(node).or_default());
        let serial = (self.rules.shared_handles && self.granted & NODE_RWLOCK == 0)
            .then(|| lock.lock().unwrap());
        let vnode = self.vnodes.lock().unwrap().get(&node).copied();
        if let Some(vnode) = vnode {
            self.model.lock_vnode(vnode);
        }
        let unique = self.unique.fetch_add(1, Ordering::Relaxed);
        let (sender, reply) = channel();
        self.waiting.lock().unwrap().insert(unique, sender);
        let request = wire::request(opcode, unique, node, who, body);
        rustix::net::send(&self.socket, &request, SendFlags::empty()).unwrap();
        let reply = reply.recv_timeout(LONGEST).expect("a reply");
        if let Some(vnode) = vnode {
            self.model.unlock_vnode(vnode);
        }
        drop(serial);
        reply
    }

    pub fn look_up(&self, parent: u64, name: &str, who: Caller) -> Result<(u64, Attr), i32> {
        let reply = self.ask(Opcode::Lookup, parent, who, &[name.as_bytes(), b"\0"].concat())?;
        Ok((wire::u64_at(&reply, 0), Attr::at(&reply, 40)))
    }

    /// The node id of a path without links.
    pub fn node(&self, path: &str, who: Caller) -> Result<u64, i32> {
        let names = path.split('/').filter(|name| !name.is_empty());
        names.into_iter().try_fold(1, |parent, name| Ok(self.look_up(parent, name, who)?.0))
    }

    pub fn forget(&self, node: u64, lookups: u64) {
        let request = wire::request(Opcode::Forget, 0, node, ROOT, &lookups.to_ne_bytes());
        rustix::net::send(&self.socket, &request, SendFlags::empty()).unwrap();
    }

    pub fn attributes(&self, node: u64, who: Caller) -> Result<Attr, i32> {
        self.ask(Opcode::Getattr, node, who, &[0; 16]).map(|reply| Attr::at(&reply, 16))
    }

    pub fn read_link(&self, node: u64, who: Caller) -> Result<String, i32> {
        let target = self.ask(Opcode::Readlink, node, who, &[])?;
        Ok(String::from_utf8(target).unwrap())
    }

    fn open_as(&self, opcode: Opcode, node: u64, who: Caller) -> Result<u64, i32> {
        let open = || Ok(wire::u64_at(&self.ask(opcode, node, who, &[0; 8])?, 0));
        if !self.rules.shared_handles {
            return open();
        }
        if let Some(handle) = self.handles.lock().unwrap().get_mut(&node) {
            handle.opens += 1;
            return Ok(handle.number);
        }
        let number = open()?;
        self.handles.lock().unwrap().insert(node, Handle { number, opens: 1 });
        Ok(number)
    }

    /// Opens a file: a description, which its handle may share with others.
    pub fn open(&self, node: u64, who: Caller) -> Result<u64, i32> {
        self.open_as(Opcode::Open, node, who)
    }

    pub fn open_directory(&self, node: u64, who: Caller) -> Result<u64, i32> {
        self.open_as(Opcode::Opendir, node, who)
    }

    /// Whether this was the last description that the handle served.
    fn is_last(&self, node: u64) -> bool {
        if !self.rules.shared_handles {
            return true;
        }
        let mut handles = self.handles.lock().unwrap();
        let handle = handles.get_mut(&node).expect("an open node");
        handle.opens -= 1;
        let is_last = handle.opens == 0;
        if is_last {
            handles.remove(&node);
        }
        is_last
    }

    /// Closes a description of a file.
    pub fn close(&self, node: u64, handle: u64, who: Caller) {
        let flushed = self.ask(Opcode::Flush, node, who, &wire::flush(handle));
        assert_eq!(flushed.is_ok(), self.rules.shared_handles, "{flushed:?}");
        if self.is_last(node) {
            self.ask(Opcode::Release, node, who, &wire::release(handle)).unwrap();
        }
    }

    pub fn close_directory(&self, node: u64, handle: u64, who: Caller) {
        if self.is_last(node) {
            self.ask(Opcode::Releasedir, node, who, &wire::release(handle)).unwrap();
        }
    }

    pub fn read(&self, node: u64, handle: u64, who: Caller, at: u64, size: u32) -> Reply {
        self.ask(Opcode::Read, node, who, &wire::read(handle, at, size))
    }

    /// Reads to the end, in pieces of this size.
    pub fn read_to_end(&self, node: u64, handle: u64, who: Caller, size: u32) -> Reply {
        let mut text = Vec::new();
        loop {
            let piece = self.read(node, handle, who, text.len() as u64, size)?;
            if piece.is_empty() {
                return Ok(text);
            }
            text.extend(piece);
        }
    }

    /// Opens, reads and closes a file, as `cat` does.
    pub fn cat(&self, path: &str, who: Caller) -> Reply {
        let node = self.node(path, who)?;
        let handle = self.open(node, who)?;
        let text = self.read_to_end(node, handle, who, 128 * 1024);
        self.close(node, handle, who);
        text
    }

    pub fn read_directory(
        &self,
        node: u64,
        handle: u64,
        who: Caller,
        behind: u64,
    ) -> Result<Vec<Dirent>, i32> {
        let reply = self.ask(Opcode::Readdir, node, who, &wire::read(handle, behind, 4096))?;
        Ok(wire::dirents(&reply))
    }

    /// Opens, reads and closes a directory, as `ls` does.
    pub fn list(&self, node: u64, who: Caller) -> Result<Vec<Dirent>, i32> {
        let handle = self.open_directory(node, who)?;
        let mut all: Vec<Dirent> = Vec::new();
        let listed = loop {
            let behind = all.last().map_or(0, |entry| entry.cookie);
            match self.read_directory(node, handle, who, behind) {
                Ok(more) if more.is_empty() => break Ok(all),
                Ok(more) => all.extend(more),
                Err(errno) => break Err(errno),
            }
        };
        self.close_directory(node, handle, who);
        listed
    }
}

/// The next reply; `None` when the adapter is gone.
fn receive(socket: &OwnedFd) -> Option<(u64, Reply)> {
    let mut buffer = vec![0; 1 << 20];
    let (_, length) = rustix::net::recv(socket, buffer.as_mut_slice(), RecvFlags::empty()).ok()?;
    (length > 0).then(|| wire::reply(&buffer[..length]))
}

const ROOT: Caller = Caller { uid: 0, gid: 0, pid: 1 };

impl Drop for Extension {
    fn drop(&mut self) {
        self.model.release();
        // DESTROY ends one loop.
        for _ in 0..self.loops {
            let unique = self.unique.fetch_add(1, Ordering::Relaxed);
            let request = wire::request(Opcode::Destroy, unique, 0, ROOT, &[]);
            let _ = rustix::net::send(&self.socket, &request, SendFlags::empty());
        }
        let _ = shutdown(&self.socket, Shutdown::Both);
        for thread in self.threads.drain(..) {
            let joined = thread.join();
            assert!(joined.is_ok() || std::thread::panicking());
        }
        // A byte for each call that hung, and the end.
        let end = self.ended.read_to_end(&mut Vec::new());
        assert!(end.is_ok() || std::thread::panicking(), "{end:?}");
    }
}

//! The tree through FUSE: `adapter` translates FUSE requests into tree calls and replies. The
//! tree generates the content.

mod adapter;
mod attributes;
mod content;
mod dispatch;
mod errno;
mod handles;
mod host;
mod ids;
mod listing;
mod pool;
mod quota;
mod reply;
mod unsupported;

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub use host::{HERE, HostRules, LINUX, MACFUSE};
pub use quota::Limits;

use crate::tree::Tree;
use handles::Handles;
use ids::NodeIds;
use pool::Pool;

/// How requests are served.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Event loops, at least 1.
    pub loops: usize,
    /// What the kernel that sends the requests expects.
    pub rules: HostRules,
    /// Limits of open files.
    pub limits: Limits,
}

/// The tree as a file system of fuser.
pub struct Adapter {
    tree: Arc<Tree>,
    handles: Arc<Handles>,
    ids: Arc<NodeIds>,
    pool: Pool,
    rules: HostRules,
    /// Whether the kernel sends requests about one directory one after the other.
    directories_are_serial: bool,
    /// Shut down when the session has ended.
    alive: Arc<UnixStream>,
}

impl Adapter {
    /// An adapter that shuts `alive` down when its session has ended. While a call
    /// hangs, it writes a byte to it now and then: the call may be an event loop's, which does not
    /// see the end.
    #[must_use]
    pub fn new(tree: Arc<Tree>, service: &Service, alive: UnixStream) -> Self {
        let Service { loops, rules, limits } = *service;
        tree.keep_open(limits.directories);
        let alive = Arc::new(alive);
        // The pool's watchdog may outlive the session.
        let session = Arc::downgrade(&alive);
        // Where no more can be written, enough bytes wait for the reader.
        let _ = alive.set_nonblocking(true);
        let when_late = move || drop(session.upgrade().map(|alive| (&*alive).write(&[0])));
        Adapter {
            handles: Arc::new(Handles::new(Arc::clone(&tree), rules.shared_handles, limits)),
            ids: Arc::new(NodeIds::new(Arc::clone(&tree), limits.items)),
            tree,
            pool: Pool::new(loops, when_late),
            rules,
            directories_are_serial: false,
            alive,
        }
    }

    /// How many requests an event loop gave to the pool so far, each at the cost of two context
    /// switches. The number goes on counting while the adapter serves.
    #[must_use]
    pub fn handed_over(&self) -> Arc<AtomicU64> {
        self.pool.handed_over()
    }
}

impl Adapter {
    fn end(&self) {
        // An error means that the other side has gone.
        let _ = self.alive.shutdown(Shutdown::Both);
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        self.end();
    }
}

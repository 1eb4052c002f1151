//! Load commands of Mach-O files that processes have mapped, read from the files and kept.
//!
//! A file may be on a dead server, in a protected folder, or on this program's own mount, where a
//! read would wait for itself. So each file is read on a thread of its own, with a deadline, and only
//! a few of these threads may exist at a time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use super::super::lock::lock;
use crate::kernel::xnu::macho::{HEADER_ROOM, MachO};
use crate::kernel::xnu::{FilePart, VnodeInfo, XnuCalls};

/// How long a file is waited for. A second walk does not wait for it again.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many files may be waited for at a time: together less long than a reader's request may take
/// (5 s).
const MOST_WAITING: usize = 3;

/// How many files are kept. A process maps some ten that are not in the shared cache.
const MOST_KEPT: usize = 1024;

/// What is known of a file.
#[derive(Clone, Debug)]
pub(in super::super) enum Image {
    /// Where its segments are.
    Known(Arc<MachO>),
    /// It is no Mach-O file.
    None,
    /// It could not be read.
    Unreadable,
}

/// The file, as far as it would be another one if it had other load commands, and where in it they
/// are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    dev: u32,
    ino: u64,
    mtime: i64,
    size: i64,
    offset: u64,
}

/// The files of one kernel's processes.
pub(in super::super) struct Images<C: XnuCalls> {
    calls: Arc<C>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    known: Mutex<HashMap<Key, Image>>,
    waiting: AtomicUsize,
}

impl<C: XnuCalls> Images<C> {
    pub(in super::super) fn new(calls: Arc<C>) -> Self {
        Images { calls, shared: Arc::default() }
    }

    /// The file with this path, if it is this vnode, from the offset on.
    pub(super) fn image(&self, vnode: &VnodeInfo, path: &[u8], offset: u64) -> Image {
        let VnodeInfo { dev, ino, mtime, size, .. } = *vnode;
        let key = Key { dev, ino, mtime, size, offset };
        if let Some(image) = lock(&self.shared.known).get(&key) {
            return image.clone();
        }
        self.read(key, path.to_vec()).unwrap_or(Image::Unreadable)
    }

    /// `None` where it was not read in time. Then it is not asked for again: if it is read at last,
    /// later walks know it.
    fn read(&self, key: Key, path: Vec<u8>) -> Option<Image> {
        let (calls, shared) = (Arc::clone(&self.calls), Arc::clone(&self.shared));
        let waiting = Waiting::begin(&shared)?;
        let (sender, receiver) = mpsc::sync_channel(1);
        let read = move || {
            let part = calls.file_part(&path, key.offset, HEADER_ROOM);
            let image = part.map(|part| image_of(&part, key));
            if let Ok(image) = &image {
                waiting.shared.keep(key, image.clone());
            }
            drop(waiting);
            // The receiver may have given up.
            let _ = sender.send(image.ok());
        };
        thread::Builder::new().name("mach-o".to_owned()).spawn(read).ok()?;
        match receiver.recv_timeout(PATIENCE) {
            Ok(image) => image,
            Err(_) => {
                lock(&shared.known).entry(key).or_insert(Image::Unreadable);
                None
            }
        }
    }
}

/// `Unreadable` where another file has taken the path.
fn image_of(part: &FilePart, key: Key) -> Image {
    if (part.dev, part.ino) != (key.dev, key.ino) {
        return Image::Unreadable;
    }
    MachO::parse(&part.bytes).map_or(Image::None, |file| Image::Known(Arc::new(file)))
}

impl Shared {
    fn keep(&self, key: Key, image: Image) {
        let mut known = lock(&self.known);
        if known.len() >= MOST_KEPT {
            // They are read again where they are still wanted.
            known.clear();
        }
        known.insert(key, image);
    }
}

/// A thread that reads a file, counted.
struct Waiting {
    shared: Arc<Shared>,
}

impl Waiting {
    fn begin(shared: &Arc<Shared>) -> Option<Self> {
        let waiting = Waiting { shared: Arc::clone(shared) };
        let before = shared.waiting.fetch_add(1, Ordering::Relaxed);
        (before < MOST_WAITING).then_some(waiting)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

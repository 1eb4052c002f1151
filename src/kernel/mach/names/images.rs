//! Load commands of Mach-O files that processes have mapped, read from the files and cached.
//!
//! A file may be on a dead server, in a protected folder, or on this program's own mount, where a
//! read would wait for itself. So a thread of its own reads each file, with a deadline, and only a
//! few of these threads exist at a time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use super::super::lock::lock;
use crate::kernel::xnu::macho::{HEADER_ROOM, MachO};
use crate::kernel::xnu::{FilePart, VnodeInfo, XnuCalls};

/// How long a walk waits for a file. A second walk does not wait for it again.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most files that are waited for at a time. All of them together take less than a reader's
/// request may (5 s).
const MOST_WAITING: usize = 3;

/// The most files that are cached. A process maps some ten that are not in the shared cache.
const MOST_KEPT: usize = 1024;

/// The state of a file.
#[derive(Clone, Debug)]
pub(in super::super) enum Image {
    /// Its segments were read.
    Known(Arc<MachO>),
    /// It is not a Mach-O file.
    None,
    /// It could not be read.
    Unreadable,
}

/// The identity of a file, which changes if its load commands could, and the offset of its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    dev: u32,
    ino: u64,
    mtime: i64,
    size: i64,
    offset: u64,
}

/// The files of all processes of one kernel.
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

    /// The part of the file with this path from the offset on, if the file is this vnode.
    pub(super) fn image(&self, vnode: &VnodeInfo, path: &[u8], offset: u64) -> Image {
        let VnodeInfo { dev, ino, mtime, size, .. } = *vnode;
        let key = Key { dev, ino, mtime, size, offset };
        if let Some(image) = lock(&self.shared.known).get(&key) {
            return image.clone();
        }
        self.read(key, path.to_vec()).unwrap_or(Image::Unreadable)
    }

    /// `None` if it was not read in time. Then no walk asks for it again; once it is read, later
    /// walks know it.
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

/// `Unreadable` if another file has taken the path.
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
            // They are read again if they are still needed.
            known.clear();
        }
        known.insert(key, image);
    }
}

/// A counted thread that reads a file.
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

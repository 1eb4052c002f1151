//! A kernel that answers what was recorded: each call is a look-up.

mod buffers;
mod calls;
mod handed_out;
mod owner;
mod places;

use self::handed_out::{HandedOut, Holder};
use self::places::Places;
use super::{
    Moment, RecordedImage, RecordedMachine, RecordedPath, RecordedProcess, RecordedThreadPort,
    Recording, Reply,
};
use crate::kernel::xnu::{Errno, KernReturn, PortName, SharedCache};

/// What was recorded, with an order in which each answer is found without looking at the others.
#[derive(Debug)]
pub struct Replay {
    recorded_at: Option<Moment>,
    machine: RecordedMachine,
    /// By pid, ascending, each with its places.
    processes: Vec<RecordedProcess>,
    places: Vec<Places>,
    /// By path and offset.
    images: Vec<RecordedImage>,
    /// By file system and number.
    paths: Vec<RecordedPath>,
    shared_cache: Option<SharedCache>,
    handed_out: HandedOut,
}

impl Replay {
    /// Of a recording that was read or made.
    #[must_use]
    pub fn new(recording: Recording) -> Self {
        let Recording {
            recorded_at,
            machine,
            mut processes,
            mut images,
            mut paths,
            shared_cache,
            ..
        } = recording;
        processes.sort_by_key(|process| process.pid);
        images.sort_by(|a, b| place_of(a).cmp(&place_of(b)));
        paths.sort_by_key(|path| (path.fsid, path.ino));
        Replay {
            recorded_at,
            machine: machine.unwrap_or_default(),
            places: processes.iter().map(Places::of).collect(),
            processes,
            images,
            paths,
            shared_cache,
            handed_out: HandedOut::default(),
        }
    }

    /// All its processes belong to this user and group, who may see them then.
    #[must_use]
    pub fn owned_by(mut self, uid: u32, gid: u32) -> Self {
        self.processes.iter_mut().for_each(|process| owner::hand_over(process, uid, gid));
        self
    }

    /// How many ports were given and not yet released.
    #[must_use]
    pub fn live_ports(&self) -> usize {
        self.handed_out.count()
    }

    fn index(&self, pid: i32) -> Option<usize> {
        self.processes.binary_search_by_key(&pid, |process| process.pid).ok()
    }

    /// The process with this pid, and where its rows stand.
    fn process(&self, pid: i32) -> Result<(&RecordedProcess, &Places), Errno> {
        self.index(pid).and_then(|index| self.at(index)).ok_or(Errno::SRCH)
    }

    fn at(&self, index: usize) -> Option<(&RecordedProcess, &Places)> {
        Some((self.processes.get(index)?, self.places.get(index)?))
    }

    /// The process whose task a port is of.
    fn task(&self, port: PortName) -> Result<(usize, &RecordedProcess, &Places), KernReturn> {
        match self.handed_out.get(port).ok_or(KernReturn::INVALID_DEST)? {
            Holder::Task(index) => {
                let (process, places) = self.at(index).ok_or(KernReturn::INVALID_DEST)?;
                Ok((index, process, places))
            }
            Holder::Thread(..) => Err(KernReturn::INVALID_ARGUMENT),
        }
    }

    /// The thread that a port is of.
    fn thread(&self, port: PortName) -> Result<&RecordedThreadPort, KernReturn> {
        match self.handed_out.get(port).ok_or(KernReturn::INVALID_DEST)? {
            Holder::Thread(index, row) => {
                let process = self.processes.get(index).ok_or(KernReturn::INVALID_DEST)?;
                let threads = Reply::look_up(process.thread_ports.as_ref())?;
                threads.get(row).ok_or(KernReturn::INVALID_DEST)
            }
            Holder::Task(_) => Err(KernReturn::INVALID_ARGUMENT),
        }
    }
}

fn place_of(image: &RecordedImage) -> (&[u8], u64) {
    (&image.path.0, image.offset)
}

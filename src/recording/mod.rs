//! What a kernel answered about some processes, kept so that the whole walk can be replayed on
//! any machine. `docs/recording.md` describes the file.
//!
//! A recording holds answers, not conclusions: what [`record`] writes is what the calls gave, in
//! their own numbers, errors among them. Reading one back trusts nothing ([`read`]).

mod ask;
mod brief;
mod check;
mod part;
mod read;
mod row;
mod strict;
mod write;

use serde::{Deserialize, Serialize};

pub use self::ask::record;
pub use self::part::{
    Bytes, Moment, RecordedDetail, RecordedFile, RecordedMachine, RecordedRight, RecordedState,
    RecordedTask, RecordedThread, RecordedThreadPort, Reply, Value, Words,
};
pub use self::read::{Limits, RecordingError, read};
use super::calls::{
    BsdInfo, Errno, KinfoProc, RegionPathInfo, ShortBsdInfo, SubmapInfo, TaskInfo, TaskVmInfo,
    UniqueInfo, VnodePaths,
};
use super::json;
use super::macho::MachO;

/// The word that a recording begins with.
pub const FORMAT: &str = "mach-procfs recording";

/// The version of the format that this program reads and writes.
pub const VERSION: u32 = 1;

/// Recorded processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    format: String,
    version: u32,
    /// When it was recorded, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<Moment>,
    /// The machine it was recorded on, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<RecordedMachine>,
    /// What was recorded, one process each.
    pub processes: Vec<RecordedProcess>,
    /// The Mach-O files that they have mapped, as far as they could be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<RecordedImage>,
}

/// A Mach-O file, or the part of a universal file, that has code mapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedImage {
    /// Its path.
    pub path: Bytes,
    /// `st_dev`.
    pub dev: u32,
    /// `st_ino`.
    #[serde(with = "json::hex")]
    pub ino: u64,
    /// Where in the file its Mach-O header is.
    #[serde(with = "json::hex")]
    pub offset: u64,
    /// What that says.
    pub file: MachO,
}

/// An answer of a BSD call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer<T> {
    /// It succeeded.
    Ok(T),
    /// It failed with this errno.
    Errno(i32),
}

impl<T> From<Result<T, Errno>> for Answer<T> {
    fn from(result: Result<T, Errno>) -> Self {
        match result {
            Ok(value) => Answer::Ok(value),
            Err(Errno(errno)) => Answer::Errno(errno),
        }
    }
}

impl<T: Clone> Answer<T> {
    /// The answer as the call gives it.
    ///
    /// # Errors
    /// The recorded one.
    pub fn get(&self) -> Result<T, Errno> {
        match self {
            Answer::Ok(value) => Ok(value.clone()),
            Answer::Errno(errno) => Err(Errno(*errno)),
        }
    }
}

/// What `task_for_pid`, or one of its like, answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedPort {
    /// A port; or the recorder recorded itself.
    Given,
    /// Success and no right: `MACH_PORT_NULL` or `MACH_PORT_DEAD`.
    Null,
    /// This `kern_return_t`, or the errno of a BSD call.
    Refused(i32),
    /// It was not asked: pid 0.
    NotAsked,
}

/// One answer of `mach_vm_region_recurse`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedLeaf {
    /// Where the region starts.
    #[serde(with = "json::hex")]
    pub address: u64,
    /// Its bytes.
    #[serde(with = "json::hex")]
    pub size: u64,
    /// The nesting depth it was found at.
    pub depth: u32,
    /// The rest of the answer.
    pub info: SubmapInfo,
}

/// All answers about one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedProcess {
    /// Its pid.
    pub pid: i32,
    /// Flavor 13, zombies included.
    pub short_info: Answer<ShortBsdInfo>,
    /// Flavor 3, zombies included.
    pub bsd_info: Answer<BsdInfo>,
    /// Flavor 17, zombies included.
    pub unique_info: Answer<UniqueInfo>,
    /// Flavor 8, from address 0 on, each asked for where the last one ended.
    pub regions: Vec<RegionPathInfo>,
    /// The errno after the last one, 22 for the end of the map; 0 where the recorder stopped,
    /// because the answers did not ascend; `None` where it did not ask.
    pub regions_end: Option<i32>,
    /// `task_for_pid`.
    pub task_port: RecordedPort,
    /// `task_info(TASK_VM_INFO)`, where there was a port of any kind and it answered.
    pub vm_info: Option<TaskVmInfo>,
    /// `mach_vm_region_recurse` with a depth of 1024, where there was a port.
    pub leaves: Vec<RecordedLeaf>,
    /// The `kern_return_t` after the last one, 1 for the end of the map; 0 and `None` as above.
    pub leaves_end: Option<i32>,
    /// Flavor 11.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executable: Option<Answer<Bytes>>,
    /// `KERN_PROC_PID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinfo: Option<Box<Answer<Option<KinfoProc>>>>,
    /// Flavor 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_info: Option<Box<Answer<TaskInfo>>>,
    /// Flavor 9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directories: Option<Box<Answer<VnodePaths>>>,
    /// `KERN_PROCARGS2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Answer<Bytes>>,
    /// Flavor 28.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<Answer<Vec<RecordedThread>>>,
    /// Flavor 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Answer<Vec<RecordedFile>>>,
    /// Facts by a task port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Box<RecordedTask>>,
    /// `mach_port_space_info`, by the strongest port that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<Reply<Vec<RecordedRight>>>,
    /// `task_threads`, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_ports: Option<Reply<Vec<RecordedThreadPort>>>,
}

impl RecordedProcess {
    /// Forgets what may hold a password: arguments, environment and registers.
    pub fn keep_no_secrets(&mut self) {
        self.arguments = None;
        if let Some(Reply::Ok(threads)) = &mut self.thread_ports {
            threads.iter_mut().for_each(|thread| thread.states.clear());
        }
    }

    /// Whether it was a zombie.
    #[must_use]
    pub fn is_zombie(&self) -> bool {
        matches!(&self.short_info, Answer::Ok(info) if info.status == ShortBsdInfo::ZOMBIE)
    }
}

impl Recording {
    /// A recording of these, on a machine of which nothing is known.
    #[must_use]
    pub fn new(processes: Vec<RecordedProcess>) -> Self {
        let format = FORMAT.to_owned();
        Recording {
            format,
            version: VERSION,
            recorded_at: None,
            machine: None,
            processes,
            images: Vec::new(),
        }
    }
}

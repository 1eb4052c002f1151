//! What a kernel answered about some processes, kept so that the whole walk can be replayed on
//! any machine. `docs/recording.md` describes the file.
//!
//! A recording holds answers, not conclusions: what [`record`] writes is what the calls gave, in
//! their own numbers, errors among them. Reading one back trusts nothing ([`read`]).

mod read;
mod row;
mod write;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::read::{Limits, RecordingError, read};
use super::calls::{
    BsdInfo, Errno, KernReturn, RegionPathInfo, ShortBsdInfo, SubmapInfo, TaskPort, TaskVmInfo,
    UniqueInfo, XnuCalls,
};
use super::json;
use crate::model::Pid;

/// The word that a recording begins with.
pub const FORMAT: &str = "mach-procfs recording";

/// The version of the format that this program reads and writes.
pub const VERSION: u32 = 1;

/// No process has more regions than this; a kernel that tells more does not come to an end.
const MOST_ROWS: usize = 4_000_000;

/// Recorded processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    format: String,
    version: u32,
    /// What was recorded, one process each.
    pub processes: Vec<RecordedProcess>,
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

/// What `task_for_pid` answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedPort {
    /// A port; or the recorder recorded itself.
    Given,
    /// Success and no right: `MACH_PORT_NULL` or `MACH_PORT_DEAD`.
    Null,
    /// This `kern_return_t`.
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
    /// `task_info(TASK_VM_INFO)`, where there was a port and it answered.
    pub vm_info: Option<TaskVmInfo>,
    /// `mach_vm_region_recurse` with a depth of 1024, where there was a port.
    pub leaves: Vec<RecordedLeaf>,
    /// The `kern_return_t` after the last one, 1 for the end of the map; 0 and `None` as above.
    pub leaves_end: Option<i32>,
}

impl RecordedProcess {
    /// Whether it was a zombie.
    #[must_use]
    pub fn is_zombie(&self) -> bool {
        matches!(&self.short_info, Answer::Ok(info) if info.status == ShortBsdInfo::ZOMBIE)
    }
}

impl Recording {
    /// A recording of these.
    #[must_use]
    pub fn new(processes: Vec<RecordedProcess>) -> Self {
        Recording { format: FORMAT.to_owned(), version: VERSION, processes }
    }
}

/// Asks the kernel all about these processes. What it refuses is recorded as refused.
#[must_use]
pub fn record<C: XnuCalls>(calls: &Arc<C>, pids: &[Pid]) -> Recording {
    let mut pids = pids.to_vec();
    pids.sort_unstable();
    pids.dedup();
    Recording::new(pids.into_iter().map(|pid| record_process(calls, pid)).collect())
}

/// How often a process is recorded that executes another image meanwhile.
const ATTEMPTS: usize = 3;

fn record_process<C: XnuCalls>(calls: &Arc<C>, pid: Pid) -> RecordedProcess {
    let number = pid.number().cast_signed();
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let before: Answer<UniqueInfo> = calls.unique_info(number, true).into();
        let process = record_once(calls, number);
        if process.unique_info == before {
            return process;
        }
        last = Some(process);
    }
    last.unwrap_or_else(|| record_once(calls, number))
}

fn record_once<C: XnuCalls>(calls: &Arc<C>, pid: i32) -> RecordedProcess {
    let mut regions = Vec::new();
    let mut leaves = Vec::new();
    let (mut regions_end, mut leaves_end, mut vm_info) = (None, None, None);
    let mut task_port = RecordedPort::NotAsked;
    // The kernel may file a crash report against who asks about the regions of pid 0.
    if pid != 0 {
        regions_end = Some(record_regions(calls.as_ref(), pid, &mut regions));
        let port = if pid == calls.own_pid() {
            Ok(Some(TaskPort::own(calls)))
        } else {
            TaskPort::for_pid(calls, pid)
        };
        task_port = match &port {
            Ok(Some(_)) => RecordedPort::Given,
            Ok(None) => RecordedPort::Null,
            Err(KernReturn(code)) => RecordedPort::Refused(*code),
        };
        if let Ok(Some(port)) = &port {
            vm_info = calls.task_vm_info(port.name()).ok();
            leaves_end = Some(record_leaves(calls.as_ref(), port, &mut leaves));
        }
    }
    // Last, so that a process that was in its exit says so.
    RecordedProcess {
        pid,
        short_info: calls.short_bsd_info(pid, true).into(),
        bsd_info: calls.bsd_info(pid, true).into(),
        unique_info: calls.unique_info(pid, true).into(),
        regions,
        regions_end,
        task_port,
        vm_info,
        leaves,
        leaves_end,
    }
}

fn record_regions<C: XnuCalls>(calls: &C, pid: i32, rows: &mut Vec<RegionPathInfo>) -> i32 {
    let mut cursor = 0;
    while rows.len() < MOST_ROWS {
        let mut info = RegionPathInfo::default();
        if let Err(Errno(errno)) = calls.region_path_info(pid, cursor, &mut info) {
            return errno;
        }
        let Some(next) = row::end_after(info.region.address, info.region.size, cursor) else {
            return 0;
        };
        rows.push(info);
        match next {
            row::End::At(next) => cursor = next,
            row::End::Top => return Errno::INVAL.0,
        }
    }
    0
}

fn record_leaves<C: XnuCalls>(calls: &C, port: &TaskPort<C>, rows: &mut Vec<RecordedLeaf>) -> i32 {
    let mut cursor = 0;
    while rows.len() < MOST_ROWS {
        let mut leaf = RecordedLeaf { address: cursor, depth: 1024, ..RecordedLeaf::default() };
        let RecordedLeaf { address, size, depth, info } = &mut leaf;
        let answer = calls.region_recurse(port.name(), address, size, depth, info);
        if let Err(KernReturn(code)) = answer {
            return code;
        }
        let Some(next) = row::end_after(leaf.address, leaf.size, cursor) else { return 0 };
        rows.push(leaf);
        match next {
            row::End::At(next) => cursor = next,
            row::End::Top => return KernReturn::INVALID_ADDRESS.0,
        }
    }
    0
}

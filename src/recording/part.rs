//! What a recording may hold beside the walk: parts that may be missing, because an older program
//! recorded it or because somebody took them out.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::super::calls::{
    Errno, KernReturn, Mount, OpenFile, PipeFile, PortStatus, ProcessorInfo, ProcessorLoad,
    SocketFile, SpaceEntry, StateFlavor, TaskAbsoluteTimes, TaskBasicInfo, TaskEvents,
    TaskThreadTimes, ThreadBasicInfo, ThreadIdentifier, ThreadInfo, Timebase, VmStatistics,
    VnodeFile,
};
use super::super::json;
use super::{Answer, RecordedPort};

/// An answer of a Mach call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply<T> {
    /// It succeeded.
    Ok(T),
    /// It failed with this `kern_return_t`.
    KernReturn(i32),
}

impl<T> From<Result<T, KernReturn>> for Reply<T> {
    fn from(result: Result<T, KernReturn>) -> Self {
        match result {
            Ok(value) => Reply::Ok(value),
            Err(KernReturn(code)) => Reply::KernReturn(code),
        }
    }
}

impl<T> Reply<T> {
    /// The answer, not yet copied.
    ///
    /// # Errors
    /// The recorded one.
    pub fn get(&self) -> Result<&T, KernReturn> {
        match self {
            Reply::Ok(value) => Ok(value),
            Reply::KernReturn(code) => Err(KernReturn(*code)),
        }
    }
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// Since the epoch.
    pub seconds: u64,
    /// Beside them.
    pub microseconds: u32,
}

impl From<SystemTime> for Moment {
    /// The epoch itself for what was before it.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment { seconds: since.as_secs(), microseconds: since.subsec_micros() }
    }
}

impl Moment {
    /// The same; the epoch for a time that this machine cannot have.
    #[must_use]
    pub fn time(self) -> SystemTime {
        let since = Duration::from_secs(self.seconds)
            .saturating_add(Duration::from_micros(self.microseconds.into()));
        UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
    }
}

/// The part that makes up an answer, if it is one of a kernel and not of a recording that lacks it.
pub(super) fn told<T>(answer: Result<T, Errno>) -> Option<Answer<T>> {
    (!matches!(answer, Err(Errno::NOTSUP))).then(|| answer.into())
}

/// The same of a Mach call.
pub(super) fn replied<T>(answer: Result<T, KernReturn>) -> Option<Reply<T>> {
    (!matches!(answer, Err(KernReturn::NOT_SUPPORTED))).then(|| answer.into())
}

/// Bytes of any value, written as a text where they are UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(#[serde(with = "json::bytes")] pub Vec<u8>);

/// Bytes of any value, written as a text where they look like one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Value(#[serde(with = "json::value")] pub Vec<u8>);

/// Words of 32 bits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Words(#[serde(with = "json::words")] pub Vec<u32>);

/// A thread of flavor 28.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedThread {
    /// Its id.
    pub id: u64,
    /// Flavor 15.
    pub info: Answer<Box<ThreadInfo>>,
}

/// An open file of flavor 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedFile {
    /// Descriptor and kind.
    pub file: OpenFile,
    /// What `proc_pidfdinfo` said of it, where it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Box<Answer<RecordedDetail>>>,
}

/// By the kind of file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedDetail {
    /// `PROC_PIDFDVNODEPATHINFO`.
    Vnode(VnodeFile),
    /// `PROC_PIDFDVNODEINFO`, where the kernel does not tell the recorder the path.
    VnodeWithoutPath(VnodeFile),
    /// `PROC_PIDFDSOCKETINFO`.
    Socket(SocketFile),
    /// `PROC_PIDFDPIPEINFO`.
    Pipe(PipeFile),
}

/// The weaker task ports, and what the strongest that was given answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordedTask {
    /// `task_read_for_pid`, where a refusal is an errno.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_port: Option<RecordedPort>,
    /// `task_inspect_for_pid`, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspect_port: Option<RecordedPort>,
    /// `task_name_for_pid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_port: Option<RecordedPort>,
    /// `task_info(MACH_TASK_BASIC_INFO)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_info: Option<Reply<TaskBasicInfo>>,
    /// `task_info(TASK_ABSOLUTETIME_INFO)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absolute_times: Option<Reply<TaskAbsoluteTimes>>,
    /// `task_info(TASK_EVENTS_INFO)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Reply<TaskEvents>>,
    /// `task_info(TASK_THREAD_TIMES_INFO)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_times: Option<Reply<TaskThreadTimes>>,
    /// `task_info(TASK_SECURITY_TOKEN)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_token: Option<Reply<[u32; 2]>>,
    /// `task_info(TASK_AUDIT_TOKEN)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_token: Option<Reply<[u32; 8]>>,
    /// `task_policy_get(TASK_CATEGORY_POLICY)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Reply<i32>>,
}

/// A right of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedRight {
    /// `mach_port_space_info`.
    pub entry: SpaceEntry,
    /// `mach_port_get_attributes(MACH_PORT_RECEIVE_STATUS)`, of a right to receive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<Reply<PortStatus>>>,
}

/// A thread as its port shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedThreadPort {
    /// `thread_info(THREAD_IDENTIFIER_INFO)`.
    pub identifier: Reply<ThreadIdentifier>,
    /// `thread_info(THREAD_BASIC_INFO)`.
    pub basic_info: Reply<ThreadBasicInfo>,
    /// `thread_get_state`, for each set of the machine's registers.
    pub states: Vec<RecordedState>,
}

/// A set of registers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedState {
    /// Which.
    pub flavor: StateFlavor,
    /// Its words.
    pub words: Reply<Words>,
}

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordedMachine {
    /// sysctls by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sysctls: BTreeMap<String, Answer<Value>>,
    /// `mach_timebase_info`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timebase: Option<Reply<Timebase>>,
    /// `host_statistics64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vm_statistics: Option<Reply<VmStatistics>>,
    /// `host_processor_info(PROCESSOR_BASIC_INFO)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processors: Option<Reply<Vec<ProcessorInfo>>>,
    /// `host_processor_info(PROCESSOR_CPU_LOAD_INFO)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loads: Option<Reply<Vec<ProcessorLoad>>>,
    /// `getfsstat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounts: Option<Answer<Vec<Mount>>>,
}

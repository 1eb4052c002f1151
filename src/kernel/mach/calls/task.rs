//! Calls about a task: ports of the weaker kinds, and what they answer.

use serde::{Deserialize, Serialize};

use super::super::json;
use super::{Errno, KernReturn, PortName};

/// Task ports beside the control port, and calls by any task port.
///
/// What a port is good for: control, read, inspect, name, each for all that the next one is good
/// for. A port too weak and one whose task has ended are [`KernReturn::INVALID_ARGUMENT`] alike; a
/// dead name is [`KernReturn::INVALID_DEST`].
pub trait TaskCalls: Send + Sync + 'static {
    /// `task_name_for_pid`: a send right to the task's name port, one reference more at each call,
    /// to be released as that of [`task_for_pid`](super::XnuCalls::task_for_pid). May give
    /// [`PORT_NULL`](super::PORT_NULL) or [`PORT_DEAD`](super::PORT_DEAD) with success.
    ///
    /// Allowed to root, and to a caller with the target's effective and real uid
    /// (`kern_proc.c:task_name_for_pid`); it never waits for the access server.
    ///
    /// # Errors
    /// [`KernReturn::FAILURE`] for no such process, a zombie and all refusals.
    fn task_name_for_pid(&self, pid: i32) -> Result<PortName, KernReturn>;

    /// `task_inspect_for_pid`: likewise the inspect port, by the rules of `task_for_pid`. May wait
    /// for an upcall to the task-access server.
    ///
    /// # Errors
    /// [`Errno::PERM`] for pid 0 and all refusals, [`Errno::SRCH`], [`Errno::ACCES`] for a dead
    /// access server and a corpse, [`Errno::INTR`]; [`Errno::NOSYS`] before macOS 11.
    fn task_inspect_for_pid(&self, pid: i32) -> Result<PortName, Errno>;

    /// `task_read_for_pid`: likewise the read port.
    ///
    /// # Errors
    /// As [`task_inspect_for_pid`](Self::task_inspect_for_pid).
    fn task_read_for_pid(&self, pid: i32) -> Result<PortName, Errno>;

    /// `task_info(MACH_TASK_BASIC_INFO = 20)`. A name port is enough.
    ///
    /// # Errors
    /// As of the trait.
    fn task_basic_info(&self, task: PortName) -> Result<TaskBasicInfo, KernReturn>;

    /// `task_info(TASK_ABSOLUTETIME_INFO = 1)`. A name port is enough.
    ///
    /// # Errors
    /// As of the trait.
    fn task_absolute_times(&self, task: PortName) -> Result<TaskAbsoluteTimes, KernReturn>;

    /// `task_info(TASK_EVENTS_INFO = 2)`. A name port is enough.
    ///
    /// # Errors
    /// As of the trait.
    fn task_events(&self, task: PortName) -> Result<TaskEvents, KernReturn>;

    /// `task_info(TASK_THREAD_TIMES_INFO = 3)`. A name port is enough.
    ///
    /// # Errors
    /// As of the trait.
    fn task_thread_times(&self, task: PortName) -> Result<TaskThreadTimes, KernReturn>;

    /// `task_info(TASK_SECURITY_TOKEN = 13)`: effective uid and gid. A name port is enough.
    ///
    /// # Errors
    /// As of the trait.
    fn task_security_token(&self, task: PortName) -> Result<[u32; 2], KernReturn>;

    /// `task_info(TASK_AUDIT_TOKEN = 15)`. A name port is enough.
    ///
    /// In this order (`kern_prot.c:proc_calc_audit_token`): audit uid, effective uid and gid, real
    /// uid and gid, pid, audit session, and `p_idversion`, so that it identifies the process.
    ///
    /// # Errors
    /// As of the trait.
    fn task_audit_token(&self, task: PortName) -> Result<[u32; 8], KernReturn>;

    /// `task_policy_get(TASK_CATEGORY_POLICY = 1)`: the role, -1 reniced, 0 unspecified, 1
    /// foreground, 2 background, 3 control, 4 graphics server, 5 throttled, 6 no user interface, 7
    /// default, 8 Darwin background. An inspect port is enough, a name port is not.
    ///
    /// # Errors
    /// As of the trait.
    fn task_role(&self, task: PortName) -> Result<i32, KernReturn>;
}

/// `time_value_t`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeValue {
    /// Seconds.
    pub seconds: i32,
    /// And microseconds.
    pub microseconds: i32,
}

/// `struct mach_task_basic_info`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskBasicInfo {
    /// Bytes of address space, reserved regions among them.
    #[serde(with = "json::hex")]
    pub virtual_size: u64,
    /// Bytes in memory.
    #[serde(with = "json::hex")]
    pub resident_size: u64,
    /// The most bytes that were in memory.
    #[serde(with = "json::hex")]
    pub resident_max: u64,
    /// User time of ended threads only.
    pub user_time: TimeValue,
    /// System time of ended threads only.
    pub system_time: TimeValue,
    /// Scheduling policy: 1 timeshare, as any user's task is.
    pub policy: i32,
    /// How often it is suspended.
    pub suspend_count: i32,
}

/// `struct task_absolutetime_info`, in absolute-time units ([`Timebase`](super::Timebase)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskAbsoluteTimes {
    /// User time of all threads, the ended ones too.
    pub total_user: u64,
    /// System time of all threads, likewise.
    pub total_system: u64,
    /// User time of living threads.
    pub threads_user: u64,
    /// System time of living threads.
    pub threads_system: u64,
}

/// `struct task_events_info`. Counters stop at `i32::MAX`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskEvents {
    /// Page faults.
    pub faults: i32,
    /// Pages read in.
    pub pageins: i32,
    /// Copy-on-write faults.
    pub cow_faults: i32,
    /// Mach messages sent.
    pub messages_sent: i32,
    /// Mach messages received.
    pub messages_received: i32,
    /// Mach system calls.
    pub syscalls_mach: i32,
    /// BSD system calls.
    pub syscalls_unix: i32,
    /// Context switches.
    pub context_switches: i32,
}

/// `struct task_thread_times_info`: of living threads only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskThreadTimes {
    /// User time.
    pub user_time: TimeValue,
    /// System time.
    pub system_time: TimeValue,
}

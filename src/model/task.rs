//! What a process is made of: threads and their registers, and as a Mach task ports and tokens.

use super::State;

/// A thread of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// Linux: its number among processes; Darwin: its number since boot.
    pub id: u64,
    /// Its name; empty where it has none.
    pub name: Vec<u8>,
    /// What it does.
    pub state: State,
    /// The same in Mach's numbers: 1 running, 2 stopped, 3 waiting, 4 uninterruptible, 5 halted.
    pub run_state: u32,
    /// User time in nanoseconds.
    pub user_time: u64,
    /// System time in nanoseconds.
    pub system_time: u64,
    /// Share of a CPU lately, in thousandths.
    pub cpu_usage: Option<u32>,
    /// Mach's `POLICY_TIMESHARE` (1), `POLICY_RR` (2) and `POLICY_FIFO` (4).
    pub policy: i32,
    /// Mach's `TH_FLAGS_*`: 1 swapped, 2 idle.
    pub flags: Option<u32>,
    /// Seconds that it has slept.
    pub sleep_time: Option<u32>,
    /// Its priority, in the kernel's own scale.
    pub priority: i32,
}

/// One register of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// Its name, as the machine's makers write it, lower-case.
    pub name: &'static str,
    /// What it holds.
    pub value: u128,
    /// How many bytes it has.
    pub bytes: u8,
}

/// Which registers of a thread are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegisterSet {
    /// Those of integers and control.
    Thread,
    /// Those of numbers with a point, and vectors.
    Float,
    /// What the last exception left.
    Exception,
    /// Breakpoints.
    Debug,
}

/// A name in a task's space of Mach ports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Port {
    /// The name.
    pub name: u32,
    /// `MACH_PORT_TYPE_*` bits: the rights that the task has to it.
    pub rights: u32,
    /// What the receiver may know, where the task is the receiver.
    pub queue: Option<Queue>,
}

/// The queue of messages of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// How many messages it holds at most.
    pub limit: u32,
    /// How many it holds.
    pub messages: u32,
    /// The number of the next message.
    pub sequence: u32,
    /// How many send-once rights exist.
    pub send_once_rights: u32,
}

/// What tells a task from all others (`audit_token_t`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditToken {
    /// The user who logged in, for the audit system.
    pub audit_user: u32,
    /// Effective user id.
    pub user: u32,
    /// Effective group id.
    pub group: u32,
    /// Real user id.
    pub real_user: u32,
    /// Real group id.
    pub real_group: u32,
    /// The pid.
    pub pid: u32,
    /// The audit session.
    pub session: u32,
    /// `p_idversion`: which of the processes that had the pid it is.
    pub pid_version: u32,
}

/// Who a task's messages are from (`security_token_t`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecurityToken {
    /// Effective user id.
    pub user: u32,
    /// Effective group id.
    pub group: u32,
}

//! Processes: their numbers, owners and identity.

use std::fmt;
use std::time::SystemTime;

/// A process id. 22 bits hold every pid of both systems (Linux: at most 4,194,304,
/// `PID_MAX_LIMIT`; macOS: at most 99,999).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct Pid(u32);

impl Pid {
    /// The largest pid either system hands out.
    pub const MAX: u32 = (1 << 22) - 1;

    /// The pid of this number, or `None` where no system has such a pid.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        (number <= Self::MAX).then_some(Pid(number))
    }

    /// The pid of the calling process.
    #[must_use]
    pub fn this() -> Self {
        Pid(std::process::id() & Self::MAX)
    }

    /// The pid written as the name of a directory: decimal digits without a leading zero.
    #[cfg_attr(doc, doc(hidden))]
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        if name.is_empty() || name.len() > 7 || (name[0] == b'0' && name.len() > 1) {
            return None;
        }
        let mut number = 0u32;
        for &byte in name {
            number = number * 10 + u32::from(byte.checked_sub(b'0').filter(|digit| *digit < 10)?);
        }
        Pid::new(number)
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What tells a process from a later one with the same pid: 34 bits that the two do not share.
///
/// Linux: the inode number of its pidfd (unique since boot), or its start time in ticks where the
/// kernel has no pidfs. Darwin: `p_idversion`, which also changes at every exec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(u64);

impl Identity {
    /// How many bits an identity has.
    pub const BITS: u32 = 34;

    /// The identity of this number, of which the low 34 bits count.
    #[must_use]
    pub fn new(number: u64) -> Self {
        Identity(number & ((1 << Self::BITS) - 1))
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// The three ids of one sort (user or group) that a process has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// The real id.
    pub real: u32,
    /// The effective id.
    pub effective: u32,
    /// The saved id.
    pub saved: u32,
}

impl Ids {
    /// Whether all three are this one.
    #[must_use]
    pub fn are_all(self, id: u32) -> bool {
        self.real == id && self.effective == id && self.saved == id
    }
}

/// What an access decision needs to know of the process that is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// User ids.
    pub uid: Ids,
    /// Group ids.
    pub gid: Ids,
    /// Owner of the process's memory files: Linux gives those of a non-dumpable process to root.
    /// `None` for a zombie, whose memory is gone, so that its ids alone count
    /// (`__ptrace_may_access`).
    pub memory_owner: Option<u32>,
    /// Darwin's `P_SUGID`: the process has changed its ids since it was executed.
    pub changed_ids: bool,
    /// Linux: permitted capabilities, a bit each.
    pub capabilities: u64,
    /// Linux: the user namespace that they count in, where it can be known.
    pub user_namespace: Option<u64>,
}

impl Credentials {
    /// Whether the memory of this process may be shown to a user with its ids: it is dumpable, or
    /// there is none.
    #[must_use]
    pub fn is_dumpable_for(&self, uid: u32) -> bool {
        self.memory_owner.is_none_or(|owner| owner == uid)
    }
}

/// What the one who asks may do beyond what its ids allow (Linux).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallerPrivileges {
    /// Effective capabilities, a bit each.
    pub capabilities: u64,
    /// The user namespace that they count in, where it can be known.
    pub user_namespace: Option<u64>,
    /// Whether that is the one that this program runs in.
    pub in_own_namespace: bool,
}

impl CallerPrivileges {
    /// The bit of Linux's `CAP_SYS_PTRACE`.
    pub const SYS_PTRACE: u64 = 1 << 19;
}

/// Who owns a node, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// The time to show as the node's time of change.
    pub since: SystemTime,
}

/// A process as the kernel describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its pid.
    pub pid: Pid,
    /// The pid of its parent, 0 for none.
    pub parent: u32,
    /// Its short name, as bytes: neither system promises UTF-8.
    pub name: Vec<u8>,
    /// When it started. Linux counts in ticks of 10 ms since boot, Darwin in microseconds.
    pub started: SystemTime,
    /// Whose it is.
    pub credentials: Credentials,
}

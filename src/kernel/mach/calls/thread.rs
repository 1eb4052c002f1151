//! Calls about threads by their ports.

use serde::{Deserialize, Serialize};

use super::super::json;
use super::{KernReturn, PortName, TimeValue};

/// Threads by port. A port whose thread has ended is [`KernReturn::INVALID_ARGUMENT`], a dead name
/// [`KernReturn::INVALID_DEST`].
pub trait ThreadCalls: Send + Sync + 'static {
    /// `task_threads`: a send right to each thread's port, of the same kind as the task's, which
    /// must be an inspect port or better. Each is one reference, to be released once
    /// ([`ThreadPorts`](super::ThreadPorts) does it); those of threads that are just ending may be
    /// [`PORT_NULL`](super::PORT_NULL) or [`PORT_DEAD`](super::PORT_DEAD).
    ///
    /// # Errors
    /// [`KernReturn::INVALID_ARGUMENT`] for a name port and a task that has ended,
    /// [`KernReturn::FAILURE`] for one that is ending just now, [`KernReturn::INVALID_DEST`] for a
    /// dead name.
    fn task_threads(&self, task: PortName) -> Result<Vec<PortName>, KernReturn>;

    /// A right to the thread with this id, where it can be had without those to all others, which
    /// the kernel has no call for: in a replay. [`PORT_NULL`](super::PORT_NULL) where there is no
    /// such thread.
    ///
    /// # Errors
    /// As [`task_threads`](Self::task_threads).
    fn thread_port(&self, _task: PortName, _id: u64) -> Result<Option<PortName>, KernReturn> {
        Ok(None)
    }

    /// `thread_info(THREAD_IDENTIFIER_INFO = 4)`. An inspect port is enough.
    ///
    /// # Errors
    /// As of the trait.
    fn thread_identifier(&self, thread: PortName) -> Result<ThreadIdentifier, KernReturn>;

    /// `thread_info(THREAD_BASIC_INFO = 3)`. An inspect port is enough.
    ///
    /// # Errors
    /// As of the trait.
    fn thread_basic_info(&self, thread: PortName) -> Result<ThreadBasicInfo, KernReturn>;

    /// `thread_get_state`: fills the words with registers and returns how many there are. Needs a
    /// read port. The flavors are the machine's ([`StateFlavor::of_cpu`]), and a translated
    /// process's threads are the machine's as well.
    ///
    /// The kernel stops the thread for it and lets it go again (`thread_act.c`): one that runs on
    /// a CPU is interrupted and waited for. On arm64 `lr`, `pc`, `sp` and `fp` of a process with
    /// pointer authentication may be signed.
    ///
    /// # Errors
    /// As of the trait; [`KernReturn::INVALID_ARGUMENT`] also for an inspect port, too few words
    /// and a flavor that this machine or this thread does not have; [`KernReturn::TERMINATED`] for
    /// a thread that ended just now, [`KernReturn::ABORTED`] where the wait was interrupted.
    fn thread_state(
        &self,
        thread: PortName,
        flavor: StateFlavor,
        words: &mut [u32],
    ) -> Result<usize, KernReturn>;
}

/// `struct thread_identifier_info`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThreadIdentifier {
    /// The thread's id, as [`list_thread_ids`](super::XnuCalls::list_thread_ids) tells it.
    pub id: u64,
    /// Where the thread's own data is in its task: `pthread_self`.
    #[serde(with = "json::hex")]
    pub handle: u64,
    /// Where libdispatch keeps the address of its queue, 0 for none.
    #[serde(with = "json::hex")]
    pub dispatch_queue: u64,
}

/// `struct thread_basic_info`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThreadBasicInfo {
    /// User time.
    pub user_time: TimeValue,
    /// System time.
    pub system_time: TimeValue,
    /// Share of a CPU, 0 to 1,000.
    pub cpu_usage: i32,
    /// Scheduling policy: 1 timeshare, 2 round robin, 4 first in first out.
    pub policy: i32,
    /// 1 running, 2 stopped, 3 waiting, 4 uninterruptible, 5 halted.
    pub run_state: i32,
    /// 1 swapped, 2 idle, 4 forced idle.
    pub flags: i32,
    /// How often it is suspended.
    pub suspend_count: i32,
    /// Always 0.
    pub sleep_time: i32,
}

/// A set of registers, by the number that `thread_get_state` knows it by. The numbers of the two
/// machines overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StateFlavor(pub i32);

impl StateFlavor {
    /// `x86_THREAD_STATE64`: 42 words, the general registers.
    pub const X86_THREAD: Self = StateFlavor(4);
    /// `x86_FLOAT_STATE64`: 131 words, x87 and SSE registers.
    pub const X86_FLOAT: Self = StateFlavor(5);
    /// `x86_EXCEPTION_STATE64`: 4 words.
    pub const X86_EXCEPTION: Self = StateFlavor(6);
    /// `x86_DEBUG_STATE64`: 16 words.
    pub const X86_DEBUG: Self = StateFlavor(11);
    /// `ARM_THREAD_STATE64`: 68 words, `x0` to `x28`, `fp`, `lr`, `sp`, `pc`, `cpsr`, and a word
    /// of flags.
    pub const ARM_THREAD: Self = StateFlavor(6);
    /// `ARM_EXCEPTION_STATE64`: 4 words.
    pub const ARM_EXCEPTION: Self = StateFlavor(7);
    /// `ARM_DEBUG_STATE64`: 130 words.
    pub const ARM_DEBUG: Self = StateFlavor(15);
    /// `ARM_NEON_STATE64`: 132 words, `q0` to `q31`, `fpsr`, `fpcr`, and padding.
    pub const ARM_NEON: Self = StateFlavor(17);

    /// `THREAD_STATE_MAX`: no set has more words.
    pub const MOST_WORDS: usize = 1296;

    /// The four sets of a machine with this `hw.cputype`, each with its number of words: general,
    /// floating-point, exception and debug registers. None of a machine that is not known.
    #[must_use]
    pub fn of_cpu(cpu_type: i32) -> &'static [(Self, usize)] {
        match cpu_type {
            CPU_TYPE_X86_64 => &[
                (Self::X86_THREAD, 42),
                (Self::X86_FLOAT, 131),
                (Self::X86_EXCEPTION, 4),
                (Self::X86_DEBUG, 16),
            ],
            CPU_TYPE_ARM64 => &[
                (Self::ARM_THREAD, 68),
                (Self::ARM_NEON, 132),
                (Self::ARM_EXCEPTION, 4),
                (Self::ARM_DEBUG, 130),
            ],
            _ => &[],
        }
    }
}

/// `CPU_TYPE_X86_64`: sysctl `hw.cputype` of an Intel Mac.
pub const CPU_TYPE_X86_64: i32 = 0x0100_0007;

/// `CPU_TYPE_ARM64`: sysctl `hw.cputype` of Apple silicon.
pub const CPU_TYPE_ARM64: i32 = 0x0100_000c;

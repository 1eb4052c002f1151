//! The files of Linux's procfs, in its grammar (`man 5 proc`, `fs/proc`). What a kernel does not
//! tell has the value that Linux has for 'none'.

mod limits;
mod machine;
mod meminfo;
mod mounts;
mod process;
mod stat;
mod status;

pub use limits::limits;
pub use machine::{cpuinfo, kernel_stat, loadavg, uptime, version};
pub use meminfo::meminfo;
pub use mounts::{filesystems, mounts};
pub use process::{cmdline, comm, environ, fdinfo, statm, thread_comm};
pub use stat::{stat, thread_stat};
pub use status::{status, thread_status};

use crate::model::State;

/// Linux counts times in ticks of 10 ms, whatever its own clock does (`USER_HZ`).
const NANOSECONDS_OF_TICK: u64 = 10_000_000;

/// `TASK_COMM_LEN` is 16, with the NUL.
const LONGEST_NAME: usize = 15;

/// A process's or thread's name, as long as Linux's are.
fn short(name: &[u8]) -> &[u8] {
    &name[..name.len().min(LONGEST_NAME)]
}

/// A thread's name: one without a name of its own has that of its process, as in Linux.
fn thread_name<'a>(process: &'a [u8], thread: &'a [u8]) -> &'a [u8] {
    short(if thread.is_empty() { process } else { thread })
}

/// What it does, by a letter and in words (`task_state_array`).
fn state(state: State) -> (char, &'static str) {
    match state {
        State::Running => ('R', "running"),
        State::Sleeping => ('S', "sleeping"),
        State::Waiting => ('D', "disk sleep"),
        State::Stopped => ('T', "stopped"),
        State::Traced => ('t', "tracing stop"),
        State::Zombie => ('Z', "zombie"),
        State::Dead => ('X', "dead"),
        State::Idle => ('I', "idle"),
    }
}

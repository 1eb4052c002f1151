//! The files of Linux's procfs, in its grammar (`man 5 proc`, `fs/proc`). A value that a kernel
//! does not report is shown as Linux shows 'none'.

mod limits;
mod machine;
mod meminfo;
mod memory;
mod mounts;
mod network;
mod process;
mod redact;
mod signals;
mod sockets;
mod stat;
mod status;

pub use limits::limits;
pub use machine::{cpuinfo, kernel_stat, loadavg, uptime, version};
pub use meminfo::meminfo;
pub use memory::{random_uuid, swaps, vmstat};
pub use mounts::{filesystems, mountinfo, mounts};
pub use network::{arp, dev, route};
pub use process::{comm, fdinfo, io, loginuid, sessionid, statm, thread_comm};
pub use redact::{public_stat, public_wchan};
pub use sockets::{tcp, tcp6, udp, udp6, unix};
pub use stat::{stat, thread_stat};
pub use status::{status, thread_status};

use crate::model::State;

/// Linux counts times in ticks of 10 ms, whatever its own clock does (`USER_HZ`).
const NANOSECONDS_OF_TICK: u64 = 10_000_000;

/// `TASK_COMM_LEN` is 16, with the NUL.
const LONGEST_NAME: usize = 15;

/// The name of a process or thread, cut to Linux's length. A name that was cut, here or by the
/// kernel, ends at the end of a character, if it is UTF-8 up to there.
fn short(name: &[u8]) -> &[u8] {
    let Some(cut) = name.get(..LONGEST_NAME) else { return name };
    match str::from_utf8(cut) {
        Err(error) if error.error_len().is_none() => &cut[..error.valid_up_to()],
        _ => cut,
    }
}

/// The name of a thread, or of its process where the thread has none, as in Linux.
fn thread_name<'a>(process: &'a [u8], thread: &'a [u8]) -> &'a [u8] {
    short(if thread.is_empty() { process } else { thread })
}

/// The state, as a letter and as words (`task_state_array`).
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

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn names_are_cut_at_a_characters_end() {
        assert_eq!(short("process-name-t\u{f6}".as_bytes()), b"process-name-t");
        // The kernel has cut the name already.
        assert_eq!(short(b"process-name-t\xc3"), b"process-name-t");
        assert_eq!(short("process-name-\u{f6}".as_bytes()), "process-name-\u{f6}".as_bytes());
        assert_eq!(short("process-name\u{1f34e}".as_bytes()), b"process-name");
        // The name is not UTF-8, so it has no characters to keep whole.
        assert_eq!(short(b"\xff2345678901234\xc3"), b"\xff2345678901234\xc3");
        assert_eq!(short(b"\xff2345678901234\xc3tail"), b"\xff2345678901234\xc3");
        assert_eq!(short(b"short\xc3"), b"short\xc3");
    }
}

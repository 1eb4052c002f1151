//! The requests that a daemon gets and the system calls that it makes, counted by ptrace(2), which
//! needs no other tool and no kernel with tracepoints. It stops the daemon twice at each call, so
//! nothing is timed meanwhile.
#![allow(unsafe_code)]

use std::collections::{BTreeMap, HashMap};
use std::process::Child;

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// FUSE's requests by their numbers (`enum fuse_opcode` in `linux/fuse.h`).
const REQUESTS: [(u32, &str); 15] = [
    (1, "LOOKUP"),
    (2, "FORGET"),
    (3, "GETATTR"),
    (5, "READLINK"),
    (14, "OPEN"),
    (15, "READ"),
    (17, "STATFS"),
    (18, "RELEASE"),
    (22, "GETXATTR"),
    (25, "FLUSH"),
    (27, "OPENDIR"),
    (28, "READDIR"),
    (29, "RELEASEDIR"),
    (34, "ACCESS"),
    (42, "BATCH_FORGET"),
];

const CALLS: [(libc::c_long, &str); 22] = [
    (libc::SYS_capget, "capget"),
    (libc::SYS_close, "close"),
    (libc::SYS_fcntl, "fcntl"),
    (libc::SYS_fstat, "fstat"),
    (libc::SYS_fstatfs, "fstatfs"),
    (libc::SYS_futex, "futex"),
    (libc::SYS_getdents64, "getdents64"),
    (libc::SYS_ioctl, "ioctl"),
    (libc::SYS_lseek, "lseek"),
    (libc::SYS_madvise, "madvise"),
    (libc::SYS_mmap, "mmap"),
    (libc::SYS_mprotect, "mprotect"),
    (libc::SYS_munmap, "munmap"),
    (libc::SYS_newfstatat, "newfstatat"),
    (libc::SYS_openat, "openat"),
    (libc::SYS_pidfd_open, "pidfd_open"),
    (libc::SYS_pread64, "pread64"),
    (libc::SYS_read, "read"),
    (libc::SYS_readlinkat, "readlinkat"),
    (libc::SYS_sched_yield, "sched_yield"),
    (libc::SYS_statx, "statx"),
    (libc::SYS_writev, "writev"),
];

/// What a daemon did.
#[derive(Default)]
pub struct Done {
    /// By the numbers of [`REQUESTS`].
    requests: BTreeMap<u32, usize>,
    /// By the numbers of [`CALLS`].
    calls: BTreeMap<u64, usize>,
}

impl Done {
    pub fn requests(&self) -> usize {
        self.requests.values().sum()
    }

    pub fn calls(&self) -> usize {
        self.calls.values().sum()
    }

    /// Both by name, for each of so many.
    pub fn words(&self, many: usize) -> String {
        let requests = self.requests.iter().map(|(number, count)| {
            let named = REQUESTS.iter().find(|named| named.0 == *number);
            (named.map_or_else(|| format!("request {number}"), |named| named.1.to_owned()), *count)
        });
        let calls = self.calls.iter().map(|(number, count)| {
            let named = CALLS.iter().find(|named| i64::try_from(*number) == Ok(named.0));
            (named.map_or_else(|| format!("call {number}"), |named| named.1.to_owned()), *count)
        });
        format!("{}; {}", words(requests.collect(), many), words(calls.collect(), many))
    }
}

/// The most frequent first, without what is rare.
fn words(mut counts: Vec<(String, usize)>, many: usize) -> String {
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let counts = counts.into_iter().map(|(name, count)| (name, count as f64 / many as f64));
    let words = counts.filter(|it| it.1 >= 0.05).map(|(name, count)| format!("{name} {count:.1}"));
    words.collect::<Vec<_>>().join(", ")
}

/// A daemon whose calls this thread stops at. The thread's end kills it.
pub struct Traced {
    /// The descriptors from which it reads requests.
    devices: Vec<u64>,
    /// Where the threads that are in a read of a request want it.
    buffers: HashMap<Pid, u64>,
    done: Done,
}

impl Traced {
    /// Stops all its threads and lets them go on to their next call. To be called where the
    /// kernel's procfs is at `/proc`.
    pub fn new(daemon: Pid) -> Self {
        let descriptors = std::fs::read_dir(format!("/proc/{daemon}/fd")).expect("descriptors");
        let devices = descriptors.filter_map(|descriptor| {
            let path = descriptor.expect("a descriptor").path();
            let is_device = std::fs::read_link(&path).is_ok_and(|it| it.ends_with("dev/fuse"));
            is_device.then(|| path.file_name()?.to_str()?.parse().ok()).flatten()
        });
        let devices: Vec<u64> = devices.collect();
        assert!(!devices.is_empty(), "the daemon reads requests");
        let threads = crate::common::threads(daemon.as_raw().cast_unsigned());
        for thread in &threads {
            let thread = Pid::from_raw(thread.cast_signed());
            let options = Options::PTRACE_O_TRACESYSGOOD
                | Options::PTRACE_O_TRACECLONE
                | Options::PTRACE_O_EXITKILL;
            ptrace::seize(thread, options).expect("PTRACE_SEIZE");
            ptrace::interrupt(thread).expect("PTRACE_INTERRUPT");
        }
        let mut traced = Traced { devices, buffers: HashMap::new(), done: Done::default() };
        let mut stopped = 0;
        while stopped < threads.len() {
            let status = traced.next();
            stopped += usize::from(matches!(status, WaitStatus::PtraceEvent(..)));
        }
        traced.done = Done::default();
        traced
    }

    /// What it does until this child of ours has ended.
    pub fn until_end_of(mut self, child: Child) -> Done {
        let child = Pid::from_raw(child.id().cast_signed());
        loop {
            match self.next() {
                WaitStatus::Exited(ended, _) | WaitStatus::Signaled(ended, ..)
                    if ended == child =>
                {
                    return self.done;
                }
                _ => {}
            }
        }
    }

    /// The next event of a thread, which then goes on, or of a child.
    fn next(&mut self) -> WaitStatus {
        let status = waitpid(Pid::from_raw(-1), Some(WaitPidFlag::__WALL)).expect("waitpid");
        match status {
            WaitStatus::PtraceSyscall(thread) => {
                self.at_call(thread);
                go_on(thread, None);
            }
            WaitStatus::PtraceEvent(thread, ..) => go_on(thread, None),
            WaitStatus::Stopped(thread, signal) => go_on(thread, Some(signal)),
            _ => {}
        }
        status
    }

    /// At the beginning or at the end of a call.
    fn at_call(&mut self, thread: Pid) {
        // A thread may have been killed meanwhile.
        let Ok(info) = ptrace::syscall_info(thread) else { return };
        if info.op == libc::PTRACE_SYSCALL_INFO_ENTRY {
            // SAFETY: at the beginning of a call the kernel fills this field of the union.
            let call = unsafe { info.u.entry };
            *self.done.calls.entry(call.nr).or_default() += 1;
            let [descriptor, buffer, ..] = call.args;
            let is_read = i64::try_from(call.nr) == Ok(libc::SYS_read);
            if is_read && self.devices.contains(&descriptor) {
                self.buffers.insert(thread, buffer);
            }
        } else if info.op == libc::PTRACE_SYSCALL_INFO_EXIT
            && let Some(buffer) = self.buffers.remove(&thread)
        {
            // SAFETY: at the end of a call the kernel fills this field of the union.
            let result = unsafe { info.u.exit };
            if result.sval > 0 {
                // `struct fuse_in_header`: its length, then its opcode, of 32 bits each.
                let word = ptrace::read(thread, buffer as ptrace::AddressType);
                let [.., a, b, c, d] = word.expect("PTRACE_PEEKDATA").to_ne_bytes();
                let opcode = u32::from_ne_bytes([a, b, c, d]);
                *self.done.requests.entry(opcode).or_default() += 1;
            }
        }
    }
}

/// To its next call.
fn go_on(thread: Pid, signal: Option<Signal>) {
    match ptrace::syscall(thread, signal) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(errno) => panic!("PTRACE_SYSCALL: {errno}"),
    }
}

//! The answers of a kernel about some processes, recorded so that a whole walk can be replayed on
//! any machine. `docs/recording.md` describes the file.
//!
//! A recording has answers and no conclusions: [`record()`] writes what the calls returned, in
//! their own numbers, errors included. [`read()`] trusts nothing in a file.

mod allowance;
mod answer;
mod brief;
mod check;
mod kept;
mod part;
mod questions;
mod read;
mod record;
mod replay;
mod row;
mod strict;
mod write;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::answer::{Answer, RecordedPort, RecordedPorts, Reply};
pub use self::kept::Kept;
pub use self::part::{
    Bytes, Moment, NumberedSysctl, RecordedFile, RecordedMachine, RecordedRight, RecordedState,
    RecordedThread, RecordedThreadPort, Value, Words,
};
pub use self::questions::{
    FileAnswers, HostAnswers, PortAnswers, ProcessAnswers, ProcessorAnswers, Question, TABLES,
    TaskAnswers, ThreadAnswers, ThreadPortAnswers,
};
pub use self::read::{Limits, RecordingError, read};
pub use self::record::record;
pub use self::replay::Replay;
use crate::kernel::Kernel;
use crate::kernel::mach::MachKernel;
use crate::kernel::xnu::json::{self, is_default};
use crate::kernel::xnu::macho::MachO;
use crate::kernel::xnu::{
    CodeSigning, Ends, InternetEnds, KinfoProc, RegionPathInfo, Rusage, SharedCache, SocketFile,
    SocketName, SubmapInfo, TcpEnds, UnixEnds,
};
use crate::model::{Pid, Result};

/// The word that a recording begins with.
pub const FORMAT: &str = "mach-procfs recording";

/// The version of the format that this program reads and writes.
pub const VERSION: u32 = 2;

/// Recorded processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    format: String,
    version: u32,
    /// The time of the recording, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<Moment>,
    /// The recorded machine, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<RecordedMachine>,
    /// The answers about each process.
    pub processes: Vec<RecordedProcess>,
    /// The Mach-O files that the processes have mapped, if they could be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<RecordedImage>,
    /// Paths that the name cache lacks, of files that the processes have mapped or open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<RecordedPath>,
    /// The shared cache of the recording process, which is one of the processes then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_cache: Option<SharedCache>,
}

/// An answer of `fsgetpath`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedPath {
    /// The file system.
    pub fsid: [i32; 2],
    /// The file's number there.
    #[serde(with = "json::hex")]
    pub ino: u64,
    /// The path.
    pub path: Answer<Bytes>,
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
    /// The offset of its Mach-O header in the file, in bytes.
    #[serde(with = "json::hex")]
    pub offset: u64,
    /// The segments in the header.
    pub file: MachO,
}

/// One answer of `mach_vm_region_recurse`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedLeaf {
    /// The address at which the region starts.
    #[serde(with = "json::hex")]
    pub address: u64,
    /// Its size in bytes.
    #[serde(with = "json::hex")]
    pub size: u64,
    /// The nesting depth at which it was found.
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
    /// Answers of `proc_pidinfo`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub answers: ProcessAnswers,
    /// Answer of `sysctl` for `KERN_PROC_PID`; `None` for a success without a process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinfo: Option<Answer<Option<Kept<KinfoProc>>>>,
    /// Answer of `proc_pid_rusage`, fifth revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rusage: Option<Answer<Kept<Rusage>>>,
    /// Answer of `getsid`. Not asked about pid 0, which the kernel takes for the recorder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Answer<i32>>,
    /// Answer of `csops` for `CS_OPS_STATUS`. Not asked about pid 0 either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_signing: Option<Answer<Kept<CodeSigning>>>,
    /// Answer of `proc_pidpath`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executable: Option<Answer<Bytes>>,
    /// Answer of `sysctl` for `KERN_PROCARGS2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Answer<Bytes>>,
    /// Answers of `PROC_PIDREGIONPATHINFO`, from address 0 on, each for the end of the one before.
    pub regions: Vec<Kept<RegionPathInfo>>,
    /// The errno after the last one, 22 for the end of the map; 0 where the recorder stopped,
    /// because the answers did not ascend; `None` where it did not ask (pid 0).
    pub regions_end: Option<i32>,
    /// The answers to calls for the ports of its task.
    pub task_ports: RecordedPorts,
    /// Answers of `mach_vm_region_recurse` with a depth of 1024, by a control or read port.
    pub leaves: Vec<RecordedLeaf>,
    /// The `kern_return_t` after the last one, 1 for the end of the map; 0 as above; `None` without
    /// such a port.
    pub leaves_end: Option<i32>,
    /// Answers of `task_info`, by the strongest port that was given, like all below except the last
    /// two.
    #[serde(default, skip_serializing_if = "is_default")]
    pub task: TaskAnswers,
    /// Answer of `task_policy_get`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Reply<i32>>,
    /// Answer of `mach_port_space_info`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<Reply<Vec<RecordedRight>>>,
    /// Answer of `task_threads`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_ports: Option<Reply<Vec<RecordedThreadPort>>>,
    /// Answer of `PROC_PIDLISTTHREADIDS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<Answer<Vec<RecordedThread>>>,
    /// Answer of `PROC_PIDLISTFDS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Answer<Vec<RecordedFile>>>,
}

impl RecordedProcess {
    /// A process without any answer.
    fn new(pid: i32) -> Self {
        const NONE: RecordedPort = RecordedPort::Null;
        RecordedProcess {
            pid,
            answers: ProcessAnswers::default(),
            kinfo: None,
            rusage: None,
            session: None,
            code_signing: None,
            executable: None,
            arguments: None,
            regions: Vec::new(),
            regions_end: None,
            task_ports: RecordedPorts { control: NONE, read: NONE, inspect: NONE, name: NONE },
            leaves: Vec::new(),
            leaves_end: None,
            task: TaskAnswers::default(),
            role: None,
            ports: None,
            thread_ports: None,
            threads: None,
            files: None,
        }
    }

    /// Removes what may hold a password: arguments, environment and registers; and with whom it is
    /// connected: addresses and paths of its sockets.
    fn keep_nothing_private(&mut self) {
        self.arguments = None;
        if let Some(Reply::Ok(threads)) = &mut self.thread_ports {
            threads.iter_mut().for_each(|thread| thread.states = Vec::new());
        }
        let Some(Answer::Ok(files)) = &mut self.files else { return };
        for answers in files.iter_mut().filter_map(|file| file.answers.as_deref_mut()) {
            if let Some(Answer::Ok(socket)) = &mut answers.socket {
                *socket = Kept::from(&without_addresses(socket.get()));
            }
        }
    }
}

/// A socket with the kinds, ports and states of its ends only.
fn without_addresses(socket: SocketFile) -> SocketFile {
    let ports = |ends| InternetEnds { foreign: [0; 16], local: [0; 16], ..ends };
    let none = SocketName::default();
    let ends = match socket.ends.get() {
        Ends::Other => Ends::Other,
        Ends::Internet(ends) => Ends::Internet(ports(ends)),
        Ends::Tcp(tcp) => Ends::Tcp(TcpEnds { ends: ports(tcp.ends), ..tcp }),
        Ends::Unix(local) => Ends::Unix(UnixEnds { path: none, peer_path: none, ..local }),
    };
    SocketFile { ends: ends.into(), ..socket }
}

impl Recording {
    /// A recording of these processes, on an unknown machine.
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
            paths: Vec::new(),
            shared_cache: None,
        }
    }

    /// Removes all other processes, what is private of these and of the machine, and the libraries
    /// of the shared cache, which take megabytes.
    pub fn keep_no_more_than(&mut self, pids: &[Pid]) {
        let is_asked = |pid: i32| pids.iter().any(|it| it.number().cast_signed() == pid);
        self.processes.retain(|process| is_asked(process.pid));
        self.processes.iter_mut().for_each(RecordedProcess::keep_nothing_private);
        self.shared_cache = None;
        if let Some(machine) = &mut self.machine {
            machine.keep_nothing_private();
        }
    }
}

/// A kernel that returns the recorded answers. All its processes belong to this user and group.
#[must_use]
pub fn replay(recording: Recording, uid: u32, gid: u32) -> Arc<dyn Kernel> {
    Arc::new(MachKernel::new(Arc::new(Replay::new(recording).owned_by(uid, gid))))
}

/// Records this machine's own kernel about these processes.
///
/// # Errors
/// Always fails on Linux: recordings are of XNU's answers.
#[cfg(target_os = "linux")]
pub fn record_host(_: &[Pid]) -> Result<Recording> {
    use crate::model::{Error, ErrorKind};
    Err(Error::new(ErrorKind::Failed, "only macOS can be recorded; --replay records a recording"))
}

/// Records this machine's own kernel about these processes.
///
/// # Errors
/// Never fails on macOS: a refusal of the kernel is recorded as one.
#[cfg(target_os = "macos")]
pub fn record_host(pids: &[Pid]) -> Result<Recording> {
    Ok(record(&Arc::new(crate::kernel::xnu::Xnu), pids))
}

//! Processes and tasks of the model, and the rules for their callers.

use mach_procfs::kernel::xnu::{
    BsdInfo, CodeSigning, Errno, KernReturn, Platform, PortKind, Rusage, ShortBsdInfo, TaskInfo,
    ThreadInfo, UniqueInfo, VnodePaths,
};

use super::arguments::ArgumentArea;
use super::map::Map;
use super::parts::{ModelFile, TaskFacts};

/// A task, by its number in the world.
pub(super) type TaskId = u64;

/// Stages of a task's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskState {
    /// It runs.
    Active,
    /// Its port has lost its object: calls give `KERN_INVALID_ARGUMENT`.
    Inactive,
    /// Its ports are dead names.
    Destroyed,
}

/// A Mach task.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) state: TaskState,
    pub(super) map: Map,
    pub(super) page_size: u32,
}

/// The result of `task_for_pid` and the like for a caller with the right ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortRule {
    /// It gives a port of this kind.
    Gives(PortKind),
    /// A policy or the task-access server refuses. The BSD calls return an errno: `EACCES` for
    /// `KERN_PROTECTION_FAILURE`, `EINTR` for `KERN_ABORTED`, `EPERM` for all others.
    Refuses(KernReturn),
    /// It returns success and `MACH_PORT_NULL`.
    Null,
    /// It returns success and `MACH_PORT_DEAD`.
    Dead,
}

/// The description of a process.
#[derive(Clone, Debug)]
pub struct ModelProcess {
    /// Ids, names, flags, status and start.
    pub info: BsdInfo,
    /// Identity.
    pub unique: UniqueInfo,
    /// Its platform.
    pub platform: Platform,
    /// Groups other than the effective one.
    pub groups: Vec<u32>,
    /// The page size of its task in bytes.
    pub page_size: u32,
    /// Whether callers get its control port.
    pub port: PortRule,
    /// Whether callers get its read port.
    pub read_port: PortRule,
    /// Whether callers get its inspect port.
    pub inspect_port: PortRule,
    /// Whether callers get its name port.
    pub name_port: PortRule,
    /// Flavor 4.
    pub task_info: TaskInfo,
    /// `proc_pid_rusage`.
    pub rusage: Rusage,
    /// The session that it belongs to.
    pub session: i32,
    /// Signals that it ignores, and signals that it catches.
    pub signals: [u32; 2],
    /// `CS_*` flags of its code signature.
    pub signing: u32,
    /// Threads: id and flavor 15.
    pub threads: Vec<(u64, ThreadInfo)>,
    /// Flavor 9.
    pub paths: VnodePaths,
    /// Whether the caller may not know them, like
    /// [`Vnode::path_denied`](super::Vnode::path_denied).
    pub paths_denied: bool,
    /// Its arguments and environment.
    pub arguments: ArgumentArea,
    /// The answer of `proc_pidpath`, or its error.
    pub executable: Result<Vec<u8>, Errno>,
    /// Open files.
    pub files: Vec<ModelFile>,
    /// Values that take a task port.
    pub facts: TaskFacts,
    pub(super) task: TaskId,
}

impl ModelProcess {
    /// A 64-bit process of user and group 501, started an hour after 1970, of 16 KiB pages. Its
    /// identity is the pid's number.
    #[must_use]
    pub fn new(pid: u32, name: &str) -> Self {
        let process = ModelProcess {
            info: BsdInfo {
                flags: ShortBsdInfo::LP64,
                status: 2,
                pid,
                ppid: 1,
                comm: name.into(),
                name: name.into(),
                pgid: pid,
                tdev: u32::MAX,
                start_seconds: 3600,
                ..BsdInfo::default()
            },
            unique: UniqueInfo {
                unique_id: u64::from(pid),
                parent_unique_id: 1,
                id_version: pid.cast_signed(),
                ..UniqueInfo::default()
            },
            platform: Platform { number: Platform::MACOS },
            groups: Vec::new(),
            page_size: 16_384,
            port: PortRule::Gives(PortKind::Control),
            read_port: PortRule::Gives(PortKind::Read),
            inspect_port: PortRule::Gives(PortKind::Inspect),
            name_port: PortRule::Gives(PortKind::Name),
            task_info: TaskInfo::default(),
            rusage: Rusage::default(),
            session: pid.cast_signed(),
            signals: [0; 2],
            signing: CodeSigning::GET_TASK_ALLOW,
            threads: Vec::new(),
            paths: VnodePaths::default(),
            paths_denied: false,
            arguments: ArgumentArea::default(),
            executable: Err(Errno::NOENT),
            files: Vec::new(),
            facts: TaskFacts::default(),
            task: 0,
        };
        process.owned_by(501, 501)
    }

    /// The process with all its ids changed to these.
    #[must_use]
    pub fn owned_by(mut self, uid: u32, gid: u32) -> Self {
        let info = &mut self.info;
        (info.uid, info.ruid, info.svuid) = (uid, uid, uid);
        (info.gid, info.rgid, info.svgid) = (gid, gid, gid);
        self
    }

    /// The process without task ports except, for its own user, the name port: like Apple's own
    /// programs under System Integrity Protection.
    #[must_use]
    pub fn protected(self) -> Self {
        let no = PortRule::Refuses(KernReturn::FAILURE);
        let signing = CodeSigning::PLATFORM_BINARY | CodeSigning::RESTRICT;
        ModelProcess { port: no, read_port: no, inspect_port: no, signing, ..self }
    }

    /// The process with pages of this many bytes.
    #[must_use]
    pub fn with_pages(self, page_size: u32) -> Self {
        ModelProcess { page_size, ..self }
    }

    pub(super) fn pid(&self) -> i32 {
        self.info.pid.cast_signed()
    }

    /// Whether its code signature restricts it: then the kernel withholds its environment.
    pub(super) fn is_restricted(&self) -> bool {
        self.signing & CodeSigning::RESTRICT != 0
    }

    pub(super) fn is_zombie(&self) -> bool {
        self.info.status == ShortBsdInfo::ZOMBIE
    }

    pub(super) fn short(&self) -> ShortBsdInfo {
        /// `PROC_FLAG_SLEADER` and `PROC_FLAG_CTTY`, which flavor 13 leaves out.
        const NOT_SHORT: u32 = 0x20 | 0x40;
        let info = &self.info;
        ShortBsdInfo {
            pid: info.pid,
            ppid: info.ppid,
            pgid: info.pgid,
            status: info.status,
            comm: info.comm,
            flags: info.flags & !NOT_SHORT,
            uid: info.uid,
            gid: info.gid,
            ruid: info.ruid,
            rgid: info.rgid,
            svuid: info.svuid,
            svgid: info.svgid,
            ..ShortBsdInfo::default()
        }
    }
}

/// The caller: the program that the model answers.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Its pid; 0 if it is not a process of this world.
    pub pid: i32,
    /// Its effective user id.
    pub uid: u32,
    /// Its groups.
    pub groups: Vec<u32>,
    /// Its page size in bytes.
    pub page_size: u32,
    /// sysctl `kern.usrstack64`.
    pub stack_top: Option<u64>,
}

impl Default for Caller {
    /// Root, and not a process of this world.
    fn default() -> Self {
        Caller { pid: 0, uid: 0, groups: Vec::new(), page_size: 16_384, stack_top: None }
    }
}

impl Caller {
    /// `proc_security_policy`: effective uids only.
    pub(super) fn may_see(&self, process: &ModelProcess) -> Result<(), Errno> {
        if self.uid == 0 || self.uid == process.info.uid { Ok(()) } else { Err(Errno::PERM) }
    }

    /// `task_name_for_pid`, for a caller whose real uid is its effective one.
    pub(super) fn may_name(&self, process: &ModelProcess) -> bool {
        let info = &process.info;
        let same_user = info.uid == self.uid && info.ruid == self.uid;
        // A caller that is not a process of this world is not the kernel.
        let own = self.pid != 0 && info.pid.cast_signed() == self.pid;
        !process.is_zombie() && (self.uid == 0 || own || same_user)
    }

    /// `task_for_pid_posix_check`.
    pub(super) fn may_control(&self, process: &ModelProcess) -> bool {
        let info = &process.info;
        if process.is_zombie() {
            return false;
        }
        if self.uid == 0 || info.pid.cast_signed() == self.pid {
            return true;
        }
        let same_user = [info.uid, info.ruid, info.svuid].iter().all(|uid| *uid == self.uid);
        let groups =
            [info.gid].iter().chain(&process.groups).all(|group| self.groups.contains(group));
        same_user && groups && info.flags & ShortBsdInfo::CHANGED_IDS == 0
    }
}

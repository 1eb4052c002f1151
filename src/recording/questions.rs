//! The content of a recording: one line for each struct that the kernel is asked for.
//!
//! Recording and replay use these tables, and no other code lists flavors. Lists whose items have
//! answers of their own (regions, threads, files, ports) are in `part.rs`.

use serde::{Deserialize, Serialize};

use super::answer::Fill;
use super::{Answer, Kept, Reply};
use crate::kernel::xnu::{
    AuditToken, BsdInfo, Errno, FdInfo, HostInfo, OpenFile, PathlessFile, PidInfo, PipeFile,
    Platform, PortAttributes, PortLimit, PortName, PortStatus, ProcessorFlavor, ProcessorInfo,
    ProcessorLoad, SecurityToken, SemaphoreFile, SharedMemoryFile, ShortBsdInfo, SocketFile,
    SpaceEntry, TaskBasicInfo, TaskFlavor, TaskInfo, TaskVmInfo, ThreadBasicInfo, ThreadFlavor,
    ThreadIdentifier, ThreadInfo, Typed, UniqueInfo, VmStatistics, VnodeFile, VnodePaths, XnuCalls,
};

/// A question of a table, for `docs/recording.md`.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The field that holds the answer.
    pub field: &'static str,
    /// The call.
    pub call: &'static str,
    /// The struct.
    pub answer: &'static str,
    /// Its attributes, which include its documentation.
    pub attributes: &'static str,
}

/// Declares tables of questions.
///
/// A table is about a subject, whose `ask` puts one question to the kernel. A line has the field of
/// the answer and the struct that the flavor fills, and then the arguments for `ask`, which a
/// replayed question must match.
macro_rules! questions {
    ($(
        $(#[$meta:meta])*
        table $table:ident of $trait:ident($flavor:ty) about $subject:ty,
            $answer:ident<$kept:ident>, with $more_type:ty
        {
            $($(#[$doc:meta])* $field:ident: $type:ident $(, $more:expr)?;)*
        }
    )*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields, default)]
            pub struct $table {
                $(
                    $(#[$doc])*
                    #[serde(skip_serializing_if = "Option::is_none")]
                    pub $field: Option<$answer<$kept<$type>>>,
                )*
            }

            impl $table {
                /// Whether one of these questions has this flavor.
                #[must_use]
                pub fn holds(flavor: $flavor) -> bool {
                    [$(<$type as $trait>::FLAVOR),*].contains(&flavor)
                }

                /// Asks the kernel.
                pub(super) fn ask<C: XnuCalls>(calls: &C, subject: &$subject) -> Self {
                    $table { $($field: subject.ask::<C, $type>(calls, ($($more)?)),)* }
                }

                /// Returns the recorded answer, if the question matches.
                pub(super) fn answer(
                    &self,
                    flavor: $flavor,
                    fits: impl FnOnce($more_type) -> Result<(), <$answer<$kept<u32>> as Fill>::Error>,
                    room: &mut <$answer<$kept<u32>> as Fill>::Room,
                ) -> Result<usize, <$answer<$kept<u32>> as Fill>::Error> {
                    match flavor {
                        $(<$type as $trait>::FLAVOR => {
                            fits(($($more)?))?;
                            Fill::fill(self.$field.as_ref(), room)
                        })*
                        _ => <$answer<$kept<u32>> as Fill>::fill(None, room),
                    }
                }
            }
        )*

        /// The tables.
        pub const TABLES: &[(&str, &[Question])] = &[$((stringify!($table), &[$(Question {
            field: stringify!($field),
            call: <$type as $trait>::CALL,
            answer: stringify!($type),
            attributes: stringify!($(#[$doc])*),
        },)*]),)*];
    };
}

questions! {
    /// By pid, with this argument. [`IdentifiedInfo`](crate::kernel::xnu::IdentifiedInfo) is
    /// `bsd_info` and `unique_info`, and not recorded again.
    table ProcessAnswers of PidInfo(i32) about ByPid,
        Answer<Kept>, with u64
    {
        /// Times and counters.
        task_info: TaskInfo, 0;
        /// Working directory and root directory.
        directories: VnodePaths, 0;
        /// The platform that the program was built for.
        platform: Platform, 0;
        /// Numbers that identify the process and its image.
        unique_info: UniqueInfo, 1;
        /// Its ids, to any caller.
        short_info: ShortBsdInfo, 1;
        /// Its ids and its start. Asked for last, so that a process in its exit shows it.
        bsd_info: BsdInfo, 1;
    }

    /// By the id of a thread.
    table ThreadAnswers of PidInfo(i32) about ByThread, Answer<Kept>, with () {
        /// The thread.
        thread_info: ThreadInfo;
    }

    /// By descriptor: of this kind of file, and what others answer.
    table FileAnswers of FdInfo(i32) about ByDescriptor,
        Answer<Kept>, with (u32, Errno)
    {
        /// A file with its path.
        vnode: VnodeFile, (OpenFile::VNODE, Errno::BADF);
        /// The file without its path, which the kernel may withhold from the recorder.
        vnode_without_path: PathlessFile, (OpenFile::VNODE, Errno::BADF);
        /// A socket.
        socket: SocketFile, (OpenFile::SOCKET, Errno::NOTSOCK);
        /// A pipe.
        pipe: PipeFile, (OpenFile::PIPE, Errno::BADF);
        /// POSIX shared memory.
        shared_memory: SharedMemoryFile, (OpenFile::SHARED_MEMORY, Errno::BADF);
        /// A POSIX semaphore.
        semaphore: SemaphoreFile, (OpenFile::SEMAPHORE, Errno::BADF);
    }

    /// By a task's port.
    table TaskAnswers of TaskFlavor(u32) about ByTask, Reply<Kept>, with () {
        /// The address space.
        vm_info: TaskVmInfo;
        /// Sizes, times of ended threads, suspensions.
        basic_info: TaskBasicInfo;
        /// User and group.
        security_token: SecurityToken;
        /// Numbers that identify the process to other processes.
        audit_token: AuditToken;
    }

    /// By a thread's port.
    table ThreadPortAnswers of ThreadFlavor(u32) about ByThreadPort,
        Reply<Kept>, with ()
    {
        /// Its id.
        identifier: ThreadIdentifier;
        /// Times and suspensions.
        basic_info: ThreadBasicInfo;
    }

    /// By the name of a port that the task receives from.
    table PortAnswers of PortAttributes(i32) about ByName,
        Reply<Kept>, with ()
    {
        /// The most messages that it may hold.
        limits: PortLimit;
        /// Its queue and its rights.
        status: PortStatus;
    }

    /// Of the machine.
    table HostAnswers of HostInfo(i32) about OfHost, Reply<Kept>, with () {
        /// Pages and their traffic.
        vm_statistics: VmStatistics;
    }

    /// Of each CPU, by its number.
    table ProcessorAnswers of ProcessorFlavor(i32) about OfCpus,
        Reply<Vec>, with ()
    {
        /// Its type and number.
        info: ProcessorInfo;
        /// Its ticks.
        load: ProcessorLoad;
    }
}

/// A process by its pid.
pub(super) struct ByPid(pub(super) i32);

impl ByPid {
    fn ask<C: XnuCalls, T: PidInfo>(&self, calls: &C, arg: u64) -> Option<Answer<Kept<T>>> {
        Answer::of(calls.pid(self.0, arg).map(|info: T| Kept::from(&info)))
    }
}

/// A thread of a process by its id.
pub(super) struct ByThread(pub(super) i32, pub(super) u64);

impl ByThread {
    fn ask<C: XnuCalls, T: PidInfo>(&self, calls: &C, (): ()) -> Option<Answer<Kept<T>>> {
        ByPid(self.0).ask(calls, self.1)
    }
}

/// An open file of a process.
pub(super) struct ByDescriptor(pub(super) i32, pub(super) OpenFile);

impl ByDescriptor {
    fn ask<C: XnuCalls, T: FdInfo>(
        &self,
        calls: &C,
        (kind, _): (u32, Errno),
    ) -> Option<Answer<Kept<T>>> {
        let ByDescriptor(pid, file) = self;
        let ask = || calls.fd(*pid, file.descriptor).map(|info: T| Kept::from(&info));
        if file.kind == kind { Answer::of(ask()) } else { None }
    }
}

/// A task by its port.
pub(super) struct ByTask(pub(super) PortName);

impl ByTask {
    fn ask<C: XnuCalls, T: TaskFlavor>(&self, calls: &C, (): ()) -> Option<Reply<Kept<T>>> {
        Reply::of(calls.task(self.0).map(|info: T| Kept::from(&info)))
    }
}

/// A thread by its port.
pub(super) struct ByThreadPort(pub(super) PortName);

impl ByThreadPort {
    fn ask<C: XnuCalls, T: ThreadFlavor>(&self, calls: &C, (): ()) -> Option<Reply<Kept<T>>> {
        Reply::of(calls.thread(self.0).map(|info: T| Kept::from(&info)))
    }
}

/// A right of a task, whose port comes first.
pub(super) struct ByName(pub(super) PortName, pub(super) SpaceEntry);

impl ByName {
    fn ask<C: XnuCalls, T: PortAttributes>(&self, calls: &C, (): ()) -> Option<Reply<Kept<T>>> {
        let ByName(task, entry) = self;
        // Other rights have none: the kernel answers `KERN_INVALID_RIGHT`.
        if entry.types & SpaceEntry::RECEIVE == 0 {
            return None;
        }
        let attributes = calls.attributes(*task, entry.name).transpose()?;
        Reply::of(attributes.map(|info: T| Kept::from(&info)))
    }
}

/// The machine.
pub(super) struct OfHost;

impl OfHost {
    fn ask<C: XnuCalls, T: HostInfo>(&self, calls: &C, (): ()) -> Option<Reply<Kept<T>>> {
        Reply::of(calls.host().map(|info: T| Kept::from(&info)))
    }
}

/// The CPUs of the machine.
pub(super) struct OfCpus;

impl OfCpus {
    fn ask<C: XnuCalls, T: ProcessorFlavor>(&self, calls: &C, (): ()) -> Option<Reply<Vec<T>>> {
        Reply::of(calls.processors())
    }
}

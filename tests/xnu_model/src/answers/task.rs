//! Answers about a task by its port, and the rules for ports.

use mach_procfs::kernel::xnu::{
    AuditToken, Errno, KernReturn, PORT_DEAD, PORT_NULL, PortKind, PortName, Refusal,
    SecurityToken, SubmapInfo, SubmapShortInfo, TaskBasicInfo, TaskVmInfo, TimeValue, Timebase,
};

use super::write::{put_revision, put_words};
use crate::calls::{Call, REVISIONS, SHORT};
use crate::map;
use crate::port::Holder;
use crate::process::{ModelProcess, PortRule, Task, TaskId, TaskState};
use crate::region::size_of;
use crate::world::World;

/// From `TASK_VM_INFO_REV0_COUNT` to the count of the second revision, the first with the
/// addresses.
const VM_INFO_REVISIONS: [usize; 3] = [36, 38, 42];

/// The errno of a BSD call for the code of the Mach call.
fn errno_of(code: KernReturn) -> Errno {
    match code {
        KernReturn::PROTECTION_FAILURE => Errno::ACCES,
        KernReturn::ABORTED => Errno::INTR,
        _ => Errno::PERM,
    }
}

/// The rules for ports.
impl World {
    /// `task_for_pid` and the like.
    pub(super) fn port_for_pid(&mut self, kind: PortKind, pid: i32) -> Result<PortName, Refusal> {
        let refused: Refusal = match kind {
            PortKind::Control | PortKind::Name => KernReturn::FAILURE.into(),
            PortKind::Read | PortKind::Inspect => Errno::PERM.into(),
        };
        let process = self.process(pid).filter(|process| !process.is_zombie());
        let (process, rule) = match (kind, process) {
            (PortKind::Name, Some(process)) => (process, process.name_port),
            (PortKind::Name | PortKind::Control, None) => return Err(refused),
            // For the kernel there is only a name.
            _ if pid == 0 => return Err(refused),
            (PortKind::Read | PortKind::Inspect, None) => return Err(Errno::SRCH.into()),
            (PortKind::Control, Some(process)) => (process, process.port),
            (PortKind::Read, Some(process)) => (process, process.read_port),
            (PortKind::Inspect, Some(process)) => (process, process.inspect_port),
        };
        let may = match kind {
            PortKind::Name => self.caller.may_name(process),
            _ => self.caller.may_control(process),
        };
        if !may {
            return Err(refused);
        }
        let task = process.task;
        self.give(task, rule).map_err(|code| match kind {
            PortKind::Control | PortKind::Name => code.into(),
            PortKind::Read | PortKind::Inspect => errno_of(code).into(),
        })
    }

    /// A right of this kind to the task of a process, without the rules.
    pub(super) fn any_port(&mut self, pid: i32, kind: PortKind) -> Option<PortName> {
        let task = self.process(pid)?.task;
        Some(self.ports.give(Holder::Task(task), kind))
    }

    /// The result of a rule for a caller that may have the port.
    fn give(&mut self, task: TaskId, rule: PortRule) -> Result<PortName, KernReturn> {
        match rule {
            PortRule::Gives(kind) => Ok(self.ports.give(Holder::Task(task), kind)),
            PortRule::Refuses(code) => Err(code),
            PortRule::Null => Ok(PORT_NULL),
            PortRule::Dead => Ok(PORT_DEAD),
        }
    }

    /// The task of a port, if the port is of this kind or a stronger one.
    pub(super) fn by_port(
        &self,
        port: PortName,
        least: PortKind,
    ) -> Result<(&Task, &ModelProcess), KernReturn> {
        if World::is_own(port) {
            let process = self.process(self.caller.pid).ok_or(KernReturn::INVALID_ARGUMENT)?;
            let task = self.task_of(process).ok_or(KernReturn::INVALID_ARGUMENT)?;
            return Ok((task, process));
        }
        let right = self.ports.get(port).ok_or(KernReturn::INVALID_DEST)?;
        let found = match right.holder {
            Holder::Task(id) => self.active(id)?,
            Holder::Thread(..) => return Err(KernReturn::INVALID_ARGUMENT),
        };
        if right.kind <= least { Ok(found) } else { Err(KernReturn::INVALID_ARGUMENT) }
    }

    /// A running task, and its process.
    pub(super) fn active(&self, id: TaskId) -> Result<(&Task, &ModelProcess), KernReturn> {
        let task = match self.tasks.get(&id) {
            Some(task) if task.state == TaskState::Active => task,
            Some(task) if task.state == TaskState::Inactive => {
                return Err(KernReturn::INVALID_ARGUMENT);
            }
            _ => return Err(KernReturn::INVALID_DEST),
        };
        let owner = self.processes.iter().find(|process| process.task == id);
        owner.map(|process| (task, process)).ok_or(KernReturn::INVALID_DEST)
    }
}

/// Answers by a task's port.
impl World {
    /// Flavors of `task_info`.
    pub(super) fn about_task(
        &self,
        port: PortName,
        call: Call,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (task, process) = self.by_port(port, PortKind::Name)?;
        let info = &process.info;
        let written = match call {
            Call::TaskBasicInfo => put_words(&self.basic_info(process), words),
            Call::TaskSecurityToken => {
                put_words(&SecurityToken { ids: [info.uid, info.gid] }, words)
            }
            Call::TaskAuditToken => put_words(&audit_token(process), words),
            Call::TaskVmInfo => put_revision(&vm_info(task, process), words, &VM_INFO_REVISIONS),
            _ => None,
        };
        written.ok_or(KernReturn::INVALID_ARGUMENT)
    }

    /// `task_policy_get` for the role.
    pub(super) fn role(&self, task: PortName, words: &mut [u32]) -> Result<usize, KernReturn> {
        let (_, process) = self.by_port(task, PortKind::Inspect)?;
        put_words(&process.facts.role, words).ok_or(KernReturn::INVALID_ARGUMENT)
    }

    /// `mach_vm_region_recurse`. Range and depth are in and out; an error changes nothing.
    pub(super) fn recurse(
        &self,
        empty: bool,
        task: PortName,
        [address, size]: [&mut u64; 2],
        depth: &mut u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (task, _) = self.by_port(task, PortKind::Read)?;
        let page = u64::from(task.page_size.max(1).next_power_of_two());
        let leaf = map::find(&task.map, &self.submaps, *address & !(page - 1), *depth);
        let (found, info) = match leaf {
            _ if empty => ((*address, 0, 0), SubmapInfo::default()),
            Some(leaf) => {
                let start = u64::try_from(leaf.start).unwrap_or(u64::MAX);
                let found = (start, size_of(leaf.start, leaf.end), leaf.depth);
                (found, self.leaf_of(task, &leaf))
            }
            None if words.len() < SHORT => return Err(KernReturn::INVALID_ARGUMENT),
            None => return Err(KernReturn::INVALID_ADDRESS),
        };
        let written = put_revision(&info, words, &REVISIONS)
            .or_else(|| put_words(&SubmapShortInfo::from(info), words.get_mut(..SHORT)?));
        let written = written.ok_or(KernReturn::INVALID_ARGUMENT)?;
        (*address, *size, *depth) = found;
        Ok(written)
    }

    fn basic_info(&self, process: &ModelProcess) -> TaskBasicInfo {
        let info = &process.task_info;
        let timebase = self.machine.timebase;
        let ended = |total: u64, living| time_value(total.saturating_sub(living), timebase);
        TaskBasicInfo {
            virtual_size: info.virtual_size,
            resident_size: info.resident_size,
            resident_max: process.facts.resident_max.max(info.resident_size),
            user_time: ended(info.total_user, info.threads_user),
            system_time: ended(info.total_system, info.threads_system),
            policy: info.policy,
            suspend_count: process.facts.suspend_count,
        }
    }
}

fn audit_token(process: &ModelProcess) -> AuditToken {
    let (info, facts) = (&process.info, &process.facts);
    let words = [
        facts.audit_uid,
        info.uid,
        info.gid,
        info.ruid,
        info.rgid,
        info.pid,
        facts.audit_session,
        process.unique.id_version.cast_unsigned(),
    ];
    AuditToken { words }
}

fn vm_info(task: &Task, process: &ModelProcess) -> TaskVmInfo {
    let (info, facts) = (&process.task_info, &process.facts);
    let entries = task.map.entries();
    TaskVmInfo {
        virtual_size: entries.iter().fold(0, |sum: u64, it| sum.saturating_add(it.size)),
        region_count: i32::try_from(entries.len()).unwrap_or(i32::MAX),
        page_size: i32::try_from(task.page_size).unwrap_or(i32::MAX),
        min_address: entries.first().map_or(0, |entry| entry.start),
        max_address: 0x7fff_fe00_0000,
        resident_size: info.resident_size,
        resident_peak: facts.resident_max.max(info.resident_size),
        internal: facts.internal,
        external: facts.external,
        compressed: facts.compressed,
        ..TaskVmInfo::default()
    }
}

/// Absolute-time units as seconds and microseconds.
fn time_value(units: u64, timebase: Timebase) -> TimeValue {
    let nanoseconds =
        u128::from(units) * u128::from(timebase.numer) / u128::from(timebase.denom.max(1));
    from_nanoseconds(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

pub(super) fn from_nanoseconds(nanoseconds: u64) -> TimeValue {
    TimeValue {
        seconds: i32::try_from(nanoseconds / 1_000_000_000).unwrap_or(i32::MAX),
        microseconds: i32::try_from(nanoseconds / 1_000 % 1_000_000).unwrap_or(0),
    }
}

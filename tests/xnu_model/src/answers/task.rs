//! Answers about a task by its port.

use super::super::super::calls::{
    Errno, KernReturn, PortName, TaskAbsoluteTimes, TaskBasicInfo, TaskCalls, TaskEvents,
    TaskThreadTimes, TimeValue, Timebase,
};
use super::super::super::recording::{RecordedPort, RecordedTask, Reply};
use super::super::XnuModel;
use super::super::fault::Call;
use super::super::port::PortKind;
use super::super::process::{ModelProcess, PortRule, Slot};
use super::super::recorded;
use super::super::world::World;
use super::Asked;

/// What a BSD call says where the Mach call would say this.
fn errno_of(code: KernReturn) -> Errno {
    match code {
        KernReturn::PROTECTION_FAILURE => Errno::ACCES,
        KernReturn::ABORTED => Errno::INTR,
        _ => Errno::PERM,
    }
}

impl World {
    /// `task_read_for_pid` and `task_inspect_for_pid`.
    fn weaker_port(
        &mut self,
        pid: i32,
        kind: PortKind,
        rule: impl Fn(&ModelProcess) -> PortRule,
        recorded: impl Fn(&RecordedTask) -> Option<RecordedPort>,
    ) -> Result<PortName, Errno> {
        if pid == 0 {
            return Err(Errno::PERM);
        }
        let (task, rule) = match self.slot(pid) {
            Some(Slot::Described(process)) if process.is_zombie() => return Err(Errno::SRCH),
            Some(Slot::Described(process)) if self.caller.may_control(process) => {
                (process.task, rule(process))
            }
            Some(Slot::Described(_)) => return Err(Errno::PERM),
            Some(Slot::Recorded(process)) => {
                let port = process.task.as_deref().and_then(recorded).ok_or(Errno::NOTSUP)?;
                return recorded::port(self, pid, port, kind).map_err(Errno);
            }
            None => return Err(Errno::SRCH),
        };
        self.give(task, rule).map_err(errno_of)
    }

    /// A fact by a task's port, of a process that is described or recorded.
    fn fact<T: Clone>(
        &self,
        port: PortName,
        least: PortKind,
        described: impl Fn(&ModelProcess) -> T,
        recorded: impl Fn(&RecordedTask) -> Option<Reply<T>>,
    ) -> Result<T, KernReturn> {
        match self.by_port(port, least)? {
            Asked::Task(_, process) => Ok(described(process)),
            Asked::Recorded(process) => {
                recorded::reply(process.task.as_deref().and_then(recorded).as_ref()).cloned()
            }
        }
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

impl TaskCalls for XnuModel {
    fn task_name_for_pid(&self, pid: i32) -> Result<PortName, KernReturn> {
        let (mut state, _) = self.mach(Call::TaskNameForPid)?;
        let world = &mut state.world;
        match world.slot(pid) {
            Some(Slot::Described(process)) if world.caller.may_name(process) => {
                let (task, rule) = (process.task, process.name_port);
                world.give(task, rule)
            }
            Some(Slot::Recorded(process)) => {
                let port = process.task.as_deref().and_then(|task| task.name_port);
                let port = port.ok_or(KernReturn::NOT_SUPPORTED)?;
                recorded::port(world, pid, port, PortKind::Name).map_err(KernReturn)
            }
            _ => Err(KernReturn::FAILURE),
        }
    }

    fn task_inspect_for_pid(&self, pid: i32) -> Result<PortName, Errno> {
        let (mut state, _) = self.bsd(Call::TaskInspectForPid)?;
        let (rule, recorded) =
            (|it: &ModelProcess| it.inspect_port, |it: &RecordedTask| it.inspect_port);
        state.world.weaker_port(pid, PortKind::Inspect, rule, recorded)
    }

    fn task_read_for_pid(&self, pid: i32) -> Result<PortName, Errno> {
        let (mut state, _) = self.bsd(Call::TaskReadForPid)?;
        let (rule, recorded) = (|it: &ModelProcess| it.read_port, |it: &RecordedTask| it.read_port);
        state.world.weaker_port(pid, PortKind::Read, rule, recorded)
    }

    fn task_basic_info(&self, task: PortName) -> Result<TaskBasicInfo, KernReturn> {
        let (state, _) = self.mach(Call::TaskBasicInfo)?;
        let timebase = state.world.machine.timebase;
        let described = |process: &ModelProcess| {
            let info = &process.task_info;
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
        };
        state.world.fact(task, PortKind::Name, described, |task| task.basic_info.clone())
    }

    fn task_absolute_times(&self, task: PortName) -> Result<TaskAbsoluteTimes, KernReturn> {
        let (state, _) = self.mach(Call::TaskAbsoluteTimes)?;
        let described = |process: &ModelProcess| TaskAbsoluteTimes {
            total_user: process.task_info.total_user,
            total_system: process.task_info.total_system,
            threads_user: process.task_info.threads_user,
            threads_system: process.task_info.threads_system,
        };
        state.world.fact(task, PortKind::Name, described, |task| task.absolute_times.clone())
    }

    fn task_events(&self, task: PortName) -> Result<TaskEvents, KernReturn> {
        let (state, _) = self.mach(Call::TaskEvents)?;
        let described = |process: &ModelProcess| {
            let info = &process.task_info;
            TaskEvents {
                faults: info.faults,
                pageins: info.pageins,
                cow_faults: info.cow_faults,
                messages_sent: info.messages_sent,
                messages_received: info.messages_received,
                syscalls_mach: info.syscalls_mach,
                syscalls_unix: info.syscalls_unix,
                context_switches: info.context_switches,
            }
        };
        state.world.fact(task, PortKind::Name, described, |task| task.events.clone())
    }

    fn task_thread_times(&self, task: PortName) -> Result<TaskThreadTimes, KernReturn> {
        let (state, _) = self.mach(Call::TaskThreadTimes)?;
        let timebase = state.world.machine.timebase;
        let described = |process: &ModelProcess| TaskThreadTimes {
            user_time: time_value(process.task_info.threads_user, timebase),
            system_time: time_value(process.task_info.threads_system, timebase),
        };
        state.world.fact(task, PortKind::Name, described, |task| task.thread_times.clone())
    }

    fn task_security_token(&self, task: PortName) -> Result<[u32; 2], KernReturn> {
        let (state, _) = self.mach(Call::TaskSecurityToken)?;
        let described = |process: &ModelProcess| [process.info.uid, process.info.gid];
        // A recorded process belongs to whoever replays it.
        let recorded = |task: &RecordedTask| match (&task.security_token, state.owner) {
            (Some(Reply::Ok(_)), Some((uid, gid))) => Some(Reply::Ok([uid, gid])),
            (token, _) => token.clone(),
        };
        state.world.fact(task, PortKind::Name, described, recorded)
    }

    fn task_audit_token(&self, task: PortName) -> Result<[u32; 8], KernReturn> {
        let (state, _) = self.mach(Call::TaskAuditToken)?;
        let described = |process: &ModelProcess| {
            let (info, facts) = (&process.info, &process.facts);
            [
                facts.audit_uid,
                info.uid,
                info.gid,
                info.ruid,
                info.rgid,
                info.pid,
                facts.audit_session,
                process.unique.id_version.cast_unsigned(),
            ]
        };
        let recorded = |task: &RecordedTask| match (&task.audit_token, state.owner) {
            (Some(Reply::Ok([_, _, _, _, _, rest @ ..])), Some((uid, gid))) => {
                let [pid, session, version] = *rest;
                Some(Reply::Ok([uid, uid, gid, uid, gid, pid, session, version]))
            }
            (token, _) => token.clone(),
        };
        state.world.fact(task, PortKind::Name, described, recorded)
    }

    fn task_role(&self, task: PortName) -> Result<i32, KernReturn> {
        let (state, _) = self.mach(Call::TaskRole)?;
        let described = |process: &ModelProcess| process.facts.role;
        state.world.fact(task, PortKind::Inspect, described, |task| task.role.clone())
    }
}

//! Answers about a task by its port.

use super::super::super::calls::{
    Errno, KernReturn, PortName, TaskAbsoluteTimes, TaskBasicInfo, TaskCalls, TaskEvents,
    TaskThreadTimes, TimeValue, Timebase,
};
use super::super::XnuModel;
use super::super::fault::Call;
use super::super::port::PortKind;
use super::super::process::{ModelProcess, PortRule, Slot};
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
        rule: impl Fn(&ModelProcess) -> PortRule,
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
            Some(Slot::Recorded(_)) => return Err(Errno::NOTSUP),
            None => return Err(Errno::SRCH),
        };
        self.give(task, rule).map_err(errno_of)
    }

    /// A described process by its task's port.
    fn described(&self, port: PortName, least: PortKind) -> Result<&ModelProcess, KernReturn> {
        match self.by_port(port, least)? {
            Asked::Task(_, process) => Ok(process),
            Asked::Recorded(_) => Err(KernReturn::NOT_SUPPORTED),
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
            _ => Err(KernReturn::FAILURE),
        }
    }

    fn task_inspect_for_pid(&self, pid: i32) -> Result<PortName, Errno> {
        let (mut state, _) = self.bsd(Call::TaskInspectForPid)?;
        state.world.weaker_port(pid, |process| process.inspect_port)
    }

    fn task_read_for_pid(&self, pid: i32) -> Result<PortName, Errno> {
        let (mut state, _) = self.bsd(Call::TaskReadForPid)?;
        state.world.weaker_port(pid, |process| process.read_port)
    }

    fn task_basic_info(&self, task: PortName) -> Result<TaskBasicInfo, KernReturn> {
        let (state, _) = self.mach(Call::TaskBasicInfo)?;
        let process = state.world.described(task, PortKind::Name)?;
        let (info, timebase) = (&process.task_info, state.world.machine.timebase);
        let ended = |total: u64, living| time_value(total.saturating_sub(living), timebase);
        Ok(TaskBasicInfo {
            virtual_size: info.virtual_size,
            resident_size: info.resident_size,
            resident_max: process.facts.resident_max.max(info.resident_size),
            user_time: ended(info.total_user, info.threads_user),
            system_time: ended(info.total_system, info.threads_system),
            policy: info.policy,
            suspend_count: process.facts.suspend_count,
        })
    }

    fn task_absolute_times(&self, task: PortName) -> Result<TaskAbsoluteTimes, KernReturn> {
        let (state, _) = self.mach(Call::TaskAbsoluteTimes)?;
        let info = &state.world.described(task, PortKind::Name)?.task_info;
        Ok(TaskAbsoluteTimes {
            total_user: info.total_user,
            total_system: info.total_system,
            threads_user: info.threads_user,
            threads_system: info.threads_system,
        })
    }

    fn task_events(&self, task: PortName) -> Result<TaskEvents, KernReturn> {
        let (state, _) = self.mach(Call::TaskEvents)?;
        let info = &state.world.described(task, PortKind::Name)?.task_info;
        Ok(TaskEvents {
            faults: info.faults,
            pageins: info.pageins,
            cow_faults: info.cow_faults,
            messages_sent: info.messages_sent,
            messages_received: info.messages_received,
            syscalls_mach: info.syscalls_mach,
            syscalls_unix: info.syscalls_unix,
            context_switches: info.context_switches,
        })
    }

    fn task_thread_times(&self, task: PortName) -> Result<TaskThreadTimes, KernReturn> {
        let (state, _) = self.mach(Call::TaskThreadTimes)?;
        let info = &state.world.described(task, PortKind::Name)?.task_info;
        let timebase = state.world.machine.timebase;
        Ok(TaskThreadTimes {
            user_time: time_value(info.threads_user, timebase),
            system_time: time_value(info.threads_system, timebase),
        })
    }

    fn task_security_token(&self, task: PortName) -> Result<[u32; 2], KernReturn> {
        let (state, _) = self.mach(Call::TaskSecurityToken)?;
        let info = &state.world.described(task, PortKind::Name)?.info;
        Ok([info.uid, info.gid])
    }

    fn task_audit_token(&self, task: PortName) -> Result<[u32; 8], KernReturn> {
        let (state, _) = self.mach(Call::TaskAuditToken)?;
        let process = state.world.described(task, PortKind::Name)?;
        let (info, facts) = (&process.info, &process.facts);
        Ok([
            facts.audit_uid,
            info.uid,
            info.gid,
            info.ruid,
            info.rgid,
            info.pid,
            facts.audit_session,
            process.unique.id_version.cast_unsigned(),
        ])
    }

    fn task_role(&self, task: PortName) -> Result<i32, KernReturn> {
        let (state, _) = self.mach(Call::TaskRole)?;
        Ok(state.world.described(task, PortKind::Inspect)?.facts.role)
    }
}

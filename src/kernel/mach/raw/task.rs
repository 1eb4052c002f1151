//! Calls about a task and its name space by port.

use std::ffi::{c_int, c_uint};
use std::ptr;

use super::array::OutOfLine;
use super::{Xnu, bsd, mach, words};
use crate::kernel::mach::calls::{
    Errno, KernReturn, PORT_NULL, PortName, PortStatus, SpaceCalls, SpaceEntry, TaskAbsoluteTimes,
    TaskBasicInfo, TaskCalls, TaskEvents, TaskThreadTimes, TimeValue,
};
use crate::kernel::mach::ffi::{self, Plain};

/// `task_info` with a flavor that fills one struct.
fn facts<T: Plain>(task: PortName, flavor: c_uint) -> Result<T, KernReturn> {
    let mut info = T::zeroed();
    let mut count = words::<T>();
    // SAFETY: `info` is `count` words of 4 bytes long and aligned to 4 at least; the kernel writes
    // no more words than `count` says, and whatever it writes is a `T`, which is `Plain`.
    mach(unsafe { ffi::task_info(task, flavor, (&raw mut info).cast(), &raw mut count) })?;
    if count == words::<T>() { Ok(info) } else { Err(KernReturn::FAILURE) }
}

/// `mach_port_get_attributes` with a flavor that fills one struct: what it filled, and how many
/// words.
fn attributes<T: Plain>(
    task: PortName,
    name: PortName,
    flavor: c_int,
) -> Result<(T, c_uint), KernReturn> {
    let mut info = T::zeroed();
    let mut count = words::<T>();
    // SAFETY: as of `task_info`.
    mach(unsafe {
        ffi::mach_port_get_attributes(task, name, flavor, (&raw mut info).cast(), &raw mut count)
    })?;
    Ok((info, count))
}

impl TaskCalls for Xnu {
    fn task_name_for_pid(&self, pid: i32) -> Result<PortName, KernReturn> {
        let mut port = PORT_NULL;
        // SAFETY: `port` is writable. The right that comes with it is the caller's to release.
        mach(unsafe { ffi::task_name_for_pid(ffi::mach_task_self(), pid, &raw mut port) })?;
        Ok(port)
    }

    fn task_inspect_for_pid(&self, pid: i32) -> Result<PortName, Errno> {
        let mut port = PORT_NULL;
        // SAFETY: `port` is writable. The right that comes with it is the caller's to release.
        bsd(unsafe { ffi::task_inspect_for_pid(ffi::mach_task_self(), pid, &raw mut port) })?;
        Ok(port)
    }

    fn task_read_for_pid(&self, pid: i32) -> Result<PortName, Errno> {
        let mut port = PORT_NULL;
        // SAFETY: `port` is writable. The right that comes with it is the caller's to release.
        bsd(unsafe { ffi::task_read_for_pid(ffi::mach_task_self(), pid, &raw mut port) })?;
        Ok(port)
    }

    fn task_basic_info(&self, task: PortName) -> Result<TaskBasicInfo, KernReturn> {
        facts::<ffi::mach_task_basic_info>(task, ffi::MACH_TASK_BASIC_INFO).map(TaskBasicInfo::from)
    }

    fn task_absolute_times(&self, task: PortName) -> Result<TaskAbsoluteTimes, KernReturn> {
        facts::<ffi::task_absolutetime_info>(task, ffi::TASK_ABSOLUTETIME_INFO)
            .map(TaskAbsoluteTimes::from)
    }

    fn task_events(&self, task: PortName) -> Result<TaskEvents, KernReturn> {
        facts::<ffi::task_events_info>(task, ffi::TASK_EVENTS_INFO).map(TaskEvents::from)
    }

    fn task_thread_times(&self, task: PortName) -> Result<TaskThreadTimes, KernReturn> {
        facts::<ffi::task_thread_times_info>(task, ffi::TASK_THREAD_TIMES_INFO)
            .map(TaskThreadTimes::from)
    }

    fn task_security_token(&self, task: PortName) -> Result<[u32; 2], KernReturn> {
        facts::<ffi::SecurityToken>(task, ffi::TASK_SECURITY_TOKEN).map(|token| token.0)
    }

    fn task_audit_token(&self, task: PortName) -> Result<[u32; 8], KernReturn> {
        facts::<ffi::AuditToken>(task, ffi::TASK_AUDIT_TOKEN).map(|token| token.0)
    }

    fn task_role(&self, task: PortName) -> Result<i32, KernReturn> {
        let (mut role, mut count, mut get_default): (c_int, c_uint, c_int) = (0, 1, 0);
        // SAFETY: `role` is the one word that `count` says; the other two are words as well.
        mach(unsafe {
            ffi::task_policy_get(
                task,
                ffi::TASK_CATEGORY_POLICY,
                &raw mut role,
                &raw mut count,
                &raw mut get_default,
            )
        })?;
        Ok(role)
    }
}

impl SpaceCalls for Xnu {
    fn space_info(&self, task: PortName) -> Result<Vec<SpaceEntry>, KernReturn> {
        let mut info = ffi::ipc_info_space::zeroed();
        let (mut table, mut count) = (ptr::null_mut(), 0);
        let (mut tree, mut tree_count) = (ptr::null_mut(), 0);
        // SAFETY: all five are writable and of the types that the call fills.
        mach(unsafe {
            ffi::mach_port_space_info(
                task,
                &raw mut info,
                &raw mut table,
                &raw mut count,
                &raw mut tree,
                &raw mut tree_count,
            )
        })?;
        // SAFETY: the call has given an array of so many structs, which are this caller's now. The
        // other array has been empty since XNU has no such trees (`mach_debug.c`).
        let table = unsafe { OutOfLine::new(table, count) };
        Ok(table.values().iter().map(SpaceEntry::from).collect())
    }

    fn port_limit(&self, task: PortName, name: PortName) -> Result<Option<u32>, KernReturn> {
        let (limits, count) =
            attributes::<ffi::mach_port_limits>(task, name, ffi::MACH_PORT_LIMITS_INFO)?;
        Ok((count > 0).then_some(limits.mpl_qlimit))
    }

    fn port_status(&self, task: PortName, name: PortName) -> Result<PortStatus, KernReturn> {
        let (status, count) =
            attributes::<ffi::mach_port_status>(task, name, ffi::MACH_PORT_RECEIVE_STATUS)?;
        let whole = count == words::<ffi::mach_port_status>();
        if whole { Ok(status.into()) } else { Err(KernReturn::FAILURE) }
    }
}

impl From<ffi::time_value> for TimeValue {
    fn from(time: ffi::time_value) -> Self {
        TimeValue { seconds: time.seconds, microseconds: time.microseconds }
    }
}

impl From<ffi::mach_task_basic_info> for TaskBasicInfo {
    fn from(info: ffi::mach_task_basic_info) -> Self {
        TaskBasicInfo {
            virtual_size: info.virtual_size,
            resident_size: info.resident_size,
            resident_max: info.resident_size_max,
            user_time: info.user_time.into(),
            system_time: info.system_time.into(),
            policy: info.policy,
            suspend_count: info.suspend_count,
        }
    }
}

impl From<ffi::task_absolutetime_info> for TaskAbsoluteTimes {
    fn from(info: ffi::task_absolutetime_info) -> Self {
        TaskAbsoluteTimes {
            total_user: info.total_user,
            total_system: info.total_system,
            threads_user: info.threads_user,
            threads_system: info.threads_system,
        }
    }
}

impl From<ffi::task_events_info> for TaskEvents {
    fn from(info: ffi::task_events_info) -> Self {
        TaskEvents {
            faults: info.faults,
            pageins: info.pageins,
            cow_faults: info.cow_faults,
            messages_sent: info.messages_sent,
            messages_received: info.messages_received,
            syscalls_mach: info.syscalls_mach,
            syscalls_unix: info.syscalls_unix,
            context_switches: info.csw,
        }
    }
}

impl From<ffi::task_thread_times_info> for TaskThreadTimes {
    fn from(info: ffi::task_thread_times_info) -> Self {
        TaskThreadTimes { user_time: info.user_time.into(), system_time: info.system_time.into() }
    }
}

impl From<&ffi::ipc_info_name> for SpaceEntry {
    fn from(entry: &ffi::ipc_info_name) -> Self {
        SpaceEntry {
            name: entry.iin_name,
            types: entry.iin_type,
            references: entry.iin_urefs,
            object: entry.iin_object,
        }
    }
}

impl From<ffi::mach_port_status> for PortStatus {
    fn from(status: ffi::mach_port_status) -> Self {
        PortStatus {
            port_sets: status.mps_pset,
            sequence: status.mps_seqno,
            make_send_count: status.mps_mscount,
            limit: status.mps_qlimit,
            messages: status.mps_msgcount,
            send_once_rights: status.mps_sorights,
            send_rights: status.mps_srights,
            death_request: status.mps_pdrequest,
            no_senders_request: status.mps_nsrequest,
            flags: status.mps_flags,
        }
    }
}

//! Tasks, name spaces and threads: the structs of `mach/task_info.h`, `mach/port.h`,
//! `mach_debug/ipc_info.h` and `mach/thread_info.h`.

use std::ffi::{c_int, c_uint};
use std::mem::{offset_of, size_of};

use super::Plain;

// Flavors of task_info.
pub(crate) const TASK_ABSOLUTETIME_INFO: c_uint = 1;
pub(crate) const TASK_EVENTS_INFO: c_uint = 2;
pub(crate) const TASK_THREAD_TIMES_INFO: c_uint = 3;
pub(crate) const TASK_SECURITY_TOKEN: c_uint = 13;
pub(crate) const TASK_AUDIT_TOKEN: c_uint = 15;
pub(crate) const MACH_TASK_BASIC_INFO: c_uint = 20;

pub(crate) const TASK_CATEGORY_POLICY: c_uint = 1;

pub(crate) const MACH_PORT_LIMITS_INFO: c_int = 1;
pub(crate) const MACH_PORT_RECEIVE_STATUS: c_int = 2;

// Flavors of thread_info.
pub(crate) const THREAD_BASIC_INFO: c_uint = 3;
pub(crate) const THREAD_IDENTIFIER_INFO: c_uint = 4;

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct time_value {
    pub(crate) seconds: i32,
    pub(crate) microseconds: i32,
}

#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub(crate) struct mach_task_basic_info {
    pub(crate) virtual_size: u64,
    pub(crate) resident_size: u64,
    pub(crate) resident_size_max: u64,
    pub(crate) user_time: time_value,
    pub(crate) system_time: time_value,
    pub(crate) policy: i32,
    pub(crate) suspend_count: i32,
}

#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub(crate) struct task_absolutetime_info {
    pub(crate) total_user: u64,
    pub(crate) total_system: u64,
    pub(crate) threads_user: u64,
    pub(crate) threads_system: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct task_events_info {
    pub(crate) faults: i32,
    pub(crate) pageins: i32,
    pub(crate) cow_faults: i32,
    pub(crate) messages_sent: i32,
    pub(crate) messages_received: i32,
    pub(crate) syscalls_mach: i32,
    pub(crate) syscalls_unix: i32,
    pub(crate) csw: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct task_thread_times_info {
    pub(crate) user_time: time_value,
    pub(crate) system_time: time_value,
}

/// `security_token_t`, whose struct has no name in C.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct SecurityToken(pub(crate) [u32; 2]);

/// `audit_token_t`, likewise.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct AuditToken(pub(crate) [u32; 8]);

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ipc_info_space {
    pub(crate) iis_genno_mask: u32,
    pub(crate) iis_table_size: u32,
    pub(crate) unread: [u32; 4],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ipc_info_name {
    pub(crate) iin_name: u32,
    pub(crate) iin_collision: i32,
    pub(crate) iin_type: u32,
    pub(crate) iin_urefs: u32,
    pub(crate) iin_object: u32,
    pub(crate) iin_next: u32,
    pub(crate) iin_hash: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct mach_port_limits {
    pub(crate) mpl_qlimit: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct mach_port_status {
    pub(crate) mps_pset: u32,
    pub(crate) mps_seqno: u32,
    pub(crate) mps_mscount: u32,
    pub(crate) mps_qlimit: u32,
    pub(crate) mps_msgcount: u32,
    pub(crate) mps_sorights: u32,
    pub(crate) mps_srights: i32,
    pub(crate) mps_pdrequest: i32,
    pub(crate) mps_nsrequest: i32,
    pub(crate) mps_flags: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct thread_basic_info {
    pub(crate) user_time: time_value,
    pub(crate) system_time: time_value,
    pub(crate) cpu_usage: i32,
    pub(crate) policy: i32,
    pub(crate) run_state: i32,
    pub(crate) flags: i32,
    pub(crate) suspend_count: i32,
    pub(crate) sleep_time: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct thread_identifier_info {
    pub(crate) thread_id: u64,
    pub(crate) thread_handle: u64,
    pub(crate) dispatch_qaddr: u64,
}

// SAFETY: an array of integers.
unsafe impl Plain for SecurityToken {}
// SAFETY: likewise.
unsafe impl Plain for AuditToken {}

// As in `ffi`.
plain! {
    time_value 8 { seconds 0, microseconds 4 }
    mach_task_basic_info 48 {
        virtual_size 0, resident_size 8, resident_size_max 16, user_time 24, system_time 32,
        policy 40, suspend_count 44,
    }
    task_absolutetime_info 32 {
        total_user 0, total_system 8, threads_user 16, threads_system 24,
    }
    task_events_info 32 {
        faults 0, pageins 4, cow_faults 8, messages_sent 12, messages_received 16,
        syscalls_mach 20, syscalls_unix 24, csw 28,
    }
    task_thread_times_info 16 { user_time 0, system_time 8 }
    ipc_info_space 24 { iis_genno_mask 0, iis_table_size 4 }
    ipc_info_name 28 {
        iin_name 0, iin_collision 4, iin_type 8, iin_urefs 12, iin_object 16, iin_next 20,
        iin_hash 24,
    }
    mach_port_limits 4 { mpl_qlimit 0 }
    mach_port_status 40 {
        mps_pset 0, mps_seqno 4, mps_mscount 8, mps_qlimit 12, mps_msgcount 16, mps_sorights 20,
        mps_srights 24, mps_pdrequest 28, mps_nsrequest 32, mps_flags 36,
    }
    thread_basic_info 40 {
        user_time 0, system_time 8, cpu_usage 16, policy 20, run_state 24, flags 28,
        suspend_count 32, sleep_time 36,
    }
    thread_identifier_info 24 { thread_id 0, thread_handle 8, dispatch_qaddr 16 }
}

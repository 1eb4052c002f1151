//! Tasks, threads and ports by port: structs of `mach/task_info.h`, `mach/thread_info.h`,
//! `mach/port.h` and `mach_debug/ipc_info.h`.

use super::super::PortName;
use super::super::constants::xnu_constants;
#[cfg(feature = "cli")]
use super::super::json;
use super::super::wire::{Unread, xnu_structs};

xnu_structs! {
    /// `time_value_t`.
    struct TimeValue: "time_value_t", 8 {
        /// Seconds.
        seconds: i32 = "seconds" @ 0,
        /// And microseconds.
        microseconds: i32 = "microseconds" @ 4,
    }

    /// `struct mach_task_basic_info`.
    struct TaskBasicInfo: "struct mach_task_basic_info", 48 {
        /// Bytes of address space, reserved regions among them.
        #[serde(with = "json::hex")]
        virtual_size: u64 = "virtual_size" @ 0,
        /// Bytes in memory.
        #[serde(with = "json::hex")]
        resident_size: u64 = "resident_size" @ 8,
        /// The most bytes that were in memory.
        #[serde(with = "json::hex")]
        resident_max: u64 = "resident_size_max" @ 16,
        /// User time of ended threads only.
        user_time: TimeValue = "user_time" @ 24,
        /// System time of ended threads only.
        system_time: TimeValue = "system_time" @ 32,
        /// Scheduling policy: 1 timeshare, as any user's task is.
        policy: i32 = "policy" @ 40,
        /// How often it is suspended.
        suspend_count: i32 = "suspend_count" @ 44,
    }

    /// Of `struct task_vm_info` what describes the address space.
    struct TaskVmInfo: "struct task_vm_info", 168 grows [packed] {
        /// Bytes of address space.
        #[serde(with = "json::hex")]
        virtual_size: u64 = "virtual_size" @ 0,
        /// Entries of the task's own map.
        region_count: i32 = "region_count" @ 8,
        /// The task's page size in bytes, which need not be the machine's.
        page_size: i32 = "page_size" @ 12,
        /// Bytes in memory.
        #[serde(with = "json::hex")]
        resident_size: u64 = "resident_size" @ 16,
        /// The most bytes that were in memory.
        #[serde(with = "json::hex")]
        resident_peak: u64 = "resident_size_peak" @ 24,
        #[doc(hidden)]
        #[serde(skip)]
        unread_device: Unread<16> = "" @ 32,
        /// Anonymous bytes in memory, the compressor's among them not.
        #[serde(with = "json::hex")]
        internal: u64 = "internal" @ 48,
        #[doc(hidden)]
        #[serde(skip)]
        unread_internal: Unread<8> = "" @ 56,
        /// Bytes in memory that a file is behind.
        #[serde(with = "json::hex")]
        external: u64 = "external" @ 64,
        #[doc(hidden)]
        #[serde(skip)]
        unread_external: Unread<48> = "" @ 72,
        /// Bytes in the compressor or in swap, as they were before.
        #[serde(with = "json::hex")]
        compressed: u64 = "compressed" @ 120,
        #[doc(hidden)]
        #[serde(skip)]
        unread_compressed: Unread<16> = "" @ 128,
        /// Bytes that count against the process's limit.
        #[serde(with = "json::hex")]
        footprint: u64 = "phys_footprint" @ 144,
        /// Lowest address of the map.
        #[serde(with = "json::hex")]
        min_address: u64 = "min_address" @ 152,
        /// Address behind its highest.
        #[serde(with = "json::hex")]
        max_address: u64 = "max_address" @ 160,
    }

    /// `security_token_t`: effective user and group.
    struct SecurityToken: "security_token_t", 8 {
        /// uid and gid.
        ids: [u32; 2] = "val" @ 0,
    }

    /// `audit_token_t`, in this order (`kern_prot.c:proc_calc_audit_token`): audit uid, effective uid and
    /// gid, real uid and gid, pid, audit session, and `p_idversion`, so that it identifies the process.
    struct AuditToken: "audit_token_t", 32 {
        /// All of it.
        words: [u32; 8] = "val" @ 0,
    }

    /// `struct thread_basic_info`.
    struct ThreadBasicInfo: "struct thread_basic_info", 40 {
        /// User time.
        user_time: TimeValue = "user_time" @ 0,
        /// System time.
        system_time: TimeValue = "system_time" @ 8,
        /// Share of a CPU, 0 to 1,000.
        cpu_usage: i32 = "cpu_usage" @ 16,
        /// Scheduling policy: 1 timeshare, 2 round robin, 4 first in first out.
        policy: i32 = "policy" @ 20,
        /// 1 running, 2 stopped, 3 waiting, 4 uninterruptible, 5 halted.
        run_state: i32 = "run_state" @ 24,
        /// 1 swapped, 2 idle, 4 forced idle.
        flags: i32 = "flags" @ 28,
        /// How often it is suspended.
        suspend_count: i32 = "suspend_count" @ 32,
        /// Always 0.
        sleep_time: i32 = "sleep_time" @ 36,
    }

    /// `struct thread_identifier_info`.
    struct ThreadIdentifier: "struct thread_identifier_info", 24 {
        /// The thread's id, as flavor 28 of `proc_pidinfo` lists it.
        id: u64 = "thread_id" @ 0,
        /// Where the thread's own data is in its task: `pthread_self`.
        #[serde(with = "json::hex")]
        handle: u64 = "thread_handle" @ 8,
        /// Where libdispatch keeps the address of its queue, 0 for none.
        #[serde(with = "json::hex")]
        dispatch_queue: u64 = "dispatch_qaddr" @ 16,
    }

    /// `struct ipc_info_name`.
    struct SpaceEntry: "struct ipc_info_name", 28 {
        /// The name that the task has for the port.
        name: PortName = "iin_name" @ 0,
        #[doc(hidden)]
        #[serde(skip)]
        unread_collision: Unread<4> = "" @ 4,
        /// `MACH_PORT_TYPE_*` bits; 0 for an entry that is free.
        types: u32 = "iin_type" @ 8,
        /// How many references to the right the task has.
        references: u32 = "iin_urefs" @ 12,
        /// Hashed address of the port: equal in all tasks that have a right to it, within one boot.
        object: u32 = "iin_object" @ 16,
        #[doc(hidden)]
        #[serde(skip)]
        unread_next: Unread<8> = "" @ 20,
    }

    /// `struct ipc_info_space`.
    struct SpaceInfo: "struct ipc_info_space", 24 {
        /// The bits of a name that tell the uses of its entry apart.
        generation_mask: u32 = "iis_genno_mask" @ 0,
        /// Entries of the table.
        table_size: u32 = "iis_table_size" @ 4,
        #[doc(hidden)]
        #[serde(skip)]
        unread: Unread<16> = "" @ 8,
    }

    /// `struct mach_port_limits`.
    struct PortLimit: "struct mach_port_limits", 4 {
        /// How many messages the port may hold.
        messages: u32 = "mpl_qlimit" @ 0,
    }

    /// `struct mach_port_status`.
    struct PortStatus: "struct mach_port_status", 40 {
        /// How many port sets it is in.
        port_sets: u32 = "mps_pset" @ 0,
        /// Sequence number of the next message.
        sequence: u32 = "mps_seqno" @ 4,
        /// Send rights made from the receive right.
        make_send_count: u32 = "mps_mscount" @ 8,
        /// How many messages it may hold.
        limit: u32 = "mps_qlimit" @ 12,
        /// How many it holds.
        messages: u32 = "mps_msgcount" @ 16,
        /// How many send-once rights there are.
        send_once_rights: u32 = "mps_sorights" @ 20,
        /// 1 where there are send rights.
        send_rights: i32 = "mps_srights" @ 24,
        /// 1 where its death is to be told.
        death_request: i32 = "mps_pdrequest" @ 28,
        /// 1 where the end of its last send right is to be told.
        no_senders_request: i32 = "mps_nsrequest" @ 32,
        /// `MACH_PORT_STATUS_FLAG_*`.
        flags: u32 = "mps_flags" @ 36,
    }
}

xnu_constants! {
    /// Bits of [`SpaceEntry::types`].
    RIGHTS in SpaceEntry: u32 {
        /// A send right.
        SEND = 1 << 16, "MACH_PORT_TYPE_SEND";
        /// The receive right.
        RECEIVE = 1 << 17, "MACH_PORT_TYPE_RECEIVE";
        /// A right to send once.
        SEND_ONCE = 1 << 18, "MACH_PORT_TYPE_SEND_ONCE";
        /// A set of ports.
        PORT_SET = 1 << 19, "MACH_PORT_TYPE_PORT_SET";
        /// A right whose port has died.
        DEAD_NAME = 1 << 20, "MACH_PORT_TYPE_DEAD_NAME";
        /// The task is notified when the port dies.
        DEAD_NAME_REQUEST = 1 << 31, "MACH_PORT_TYPE_DNREQUEST";
    }
}

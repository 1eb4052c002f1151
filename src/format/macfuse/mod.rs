//! The files of the MacFUSE procfs, with its names and layouts, most of them with one value. A dash
//! stands for a value that is not available, as the original prints it for a missing wait channel.

mod cpu;
mod descriptors;
mod ids;
mod port;
mod process;
mod task;
mod thread;

pub use cpu::cpu;
pub use descriptors::descriptors;
pub use ids::{Ids, Names, groups, real_group, real_user, saved_group, saved_user, user};
pub use port::{messages, queue_limit, rights, send_once_rights, sequence};
pub use process::{
    darwin_terminal, group, job_control, linux_terminal, parent, terminal_group, wait_channel,
};
pub use task::{
    cow_faults, faults, hex_list, messages_received, messages_sent, number, pageins, platform,
    policy, resident_size, role, switches, syscalls_mach, syscalls_unix, system_time,
    threads_system, threads_system_time, threads_user, threads_user_time, total_system, total_user,
    user_time, virtual_size,
};
pub use thread::{
    registers, thread_cpu_usage, thread_flags, thread_policy, thread_run_state, thread_sleep_time,
    thread_suspend_count, thread_system_time, thread_user_time,
};

use super::line::put;

/// A time in nanoseconds, as all files of Mach times show it: seconds and microseconds.
fn seconds(nanoseconds: u64, out: &mut Vec<u8>) {
    let microseconds = nanoseconds / 1000;
    put(out, format_args!("{}s {}us\n", microseconds / 1_000_000, microseconds % 1_000_000));
}

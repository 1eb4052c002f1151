//! The state and usage of a process, its arguments and its environment: from `stat`, `status`,
//! `wchan`, `cmdline` and `environ` of the process, and from `stat` and `status` of its threads.

use super::stat::{Stat, parse_stat};
use super::status::{self, parse_status};
use super::{LinuxKernel, files, threads};
use crate::model::{
    Arguments, Device, Error, ErrorKind, Pid, ProcessInfo, Result, Time, Usage, Visibility,
};

/// The information about a process. `threads` is the usage of its threads, which takes two files a
/// thread.
///
/// `do_task_stat` and `proc_pid_status` show all of it to all users, except `wait_channel`, which
/// is for users who may see the process's memory (`proc_pid_wchan`).
pub(super) fn process_info(
    kernel: &LinuxKernel,
    pid: Pid,
    shown: Visibility,
    threads: threads::Total,
) -> Result<ProcessInfo> {
    let malformed = || files::malformed("parse(stat)", pid);
    let stat_text = kernel.read_of(pid, "stat", "open(stat)")?;
    let stat = parse_stat(&stat_text).ok_or_else(malformed)?;
    let status_text = kernel.read_of(pid, "status", "open(status)")?;
    let status =
        parse_status(&status_text).ok_or_else(|| files::malformed("parse(status)", pid))?;
    let wait_channel = match shown {
        Visibility::Full => wait_channel(kernel, pid)?,
        Visibility::Public => None,
    };
    // The kernel writes -1 for a process that is being removed (`lock_task_sighand`).
    let group = u32::try_from(stat.signed(5).ok_or_else(malformed)?)
        .map_err(|_| Error::new(ErrorKind::NoSuchProcess, "parse(stat)").pid(pid))?;
    let optional = |field| Some(stat.signed(field)?.try_into().ok());
    Ok(ProcessInfo {
        process: kernel.process_from(pid, &status, stat.name.to_vec(), stat.start)?,
        state: stat.state().ok_or_else(malformed)?,
        group,
        session: optional(6).ok_or_else(malformed)?,
        terminal: terminal(stat.signed(7).ok_or_else(malformed)?),
        terminal_group: optional(8).ok_or_else(malformed)?,
        job_control: None,
        nice: stat.signed(19).and_then(|nice| i32::try_from(nice).ok()),
        groups: status::groups(&status_text),
        wait_channel,
        tracer: None,
        signals: None,
        usage: Some(usage(kernel, &stat, &status_text, &threads).ok_or_else(malformed)?),
        booted: Some(kernel.boot_time()),
        page_size: kernel.page_size,
    })
}

/// `None` for text that the kernel does not write.
fn usage(
    kernel: &LinuxKernel,
    stat: &Stat<'_>,
    status: &[u8],
    threads: &threads::Total,
) -> Option<Usage> {
    let time = |ticks| Time::of_nanoseconds(kernel.ticks_to_nanoseconds(ticks));
    let pageins = stat.number(12)?;
    Some(Usage {
        virtual_size: stat.size,
        resident_size: status::resident_size(status)?,
        total_user: time(stat.number(14)?),
        total_system: time(stat.number(15)?),
        threads_user: time(threads.user),
        threads_system: time(threads.system),
        threads: u32::try_from(stat.number(20)?).ok()?,
        running: threads.running,
        policy: threads::policy(stat),
        priority: Some(i32::try_from(stat.signed(18)?).ok()?),
        faults: stat.number(10)?.saturating_add(pageins),
        pageins,
        switches: threads.switches,
        ..Usage::default()
    })
}

/// The device number of a controlling terminal (`new_encode_dev`), 0 for none.
fn terminal(number: i64) -> Option<Device> {
    // The kernel writes it as a signed number of 32 bits.
    let number = number as u32;
    (number != 0).then_some(Device {
        major: (number & 0xf_ff00) >> 8,
        minor: number & 0xff | (number >> 12) & 0xf_ff00,
    })
}

/// The kernel function in which it waits; the kernel writes 0 if there is none.
fn wait_channel(kernel: &LinuxKernel, pid: Pid) -> Result<Option<Vec<u8>>> {
    match kernel.read_of(pid, "wchan", "open(wchan)") {
        Ok(name) => Ok(Some(name).filter(|name| !matches!(name.as_slice(), b"" | b"0"))),
        // Kernels without symbols lack this file (`CONFIG_KALLSYMS`).
        Err(error) if error.kind == ErrorKind::NoSuchProcess => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn arguments(kernel: &LinuxKernel, pid: Pid, shown: Visibility) -> Result<Arguments> {
    let arguments = kernel.read_of(pid, "cmdline", "open(cmdline)")?;
    let environment = match shown {
        Visibility::Full => environment(kernel, pid)?,
        Visibility::Public => Vec::new(),
    };
    Ok(Arguments { arguments, environment })
}

fn environment(kernel: &LinuxKernel, pid: Pid) -> Result<Vec<u8>> {
    match kernel.read_of(pid, "environ", "open(environ)") {
        Ok(text) => Ok(text),
        // Refused to this daemon; or, with ESRCH since 6.17, of a process without memory
        // (`environ_open`).
        Err(Error { kind: ErrorKind::Denied | ErrorKind::NoSuchProcess, .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals() {
        assert_eq!(terminal(0), None);
        assert_eq!(terminal(34816), Some(Device { major: 136, minor: 0 }));
        assert_eq!(terminal(1025), Some(Device { major: 4, minor: 1 }));
        assert_eq!(terminal(34816 | 1 << 20), Some(Device { major: 136, minor: 256 }));
        let last = Device { major: 0xfff, minor: 0xf_ffff };
        assert_eq!(terminal(-1), Some(last));
        assert_eq!(terminal(i64::MIN), None);
    }
}

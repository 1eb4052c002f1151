//! `version`, `uptime`, `loadavg`, `stat` and `cpuinfo`.

use std::time::SystemTime;

use super::super::escaped;
use super::super::line::put;
use crate::model::{Cpu, CpuTimes, Machine};

/// `version`: `Darwin version 24.1.0 Darwin Kernel Version 24.1.0: …`.
pub fn version(machine: &Machine, out: &mut Vec<u8>) {
    let words: [&[u8]; 5] =
        [&machine.system, b" version ", &machine.release, b" ", &machine.version];
    for word in words {
        escaped(word, out);
    }
    out.push(b'\n');
}

/// `uptime`: seconds since the machine's start, and seconds that its CPUs were idle, summed up.
pub fn uptime(machine: &Machine, out: &mut Vec<u8>) {
    let up = machine.uptime;
    let idle = total(&machine.cpus).idle;
    put(
        out,
        format_args!(
            "{}.{:02} {}.{:02}\n",
            up.as_secs(),
            up.subsec_millis() / 10,
            idle / 100,
            idle % 100
        ),
    );
}

/// `loadavg`: load of 1, 5 and 15 minutes, running and all processes, and the last pid.
pub fn loadavg(machine: &Machine, out: &mut Vec<u8>) {
    for load in machine.load {
        let hundredths = load.saturating_add(5) / 10;
        put(out, format_args!("{}.{:02} ", hundredths / 100, hundredths % 100));
    }
    put(out, format_args!("0/{} {}\n", machine.processes, machine.last_pid.unwrap_or(0)));
}

/// The root's `stat` (`fs/proc/stat.c`): a line for all CPUs together and for each that runs, with
/// times in user, nice, system, idle, iowait, irq, softirq, steal, guest and guest_nice, of which
/// Darwin has four; then counters, of which Darwin has the time of the machine's start.
pub fn kernel_stat(machine: &Machine, out: &mut Vec<u8>) {
    let mut line = |name: &str, number: Option<u32>, times: CpuTimes| {
        let CpuTimes { user, nice, system, idle } = times;
        put(out, format_args!("{name}"));
        if let Some(number) = number {
            put(out, format_args!("{number}"));
        }
        put(out, format_args!(" {user} {nice} {system} {idle} 0 0 0 0 0 0\n"));
    };
    line("cpu ", None, total(&machine.cpus));
    for cpu in machine.cpus.iter().filter(|cpu| cpu.running) {
        line("cpu", Some(cpu.number), cpu.times);
    }
    let booted = machine.booted.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    put(out, format_args!("intr 0\nctxt 0\nbtime {}\n", booted.as_secs()));
    put(out, format_args!("processes 0\nprocs_running 0\nprocs_blocked 0\n"));
    put(out, format_args!("softirq 0 0 0 0 0 0 0 0 0 0 0\n"));
}

/// `cpuinfo`: a block for each CPU that runs. It has those lines of Linux on x86 for which Darwin
/// has a value.
pub fn cpuinfo(machine: &Machine, out: &mut Vec<u8>) {
    for Cpu { number, .. } in machine.cpus.iter().filter(|cpu| cpu.running) {
        put(out, format_args!("processor\t: {number}\n"));
        for (name, value) in [("vendor_id", &machine.cpu_vendor), ("model name", &machine.cpu_name)]
        {
            if !value.is_empty() {
                put(out, format_args!("{name}\t: "));
                escaped(value, out);
                out.push(b'\n');
            }
        }
        if let Some(hertz) = machine.cpu_frequency {
            let kilohertz = hertz / 1000;
            put(out, format_args!("cpu MHz\t\t: {}.{:03}\n", kilohertz / 1000, kilohertz % 1000));
        }
        if let Some(bytes) = machine.cache_line {
            put(out, format_args!("cache_alignment\t: {bytes}\n"));
        }
        out.push(b'\n');
    }
}

fn total(cpus: &[Cpu]) -> CpuTimes {
    cpus.iter().fold(CpuTimes::default(), |sum, Cpu { times, .. }| CpuTimes {
        user: sum.user.saturating_add(times.user),
        nice: sum.nice.saturating_add(times.nice),
        system: sum.system.saturating_add(times.system),
        idle: sum.idle.saturating_add(times.idle),
    })
}

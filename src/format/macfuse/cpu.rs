//! `system/hardware/cpus/N/data`.

use super::super::line::put;
use crate::model::Cpu;

/// Four lines: slot, type, ticks of 10 ms in each state, and their sum as a time.
pub fn cpu(cpu: &Cpu, out: &mut Vec<u8>) {
    let master = if cpu.master { " (master)" } else { "" };
    let running = if cpu.running { "running" } else { "not running" };
    put(out, format_args!("slot {}{master}, {running}\n", cpu.number));
    put(out, format_args!("type {}, subtype {}\n", cpu.kind, cpu.subtype));
    let times = cpu.times;
    let ticks =
        [times.user, times.system, times.idle, times.nice].into_iter().fold(0, u64::saturating_add);
    put(
        out,
        format_args!(
            "{ticks} ticks (user {} system {} idle {} nice {})\n",
            times.user, times.system, times.idle, times.nice
        ),
    );
    let seconds = ticks / 100;
    let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
    put(out, format_args!("cpu uptime {hours}h {minutes}m {}s\n", seconds % 60));
}

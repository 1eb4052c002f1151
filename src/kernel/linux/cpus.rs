//! The CPUs: the lines of `/proc/stat` (`show_stat`).

use super::scan::decimal;
use crate::model::{Cpu, CpuTimes};

/// `CPU_TYPE_X86_64` and `CPU_TYPE_ARM64` of Mach; 0 for a machine that Mach does not know.
const KIND: i32 = if cfg!(target_arch = "x86_64") {
    0x0100_0007
} else if cfg!(target_arch = "aarch64") {
    0x0100_000c
} else {
    0
};

/// The CPUs in use, which are all that the kernel lists. `None` for text that the kernel does not
/// write.
pub(super) fn parse(text: &[u8], ticks_per_second: u64) -> Option<Vec<Cpu>> {
    let lines = text.split(|byte| *byte == b'\n');
    // The first line, without a number, is the sum.
    let numbered = lines
        .filter_map(|line| line.strip_prefix(b"cpu"))
        .filter(|line| line.first().is_some_and(u8::is_ascii_digit));
    let mut cpus =
        numbered.map(|line| cpu(line, ticks_per_second)).collect::<Option<Vec<Cpu>>>()?;
    cpus.sort_unstable_by_key(|cpu| cpu.number);
    Some(cpus)
}

fn cpu(line: &[u8], ticks_per_second: u64) -> Option<Cpu> {
    let mut words = line.split(|byte| *byte == b' ').map(|word| Some(decimal(word)?.0));
    let number = u32::try_from(words.next()??).ok()?;
    let mut hundredths = || {
        let ticks = u128::from(words.next()??);
        u64::try_from(ticks * 100 / u128::from(ticks_per_second)).ok()
    };
    Some(Cpu {
        number,
        kind: KIND,
        subtype: 0,
        running: true,
        master: number == 0,
        times: CpuTimes {
            user: hundredths()?,
            nice: hundredths()?,
            system: hundredths()?,
            idle: hundredths()?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cpus() {
        let text = b"cpu  9 9 9 9 9\ncpu0 1 2 3 4 5 6\ncpu10 250 0 0 8\nintr 1\ncpus 3\n";
        let cpus = parse(text, 250).unwrap();
        assert_eq!(cpus.iter().map(|cpu| cpu.number).collect::<Vec<_>>(), [0, 10]);
        assert!(cpus[0].master && cpus[0].running && !cpus[1].master);
        let times = CpuTimes { user: 100, nice: 0, system: 0, idle: 3 };
        assert_eq!(cpus[1].times, times);
        assert_eq!(parse(b"", 100), Some(Vec::new()));
        for text in ["cpu0", "cpu0 1 2 3", "cpu0 1 2 3 x", "cpu4294967296 1 2 3 4"] {
            assert_eq!(parse(text.as_bytes(), 100), None, "{text}");
        }
    }
}

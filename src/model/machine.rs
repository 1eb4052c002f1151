//! The kernel's information about the machine as a whole.

use std::time::{Duration, SystemTime};

use super::Device;

/// Times of a CPU, in hundredths of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTimes {
    /// In programs.
    pub user: u64,
    /// In programs of low priority.
    pub nice: u64,
    /// In the kernel.
    pub system: u64,
    /// Idle.
    pub idle: u64,
}

/// A CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// Its number.
    pub number: u32,
    /// `cpu_type_t`: 0x01000007 x86-64, 0x0100000c arm64.
    pub kind: i32,
    /// `cpu_subtype_t`, 0 where there is none.
    pub subtype: i32,
    /// Whether it is in use.
    pub running: bool,
    /// Whether the machine was started on it.
    pub master: bool,
    /// Its ticks.
    pub times: CpuTimes,
}

/// Memory of the machine, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// Unused.
    pub free: u64,
    /// Used lately.
    pub active: u64,
    /// Not used lately.
    pub inactive: u64,
    /// Not to be paged out.
    pub wired: u64,
    /// Read ahead and not yet used.
    pub speculative: u64,
    /// May be dropped at once.
    pub purgeable: u64,
    /// Of files.
    pub file_backed: u64,
    /// Of programs.
    pub anonymous: u64,
    /// Taken by pages that were compressed.
    pub compressor: u64,
    /// Swap space.
    pub swap_total: u64,
    /// Swap space that is unused.
    pub swap_free: u64,
}

/// The swap files of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SwapFiles {
    /// The path of each without the number at its end; empty where there is none.
    pub prefix: Vec<u8>,
    /// Bytes in all of them.
    pub total: u64,
    /// Bytes that are used.
    pub used: u64,
}

/// Counters of virtual memory since the machine was started, in pages of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paging {
    /// Pages that are free now.
    pub free: u64,
    /// Pages read from swap space.
    pub swapped_in: u64,
    /// Pages written to swap space.
    pub swapped_out: u64,
    /// Page faults.
    pub faults: u64,
}

/// A mounted file system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mounted {
    /// The device or volume.
    pub source: Vec<u8>,
    /// Where.
    pub path: Vec<u8>,
    /// Of which type.
    pub kind: Vec<u8>,
    /// As `MNT_*` bits of Darwin.
    pub flags: u32,
    /// The device number that its files have.
    pub device: Device,
}

/// The machine as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The kernel's name, as `uname -s` has it.
    pub system: Vec<u8>,
    /// The kernel's release, as `uname -r` has it.
    pub release: Vec<u8>,
    /// The kernel's version, as `uname -v` has it.
    pub version: Vec<u8>,
    /// The machine's architecture, as `uname -m` has it.
    pub architecture: Vec<u8>,
    /// Its name in the network.
    pub hostname: Vec<u8>,
    /// When it was started.
    pub booted: SystemTime,
    /// How long ago that was.
    pub uptime: Duration,
    /// Mean number of runnable processes in the last 1, 5 and 15 minutes, in thousandths.
    pub load: [u64; 3],
    /// How many processes, or threads where known, there are.
    pub processes: u32,
    /// The pid made last, where it is known.
    pub last_pid: Option<u32>,
    /// Its memory.
    pub memory: Memory,
    /// Its CPUs.
    pub cpus: Vec<Cpu>,
    /// The CPUs' name.
    pub cpu_name: Vec<u8>,
    /// The CPUs' maker.
    pub cpu_vendor: Vec<u8>,
    /// Their frequency in hertz, if it is known.
    pub cpu_frequency: Option<u64>,
    /// Bytes of a cache line.
    pub cache_line: Option<u64>,
    /// Bytes of a page.
    pub page_size: u64,
    /// File systems that are mounted.
    pub mounts: Vec<Mounted>,
}

/// The bytes of a word of a mount table, in which space, tab, newline and backslash stand as a
/// backslash and three octal digits (getmntent(3)).
#[must_use]
pub fn from_octal(word: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&byte, behind)) = rest.split_first() {
        let octal = behind
            .first_chunk::<3>()
            .filter(|_| byte == b'\\')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(octal.unwrap_or(byte));
        rest = if octal.is_some() { &behind[3..] } else { behind };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::from_octal;

    #[test]
    fn escapes_that_are_none_stay() {
        assert_eq!(from_octal(b"a\\04"), b"a\\04");
        assert_eq!(from_octal(b"\\999"), b"\\999");
        assert_eq!(from_octal(b"\\0\\09x\\"), b"\\0\\09x\\");
        assert_eq!(from_octal(b"\\011\\134"), b"\t\\");
    }
}

//! Registers of a thread: `thread_get_state`, with the names and places of `mach/i386/_structs.h`
//! and `mach/arm/_structs.h`.

use std::sync::Arc;

use super::super::failure;
use super::machine::cpu_type;
use super::thread_ports::LastThreads;
use crate::kernel::xnu::{CPU_TYPE_ARM64, CPU_TYPE_X86_64, PortKind, StateFlavor, XnuCalls};
use crate::model::{Error, ErrorKind, Pid, Register, RegisterSet, Result};

/// Registers one after the other: their names, the place of the first one, the distance between
/// them, and the bytes of each.
type Group = (&'static [&'static str], usize, usize, u8);

const X86_THREAD: &[Group] = &[(
    &[
        "rax", "rbx", "rcx", "rdx", "rdi", "rsi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12",
        "r13", "r14", "r15", "rip", "rflags", "cs", "fs", "gs",
    ],
    0,
    8,
    8,
)];

const X86_FLOAT: &[Group] = &[
    (&["fcw", "fsw"], 8, 2, 2),
    (&["ftw"], 12, 1, 1),
    (&["fop"], 14, 2, 2),
    (&["ip"], 16, 4, 4),
    (&["cs"], 20, 2, 2),
    (&["dp"], 24, 4, 4),
    (&["ds"], 28, 2, 2),
    (&["mxcsr", "mxcsrmask"], 32, 4, 4),
    (&["stmm0", "stmm1", "stmm2", "stmm3", "stmm4", "stmm5", "stmm6", "stmm7"], 40, 16, 10),
    (
        &[
            "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
            "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
        ],
        168,
        16,
        16,
    ),
];

const X86_EXCEPTION: &[Group] =
    &[(&["trapno", "cpu"], 0, 2, 2), (&["err"], 4, 4, 4), (&["faultvaddr"], 8, 8, 8)];

const X86_DEBUG: &[Group] = &[(&["dr0", "dr1", "dr2", "dr3", "dr4", "dr5", "dr6", "dr7"], 0, 8, 8)];

const ARM_THREAD: &[Group] = &[
    (
        &[
            "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
            "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25",
            "x26", "x27", "x28", "fp", "lr", "sp", "pc",
        ],
        0,
        8,
        8,
    ),
    (&["cpsr", "flags"], 264, 4, 4),
];

const ARM_FLOAT: &[Group] = &[
    (
        &[
            "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "q13",
            "q14", "q15", "q16", "q17", "q18", "q19", "q20", "q21", "q22", "q23", "q24", "q25",
            "q26", "q27", "q28", "q29", "q30", "q31",
        ],
        0,
        16,
        16,
    ),
    (&["fpsr", "fpcr"], 512, 4, 4),
];

const ARM_EXCEPTION: &[Group] = &[(&["far"], 0, 8, 8), (&["esr", "exception"], 8, 4, 4)];

const ARM_DEBUG: &[Group] = &[(
    &[
        "bvr0",
        "bvr1",
        "bvr2",
        "bvr3",
        "bvr4",
        "bvr5",
        "bvr6",
        "bvr7",
        "bvr8",
        "bvr9",
        "bvr10",
        "bvr11",
        "bvr12",
        "bvr13",
        "bvr14",
        "bvr15",
        "bcr0",
        "bcr1",
        "bcr2",
        "bcr3",
        "bcr4",
        "bcr5",
        "bcr6",
        "bcr7",
        "bcr8",
        "bcr9",
        "bcr10",
        "bcr11",
        "bcr12",
        "bcr13",
        "bcr14",
        "bcr15",
        "wvr0",
        "wvr1",
        "wvr2",
        "wvr3",
        "wvr4",
        "wvr5",
        "wvr6",
        "wvr7",
        "wvr8",
        "wvr9",
        "wvr10",
        "wvr11",
        "wvr12",
        "wvr13",
        "wvr14",
        "wvr15",
        "wcr0",
        "wcr1",
        "wcr2",
        "wcr3",
        "wcr4",
        "wcr5",
        "wcr6",
        "wcr7",
        "wcr8",
        "wcr9",
        "wcr10",
        "wcr11",
        "wcr12",
        "wcr13",
        "wcr14",
        "wcr15",
        "mdscr_el1",
    ],
    0,
    8,
    8,
)];

/// The flavor of a set of registers on a machine, and the places of the registers.
fn layout(cpu_type: i32, set: RegisterSet) -> Option<(StateFlavor, &'static [Group])> {
    match (cpu_type, set) {
        (CPU_TYPE_X86_64, RegisterSet::Thread) => Some((StateFlavor::X86_THREAD, X86_THREAD)),
        (CPU_TYPE_X86_64, RegisterSet::Float) => Some((StateFlavor::X86_FLOAT, X86_FLOAT)),
        (CPU_TYPE_X86_64, RegisterSet::Exception) => {
            Some((StateFlavor::X86_EXCEPTION, X86_EXCEPTION))
        }
        (CPU_TYPE_X86_64, RegisterSet::Debug) => Some((StateFlavor::X86_DEBUG, X86_DEBUG)),
        (CPU_TYPE_ARM64, RegisterSet::Thread) => Some((StateFlavor::ARM_THREAD, ARM_THREAD)),
        (CPU_TYPE_ARM64, RegisterSet::Float) => Some((StateFlavor::ARM_NEON, ARM_FLOAT)),
        (CPU_TYPE_ARM64, RegisterSet::Exception) => {
            Some((StateFlavor::ARM_EXCEPTION, ARM_EXCEPTION))
        }
        (CPU_TYPE_ARM64, RegisterSet::Debug) => Some((StateFlavor::ARM_DEBUG, ARM_DEBUG)),
        _ => None,
    }
}

/// The registers of a thread.
pub(in super::super) fn registers<C: XnuCalls>(
    calls: &Arc<C>,
    last: &Arc<LastThreads<C>>,
    pid: Pid,
    id: u64,
    set: RegisterSet,
) -> Result<Vec<Register>> {
    let unknown = || Error::new(ErrorKind::Failed, "hw.cputype");
    let (flavor, groups) = layout(cpu_type(calls.as_ref())?, set).ok_or_else(unknown)?;
    last.with_port(calls, pid, id, PortKind::Read, |port| {
        let mut words = [0; StateFlavor::MOST_WORDS];
        let got = calls
            .thread_state(port, flavor, &mut words)
            .map_err(|code| failure::of_thread("thread_get_state", code, pid))?;
        Ok(named(&words[..got.min(words.len())], groups))
    })
}

/// The registers in these words, as far as the words go.
fn named(words: &[u32], groups: &'static [Group]) -> Vec<Register> {
    let state: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut registers = Vec::new();
    for (names, first, apart, bytes) in groups {
        for (number, name) in names.iter().enumerate() {
            let at = first + number * apart;
            let Some(field) = state.get(at..at + usize::from(*bytes)) else { break };
            let mut value = [0; 16];
            value[..field.len()].copy_from_slice(field);
            registers.push(Register { name, value: u128::from_le_bytes(value), bytes: *bytes });
        }
    }
    registers
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETS: [RegisterSet; 4] =
        [RegisterSet::Thread, RegisterSet::Float, RegisterSet::Exception, RegisterSet::Debug];

    /// Every set fits into the words that the kernel returns for it, and no two registers overlap.
    #[test]
    fn layouts_fit_their_states() {
        for cpu_type in [CPU_TYPE_X86_64, CPU_TYPE_ARM64] {
            for set in SETS {
                let (flavor, groups) = layout(cpu_type, set).unwrap();
                let (_, words) =
                    *StateFlavor::of_cpu(cpu_type).iter().find(|(it, _)| *it == flavor).unwrap();
                let count: usize = groups.iter().map(|(names, ..)| names.len()).sum();
                assert_eq!(named(&vec![0; words], groups).len(), count, "{set:?}");
                let mut end = 0;
                for (names, first, apart, bytes) in groups {
                    assert!(*first >= end && usize::from(*bytes) <= *apart, "{names:?}");
                    end = first + names.len() * apart;
                }
                assert!(end <= words * 4, "{set:?}");
            }
        }
        assert!(layout(0, RegisterSet::Thread).is_none());
    }

    #[test]
    fn words_become_values() {
        let mut words = [0; 68];
        words[0] = 0x89ab_cdef;
        words[1] = 0x0123_4567;
        words[66] = 0x6000_0000;
        let registers = named(&words, ARM_THREAD);
        assert_eq!((registers[0].name, registers[0].value), ("x0", 0x0123_4567_89ab_cdef));
        assert_eq!((registers[33].name, registers[33].value), ("cpsr", 0x6000_0000));
        assert_eq!(named(&words[..2], ARM_THREAD).len(), 1);
    }
}

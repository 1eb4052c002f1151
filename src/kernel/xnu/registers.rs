//! Sets of registers, by machine.

#[cfg(feature = "cli")]
use serde::{Deserialize, Serialize};

use super::constants::{Constant, xnu_constants};

/// A set of registers, by its number in `thread_get_state`. The numbers of the two machines overlap.
///
/// The kernel stops a thread to read them and lets it go again (`thread_act.c`): one that runs on a CPU
/// is interrupted and waited for. On arm64 `lr`, `pc`, `sp` and `fp` of a process with pointer authentication may be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "cli", derive(Serialize, Deserialize), serde(transparent))]
pub struct StateFlavor(pub i32);

xnu_constants! {
    /// Of an Intel Mac.
    X86_SETS in StateFlavor(_) {
        /// 42 words, the general registers.
        X86_THREAD = 4, "x86_THREAD_STATE64";
        /// 131 words, x87 and SSE registers.
        X86_FLOAT = 5, "x86_FLOAT_STATE64";
        /// 4 words.
        X86_EXCEPTION = 6, "x86_EXCEPTION_STATE64";
        /// 16 words.
        X86_DEBUG = 11, "x86_DEBUG_STATE64";
    }
}

xnu_constants! {
    /// Of Apple silicon.
    ARM_SETS in StateFlavor(_) {
        /// 68 words, `x0` to `x28`, `fp`, `lr`, `sp`, `pc`, `cpsr`, and a word of flags.
        ARM_THREAD = 6, "ARM_THREAD_STATE64";
        /// 4 words.
        ARM_EXCEPTION = 7, "ARM_EXCEPTION_STATE64";
        /// 130 words.
        ARM_DEBUG = 15, "ARM_DEBUG_STATE64";
        /// 132 words, `q0` to `q31`, `fpsr`, `fpcr`, and padding.
        ARM_NEON = 17, "ARM_NEON_STATE64";
    }
}

xnu_constants! {
    MOST in StateFlavor: usize {
        /// No set has more words.
        MOST_WORDS = 1296, "THREAD_STATE_MAX";
    }
}

impl StateFlavor {
    /// The four sets of a machine with this `hw.cputype`, each with its number of words: general,
    /// floating-point, exception and debug registers. None of a machine that is not known.
    #[must_use]
    pub fn of_cpu(cpu_type: i32) -> &'static [(Self, usize)] {
        match cpu_type {
            CPU_TYPE_X86_64 => &[
                (Self::X86_THREAD, 42),
                (Self::X86_FLOAT, 131),
                (Self::X86_EXCEPTION, 4),
                (Self::X86_DEBUG, 16),
            ],
            CPU_TYPE_ARM64 => &[
                (Self::ARM_THREAD, 68),
                (Self::ARM_NEON, 132),
                (Self::ARM_EXCEPTION, 4),
                (Self::ARM_DEBUG, 130),
            ],
            _ => &[],
        }
    }
}

xnu_constants! {
    NUMBERS {
        /// sysctl `hw.cputype` of an Intel Mac.
        CPU_TYPE_X86_64: i32 = 0x0100_0007;
        /// sysctl `hw.cputype` of Apple silicon.
        CPU_TYPE_ARM64: i32 = 0x0100_000c;
    }
}

/// The names and numbers of the sets of each machine, by `hw.cputype`.
#[doc(hidden)]
pub const REGISTER_SETS: [(i32, &[Constant]); 2] =
    [(CPU_TYPE_X86_64, X86_SETS), (CPU_TYPE_ARM64, ARM_SETS)];

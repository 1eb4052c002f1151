//! Sets of registers, by machine.

use serde::{Deserialize, Serialize};

/// A set of registers, by the number that `thread_get_state` knows it by. The numbers of the two
/// machines overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StateFlavor(pub i32);

impl StateFlavor {
    /// `x86_THREAD_STATE64`: 42 words, the general registers.
    pub const X86_THREAD: Self = StateFlavor(4);
    /// `x86_FLOAT_STATE64`: 131 words, x87 and SSE registers.
    pub const X86_FLOAT: Self = StateFlavor(5);
    /// `x86_EXCEPTION_STATE64`: 4 words.
    pub const X86_EXCEPTION: Self = StateFlavor(6);
    /// `x86_DEBUG_STATE64`: 16 words.
    pub const X86_DEBUG: Self = StateFlavor(11);
    /// `ARM_THREAD_STATE64`: 68 words, `x0` to `x28`, `fp`, `lr`, `sp`, `pc`, `cpsr`, and a word
    /// of flags.
    pub const ARM_THREAD: Self = StateFlavor(6);
    /// `ARM_EXCEPTION_STATE64`: 4 words.
    pub const ARM_EXCEPTION: Self = StateFlavor(7);
    /// `ARM_DEBUG_STATE64`: 130 words.
    pub const ARM_DEBUG: Self = StateFlavor(15);
    /// `ARM_NEON_STATE64`: 132 words, `q0` to `q31`, `fpsr`, `fpcr`, and padding.
    pub const ARM_NEON: Self = StateFlavor(17);

    /// `THREAD_STATE_MAX`: no set has more words.
    pub const MOST_WORDS: usize = 1296;

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

/// `CPU_TYPE_X86_64`: sysctl `hw.cputype` of an Intel Mac.
pub const CPU_TYPE_X86_64: i32 = 0x0100_0007;

/// `CPU_TYPE_ARM64`: sysctl `hw.cputype` of Apple silicon.
pub const CPU_TYPE_ARM64: i32 = 0x0100_000c;

//! The files of the MacFUSE procfs, with its names and layouts, as far as they are more than one
//! value in a line: those are made in their rows. A value that the kernel does not report is a dash,
//! which is what stands there for a missing wait channel.

mod cpu;
mod descriptors;
mod ids;
mod port;
mod process;
mod task;
mod thread;

pub use cpu::cpu;
pub use descriptors::descriptors;
pub use ids::{Ids, Names, groups};
pub use port::rights;
pub use process::{darwin_terminal, linux_terminal, wait_channel};
pub use task::{audit_token, platform, policy, role, security_token};
pub use thread::{registers, thread_flags, thread_policy, thread_run_state};

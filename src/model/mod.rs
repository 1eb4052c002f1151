//! The values that all layers speak: processes, regions, errors by meaning.
//!
//! Nothing here knows an operating system, a text format or FUSE.

mod account;
mod error;
mod machine;
mod process;
mod region;
mod user_tag;

pub use account::{
    Account, Arguments, Descriptor, DescriptorKind, Port, Queue, Register, RegisterSet, Shown,
    State, TaskFact, Thread, Time, Usage,
};
pub use error::{Code, Error, ErrorKind, Result, error_words, is_visible};
pub use machine::{Cpu, CpuTimes, Machine, Memory, Mounted, from_octal};
pub use process::{Credentials, Identity, Ids, Owner, Pid, Process, Standing};
pub use region::{
    Backing, BackingKind, Behavior, Device, Inheritance, PageCounts, Protection, Region, ShareMode,
    Sharing,
};
pub use user_tag::UserTag;

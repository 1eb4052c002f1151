//! The values that all layers speak: processes, regions, errors by meaning.
//!
//! Nothing here knows an operating system, a text format or FUSE.

mod account;
mod error;
mod machine;
mod port_refusal;
mod process;
mod region;
mod user_tag;

pub use account::{
    Account, Arguments, ChildrenUsage, Descriptor, DescriptorKind, DiskUsage, Extent, MemoryKinds,
    Port, Queue, Register, RegisterSet, Shown, Signals, State, TaskFact, Thread, Time, Usage,
};
pub use error::{Code, Error, ErrorKind, Result, error_words, is_visible};
pub use machine::{Cpu, CpuTimes, Machine, Memory, Mounted, from_octal};
pub use port_refusal::{PortRefusal, Signing};
pub use process::{Credentials, Identity, Ids, Owner, Pid, Process, Standing};
pub use region::{
    Backing, BackingKind, Behavior, Device, Inheritance, PageCounts, Protection, Region, ShareMode,
    Sharing,
};
pub use user_tag::UserTag;

//! The values that all layers speak: processes, regions, errors by meaning.
//!
//! Nothing here knows an operating system, a text format or FUSE.

mod error;
mod machine;
mod network;
mod port_refusal;
mod process;
mod process_info;
mod range;
mod region;
mod socket;
mod task;
mod user_tag;

pub use error::{Code, Error, ErrorKind, Result, error_words, is_visible, without_number};
pub use machine::{Cpu, CpuTimes, Machine, Memory, Mounted, Paging, SwapFiles, from_octal};
pub use network::{Interface, Neighbour, Route, Traffic};
pub use port_refusal::{PortRefusal, Signing};
pub use process::{CallerPrivileges, Credentials, Identity, Ids, Owner, Pid, Process};
pub use process_info::{
    Arguments, ChildrenUsage, Descriptor, DescriptorKind, DiskUsage, Extent, MemoryKinds,
    ProcessInfo, Signals, State, Time, Usage, Visibility,
};
pub use range::AddressRange;
pub use region::{
    Backing, BackingKind, Behavior, Device, Inheritance, PageCounts, Protection, Region, ShareMode,
    Sharing,
};
pub use socket::{LocalSocket, Socket, TcpState};
pub use task::{AuditToken, Port, Queue, Register, RegisterSet, SecurityToken, Thread};
pub use user_tag::UserTag;

//! XNU: its calls as methods over numbers and buffers, and its structs.
//!
//! On a Mac `sys` asks the kernel; on other systems a recording or a model of XNU answers. This
//! layer does not retry, convert units or interpret errors. The code above does, where it can be
//! tested.

mod calls;
mod constants;
mod errno;
mod flavors;
mod image;
#[cfg(feature = "cli")]
pub(crate) mod json;
pub mod macho;
pub mod pcb_list;
mod ports;
mod registers;
pub mod route;
mod shared_cache;
mod structs;
#[cfg(target_os = "macos")]
mod sys;
mod sysctls;
mod typed;
mod wire;

pub use self::calls::XnuCalls;
pub use self::constants::{
    CS_OPS_STATUS, CTL_KERN, Constant, KERN_PROC, KERN_PROC_PID, KERN_PROCARGS2, KERN_SUCCESS,
    MAXLONGPATHLEN, MNT_NOWAIT, PID_MAX, PROC_PIDPATHINFO_MAXSIZE, RUSAGE_INFO_V5,
    TASK_CATEGORY_POLICY, constants,
};
pub use self::errno::{Errno, KernReturn, PORT_DEAD, PORT_NULL, PortName, Refusal};
pub use self::flavors::{
    FdInfo, HostInfo, PidInfo, PidList, PortAttributes, ProcessorFlavor, TaskFlavor, ThreadFlavor,
    ThreadId,
};
pub use self::image::{FilePart, IMAGE_SEGMENTS, Image, Segment};
pub use self::ports::{PortKind, TaskPort, ThreadPorts};
pub use self::registers::{CPU_TYPE_ARM64, CPU_TYPE_X86_64, REGISTER_SETS, StateFlavor};
pub use self::shared_cache::{CacheMapping, MOST_MEMORY, SharedCache};
pub use self::structs::*;
#[cfg(target_os = "macos")]
pub use self::sys::Xnu;
pub use self::sysctls::{REGION_INFO_SKIP_ALIASES, SYSCTLS, boot, routing, sockets};
pub use self::typed::{Typed, words_of};
pub use self::wire::{Field, Layout, Plain, Text, Unread};

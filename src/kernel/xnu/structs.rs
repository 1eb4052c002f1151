//! XNU's structs, each declared once, in XNU's numbers and units.
//!
//! A recording has them by the names of their fields: to rename a field is to change the format
//! (`docs/recording.md`).

mod file;
mod kinfo;
mod machine;
mod network;
mod process;
mod region;
mod socket;
mod task;

pub use self::file::{
    FileInfo, InternetEnds, OpenFile, PathlessFile, PipeFile, SemaphoreFile, SharedMemoryFile,
    SocketFile, TcpEnds, UnixEnds, VnodeFile,
};
pub use self::kinfo::KinfoProc;
pub use self::machine::{Mount, ProcessorInfo, ProcessorLoad, Timebase, VmStatistics};
pub use self::network::{InterfaceMessage, RouteMessage};
pub use self::process::{
    BsdInfo, CodeSigning, IdentifiedInfo, Platform, Rusage, ShortBsdInfo, TaskInfo, ThreadInfo,
    UniqueInfo,
};
pub use self::region::{
    FileRegion, RegionInfo, RegionPath, RegionPathInfo, SubmapInfo, SubmapShortInfo, VnodeInfo,
    VnodePaths,
};
pub use self::socket::{Ends, SocketEnds, SocketName};
pub use self::task::{
    AuditToken, PortLimit, PortStatus, SecurityToken, SpaceEntry, SpaceInfo, TaskBasicInfo,
    TaskVmInfo, ThreadBasicInfo, ThreadIdentifier, TimeValue,
};
use super::constants::Constant;
use super::wire::Layout;

/// The layout of every struct that the kernel fills.
#[doc(hidden)]
pub fn layouts() -> impl Iterator<Item = &'static Layout> {
    [
        file::LAYOUTS,
        machine::LAYOUTS,
        network::LAYOUTS,
        process::LAYOUTS,
        kinfo::LAYOUTS,
        region::LAYOUTS,
        task::LAYOUTS,
    ]
    .into_iter()
    .flatten()
    .chain([&socket::LAYOUT])
}

/// The numbers that are declared in structs.
pub(super) fn constants() -> impl Iterator<Item = &'static [Constant]> {
    [
        file::KINDS,
        process::INFO_FLAGS,
        kinfo::KINFO_FLAGS,
        process::PLATFORMS,
        process::USAGE_FLAGS,
        process::SIGNING_FLAGS,
        region::REGION_FLAGS,
        socket::SOCKET_KINDS,
        task::RIGHTS,
    ]
    .into_iter()
}

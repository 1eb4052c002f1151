//! Calls about the open files of a process.

use serde::{Deserialize, Serialize};

use super::super::json;
use super::{Errno, VnodeInfo};

/// Open files by pid and descriptor. All of them follow the uid rule of `proc_pidinfo`.
///
/// A call about one descriptor checks in this order (`proc_info.c:proc_pidfdinfo`): no such
/// process, or a zombie, is [`Errno::SRCH`]; the uid rule, [`Errno::PERM`]; a descriptor that is
/// not open, or is another kind of file, [`Errno::BADF`] (for sockets the second is
/// [`Errno::NOTSOCK`]). The descriptor may be closed, and be another file's, at any moment.
pub trait FileCalls: Send + Sync + 'static {
    /// `proc_pidinfo(PROC_PIDLISTFDS = 1)`: fills the buffer with the open descriptors, ascending,
    /// and returns how many; without a buffer, how many the process's table has room for, and 20
    /// more. A result that fills the buffer may have been cut off silently.
    ///
    /// # Errors
    /// [`Errno::NOMEM`] for an empty buffer; [`Errno::SRCH`], [`Errno::PERM`].
    fn list_files(&self, pid: i32, files: Option<&mut [OpenFile]>) -> Result<usize, Errno>;

    /// `proc_pidfdinfo(PROC_PIDFDVNODEPATHINFO = 2)`. The path obeys the rules of
    /// [`RegionPathInfo::path`](super::RegionPathInfo::path). The kernel asks the file system for
    /// the file's attributes, which may block.
    ///
    /// # Errors
    /// As of the trait, and what the file system gave; [`Errno::PERM`] also where this program may
    /// not know the file's path (`mac_vnode_check_fsgetpath`, since macOS 12: files in protected
    /// folders, without Full Disk Access).
    fn vnode_file(&self, pid: i32, descriptor: i32) -> Result<VnodeFile, Errno>;

    /// `proc_pidfdinfo(PROC_PIDFDVNODEINFO = 1)`: the same without the path, which is empty.
    ///
    /// # Errors
    /// As of [`vnode_file`](Self::vnode_file), but for the right to know the path.
    fn vnode_file_without_path(&self, pid: i32, descriptor: i32) -> Result<VnodeFile, Errno>;

    /// Bytes of a regular file from this offset on, at most so many: `open`, `fstat` and `pread`.
    /// May block for as long as the file system does.
    ///
    /// # Errors
    /// What the three gave; [`Errno::INVAL`] for what is no regular file.
    fn file_part(&self, path: &[u8], offset: u64, most: usize) -> Result<FilePart, Errno>;

    /// `proc_pidfdinfo(PROC_PIDFDSOCKETINFO = 3)`.
    ///
    /// # Errors
    /// As of the trait.
    fn socket_file(&self, pid: i32, descriptor: i32) -> Result<SocketFile, Errno>;

    /// `proc_pidfdinfo(PROC_PIDFDPIPEINFO = 6)`.
    ///
    /// # Errors
    /// As of the trait.
    fn pipe_file(&self, pid: i32, descriptor: i32) -> Result<PipeFile, Errno>;
}

/// `struct proc_fdinfo`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenFile {
    /// The descriptor.
    pub descriptor: i32,
    /// `PROX_FDTYPE_*`.
    pub kind: u32,
}

/// Numbers in [`OpenFile::kind`].
impl OpenFile {
    /// A file, directory or device.
    pub const VNODE: u32 = 1;
    /// A socket.
    pub const SOCKET: u32 = 2;
    /// POSIX shared memory.
    pub const SHARED_MEMORY: u32 = 3;
    /// A POSIX semaphore.
    pub const SEMAPHORE: u32 = 4;
    /// A queue of kernel events.
    pub const KQUEUE: u32 = 5;
    /// A pipe.
    pub const PIPE: u32 = 6;
    /// File system events.
    pub const FSEVENTS: u32 = 7;
    /// A network policy.
    pub const NETPOLICY: u32 = 9;
    /// A channel of the user-space network stack.
    pub const CHANNEL: u32 = 10;
    /// A nexus of the user-space network stack.
    pub const NEXUS: u32 = 11;
}

/// `struct proc_fileinfo`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileInfo {
    /// The flags it was opened with, as the kernel keeps them: `FREAD` 1 and `FWRITE` 2 in the
    /// place of `O_RDONLY`, `O_WRONLY` and `O_RDWR`, the others as in `fcntl.h`.
    pub open_flags: u32,
    /// `PROC_FP_*`: 1 another descriptor shares it, 2 close on exec, 4 guarded, 8 close on fork.
    pub status: u32,
    /// Where the next read or write goes.
    pub offset: i64,
    /// As [`OpenFile::kind`].
    pub kind: i32,
    /// `PROC_FI_GUARD_*`.
    pub guard_flags: u32,
}

/// `struct vnode_fdinfowithpath`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VnodeFile {
    /// How it was opened.
    pub file: FileInfo,
    /// The file.
    pub vnode: VnodeInfo,
    /// Its path up to its NUL, at most 1,023 bytes; empty where it is not known.
    #[serde(with = "json::bytes")]
    pub path: Vec<u8>,
}

/// What [`FileCalls::file_part`] has read, and of which file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilePart {
    /// `st_dev`.
    pub dev: u32,
    /// `st_ino`.
    pub ino: u64,
    /// The bytes, fewer than were asked for at the end of the file.
    pub bytes: Vec<u8>,
}

/// `struct pipe_fdinfo`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipeFile {
    /// How it was opened.
    pub file: FileInfo,
    /// Hashed address of this end: the same for everybody who has it, within one boot.
    #[serde(with = "json::hex")]
    pub handle: u64,
    /// Of the other end; of nothing that is an end where it is closed.
    #[serde(with = "json::hex")]
    pub peer: u64,
    /// `PIPE_*` of `sys/pipe.h`.
    pub status: i32,
}

/// Of `struct socket_fdinfo` what tells the socket and its ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocketFile {
    /// How it was opened.
    pub file: FileInfo,
    /// `soi_so`: hashed address of the socket, the same for everybody who has it.
    #[serde(with = "json::hex")]
    pub handle: u64,
    /// `soi_family`: `AF_*`, in Darwin's numbering.
    pub family: i32,
    /// `soi_type`: `SOCK_*`.
    #[serde(rename = "type")]
    pub kind: i32,
    /// `soi_protocol`: `IPPROTO_*`, or what the family has instead.
    pub protocol: i32,
    /// `soi_state`: `SOI_S_*`; 2 is connected.
    pub state: i16,
    /// `soi_options`: the low 16 `SO_*`; 2 is listening.
    pub options: i16,
    /// `sbi_cc` of the receive buffer: bytes that wait to be read.
    pub unread: u32,
    /// `sbi_cc` of the send buffer: bytes that wait to be sent.
    pub unsent: u32,
    /// By `soi_kind`.
    pub ends: SocketEnds,
}

/// What is known of a socket's two ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocketEnds {
    /// `SOCKINFO_GENERIC` and all kinds that are not told here.
    #[default]
    Other,
    /// `SOCKINFO_IN`: IPv4 or IPv6, but no TCP.
    Internet(InternetEnds),
    /// `SOCKINFO_TCP`.
    Tcp {
        /// Addresses and ports.
        ends: InternetEnds,
        /// `TSI_S_*`: 0 closed, 1 listens, 2 and 3 SYN sent and received, 4 established, 5 close
        /// wait, 6 FIN wait 1, 7 closing, 8 last ACK, 9 FIN wait 2, 10 time wait.
        state: i32,
    },
    /// `SOCKINFO_UN`.
    Unix(UnixEnds),
}

/// Of `struct in_sockinfo` the addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternetEnds {
    /// `insi_vflag`: 1 for IPv4, 2 for IPv6, both for a socket that accepts either.
    pub versions: u8,
    /// Local port, in the machine's byte order; 0 for none.
    pub local_port: u16,
    /// Foreign port, likewise.
    pub foreign_port: u16,
    /// Local address; an IPv4 address is its last four bytes.
    #[serde(with = "json::hex_bytes")]
    pub local: [u8; 16],
    /// Foreign address, likewise.
    #[serde(with = "json::hex_bytes")]
    pub foreign: [u8; 16],
}

/// `struct un_sockinfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnixEnds {
    /// [`SocketFile::handle`] of the socket it is connected to, 0 for none.
    #[serde(with = "json::hex")]
    pub peer: u64,
    /// The name it is bound to up to its NUL, empty for none.
    #[serde(with = "json::bytes")]
    pub path: Vec<u8>,
    /// The name that its peer is bound to, likewise.
    #[serde(with = "json::bytes")]
    pub peer_path: Vec<u8>,
}

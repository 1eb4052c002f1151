//! Open files: structs of `sys/proc_info.h`.

use super::super::constants::xnu_constants;
#[cfg(feature = "cli")]
use super::super::json;
use super::super::wire::{Text, Unread, xnu_structs};
use super::{SocketEnds, SocketName, VnodeInfo};

xnu_structs! {
    /// `struct proc_fdinfo`.
    struct OpenFile: "struct proc_fdinfo", 8 {
        /// The descriptor.
        descriptor: i32 = "proc_fd" @ 0,
        /// `PROX_FDTYPE_*`.
        kind: u32 = "proc_fdtype" @ 4,
    }

    /// `struct proc_fileinfo`.
    struct FileInfo: "struct proc_fileinfo", 24 {
        /// The flags it was opened with, as the kernel keeps them: `FREAD` 1 and `FWRITE` 2 in the
        /// place of `O_RDONLY`, `O_WRONLY` and `O_RDWR`, the others as in `fcntl.h`.
        open_flags: u32 = "fi_openflags" @ 0,
        /// `PROC_FP_*`: 1 another descriptor shares it, 2 close on exec, 4 guarded, 8 close on fork.
        status: u32 = "fi_status" @ 4,
        /// Where the next read or write goes.
        offset: i64 = "fi_offset" @ 8,
        /// As [`OpenFile::kind`].
        kind: i32 = "fi_type" @ 16,
        /// `PROC_FI_GUARD_*`.
        guard_flags: u32 = "fi_guardflags" @ 20,
    }

    /// `struct vnode_fdinfowithpath`.
    struct VnodeFile: "struct vnode_fdinfowithpath", 1200 {
        /// How it was opened.
        file: FileInfo = "pfi" @ 0,
        /// The file.
        vnode: VnodeInfo = "pvip.vip_vi" @ 24,
        /// Its path up to its NUL, at most 1,023 bytes; empty where it is not known.
        path: Text<1024> = "pvip.vip_path" @ 176,
    }

    /// `struct vnode_fdinfo`.
    struct PathlessFile: "struct vnode_fdinfo", 176 {
        /// How it was opened.
        file: FileInfo = "pfi" @ 0,
        /// The file.
        vnode: VnodeInfo = "pvi" @ 24,
    }

    /// `struct pipe_fdinfo`.
    struct PipeFile: "struct pipe_fdinfo", 184 {
        /// How it was opened.
        file: FileInfo = "pfi" @ 0,
        #[doc(hidden)]
        #[serde(skip)]
        unread: Unread<136> = "" @ 24,
        /// Hashed address of this end: the same for everybody who has it, within one boot.
        #[serde(with = "json::hex")]
        handle: u64 = "pipeinfo.pipe_handle" @ 160,
        /// Of the other end; of nothing that is an end where it is closed.
        #[serde(with = "json::hex")]
        peer: u64 = "pipeinfo.pipe_peerhandle" @ 168,
        /// `PIPE_*` of `sys/pipe.h`.
        status: i32 = "pipeinfo.pipe_status" @ 176,
        #[doc(hidden)]
        #[serde(skip)]
        unread_reserve: Unread<4> = "" @ 180,
    }

    /// `struct pshm_fdinfo`: POSIX shared memory.
    struct SharedMemoryFile: "struct pshm_fdinfo", 1192 {
        /// How it was opened.
        file: FileInfo = "pfi" @ 0,
        #[doc(hidden)]
        #[serde(skip)]
        unread: Unread<144> = "" @ 24,
        /// The name that it was made with.
        name: Text<1024> = "pshminfo.pshm_name" @ 168,
    }

    /// `struct psem_fdinfo`: a POSIX semaphore.
    struct SemaphoreFile: "struct psem_fdinfo", 1184 {
        /// How it was opened.
        file: FileInfo = "pfi" @ 0,
        #[doc(hidden)]
        #[serde(skip)]
        unread: Unread<136> = "" @ 24,
        /// The name that it was made with.
        name: Text<1024> = "pseminfo.psem_name" @ 160,
    }

    /// Of `struct socket_fdinfo` what tells the socket and its ends.
    struct SocketFile: "struct socket_fdinfo", 792 {
        /// How it was opened.
        file: FileInfo = "pfi" @ 0,
        #[doc(hidden)]
        #[serde(skip)]
        unread_stat: Unread<136> = "" @ 24,
        /// `soi_so`: hashed address of the socket, the same for everybody who has it.
        #[serde(with = "json::hex")]
        handle: u64 = "psi.soi_so" @ 160,
        #[doc(hidden)]
        #[serde(skip)]
        unread_pcb: Unread<8> = "" @ 168,
        /// `soi_type`: `SOCK_*`.
        #[serde(rename = "type")]
        kind: i32 = "psi.soi_type" @ 176,
        /// `soi_protocol`: `IPPROTO_*`, or what the family has instead.
        protocol: i32 = "psi.soi_protocol" @ 180,
        /// `soi_family`: `AF_*`, in Darwin's numbering.
        family: i32 = "psi.soi_family" @ 184,
        /// `soi_options`: the low 16 `SO_*`; 2 is listening.
        options: i16 = "psi.soi_options" @ 188,
        #[doc(hidden)]
        #[serde(skip)]
        unread_linger: Unread<2> = "" @ 190,
        /// `soi_state`: `SOI_S_*`; 2 is connected.
        state: i16 = "psi.soi_state" @ 192,
        #[doc(hidden)]
        #[serde(skip)]
        unread_queues: Unread<14> = "" @ 194,
        /// `sbi_cc` of the receive buffer: bytes that wait to be read.
        unread: u32 = "psi.soi_rcv.sbi_cc" @ 208,
        #[doc(hidden)]
        #[serde(skip)]
        unread_receive: Unread<20> = "" @ 212,
        /// `sbi_cc` of the send buffer: bytes that wait to be sent.
        unsent: u32 = "psi.soi_snd.sbi_cc" @ 232,
        #[doc(hidden)]
        #[serde(skip)]
        unread_send: Unread<20> = "" @ 236,
        /// From `soi_kind` on.
        ends: SocketEnds = "" @ 256,
    }

    /// Of `struct in_sockinfo` the addresses.
    struct InternetEnds: "struct in_sockinfo", 80 {
        /// Foreign port; 0 for none. In the network's byte order here, a number in a recording.
        #[serde(with = "json::port")]
        foreign_port: i32 = "insi_fport" @ 0,
        /// Local port, as the foreign one.
        #[serde(with = "json::port")]
        local_port: i32 = "insi_lport" @ 4,
        #[doc(hidden)]
        #[serde(skip)]
        unread_flow: Unread<16> = "" @ 8,
        /// `insi_vflag`: 1 for IPv4, 2 for IPv6, both for a socket that accepts either.
        versions: u8 = "insi_vflag" @ 24,
        #[doc(hidden)]
        #[serde(skip)]
        unread_life: Unread<7> = "" @ 25,
        /// Foreign address; an IPv4 address is its last four bytes.
        #[serde(with = "json::hex_bytes")]
        foreign: [u8; 16] = "insi_faddr" @ 32,
        /// Local address, as the foreign one.
        #[serde(with = "json::hex_bytes")]
        local: [u8; 16] = "insi_laddr" @ 48,
        #[doc(hidden)]
        #[serde(skip)]
        unread_options: Unread<16> = "" @ 64,
    }

    /// `struct tcp_sockinfo`.
    struct TcpEnds: "struct tcp_sockinfo", 120 {
        /// Addresses and ports.
        ends: InternetEnds = "tcpsi_ini" @ 0,
        /// `TSI_S_*`: 0 closed, 1 listens, 2 and 3 SYN sent and received, 4 established, 5 close wait,
        /// 6 FIN wait 1, 7 closing, 8 last ACK, 9 FIN wait 2, 10 time wait.
        state: i32 = "tcpsi_state" @ 80,
        #[doc(hidden)]
        #[serde(skip)]
        unread: Unread<36> = "" @ 84,
    }

    /// `struct un_sockinfo`.
    struct UnixEnds: "struct un_sockinfo", 528 {
        /// [`SocketFile::handle`] of the socket it is connected to, 0 for none.
        #[serde(with = "json::hex")]
        peer: u64 = "unsi_conn_so" @ 0,
        #[doc(hidden)]
        #[serde(skip)]
        unread_pcb: Unread<8> = "" @ 8,
        /// The name it is bound to up to its NUL, empty for none.
        path: SocketName = "unsi_addr" @ 16,
        /// The name that its peer is bound to, empty for none.
        peer_path: SocketName = "unsi_caddr" @ 271,
        #[doc(hidden)]
        #[serde(skip)]
        unread_padding: Unread<2> = "" @ 526,
    }
}

xnu_constants! {
    /// Numbers in [`OpenFile::kind`].
    KINDS in OpenFile: u32 {
        /// A file, directory or device.
        VNODE = 1, "PROX_FDTYPE_VNODE";
        /// A socket.
        SOCKET = 2, "PROX_FDTYPE_SOCKET";
        /// POSIX shared memory.
        SHARED_MEMORY = 3, "PROX_FDTYPE_PSHM";
        /// A POSIX semaphore.
        SEMAPHORE = 4, "PROX_FDTYPE_PSEM";
        /// A queue of kernel events.
        KQUEUE = 5, "PROX_FDTYPE_KQUEUE";
        /// A pipe.
        PIPE = 6, "PROX_FDTYPE_PIPE";
        /// File system events.
        FSEVENTS = 7, "PROX_FDTYPE_FSEVENTS";
        /// A network policy.
        NETPOLICY = 9, "PROX_FDTYPE_NETPOLICY";
        /// A channel of the user-space network stack.
        CHANNEL = 10, "PROX_FDTYPE_CHANNEL";
        /// A nexus of the user-space network stack.
        NEXUS = 11, "PROX_FDTYPE_NEXUS";
    }
}

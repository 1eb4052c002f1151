//! Open files: the structs of `sys/proc_info.h` that libc lacks.

use std::ffi::c_int;
use std::mem::{offset_of, size_of};

use super::{Plain, vinfo_stat, vnode_info, vnode_info_path};

pub(crate) const PROC_PIDLISTFDS: c_int = 1;
pub(crate) const PROC_PIDFDVNODEINFO: c_int = 1;
pub(crate) const PROC_PIDFDVNODEPATHINFO: c_int = 2;
pub(crate) const PROC_PIDFDSOCKETINFO: c_int = 3;
pub(crate) const PROC_PIDFDPIPEINFO: c_int = 6;

pub(crate) const SOCKINFO_IN: c_int = 1;
pub(crate) const SOCKINFO_TCP: c_int = 2;
pub(crate) const SOCKINFO_UN: c_int = 3;

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct proc_fdinfo {
    pub(crate) proc_fd: i32,
    pub(crate) proc_fdtype: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct proc_fileinfo {
    pub(crate) fi_openflags: u32,
    pub(crate) fi_status: u32,
    pub(crate) fi_offset: i64,
    pub(crate) fi_type: i32,
    pub(crate) fi_guardflags: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct vnode_fdinfo {
    pub(crate) pfi: proc_fileinfo,
    pub(crate) pvi: vnode_info,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct vnode_fdinfowithpath {
    pub(crate) pfi: proc_fileinfo,
    pub(crate) pvip: vnode_info_path,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct pipe_info {
    pub(crate) pipe_stat: vinfo_stat,
    pub(crate) pipe_handle: u64,
    pub(crate) pipe_peerhandle: u64,
    pub(crate) pipe_status: c_int,
    pub(crate) rfu_1: c_int,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct pipe_fdinfo {
    pub(crate) pfi: proc_fileinfo,
    pub(crate) pipeinfo: pipe_info,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct in_sockinfo {
    pub(crate) insi_fport: c_int,
    pub(crate) insi_lport: c_int,
    pub(crate) insi_gencnt: u64,
    pub(crate) insi_flags: u32,
    pub(crate) insi_flow: u32,
    pub(crate) insi_vflag: u8,
    pub(crate) insi_ip_ttl: u8,
    pub(crate) rfu_1: u32,
    pub(crate) insi_faddr: [u8; 16],
    pub(crate) insi_laddr: [u8; 16],
    pub(crate) unread: [u32; 4],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct tcp_sockinfo {
    pub(crate) tcpsi_ini: in_sockinfo,
    pub(crate) tcpsi_state: c_int,
    pub(crate) unread: [u32; 9],
}

/// The addresses are unions with `sockaddr_un`: a byte of length, one of family, and the name.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct un_sockinfo {
    pub(crate) unsi_conn_so: u64,
    pub(crate) unsi_conn_pcb: u64,
    pub(crate) unsi_addr: [u8; 255],
    pub(crate) unsi_caddr: [u8; 255],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct sockbuf_info {
    pub(crate) sbi_cc: u32,
    pub(crate) unread: [u32; 5],
}

/// `soi_proto` is a union by `soi_kind`; its bytes are one of the structs above.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct socket_info {
    pub(crate) soi_stat: vinfo_stat,
    pub(crate) soi_so: u64,
    pub(crate) soi_pcb: u64,
    pub(crate) soi_type: c_int,
    pub(crate) soi_protocol: c_int,
    pub(crate) soi_family: c_int,
    pub(crate) soi_options: i16,
    pub(crate) soi_linger: i16,
    pub(crate) soi_state: i16,
    pub(crate) unread: [u16; 7],
    pub(crate) soi_rcv: sockbuf_info,
    pub(crate) soi_snd: sockbuf_info,
    pub(crate) soi_kind: c_int,
    pub(crate) rfu_1: u32,
    pub(crate) soi_proto: [u8; 528],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct socket_fdinfo {
    pub(crate) pfi: proc_fileinfo,
    pub(crate) psi: socket_info,
}

// As in `ffi`.
plain! {
    proc_fdinfo 8 { proc_fd 0, proc_fdtype 4 }
    proc_fileinfo 24 {
        fi_openflags 0, fi_status 4, fi_offset 8, fi_type 16, fi_guardflags 20,
    }
    vnode_fdinfo 176 { pfi 0, pvi 24 }
    vnode_fdinfowithpath 1200 { pfi 0, pvip 24 }
    pipe_info 160 { pipe_handle 136, pipe_peerhandle 144, pipe_status 152 }
    pipe_fdinfo 184 { pfi 0, pipeinfo 24 }
    in_sockinfo 80 {
        insi_fport 0, insi_lport 4, insi_vflag 24, insi_faddr 32, insi_laddr 48,
    }
    tcp_sockinfo 120 { tcpsi_ini 0, tcpsi_state 80 }
    un_sockinfo 528 { unsi_conn_so 0, unsi_conn_pcb 8, unsi_addr 16, unsi_caddr 271 }
    sockbuf_info 24 { sbi_cc 0 }
    socket_info 768 {
        soi_so 136, soi_type 152, soi_protocol 156, soi_family 160, soi_options 164,
        soi_state 168, soi_rcv 184, soi_snd 208, soi_kind 232, soi_proto 240,
    }
    socket_fdinfo 792 { pfi 0, psi 24 }
}

//! `struct kinfo_proc` of `sys/sysctl.h`, and what is in it.

use std::ffi::c_int;
use std::mem::{offset_of, size_of};

use super::Plain;

pub(crate) const PROC_PIDPATHINFO_MAXSIZE: usize = 4096;

pub(crate) const KERN_PROC: c_int = 14;
pub(crate) const KERN_PROC_PID: c_int = 1;

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct extern_proc {
    pub(crate) unread_before: [u64; 4],
    pub(crate) p_flag: i32,
    pub(crate) p_stat: i8,
    pub(crate) unread_after: [u64; 32],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct _pcred {
    pub(crate) unread: [u64; 10],
    pub(crate) p_ruid: u32,
    pub(crate) p_svuid: u32,
    pub(crate) p_rgid: u32,
    pub(crate) p_svgid: u32,
    pub(crate) p_refcnt: c_int,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct _ucred {
    pub(crate) cr_ref: i32,
    pub(crate) cr_uid: u32,
    pub(crate) cr_ngroups: i16,
    pub(crate) cr_groups: [u32; 16],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct eproc {
    pub(crate) unread_before: [u64; 2],
    pub(crate) e_pcred: _pcred,
    pub(crate) e_ucred: _ucred,
    pub(crate) e_vm: [u64; 8],
    pub(crate) e_ppid: i32,
    pub(crate) e_pgid: i32,
    pub(crate) e_jobc: i16,
    pub(crate) e_tdev: i32,
    pub(crate) e_tpgid: i32,
    pub(crate) e_tsess: u64,
    pub(crate) e_wmesg: [u8; 8],
    pub(crate) unread_after: [u64; 6],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct kinfo_proc {
    pub(crate) kp_proc: extern_proc,
    pub(crate) kp_eproc: eproc,
}

// As in `ffi`.
plain! {
    extern_proc 296 { p_flag 32, p_stat 36 }
    _pcred 104 { p_ruid 80, p_svuid 84, p_rgid 88, p_svgid 92 }
    _ucred 76 { cr_uid 4, cr_ngroups 8, cr_groups 12 }
    eproc 352 {
        e_pcred 16, e_ucred 120, e_pgid 268, e_jobc 272, e_tdev 276, e_tpgid 280, e_wmesg 296,
    }
    kinfo_proc 648 { kp_proc 0, kp_eproc 296 }
}

//! Calls about a process by its pid: its executable and its open files.

use std::ffi::{c_int, c_void};

use super::super::{
    _pcred, _ucred, PROC_PIDFDPIPEINFO, PROC_PIDFDSOCKETINFO, PROC_PIDFDVNODEINFO,
    PROC_PIDFDVNODEPATHINFO, SOCKINFO_IN, SOCKINFO_TCP, SOCKINFO_UN, eproc, extern_proc,
    in_sockinfo, kinfo_proc, pipe_fdinfo, pipe_info, proc_fdinfo, proc_fileinfo, sockbuf_info,
    socket_fdinfo, socket_info, tcp_sockinfo, un_sockinfo, vnode_fdinfo, vnode_fdinfowithpath,
};
use super::structs::{junk_stat, vnode, vnode_without_path};
use super::{JUNK_32, JUNK_64, SHORT_BY, kernel, libproc, put, slice};
use crate::kernel::mach::calls::{
    Errno, FileInfo, InternetEnds, KinfoProc, OpenFile, SocketEnds, SocketFile, UnixEnds, XnuCalls,
};

/// libproc gives the path's length, where the system call gives none.
pub(crate) unsafe extern "C" fn proc_pidpath(pid: c_int, buffer: *mut c_void, room: u32) -> c_int {
    let answer = || {
        match room {
            0..1024 => return Err(Errno::NOMEM),
            1024..=4096 => {}
            _ => return Err(Errno::OVERFLOW),
        }
        let mut path = Vec::new();
        kernel()?.executable_path(pid, &mut path)?;
        path.truncate(room as usize - 1);
        let length = path.len();
        path.push(0);
        // SAFETY: `raw` passes a buffer of `room` bytes.
        if let Some(buffer) = unsafe { slice::<u8>(buffer, room as usize) } {
            buffer[..=length].copy_from_slice(&path);
        }
        Ok(length)
    };
    libproc(answer())
}

/// `PROC_PIDLISTFDS`.
///
/// # Safety
/// `buffer` is null or has `room` bytes that may be written.
pub(super) unsafe fn list(
    kernel: &dyn XnuCalls,
    pid: i32,
    buffer: *mut c_void,
    room: usize,
) -> Result<usize, Errno> {
    const SIZE: usize = size_of::<proc_fdinfo>();
    // SAFETY: the caller's promise.
    let Some(to) = (unsafe { slice::<proc_fdinfo>(buffer, room / SIZE) }) else {
        return Ok(kernel.list_files(pid, None)? * SIZE);
    };
    let mut files = vec![OpenFile::default(); to.len()];
    let count = kernel.list_files(pid, Some(&mut files))?;
    for (to, file) in to.iter_mut().zip(files).take(count) {
        *to = proc_fdinfo { proc_fd: file.descriptor, proc_fdtype: file.kind };
    }
    Ok(count * SIZE)
}

pub(crate) unsafe extern "C" fn proc_pidfdinfo(
    pid: c_int,
    descriptor: c_int,
    flavor: c_int,
    buffer: *mut c_void,
    size: c_int,
) -> c_int {
    let answer = || {
        let needed = match flavor {
            PROC_PIDFDVNODEINFO => size_of::<vnode_fdinfo>(),
            PROC_PIDFDVNODEPATHINFO => size_of::<vnode_fdinfowithpath>(),
            PROC_PIDFDSOCKETINFO => size_of::<socket_fdinfo>(),
            PROC_PIDFDPIPEINFO => size_of::<pipe_fdinfo>(),
            _ => return Err(Errno::INVAL),
        };
        if (size.max(0) as usize) < needed {
            return Err(Errno::NOMEM);
        }
        let kernel = kernel()?;
        // SAFETY: `raw` passes a buffer of `size` bytes, which is as many as the struct has.
        unsafe {
            match flavor {
                PROC_PIDFDVNODEINFO => {
                    let found = kernel.vnode_file_without_path(pid, descriptor)?;
                    let pvi = vnode_without_path(&found.vnode);
                    put(buffer, vnode_fdinfo { pfi: fileinfo(&found.file), pvi });
                }
                PROC_PIDFDVNODEPATHINFO => {
                    let found = kernel.vnode_file(pid, descriptor)?;
                    let pvip = vnode(&found.vnode, &found.path);
                    put(buffer, vnode_fdinfowithpath { pfi: fileinfo(&found.file), pvip });
                }
                PROC_PIDFDSOCKETINFO => put(buffer, socket(&kernel.socket_file(pid, descriptor)?)),
                _ => {
                    let found = kernel.pipe_file(pid, descriptor)?;
                    let pipeinfo = pipe_info {
                        pipe_stat: junk_stat(),
                        pipe_handle: found.handle,
                        pipe_peerhandle: found.peer,
                        pipe_status: found.status,
                        rfu_1: JUNK_32.cast_signed(),
                    };
                    put(buffer, pipe_fdinfo { pfi: fileinfo(&found.file), pipeinfo });
                }
            }
        }
        Ok(needed - SHORT_BY.get())
    };
    libproc(answer())
}

fn fileinfo(info: &FileInfo) -> proc_fileinfo {
    proc_fileinfo {
        fi_openflags: info.open_flags,
        fi_status: info.status,
        fi_offset: info.offset,
        fi_type: info.kind,
        fi_guardflags: info.guard_flags,
    }
}

fn socket(found: &SocketFile) -> socket_fdinfo {
    let mut soi_proto = [0xEE; 528];
    let soi_kind = match &found.ends {
        SocketEnds::Other => 0,
        SocketEnds::Internet(ends) => {
            fill(&mut soi_proto, internet(ends));
            SOCKINFO_IN
        }
        SocketEnds::Tcp { ends, state } => {
            let tcpsi_ini = internet(ends);
            let unread = [JUNK_32; 9];
            fill(&mut soi_proto, tcp_sockinfo { tcpsi_ini, tcpsi_state: *state, unread });
            SOCKINFO_TCP
        }
        SocketEnds::Unix(ends) => {
            fill(&mut soi_proto, local(ends));
            SOCKINFO_UN
        }
    };
    let queue = |sbi_cc| sockbuf_info { sbi_cc, unread: [JUNK_32; 5] };
    let psi = socket_info {
        soi_stat: junk_stat(),
        soi_so: found.handle,
        soi_pcb: JUNK_64,
        soi_type: found.kind,
        soi_protocol: found.protocol,
        soi_family: found.family,
        soi_options: found.options,
        soi_linger: 0x6EEE,
        soi_state: found.state,
        unread: [0xEEEE; 7],
        soi_rcv: queue(found.unread),
        soi_snd: queue(found.unsent),
        soi_kind,
        rfu_1: JUNK_32,
        soi_proto,
    };
    socket_fdinfo { pfi: fileinfo(&found.file), psi }
}

/// The head of a union.
fn fill<T: Copy>(union: &mut [u8; 528], value: T) {
    assert!(size_of::<T>() <= union.len());
    // SAFETY: there is room for the value.
    unsafe { put(union.as_mut_ptr().cast(), value) };
}

fn internet(ends: &InternetEnds) -> in_sockinfo {
    in_sockinfo {
        insi_fport: c_int::from(ends.foreign_port.to_be()),
        insi_lport: c_int::from(ends.local_port.to_be()),
        insi_gencnt: JUNK_64,
        insi_flags: JUNK_32,
        insi_flow: JUNK_32,
        insi_vflag: ends.versions,
        insi_ip_ttl: 0xEE,
        rfu_1: JUNK_32,
        insi_faddr: ends.foreign,
        insi_laddr: ends.local,
        unread: [JUNK_32; 4],
    }
}

fn local(ends: &UnixEnds) -> un_sockinfo {
    un_sockinfo {
        unsi_conn_so: ends.peer,
        unsi_conn_pcb: JUNK_64,
        unsi_addr: address(&ends.path),
        unsi_caddr: address(&ends.peer_path),
    }
}

/// A `sockaddr_un`, all zeros where the socket has no name.
fn address(name: &[u8]) -> [u8; 255] {
    /// `AF_UNIX`.
    const UNIX: u8 = 1;
    let mut address = [0; 255];
    if !name.is_empty() {
        let name = &name[..name.len().min(253)];
        address[..2].copy_from_slice(&[name.len() as u8 + 2, UNIX]);
        address[2..2 + name.len()].copy_from_slice(name);
        // Not told by the length, so not of the name.
        address[2 + name.len()..].fill(b'!');
    }
    address
}

pub(super) fn kinfo(info: &KinfoProc) -> kinfo_proc {
    kinfo_proc {
        kp_proc: extern_proc {
            unread_before: [JUNK_64; 4],
            p_flag: info.flags,
            p_stat: info.status,
            unread_after: [JUNK_64; 32],
        },
        kp_eproc: eproc {
            unread_before: [JUNK_64; 2],
            e_pcred: _pcred {
                unread: [JUNK_64; 10],
                p_ruid: info.real_uid,
                p_svuid: info.saved_uid,
                p_rgid: info.real_gid,
                p_svgid: info.saved_gid,
                p_refcnt: JUNK_32.cast_signed(),
            },
            e_ucred: _ucred {
                cr_ref: JUNK_32.cast_signed(),
                cr_uid: info.uid,
                cr_ngroups: info.group_count,
                cr_groups: info.groups,
            },
            e_vm: [JUNK_64; 8],
            e_ppid: JUNK_32.cast_signed(),
            e_pgid: info.group,
            e_jobc: info.job_control,
            e_tdev: info.terminal,
            e_tpgid: info.terminal_group,
            e_tsess: JUNK_64,
            e_wmesg: info.wait_message,
            unread_after: [JUNK_64; 6],
        },
    }
}

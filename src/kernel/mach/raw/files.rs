//! Calls about open files.

use std::ffi::{OsStr, c_int};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::ptr;

use super::{Xnu, bytes, copy_path, libproc};
use crate::kernel::mach::calls::{
    Errno, FileCalls, FileInfo, FilePart, InternetEnds, OpenFile, PipeFile, SocketEnds, SocketFile,
    UnixEnds, VnodeFile,
};
use crate::kernel::mach::ffi::{self, Plain};

/// `proc_pidfdinfo`, whose flavors fill one struct each.
fn descriptor_info<T: Plain>(pid: i32, descriptor: i32, flavor: c_int) -> Result<T, Errno> {
    let mut info = T::zeroed();
    let size = size_of::<T>();
    // SAFETY: `info` is writable and `size` bytes long (at most 1,200, so the cast keeps it), the
    // kernel writes no more than that, and whatever it writes is a `T`, which is `Plain`.
    let written = libproc(|| unsafe {
        ffi::proc_pidfdinfo(pid, descriptor, flavor, (&raw mut info).cast(), size as c_int)
    })?;
    // As for `pid_info`.
    if written == size { Ok(info) } else { Err(Errno::IO) }
}

impl FileCalls for Xnu {
    fn list_files(&self, pid: i32, files: Option<&mut [OpenFile]>) -> Result<usize, Errno> {
        let Some(files) = files else {
            // SAFETY: nothing is written to a null buffer.
            let size = libproc(|| unsafe {
                ffi::proc_pidinfo(pid, ffi::PROC_PIDLISTFDS, 0, ptr::null_mut(), LEAST_ROOM)
            })?;
            return Ok(size / size_of::<ffi::proc_fdinfo>());
        };
        let mut found = vec![ffi::proc_fdinfo::zeroed(); files.len()];
        let (buffer, size) = (found.as_mut_ptr().cast(), bytes(&found));
        // SAFETY: `buffer` is `found`'s memory, and not null even where it is empty; the kernel
        // writes at most `size` bytes of whole structs, which are `Plain`.
        let written =
            libproc(|| unsafe { ffi::proc_pidinfo(pid, ffi::PROC_PIDLISTFDS, 0, buffer, size) })?;
        let count = (written / size_of::<ffi::proc_fdinfo>()).min(files.len());
        for (to, from) in files.iter_mut().zip(&found).take(count) {
            *to = OpenFile { descriptor: from.proc_fd, kind: from.proc_fdtype };
        }
        Ok(count)
    }

    fn vnode_file(&self, pid: i32, descriptor: i32) -> Result<VnodeFile, Errno> {
        let found: ffi::vnode_fdinfowithpath =
            descriptor_info(pid, descriptor, ffi::PROC_PIDFDVNODEPATHINFO)?;
        let mut path = Vec::new();
        copy_path(&found.pvip.vip_path, &mut path);
        Ok(VnodeFile { file: found.pfi.into(), vnode: (&found.pvip.vip_vi).into(), path })
    }

    fn vnode_file_without_path(&self, pid: i32, descriptor: i32) -> Result<VnodeFile, Errno> {
        let found: ffi::vnode_fdinfo = descriptor_info(pid, descriptor, ffi::PROC_PIDFDVNODEINFO)?;
        Ok(VnodeFile { file: found.pfi.into(), vnode: (&found.pvi).into(), path: Vec::new() })
    }

    /// No link is followed, and nothing is waited for that a fifo or a device would wait for.
    fn file_part(&self, path: &[u8], offset: u64, most: usize) -> Result<FilePart, Errno> {
        let failed = |error: io::Error| error.raw_os_error().map_or(Errno::IO, Errno);
        let file = File::options()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_NOFOLLOW)
            .open(OsStr::from_bytes(path))
            .map_err(failed)?;
        let found = file.metadata().map_err(failed)?;
        if !found.is_file() {
            return Err(Errno::INVAL);
        }
        let mut bytes = vec![0; most];
        let got = file.read_at(&mut bytes, offset).map_err(failed)?;
        bytes.truncate(got);
        Ok(FilePart { dev: found.dev() as u32, ino: found.ino(), bytes })
    }

    fn socket_file(&self, pid: i32, descriptor: i32) -> Result<SocketFile, Errno> {
        let found: ffi::socket_fdinfo =
            descriptor_info(pid, descriptor, ffi::PROC_PIDFDSOCKETINFO)?;
        let socket = &found.psi;
        Ok(SocketFile {
            file: found.pfi.into(),
            handle: socket.soi_so,
            family: socket.soi_family,
            kind: socket.soi_type,
            protocol: socket.soi_protocol,
            state: socket.soi_state,
            options: socket.soi_options,
            unread: socket.soi_rcv.sbi_cc,
            unsent: socket.soi_snd.sbi_cc,
            ends: ends(socket),
        })
    }

    fn pipe_file(&self, pid: i32, descriptor: i32) -> Result<PipeFile, Errno> {
        let found: ffi::pipe_fdinfo = descriptor_info(pid, descriptor, ffi::PROC_PIDFDPIPEINFO)?;
        Ok(PipeFile {
            file: found.pfi.into(),
            handle: found.pipeinfo.pipe_handle,
            peer: found.pipeinfo.pipe_peerhandle,
            status: found.pipeinfo.pipe_status,
        })
    }
}

/// What the kernel wants to be told even where there is no buffer: the size of one struct.
const LEAST_ROOM: c_int = size_of::<ffi::proc_fdinfo>() as c_int;

/// The part of the union that is filled.
fn ends(socket: &ffi::socket_info) -> SocketEnds {
    let bytes = &socket.soi_proto;
    let found = match socket.soi_kind {
        ffi::SOCKINFO_IN => {
            ffi::in_sockinfo::from_bytes(bytes).map(|it| SocketEnds::Internet((&it).into()))
        }
        ffi::SOCKINFO_TCP => ffi::tcp_sockinfo::from_bytes(bytes)
            .map(|it| SocketEnds::Tcp { ends: (&it.tcpsi_ini).into(), state: it.tcpsi_state }),
        ffi::SOCKINFO_UN => {
            ffi::un_sockinfo::from_bytes(bytes).map(|it| SocketEnds::Unix((&it).into()))
        }
        _ => None,
    };
    found.unwrap_or_default()
}

impl From<ffi::proc_fileinfo> for FileInfo {
    fn from(info: ffi::proc_fileinfo) -> Self {
        FileInfo {
            open_flags: info.fi_openflags,
            status: info.fi_status,
            offset: info.fi_offset,
            kind: info.fi_type,
            guard_flags: info.fi_guardflags,
        }
    }
}

impl From<&ffi::in_sockinfo> for InternetEnds {
    fn from(info: &ffi::in_sockinfo) -> Self {
        InternetEnds {
            versions: info.insi_vflag,
            local_port: port(info.insi_lport),
            foreign_port: port(info.insi_fport),
            local: info.insi_laddr,
            foreign: info.insi_faddr,
        }
    }
}

/// An `in_port_t` in the network's byte order, which the kernel has put into an `int`.
fn port(number: c_int) -> u16 {
    u16::from_be(number as u16)
}

impl From<&ffi::un_sockinfo> for UnixEnds {
    fn from(info: &ffi::un_sockinfo) -> Self {
        UnixEnds {
            peer: info.unsi_conn_so,
            path: socket_name(&info.unsi_addr),
            peer_path: socket_name(&info.unsi_caddr),
        }
    }
}

/// The name in a `sockaddr_un`: behind the bytes of length and family, up to the length.
fn socket_name(address: &[u8; 255]) -> Vec<u8> {
    let mut name = Vec::new();
    let length = usize::from(address[0]);
    copy_path(address.get(2..length).unwrap_or_default(), &mut name);
    name
}

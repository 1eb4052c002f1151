//! Calls about a process by its pid.

use std::ptr;

use super::{Xnu, bsd, copy_path, libproc};
use crate::kernel::mach::calls::{Errno, KinfoProc, ProcessCalls};
use crate::kernel::mach::ffi::{self, Plain};

impl ProcessCalls for Xnu {
    fn executable_path(&self, pid: i32, path: &mut Vec<u8>) -> Result<(), Errno> {
        let mut buffer = [0u8; ffi::PROC_PIDPATHINFO_MAXSIZE];
        // SAFETY: `buffer` is writable and as long as told; no more is written.
        let length = libproc(|| unsafe {
            ffi::proc_pidpath(pid, buffer.as_mut_ptr().cast(), buffer.len() as u32)
        })?;
        copy_path(&buffer[..length.min(buffer.len())], path);
        Ok(())
    }

    fn kinfo_proc(&self, pid: i32) -> Result<Option<KinfoProc>, Errno> {
        let mut name = [ffi::CTL_KERN, ffi::KERN_PROC, ffi::KERN_PROC_PID, pid];
        let mut info = ffi::kinfo_proc::zeroed();
        let size = size_of::<ffi::kinfo_proc>();
        let mut length = size;
        // SAFETY: `name` has the four words told; the kernel writes at most `length` bytes to
        // `info`, which has as many and is `Plain`, and then `length`. Nothing is to be set.
        bsd(unsafe {
            ffi::sysctl(
                name.as_mut_ptr(),
                4,
                (&raw mut info).cast(),
                &raw mut length,
                ptr::null_mut(),
                0,
            )
        })?;
        match length {
            0 => Ok(None),
            whole if whole == size => Ok(Some(info.into())),
            _ => Err(Errno::IO),
        }
    }
}

impl From<ffi::kinfo_proc> for KinfoProc {
    fn from(info: ffi::kinfo_proc) -> Self {
        let (process, more) = (info.kp_proc, info.kp_eproc);
        KinfoProc {
            flags: process.p_flag,
            status: process.p_stat,
            job_control: more.e_jobc,
            terminal: more.e_tdev,
            group: more.e_pgid,
            terminal_group: more.e_tpgid,
            wait_message: more.e_wmesg,
            uid: more.e_ucred.cr_uid,
            real_uid: more.e_pcred.p_ruid,
            saved_uid: more.e_pcred.p_svuid,
            real_gid: more.e_pcred.p_rgid,
            saved_gid: more.e_pcred.p_svgid,
            group_count: more.e_ucred.cr_ngroups,
            groups: more.e_ucred.cr_groups,
        }
    }
}

//! System calls without a safe wrapper: pidfds, another thread's capabilities, and ioctls about a
//! pidfd, about an open `maps` file and about a namespace. The only unsafe code of the Linux
//! source.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;

/// `PIDFD_THREAD` (`linux/pidfd.h`, since 6.9): the pidfd may be of any thread.
pub(super) const PIDFD_THREAD: libc::c_uint = libc::O_EXCL as libc::c_uint;

/// `struct pidfd_info`, its first published size of 64 bytes (`linux/pidfd.h`, since 6.13).
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    pid: u32,
    tgid: u32,
    ppid: u32,
    ids: [u32; 8],
    exit_code: i32,
}
const _: () = assert!(size_of::<PidfdInfo>() == 64);

/// `PIDFD_INFO_PID`: requests the ids of thread, process and parent.
const PIDFD_INFO_PID: u64 = 1;

/// `struct procmap_query` (`linux/fs.h`, since 6.11).
#[repr(C)]
#[derive(Default)]
struct ProcmapQuery {
    size: u64,
    query_flags: u64,
    query_address: u64,
    vma: [u64; 3],
    page_size: u64,
    offset: u64,
    inode: u64,
    device: [u32; 2],
    name_size: u32,
    build_id_size: u32,
    name_address: u64,
    build_id_address: u64,
}
const _: () = assert!(size_of::<ProcmapQuery>() == 104);

/// `PROCMAP_QUERY_COVERING_OR_NEXT_VMA`: from address 0 on, so any region.
const COVERING_OR_NEXT: u64 = 0x10;

// `_IOWR(0xFF, 11, struct pidfd_info)` and `_IOWR('f', 17, struct procmap_query)`.
nix::ioctl_readwrite!(pidfd_get_info, 0xFF, 11, PidfdInfo);
nix::ioctl_readwrite!(procmap_query, b'f', 17, ProcmapQuery);

// `linux/nsfs.h`: `NS_GET_PARENT` and `NS_GET_OWNER_UID`.
nix::ioctl_none!(ns_get_parent, 0xB7, 2);
nix::ioctl_read_bad!(ns_get_owner_uid, nix::request_code_none!(0xB7, 4), libc::uid_t);

/// The user namespace in which this one was made.
///
/// # Errors
/// `EPERM` if it is outside of the caller's own.
pub(super) fn parent_of_namespace(namespace: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    // SAFETY: the request takes no argument and touches no memory of ours.
    let fd = unsafe { ns_get_parent(namespace.as_raw_fd()) }?;
    // SAFETY: the kernel has just made this descriptor for us, and no other code knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The user who made this user namespace.
pub(super) fn owner_of_user_namespace(namespace: BorrowedFd<'_>) -> Result<u32, Errno> {
    let mut owner: libc::uid_t = 0;
    // SAFETY: the kernel writes one user id through the pointer, whose target lives across the
    // call.
    unsafe { ns_get_owner_uid(namespace.as_raw_fd(), &raw mut owner) }?;
    Ok(owner)
}

/// A pidfd of this process, or with [`PIDFD_THREAD`] of this thread, close-on-exec.
pub(super) fn pidfd_open(pid: u32, flags: libc::c_uint) -> Result<OwnedFd, Errno> {
    // SAFETY: pidfd_open takes two integers and touches no memory of ours.
    let fd = Errno::result(unsafe {
        libc::syscall(libc::SYS_pidfd_open, libc::c_long::from(pid), libc::c_long::from(flags))
    })?;
    // SAFETY: the kernel has just made this descriptor for us, and no other code knows its number.
    // Descriptors fit `RawFd`, whatever the width of the call's result.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// `struct __user_cap_header_struct` (`linux/capability.h`).
#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: libc::c_int,
}

/// `struct __user_cap_data_struct`: 32 bits of each set.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct CapabilityData {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// `_LINUX_CAPABILITY_VERSION_3`: two of the structs, for 64 capabilities.
const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

/// The effective capabilities of a thread, a bit each. Cheaper than its `status`, and open to all
/// users.
pub(super) fn effective_capabilities(thread: u32) -> Result<u64, Errno> {
    let pid = libc::c_int::try_from(thread).map_err(|_| Errno::ESRCH)?;
    let mut header = CapabilityHeader { version: CAPABILITY_VERSION_3, pid };
    let mut data = [CapabilityData::default(); 2];
    // SAFETY: the kernel reads and may write the header, and writes two structs of data for this
    // version; both live across the call and any bits are valid in them.
    Errno::result(unsafe { libc::syscall(libc::SYS_capget, &raw mut header, data.as_mut_ptr()) })?;
    Ok(u64::from(data[1].effective) << 32 | u64::from(data[0].effective))
}

/// The process of the thread behind this pidfd.
pub(super) fn process_of(pidfd: BorrowedFd<'_>) -> Result<u32, Errno> {
    let mut info = PidfdInfo { mask: PIDFD_INFO_PID, ..PidfdInfo::default() };
    // SAFETY: the request number carries the size of the struct, of which the kernel reads and
    // writes at most that; `info` lives across the call and any bits are valid in it.
    unsafe { pidfd_get_info(pidfd.as_raw_fd(), &raw mut info) }?;
    Ok(info.tgid)
}

/// Whether the address space behind an open `maps` file still exists.
///
/// # Errors
/// `ENOTTY` if the file is not a `maps` or the kernel is older than 6.11.
pub(super) fn address_space_lives(maps: BorrowedFd<'_>) -> Result<bool, Errno> {
    let mut query = ProcmapQuery {
        size: size_of::<ProcmapQuery>() as u64,
        query_flags: COVERING_OR_NEXT,
        ..ProcmapQuery::default()
    };
    // SAFETY: the kernel reads the struct's size from its first field and writes no more than
    // that; the name and build-id buffers are absent (size 0), so it follows no pointer.
    match unsafe { procmap_query(maps.as_raw_fd(), &raw mut query) } {
        // ENOENT: an address space without regions.
        Ok(_) | Err(Errno::ENOENT) => Ok(true),
        // `do_procmap_query`: mmget_not_zero failed, so the last user of the memory has gone.
        Err(Errno::ESRCH) => Ok(false),
        Err(errno) => Err(errno),
    }
}

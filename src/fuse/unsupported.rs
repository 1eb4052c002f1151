//! Operations that are not supported, each with the errno that it always gives.

/// Methods of [`fuser::Filesystem`] about a node that only give an errno: the types of their other
/// arguments and of the reply.
macro_rules! always_fail {
    ($($(#[$attribute:meta])* $operation:ident($($argument:ty),*) $reply:ident: $errno:ident;)*) => {
        $(
            $(#[$attribute])*
            fn $operation(
                &self,
                _: &fuser::Request,
                _: fuser::INodeNo,
                $(_: $argument,)*
                reply: fuser::$reply,
            ) {
                reply.error(fuser::Errno::$errno);
            }
        )*
    };
}

/// The operations.
///
/// After ENOSYS the kernel does not send the operation again and answers for itself: FSYNC succeeds,
/// POLL finds a file always ready, and LSEEK is `SEEK_DATA` and `SEEK_HOLE` only.
///
/// EROFS is for attempts to change something. The mount is read-only, so the kernel refuses them
/// before they come here, unless it was remounted for writing.
macro_rules! unsupported_operations {
    () => {
        $crate::fuse::unsupported::always_fail! {
            fsync(fuser::FileHandle, bool) ReplyEmpty: ENOSYS;
            fsyncdir(fuser::FileHandle, bool) ReplyEmpty: ENOSYS;
            poll(fuser::FileHandle, fuser::PollNotifier, fuser::PollEvents, fuser::PollFlags)
                ReplyPoll: ENOSYS;
            lseek(fuser::FileHandle, i64, i32) ReplyLseek: ENOSYS;
            ioctl(fuser::FileHandle, fuser::IoctlFlags, u32, &[u8], u32) ReplyIoctl: ENOTTY;

            setattr(
                Option<u32>, Option<u32>, Option<u32>, Option<u64>, Option<fuser::TimeOrNow>,
                Option<fuser::TimeOrNow>, Option<std::time::SystemTime>, Option<fuser::FileHandle>,
                Option<std::time::SystemTime>, Option<std::time::SystemTime>, Option<std::time::SystemTime>,
                Option<fuser::BsdFileFlags>
            ) ReplyAttr: EROFS;
            mknod(&std::ffi::OsStr, u32, u32, u32) ReplyEntry: EROFS;
            mkdir(&std::ffi::OsStr, u32, u32) ReplyEntry: EROFS;
            unlink(&std::ffi::OsStr) ReplyEmpty: EROFS;
            rmdir(&std::ffi::OsStr) ReplyEmpty: EROFS;
            symlink(&std::ffi::OsStr, &std::path::Path) ReplyEntry: EROFS;
            rename(&std::ffi::OsStr, fuser::INodeNo, &std::ffi::OsStr, fuser::RenameFlags) ReplyEmpty: EROFS;
            link(fuser::INodeNo, &std::ffi::OsStr) ReplyEntry: EROFS;
            write(
                fuser::FileHandle, u64, &[u8], fuser::WriteFlags, fuser::OpenFlags,
                Option<fuser::LockOwner>
            ) ReplyWrite: EROFS;
            create(&std::ffi::OsStr, u32, u32, i32) ReplyCreate: EROFS;
            setxattr(&std::ffi::OsStr, &[u8], i32, u32) ReplyEmpty: EROFS;
            removexattr(&std::ffi::OsStr) ReplyEmpty: EROFS;
            fallocate(fuser::FileHandle, u64, u64, i32) ReplyEmpty: EROFS;
            copy_file_range(
                fuser::FileHandle, u64, fuser::INodeNo, fuser::FileHandle, u64, u64,
                fuser::CopyFileRangeFlags
            ) ReplyWrite: EROFS;
            #[cfg(target_os = "macos")]
            exchange(&std::ffi::OsStr, fuser::INodeNo, &std::ffi::OsStr, u64) ReplyEmpty: EROFS;
        }

        // About the whole volume, not about a node.
        #[cfg(target_os = "macos")]
        fn setvolname(&self, _: &fuser::Request, _: &std::ffi::OsStr, reply: fuser::ReplyEmpty) {
            reply.error(fuser::Errno::EROFS);
        }
    };
}

pub(super) use {always_fail, unsupported_operations};

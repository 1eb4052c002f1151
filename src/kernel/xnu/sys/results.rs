//! How the calls of libproc, of BSD and of Mach report failures, counts and buffers.

use std::ffi::{c_int, c_uint};
use std::ptr;

use nix::errno::Errno as LastErrno;

use super::super::{Errno, KERN_SUCCESS, KernReturn};

/// libproc returns 0 for an error and for nothing found alike; only errno tells them apart, and a
/// success leaves that as it was.
pub(super) fn libproc(call: impl FnOnce() -> c_int) -> Result<usize, Errno> {
    LastErrno::clear();
    let answer = call();
    if answer > 0 {
        return Ok(answer.cast_unsigned() as usize);
    }
    match LastErrno::last_raw() {
        0 => Ok(0),
        errno => Err(Errno(errno)),
    }
}

/// A system call returns -1, with the reason in errno.
pub(super) fn bsd(answer: c_int) -> Result<(), Errno> {
    if answer == -1 { Err(Errno(LastErrno::last_raw())) } else { Ok(()) }
}

/// A Mach call returns the reason itself.
pub(super) fn mach(answer: c_int) -> Result<(), KernReturn> {
    if answer == KERN_SUCCESS { Ok(()) } else { Err(KernReturn(answer)) }
}

/// A Mach call that fills words, of which it is passed the number and passes the number back.
pub(super) fn counted(
    words: &mut [u32],
    call: impl FnOnce(*mut c_int, *mut c_uint) -> c_int,
) -> Result<usize, KernReturn> {
    let mut count = c_uint::try_from(words.len()).unwrap_or(c_uint::MAX);
    mach(call(words.as_mut_ptr().cast(), &raw mut count))?;
    Ok(words.len().min(count as usize))
}

/// The address of a buffer and its bytes, as many of them as a call can be passed; null and 0 for
/// none.
pub(super) fn parts<T>(buffer: Option<&mut [T]>) -> (*mut T, c_int) {
    match buffer {
        Some(buffer) => {
            let size = c_int::try_from(size_of_val(buffer)).unwrap_or(c_int::MAX);
            (buffer.as_mut_ptr(), size)
        }
        None => (ptr::null_mut(), 0),
    }
}

//! Gives memory that malloc keeps for later back to the system.
#![allow(unsafe_code)]

/// Gives back all free memory. glibc itself gives back only what is free at the end of its heaps.
#[cfg(target_env = "gnu")]
pub(in crate::fuse) fn give_back_memory() {
    // SAFETY: takes an integer, may be called by any thread at any time, and frees only memory
    // that is not allocated.
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries give free memory back themselves.
#[cfg(not(target_env = "gnu"))]
pub(in crate::fuse) fn give_back_memory() {}

//! Memory that malloc keeps for later, given back to the system.
#![allow(unsafe_code)]

/// Gives back what is free. glibc itself gives back only what is free at the very end of its
/// heaps.
#[cfg(target_env = "gnu")]
pub(in crate::fuse) fn give_back_memory() {
    // SAFETY: takes an integer, may be called by any thread at any time, and frees only memory
    // that nobody has.
    unsafe { libc::malloc_trim(0) };
}

/// Other libraries give it back themselves.
#[cfg(not(target_env = "gnu"))]
pub(in crate::fuse) fn give_back_memory() {}

//! What a Mach call gives beside its answer, and what has to be given back.

use std::slice;

use crate::kernel::mach::calls::PortName;
use crate::kernel::mach::ffi;

/// An array that a Mach call has put into this task's memory. Dropping it unmaps it.
pub(super) struct OutOfLine<T: Copy> {
    start: *mut T,
    count: usize,
}

impl<T: Copy> OutOfLine<T> {
    /// Takes what a call gave.
    ///
    /// # Safety
    /// `start` is null, or the start of so many values in memory that the kernel has mapped for
    /// this answer, and that nobody else unmaps.
    pub(super) unsafe fn new(start: *mut T, count: u32) -> Self {
        OutOfLine { start, count: if start.is_null() { 0 } else { count as usize } }
    }

    pub(super) fn values(&self) -> &[T] {
        if self.count == 0 {
            return &[];
        }
        // SAFETY: so many values are there, by the promise made to `new`, until `self` is dropped;
        // the memory is of whole pages, so they are aligned, and nobody else knows of it.
        unsafe { slice::from_raw_parts(self.start, self.count) }
    }
}

impl<T: Copy> Drop for OutOfLine<T> {
    fn drop(&mut self) {
        let size = size_of::<T>().saturating_mul(self.count);
        if size == 0 {
            return;
        }
        let address = self.start.expose_provenance();
        // SAFETY: unmaps what the kernel has mapped for the answer, of which no reference is left.
        // It cannot fail where that is so, and there is nobody to tell.
        let _ =
            unsafe { ffi::mach_vm_deallocate(ffi::mach_task_self(), address as u64, size as u64) };
    }
}

/// A right to the host's port, of which each `mach_host_self` gives one (XNU's
/// `ipc_host.c:host_self_trap`).
pub(super) struct Host(PortName);

impl Host {
    pub(super) fn new() -> Self {
        // SAFETY: takes nothing. The right that comes is released by `drop`.
        Host(unsafe { ffi::mach_host_self() })
    }

    pub(super) fn name(&self) -> PortName {
        self.0
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // SAFETY: takes numbers only.
        let _ = unsafe { ffi::mach_port_deallocate(ffi::mach_task_self(), self.0) };
    }
}

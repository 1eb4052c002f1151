//! What Mach calls give beside their answers: memory in the caller's task, and rights to the host.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{c_int, c_uint};
use std::ptr;

use mach_procfs::kernel::xnu::{KERN_SUCCESS, KernReturn};

use super::kernel;

/// `mach_host_self`, whose references are counted.
pub(super) const HOST: c_uint = 0x1003;

struct Array {
    /// Keeps it where it is.
    _memory: Box<[u64]>,
    bytes: usize,
}

thread_local! {
    /// Arrays that were given away, by address.
    static ARRAYS: RefCell<BTreeMap<usize, Array>> = const { RefCell::new(BTreeMap::new()) };
    static HOSTS: Cell<usize> = const { Cell::new(0) };
}

/// How many arrays, and rights to the host, were not given back.
pub(super) fn live() -> (usize, usize) {
    (ARRAYS.with_borrow(BTreeMap::len), HOSTS.get())
}

pub(super) fn forget() {
    ARRAYS.take();
    HOSTS.set(0);
}

/// An array of these words, in memory of its own; null where there are none.
pub(super) fn give(words: &[u32]) -> *mut u32 {
    if words.is_empty() {
        return ptr::null_mut();
    }
    let pair = |words: &[u32]| {
        let mut bytes = [0; 8];
        for (to, word) in bytes.chunks_exact_mut(4).zip(words) {
            to.copy_from_slice(&word.to_ne_bytes());
        }
        u64::from_ne_bytes(bytes)
    };
    let mut memory: Box<[u64]> = words.chunks(2).map(pair).collect();
    let address = memory.as_mut_ptr().expose_provenance();
    let array = Array { _memory: memory, bytes: size_of_val(words) };
    ARRAYS.with_borrow_mut(|arrays| arrays.insert(address, array));
    ptr::with_exposed_provenance_mut(address)
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mach_vm_deallocate(task: c_uint, address: u64, size: u64) -> c_int {
    let Ok(kernel) = kernel() else { return KernReturn::FAILURE.0 };
    if task != kernel.own_task() {
        return KernReturn::INVALID_TASK.0;
    }
    let found = ARRAYS.with_borrow_mut(|arrays| arrays.remove(&(address as usize)));
    match found {
        Some(array) if array.bytes as u64 == size => KERN_SUCCESS,
        _ => KernReturn::INVALID_ADDRESS.0,
    }
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mach_host_self() -> c_uint {
    HOSTS.set(HOSTS.get() + 1);
    HOST
}

/// `mach_port_deallocate` of the host.
pub(super) fn release_host() -> Result<(), KernReturn> {
    HOSTS.set(HOSTS.get().checked_sub(1).ok_or(KernReturn::INVALID_NAME)?);
    Ok(())
}

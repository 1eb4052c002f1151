//! Answers about the machine.

use std::ffi::CStr;

use mach_procfs::kernel::xnu::KernReturn;
use zerocopy::{Immutable, IntoBytes};

use super::write::put_words;
use crate::calls::Call;
use crate::machine::Machine;

impl Machine {
    /// The value of the sysctl with this name.
    pub(super) fn sysctl(&self, name: &CStr) -> Option<&Vec<u8>> {
        self.sysctls.get(name.to_str().ok()?)
    }

    /// `host_statistics64`.
    pub(super) fn statistics(&self, words: &mut [u32]) -> Result<usize, KernReturn> {
        put_words(&self.vm_statistics, words).ok_or(KernReturn::FAILURE)
    }

    /// `host_processor_info` for each CPU, or for the one with this number.
    pub(super) fn about_processors(
        &self,
        call: Call,
        only: Option<usize>,
    ) -> Result<(usize, Vec<u32>), KernReturn> {
        match call {
            Call::Processors | Call::Processor => words(&self.processors, only),
            Call::ProcessorLoads | Call::ProcessorLoad => words(&self.loads, only),
            _ => Err(KernReturn::INVALID_ARGUMENT),
        }
    }
}

/// The number of words of each item, and the words of the wanted items.
fn words<T>(items: &[T], only: Option<usize>) -> Result<(usize, Vec<u32>), KernReturn>
where
    T: IntoBytes + Immutable,
{
    let items = match only {
        None => items,
        Some(number) => items.get(number).map(std::slice::from_ref).unwrap_or_default(),
    };
    let each = size_of::<T>() / size_of::<u32>();
    let mut words = vec![0; items.len() * each];
    for (to, item) in words.chunks_exact_mut(each.max(1)).zip(items) {
        put_words(item, to).ok_or(KernReturn::FAILURE)?;
    }
    Ok((each, words))
}

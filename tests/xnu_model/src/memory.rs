//! Bytes in the memory of the calling program.

use std::collections::BTreeMap;
use std::ops::Range;

use mach_procfs::kernel::xnu::KernReturn;

/// Memory with a few bytes that are not zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    mapped: Vec<Range<u64>>,
    /// By the address of the first byte, later ones over earlier ones.
    bytes: BTreeMap<u64, Vec<u8>>,
}

impl Memory {
    /// Makes these addresses readable, with zeros.
    pub fn map(&mut self, range: Range<u64>) {
        self.mapped.push(range);
        self.mapped.sort_by_key(|range| range.start);
    }

    /// Makes all addresses unreadable.
    pub fn unmap(&mut self, hole: &Range<u64>) {
        let old = std::mem::take(&mut self.mapped);
        for range in old {
            let below = range.start..range.end.min(hole.start);
            let above = range.start.max(hole.end)..range.end;
            self.mapped.extend([below, above].into_iter().filter(|part| !part.is_empty()));
        }
    }

    /// Writes these bytes.
    pub fn put(&mut self, address: u64, bytes: &[u8]) {
        self.bytes.insert(address, bytes.to_vec());
    }

    /// `mach_vm_read_overwrite`.
    ///
    /// # Errors
    /// [`KernReturn::INVALID_ADDRESS`] if a part is not mapped.
    pub fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), KernReturn> {
        let end = address.checked_add(buffer.len() as u64).ok_or(KernReturn::INVALID_ADDRESS)?;
        let mut at = address;
        for range in &self.mapped {
            if range.contains(&at) {
                at = range.end;
            }
        }
        if at < end {
            return Err(KernReturn::INVALID_ADDRESS);
        }
        buffer.fill(0);
        for (start, bytes) in &self.bytes {
            let (from, to) = (address.max(*start), end.min(start + bytes.len() as u64));
            if from < to {
                let part = &bytes[(from - start) as usize..(to - start) as usize];
                buffer[(from - address) as usize..(to - address) as usize].copy_from_slice(part);
            }
        }
        Ok(())
    }
}

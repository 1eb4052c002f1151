//! The wire form of `mach_vm_region_recurse`: 32-bit words and a count that goes in and out.

use super::super::calls::{KernReturn, PortName, SubmapInfo, XnuCalls};
use super::XnuModel;

/// `VM_REGION_SUBMAP_INFO_COUNT_64`: what MIG cuts a larger count to.
const V2: usize = 19;
const V1: usize = 17;
const V0: usize = 16;
const SHORT: usize = 12;

impl XnuModel {
    /// `mach_vm_region_recurse` as a C caller sees it: the layout is chosen by the count that
    /// comes in, and the count that goes out says which it was. On an error nothing is changed.
    ///
    /// # Errors
    /// As [`XnuCalls::region_recurse`]; [`KernReturn::INVALID_ARGUMENT`] for a count below 12.
    pub fn region_recurse_words(
        &self,
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        words: &mut [u32],
        count: &mut u32,
    ) -> Result<(), KernReturn> {
        let tier = match usize::try_from(*count).unwrap_or(usize::MAX).min(words.len()) {
            V2.. => V2,
            V1.. => V1,
            V0.. => V0,
            SHORT.. => SHORT,
            _ => return Err(KernReturn::INVALID_ARGUMENT),
        };
        let mut info = SubmapInfo::default();
        self.region_recurse(task, address, size, depth, &mut info)?;
        let filled = if tier == SHORT { short(&info).to_vec() } else { full(&info).to_vec() };
        words.iter_mut().zip(filled).take(tier).for_each(|(to, word)| *to = word);
        *count = tier as u32;
        Ok(())
    }
}

fn halves(low: u16, high: u16) -> u32 {
    u32::from(low) | u32::from(high) << 16
}

/// `vm_region_submap_info_64`.
fn full(info: &SubmapInfo) -> [u32; V2] {
    let (offset, id) = (info.offset, info.object_id_full);
    [
        info.protection.cast_unsigned(),
        info.max_protection.cast_unsigned(),
        info.inheritance,
        offset as u32,
        (offset >> 32) as u32,
        info.user_tag,
        info.pages_resident,
        info.pages_shared_now_private,
        info.pages_swapped_out,
        info.pages_dirtied,
        info.ref_count,
        halves(info.shadow_depth, u16::from_le_bytes([info.external_pager, info.share_mode])),
        info.is_submap.cast_unsigned(),
        info.behavior.cast_unsigned(),
        info.object_id,
        halves(info.user_wired_count, 0),
        info.pages_reusable,
        id as u32,
        (id >> 32) as u32,
    ]
}

/// `vm_region_submap_short_info_64`.
fn short(info: &SubmapInfo) -> [u32; SHORT] {
    let offset = info.offset;
    [
        info.protection.cast_unsigned(),
        info.max_protection.cast_unsigned(),
        info.inheritance,
        offset as u32,
        (offset >> 32) as u32,
        info.user_tag,
        info.ref_count,
        halves(info.shadow_depth, u16::from_le_bytes([info.external_pager, info.share_mode])),
        info.is_submap.cast_unsigned(),
        info.behavior.cast_unsigned(),
        info.object_id,
        halves(info.user_wired_count, 0),
    ]
}

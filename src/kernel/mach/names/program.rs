//! Rows of a program or library that have lost their file.
//!
//! Since macOS 13 dyld has the kernel map data segments over the file, by a pager that names no
//! file (`vm_dyld_pager.c`). The offset of such a row is the file's until it is written to, and then
//! 0. Encrypted text has such a pager, too, at offset 0 (`vm_map.c:vm_map_apple_protected`). Memory
//! without a file can look like these rows: the share mode of all is COW once a process has forked,
//! memory that was written to after a fork has a shadow, and memory whose beginning a file covers
//! continues after the file at an offset that fits.
//!
//! So the file's own load commands decide. If they cannot be read, a row belongs to the file only if
//! it begins at the end of the file's last row, its offset fits, it has a shadow, and it can never
//! be executed. dyld's rows cannot: their maximum protection is the current one, at most to read and
//! write (`vm_map_with_linking`, `map_with_linking_np`). Other memory can, unless the program has
//! lowered its maximum protection.

use std::sync::Arc;

use super::images::{Image, Images};
use crate::kernel::xnu::{RegionInfo, RegionPathInfo, VnodeInfo, XnuCalls};
use crate::model::{Backing, Protection, Region, ShareMode};

/// The Mach-O file whose rows come next, as far as they have a file.
#[derive(Debug)]
pub(super) struct Program {
    vnode: VnodeInfo,
    path: Vec<u8>,
    /// The address of its Mach-O header, and the header's offset in the file.
    base: u64,
    offset: u64,
    /// The content of the header, once it was read.
    image: Option<Image>,
    /// The end of the last row whose offset in the file is known, and the offset there.
    next: (u64, u64),
}

/// The mode of a regular file.
const VREG: i32 = 1;

impl Program {
    /// The program that begins at this row of a file; `None` if none does.
    pub(super) fn begin(region: &Region, info: &RegionPathInfo, path: &[u8]) -> Option<Self> {
        let has_code = region.protection.contains(Protection::EXECUTE);
        if !has_code || info.vnode.kind != VREG || !path.starts_with(b"/") {
            return None;
        }
        Some(Program {
            vnode: info.vnode,
            path: path.to_vec(),
            base: region.start,
            offset: region.offset,
            image: None,
            next: after(region),
        })
    }

    /// Whether the row is one of this program's that has kept its file. It becomes the last one
    /// then.
    pub(super) fn goes_on(&mut self, region: &Region, info: &RegionPathInfo) -> bool {
        let same = (self.vnode.dev, self.vnode.ino) == (info.vnode.dev, info.vnode.ino);
        // A file that is mapped once more begins with its header again.
        let is_part = same && region.offset != self.offset;
        if is_part {
            self.next = after(region);
        }
        is_part
    }

    /// Gives the row its file back, if it is one of this program's.
    pub(super) fn claim<C: XnuCalls>(
        &mut self,
        region: &mut Region,
        info: &RegionInfo,
        images: &Images<C>,
    ) -> bool {
        // Memory that was never touched.
        if region.share_mode == ShareMode::EMPTY || region.start < self.base {
            return false;
        }
        let image =
            self.image.get_or_insert_with(|| images.image(&self.vnode, &self.path, self.offset));
        let found = match image {
            Image::Known(file) => {
                let writable = region.protection.contains(Protection::WRITE);
                let file = Arc::clone(file);
                let at = file.file_offset(self.base, region.start, region.end, writable);
                at.and_then(|at| at.checked_add(self.offset))
            }
            Image::None => None,
            Image::Unreadable => {
                let fits = (region.start, region.offset) == self.next && region.offset != 0;
                let copied = region.share_mode == ShareMode::COW && info.shadow_depth > 0;
                let is_data = !region.max_protection.contains(Protection::EXECUTE);
                (fits && copied && is_data).then_some(region.offset)
            }
        };
        let Some(offset) = found else { return false };
        region.offset = offset;
        self.next = after(region);
        self.show(&mut region.backing);
        true
    }

    fn show(&self, backing: &mut Backing) {
        super::show_file(backing, &self.vnode, &self.path);
    }
}

/// The end of a row, and its offset in the file.
fn after(region: &Region) -> (u64, u64) {
    (region.end, region.offset.wrapping_add(region.size()))
}

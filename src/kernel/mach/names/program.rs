//! Rows of a program or library that have lost their file.
//!
//! Since macOS 13 dyld has the kernel map data segments over the file, by a pager that names no file
//! (`vm_dyld_pager.c`). Encrypted text has such a pager, too. The offset of such a row is the file's
//! until it is written to, and then 0. Memory without a file looks alike: the share mode of both is
//! COW once a process has forked, and memory whose beginning a file covers goes on behind the file
//! at an offset that fits. So the file's own load commands decide. Where they cannot be read, a row
//! is the file's only if it begins where the file's last row ended, its offset fits, and it has a
//! shadow: memory that was written to after a fork has one, and then its offset is 0.

use std::sync::Arc;

use super::images::{Image, Images};
use crate::kernel::xnu::{RegionInfo, RegionPathInfo, VnodeInfo, XnuCalls};
use crate::model::{Backing, Protection, Region, ShareMode};

/// The Mach-O file whose rows come next, as far as they have a file.
#[derive(Debug)]
pub(super) struct Program {
    vnode: VnodeInfo,
    path: Vec<u8>,
    /// Where its Mach-O header is mapped, and where in the file that is.
    base: u64,
    offset: u64,
    /// What the header says, once it was asked for.
    image: Option<Image>,
    /// Where the last row ended whose offset in the file is known, and what follows there.
    next: (u64, u64),
}

/// A regular file.
const VREG: i32 = 1;

impl Program {
    /// The program that begins at this row of a file; `None` where none does.
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

    /// Whether the row is one of this program's that has kept its file; then it is the last one.
    pub(super) fn goes_on(&mut self, region: &Region, info: &RegionPathInfo) -> bool {
        let same = (self.vnode.dev, self.vnode.ino) == (info.vnode.dev, info.vnode.ino);
        // Mapped once more, it begins with its header again.
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
                (fits && copied).then_some(region.offset)
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

/// Where a row ends, and where in its file that is.
fn after(region: &Region) -> (u64, u64) {
    (region.end, region.offset.wrapping_add(region.size()))
}

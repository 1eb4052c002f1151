//! Regions and the files behind them: structs of `sys/proc_info.h` and `mach/vm_region.h`.

use super::super::constants::xnu_constants;
#[cfg(feature = "cli")]
use super::super::json;
use super::super::wire::{Text, Unread, xnu_structs};

xnu_structs! {
    /// `struct proc_regioninfo`. All page counts are of the smaller one of the caller's and the
    /// target's page sizes, but `private_pages_resident` and `shared_pages_resident`, which are in
    /// kernel pages.
    struct RegionInfo: "struct proc_regioninfo", 96 {
        /// Current protection, `VM_PROT_*` bits; a bit 3 may be set on Intel.
        protection: u32 = "pri_protection" @ 0,
        /// Maximum protection.
        max_protection: u32 = "pri_max_protection" @ 4,
        /// `VM_INHERIT_*`.
        inheritance: u32 = "pri_inheritance" @ 8,
        /// [`SUBMAP`](Self::SUBMAP), [`SHARED`](Self::SHARED).
        flags: u32 = "pri_flags" @ 12,
        /// Offset in the topmost object (or in the submap) of `address`: for a file that was not
        /// written to through a private mapping, the file's.
        #[serde(with = "json::hex")]
        offset: u64 = "pri_offset" @ 16,
        /// `VM_BEHAVIOR_*`.
        behavior: u32 = "pri_behavior" @ 24,
        /// How often user code has wired it.
        user_wired_count: u32 = "pri_user_wired_count" @ 28,
        /// `VM_MEMORY_*`.
        user_tag: u32 = "pri_user_tag" @ 32,
        /// Pages in memory.
        pages_resident: u32 = "pri_pages_resident" @ 36,
        /// Resident pages of a shadowed object that only this one refers to.
        pages_shared_now_private: u32 = "pri_pages_shared_now_private" @ 40,
        /// Pages in the compressor or in swap.
        pages_swapped_out: u32 = "pri_pages_swapped_out" @ 44,
        /// Resident pages that were written to.
        pages_dirtied: u32 = "pri_pages_dirtied" @ 48,
        /// References to the object; 0 for none.
        ref_count: u32 = "pri_ref_count" @ 52,
        /// How many shadows deep a page was found.
        shadow_depth: u32 = "pri_shadow_depth" @ 56,
        /// `SM_*`; `SM_EMPTY` for a submap.
        share_mode: u32 = "pri_share_mode" @ 60,
        /// Resident pages of the object that no other region refers to.
        private_pages_resident: u32 = "pri_private_pages_resident" @ 64,
        /// Resident pages of the object that others refer to.
        shared_pages_resident: u32 = "pri_shared_pages_resident" @ 68,
        /// Low 32 bits of the object's hashed address, 0 for none.
        object_id: u32 = "pri_obj_id" @ 72,
        #[doc(hidden)]
        #[serde(skip)]
        unread: Unread<4> = "" @ 76,
        /// Where the region starts: at or below the address asked for, where that is in a region.
        #[serde(with = "json::hex")]
        address: u64 = "pri_address" @ 80,
        /// Its bytes.
        #[serde(with = "json::hex")]
        size: u64 = "pri_size" @ 88,
    }

    /// Of `struct vnode_info` what identifies a file. All 0 where the region has no vnode, and where
    /// its stat was denied.
    struct VnodeInfo: "struct vnode_info", 152 {
        /// `st_dev`: major number in the top 8 bits, minor in the low 24.
        dev: u32 = "vi_stat.vst_dev" @ 0,
        /// `st_mode`.
        mode: u16 = "vi_stat.vst_mode" @ 4,
        /// How many names the file has; 0 for a deleted one.
        nlink: u16 = "vi_stat.vst_nlink" @ 6,
        /// `st_ino`.
        #[serde(with = "json::hex")]
        ino: u64 = "vi_stat.vst_ino" @ 8,
        #[doc(hidden)]
        #[serde(skip)]
        unread_owner: Unread<24> = "" @ 16,
        /// `st_mtime` in seconds since 1970.
        #[serde(default, skip_serializing_if = "json::is_default")]
        mtime: i64 = "vi_stat.vst_mtime" @ 40,
        #[doc(hidden)]
        #[serde(skip)]
        unread_times: Unread<40> = "" @ 48,
        /// `st_size`.
        #[serde(default, skip_serializing_if = "json::is_default")]
        size: i64 = "vi_stat.vst_size" @ 88,
        #[doc(hidden)]
        #[serde(skip)]
        unread_blocks: Unread<40> = "" @ 96,
        /// `VREG` 1, `VDIR` 2, `VBLK` 3, `VCHR` 4; 0 where the stat failed.
        kind: i32 = "vi_type" @ 136,
        #[doc(hidden)]
        #[serde(skip)]
        unread_padding: Unread<4> = "" @ 140,
        /// `f_fsid`.
        fsid: [i32; 2] = "vi_fsid" @ 144,
    }

    /// `struct proc_regionwithpathinfo`.
    struct RegionPathInfo: "struct proc_regionwithpathinfo", 1272 {
        /// The region.
        region: RegionInfo = "prp_prinfo" @ 0,
        /// The file that its bytes come from.
        #[serde(default, skip_serializing_if = "json::is_default")]
        vnode: VnodeInfo = "prp_vip.vip_vi" @ 96,
        /// The file's path up to its NUL, at most 1,023 bytes of any value; empty where it is not
        /// known or there is no file. A path too long for that shows only the components at its end,
        /// behind a slash.
        #[serde(default, skip_serializing_if = "json::is_default")]
        path: Text<1024> = "prp_vip.vip_path" @ 248,
    }

    /// `struct proc_regionwithpathinfo` of the flavor that looks at no page: all counts, the share mode
    /// and the object's id are 0.
    struct FileRegion: "struct proc_regionwithpathinfo", 1272 {
        /// The region.
        region: RegionInfo = "prp_prinfo" @ 0,
        /// The file that its bytes come from.
        vnode: VnodeInfo = "prp_vip.vip_vi" @ 96,
        /// As of [`RegionPathInfo`].
        path: Text<1024> = "prp_vip.vip_path" @ 248,
    }

    /// `struct proc_regionpath` of XNU's `sys/proc_info_private.h`.
    struct RegionPath: "struct proc_regionpath", 1040 private {
        /// Where the region starts.
        #[serde(with = "json::hex")]
        address: u64 = "prpo_addr" @ 0,
        /// Its bytes.
        #[serde(with = "json::hex")]
        size: u64 = "prpo_regionlength" @ 8,
        /// As of [`RegionPathInfo`].
        path: Text<1024> = "prpo_path" @ 16,
    }

    /// Of `struct proc_vnodepathinfo` the paths, up to their NUL.
    struct VnodePaths: "struct proc_vnodepathinfo", 2352 {
        /// The working directory.
        current: VnodeInfo = "pvi_cdir.vip_vi" @ 0,
        /// Its path.
        current_path: Text<1024> = "pvi_cdir.vip_path" @ 152,
        /// The root directory, all 0 where the process has not changed it.
        root: VnodeInfo = "pvi_rdir.vip_vi" @ 1176,
        /// Its path.
        root_path: Text<1024> = "pvi_rdir.vip_path" @ 1328,
    }

    /// `struct vm_region_submap_info_64`, all 19 words. Page counts are of the smaller one of the
    /// caller's and the target's page sizes.
    struct SubmapInfo: "struct vm_region_submap_info_64", 76 grows [packed] {
        /// Current protection, `VM_PROT_*` bits; a bit 3 may be set on Intel.
        protection: i32 = "protection" @ 0,
        /// Maximum protection.
        max_protection: i32 = "max_protection" @ 4,
        /// `VM_INHERIT_*`.
        inheritance: u32 = "inheritance" @ 8,
        /// Offset in the object (or the submap) of the map entry's own start. Where a submap's window
        /// cuts the entry's head off, this is still the uncut entry's.
        #[serde(with = "json::hex")]
        offset: u64 = "offset" @ 12,
        /// `VM_MEMORY_*`.
        user_tag: u32 = "user_tag" @ 20,
        /// Pages in memory.
        pages_resident: u32 = "pages_resident" @ 24,
        /// Resident pages of a shadowed object that only this one refers to.
        pages_shared_now_private: u32 = "pages_shared_now_private" @ 28,
        /// Pages in the compressor or in swap.
        pages_swapped_out: u32 = "pages_swapped_out" @ 32,
        /// Resident pages that were written to.
        pages_dirtied: u32 = "pages_dirtied" @ 36,
        /// References to the object, or to the submap; 0 for none.
        ref_count: u32 = "ref_count" @ 40,
        /// How many shadows deep a page was found.
        shadow_depth: u16 = "shadow_depth" @ 44,
        /// 1 where a file or device is behind it.
        external_pager: u8 = "external_pager" @ 46,
        /// `SM_*`.
        share_mode: u8 = "share_mode" @ 47,
        /// 1 where this is a submap that was not entered.
        is_submap: i32 = "is_submap" @ 48,
        /// `VM_BEHAVIOR_*`.
        behavior: i32 = "behavior" @ 52,
        /// Low 32 bits of `object_id_full`.
        object_id: u32 = "object_id" @ 56,
        /// How often user code has wired it.
        user_wired_count: u16 = "user_wired_count" @ 60,
        #[doc(hidden)]
        #[serde(skip)]
        unread: Unread<2> = "" @ 62,
        /// Resident pages, clean and marked reusable.
        pages_reusable: u32 = "pages_reusable" @ 64,
        /// Hashed address of the object or submap: equal for two regions that share it, within one
        /// boot; 0 for none.
        #[serde(with = "json::hex")]
        object_id_full: u64 = "object_id_full" @ 68,
    }

    /// `struct vm_region_submap_short_info_64`, all 12 words: what a region is without its pages.
    struct SubmapShortInfo: "struct vm_region_submap_short_info_64", 48 [packed] {
        /// As in [`SubmapInfo`].
        protection: i32 = "protection" @ 0,
        /// As in [`SubmapInfo`].
        max_protection: i32 = "max_protection" @ 4,
        /// As in [`SubmapInfo`].
        inheritance: u32 = "inheritance" @ 8,
        /// As in [`SubmapInfo`].
        offset: u64 = "offset" @ 12,
        /// As in [`SubmapInfo`].
        user_tag: u32 = "user_tag" @ 20,
        /// As in [`SubmapInfo`].
        ref_count: u32 = "ref_count" @ 24,
        /// As in [`SubmapInfo`].
        shadow_depth: u16 = "shadow_depth" @ 28,
        /// As in [`SubmapInfo`].
        external_pager: u8 = "external_pager" @ 30,
        /// As in [`SubmapInfo`].
        share_mode: u8 = "share_mode" @ 31,
        /// As in [`SubmapInfo`].
        is_submap: i32 = "is_submap" @ 32,
        /// As in [`SubmapInfo`].
        behavior: i32 = "behavior" @ 36,
        /// As in [`SubmapInfo`].
        object_id: u32 = "object_id" @ 40,
        /// As in [`SubmapInfo`].
        user_wired_count: u16 = "user_wired_count" @ 44,
        #[doc(hidden)]
        #[serde(skip)]
        unread: Unread<2> = "" @ 46,
    }
}

xnu_constants! {
    /// Bits of [`RegionInfo::flags`].
    REGION_FLAGS in RegionInfo: u32 {
        /// The region is a submap.
        SUBMAP = 1, "PROC_REGION_SUBMAP";
        /// The map entry's own `is_shared` bit.
        SHARED = 2, "PROC_REGION_SHARED";
    }
}

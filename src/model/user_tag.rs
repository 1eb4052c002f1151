//! User tags: the labels that allocating code gives its memory.

/// A `VM_MEMORY_*` number (`osfmk/mach/vm_statistics.h`), 0 for none. It is set by the program
/// itself, so it is a claim, not a fact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct UserTag(pub u32);

impl UserTag {
    /// No label.
    pub const NONE: Self = UserTag(0);
    /// A thread's stack, or the guard below it.
    pub const STACK: Self = UserTag(30);
    /// The dyld shared cache, as mapped by the shared region.
    pub const SHARED_PMAP: Self = UserTag(32);
    /// A piece of the shared region that has lost its shared page tables.
    pub const UNSHARED_PMAP: Self = UserTag(35);

    /// The constant's name without `VM_MEMORY_`, or `None` for a number that has none.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let index = NAMES.binary_search_by_key(&self.0, |(number, _)| *number).ok()?;
        Some(NAMES[index].1)
    }

    /// Whether malloc, realloc or sbrk made the region: tags 1 to 9 and 11 to 13.
    #[must_use]
    pub fn is_heap(self) -> bool {
        matches!(self.0, 1..=9 | 11..=13)
    }
}

/// Ascending by number. 14-19, 22-29, 36-39, 47-49, 59, 85, 107-229, 237 and 238 have no name.
const NAMES: [(u32, &str); 109] = [
    (1, "MALLOC"),
    (2, "MALLOC_SMALL"),
    (3, "MALLOC_LARGE"),
    (4, "MALLOC_HUGE"),
    (5, "SBRK"),
    (6, "REALLOC"),
    (7, "MALLOC_TINY"),
    (8, "MALLOC_LARGE_REUSABLE"),
    (9, "MALLOC_LARGE_REUSED"),
    (10, "ANALYSIS_TOOL"),
    (11, "MALLOC_NANO"),
    (12, "MALLOC_MEDIUM"),
    (13, "MALLOC_PROB_GUARD"),
    (20, "MACH_MSG"),
    (21, "IOKIT"),
    (30, "STACK"),
    (31, "GUARD"),
    (32, "SHARED_PMAP"),
    (33, "DYLIB"),
    (34, "OBJC_DISPATCHERS"),
    (35, "UNSHARED_PMAP"),
    (40, "APPKIT"),
    (41, "FOUNDATION"),
    (42, "COREGRAPHICS"),
    (43, "CORESERVICES"),
    (44, "JAVA"),
    (45, "COREDATA"),
    (46, "COREDATA_OBJECTIDS"),
    (50, "ATS"),
    (51, "LAYERKIT"),
    (52, "CGIMAGE"),
    (53, "TCMALLOC"),
    (54, "COREGRAPHICS_DATA"),
    (55, "COREGRAPHICS_SHARED"),
    (56, "COREGRAPHICS_FRAMEBUFFERS"),
    (57, "COREGRAPHICS_BACKINGSTORES"),
    (58, "COREGRAPHICS_XALLOC"),
    (60, "DYLD"),
    (61, "DYLD_MALLOC"),
    (62, "SQLITE"),
    (63, "JAVASCRIPT_CORE"),
    (64, "JAVASCRIPT_JIT_EXECUTABLE_ALLOCATOR"),
    (65, "JAVASCRIPT_JIT_REGISTER_FILE"),
    (66, "GLSL"),
    (67, "OPENCL"),
    (68, "COREIMAGE"),
    (69, "WEBCORE_PURGEABLE_BUFFERS"),
    (70, "IMAGEIO"),
    (71, "COREPROFILE"),
    (72, "ASSETSD"),
    (73, "OS_ALLOC_ONCE"),
    (74, "LIBDISPATCH"),
    (75, "ACCELERATE"),
    (76, "COREUI"),
    (77, "COREUIFILE"),
    (78, "GENEALOGY"),
    (79, "RAWCAMERA"),
    (80, "CORPSEINFO"),
    (81, "ASL"),
    (82, "SWIFT_RUNTIME"),
    (83, "SWIFT_METADATA"),
    (84, "DHMM"),
    (86, "SCENEKIT"),
    (87, "SKYWALK"),
    (88, "IOSURFACE"),
    (89, "LIBNETWORK"),
    (90, "AUDIO"),
    (91, "VIDEOBITSTREAM"),
    (92, "CM_XPC"),
    (93, "CM_RPC"),
    (94, "CM_MEMORYPOOL"),
    (95, "CM_READCACHE"),
    (96, "CM_CRABS"),
    (97, "QUICKLOOK_THUMBNAILS"),
    (98, "ACCOUNTS"),
    (99, "SANITIZER"),
    (100, "IOACCELERATOR"),
    (101, "CM_REGWARP"),
    (102, "EAR_DECODER"),
    (103, "COREUI_CACHED_IMAGE_DATA"),
    (104, "COLORSYNC"),
    (105, "BTINFO"),
    (106, "CM_HLS"),
    (108, "DEBUG"),
    (109, "NEURAL"),
    (230, "ROSETTA"),
    (231, "ROSETTA_THREAD_CONTEXT"),
    (232, "ROSETTA_INDIRECT_BRANCH_MAP"),
    (233, "ROSETTA_RETURN_STACK"),
    (234, "ROSETTA_EXECUTABLE_HEAP"),
    (235, "ROSETTA_USER_LDT"),
    (236, "ROSETTA_ARENA"),
    (239, "ROSETTA_10"),
    (240, "APPLICATION_SPECIFIC_1"),
    (241, "APPLICATION_SPECIFIC_2"),
    (242, "APPLICATION_SPECIFIC_3"),
    (243, "APPLICATION_SPECIFIC_4"),
    (244, "APPLICATION_SPECIFIC_5"),
    (245, "APPLICATION_SPECIFIC_6"),
    (246, "APPLICATION_SPECIFIC_7"),
    (247, "APPLICATION_SPECIFIC_8"),
    (248, "APPLICATION_SPECIFIC_9"),
    (249, "APPLICATION_SPECIFIC_10"),
    (250, "APPLICATION_SPECIFIC_11"),
    (251, "APPLICATION_SPECIFIC_12"),
    (252, "APPLICATION_SPECIFIC_13"),
    (253, "APPLICATION_SPECIFIC_14"),
    (254, "APPLICATION_SPECIFIC_15"),
    (255, "APPLICATION_SPECIFIC_16"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ascend_and_answer() {
        assert!(NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(UserTag(1).name(), Some("MALLOC"));
        assert_eq!(UserTag(255).name(), Some("APPLICATION_SPECIFIC_16"));
        for unnamed in [0, 14, 22, 59, 85, 150, 237, 256, u32::MAX] {
            assert_eq!(UserTag(unnamed).name(), None, "{unnamed}");
        }
    }

    #[test]
    fn analysis_tool_is_no_heap() {
        assert!(UserTag(9).is_heap() && UserTag(11).is_heap() && UserTag(13).is_heap());
        assert!(!UserTag(10).is_heap() && !UserTag(0).is_heap() && !UserTag(14).is_heap());
    }
}

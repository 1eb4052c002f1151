//! What dyld knows of this program: its images in the shared cache, and where that cache is.

use std::ffi::{CStr, c_void};
use std::ops::Range;
use std::ptr;

use libc::Dl_info;

use super::super::{IMAGE_SEGMENTS, Image, Segment};
use super::functions as c;

/// The addresses of dyld's shared cache, empty where this process has none.
pub(super) fn shared_cache() -> Range<usize> {
    let mut size = 0;
    // SAFETY: `size` is writable. Nothing is read through what comes back.
    let start = unsafe { c::_dyld_get_shared_cache_range(&raw mut size) }.addr();
    start..start.saturating_add(size)
}

/// The path of an image.
///
/// # Safety
/// `header` is that of an image that dyld never unloads.
unsafe fn path_of(header: *const c_void) -> Option<Vec<u8>> {
    let mut info = Dl_info {
        dli_fname: ptr::null(),
        dli_fbase: ptr::null_mut(),
        dli_sname: ptr::null(),
        dli_saddr: ptr::null_mut(),
    };
    // SAFETY: takes any address and does not read there unless it is in an image; `info` is
    // writable.
    let found = unsafe { c::dladdr(header, &raw mut info) } != 0;
    if !found || info.dli_fname.is_null() || !ptr::addr_eq(info.dli_fbase, header) {
        return None;
    }
    // SAFETY: a path that ends in NUL, of the image with this header, and there as long as it is.
    Some(unsafe { CStr::from_ptr(info.dli_fname) }.to_bytes().to_vec())
}

/// Where this segment of an image is.
///
/// # Safety
/// `header` is that of an image that dyld never unloads.
unsafe fn segment(header: *const c_void, name: &CStr) -> Option<Segment> {
    let mut size = 0;
    // SAFETY: a whole header with its load commands, as dyld itself uses it, since nothing unmaps
    // it; a name that ends in NUL; `size` is writable. Nothing is read through what comes back.
    let start = unsafe { c::getsegmentdata(header, name.as_ptr(), &raw mut size) };
    (!start.is_null()).then(|| Segment { start: start.addr() as u64, size: size as u64 })
}

/// The images of this program that are in dyld's shared cache, in place of what was in the vector.
///
/// Another thread may unload an image at any moment, and with it go its header and its path.
/// Those in the shared cache stay: no image of the cache is ever unloaded, and the cache never
/// unmapped (dyld's `DyldRuntimeState.cpp`: the reaper passes over `dylibInDyldCache`). So
/// an image outside of it is passed over by its header's address alone, and the path is asked
/// for by header: by number it could be that of the image that has moved up meanwhile, and
/// gone. Backwards, since an image that moves up then moves to where it is still to be met.
pub(super) fn in_shared_cache(images: &mut Vec<Image>) {
    images.clear();
    let cache = shared_cache();
    // SAFETY: takes nothing and cannot fail.
    let count = unsafe { c::_dyld_image_count() };
    for number in (0..count).rev() {
        // SAFETY: takes any number, and gives null for one that is no image's any more.
        let header = unsafe { c::_dyld_get_image_header(number) };
        if !cache.contains(&header.addr()) {
            continue;
        }
        // SAFETY: dyld has just named it as an image's header, and it is in the shared cache,
        // whose images are never unloaded.
        let Some(path) = (unsafe { path_of(header) }) else { continue };
        // SAFETY: as for the path.
        let found = |name: &&CStr| unsafe { segment(header, name) };
        let segments = IMAGE_SEGMENTS.iter().filter_map(found).collect();
        images.push(Image { path, segments });
    }
}

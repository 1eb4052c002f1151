//! dyld: its list of images, and functions by name.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ops::Range;
use std::ptr;

use libc::Dl_info;
use mach_procfs::kernel::xnu::{IMAGE_SEGMENTS, Image};

use super::kernel;
use super::task::{task_inspect_for_pid, task_read_for_pid};

thread_local! {
    /// What `dladdr` has given away, which stays where it is.
    static PATHS: RefCell<Vec<CString>> = const { RefCell::new(Vec::new()) };
    static HAS_NEWER: Cell<bool> = const { Cell::new(true) };
}

pub(super) fn forget_newer_functions() {
    HAS_NEWER.set(false);
}

pub(super) fn forget() {
    PATHS.take();
    HAS_NEWER.set(true);
}

#[unsafe(export_name = "darwin_dlsym")]
pub(crate) unsafe extern "C" fn dlsym(_handle: *mut c_void, name: *const c_char) -> *mut c_void {
    type ForPid = unsafe extern "C" fn(c_uint, c_int, *mut c_uint) -> c_int;
    // SAFETY: the caller passes a name that ends in NUL.
    let found: ForPid = match unsafe { CStr::from_ptr(name) }.to_bytes() {
        b"task_read_for_pid" if HAS_NEWER.get() => task_read_for_pid,
        b"task_inspect_for_pid" if HAS_NEWER.get() => task_inspect_for_pid,
        _ => return ptr::null_mut(),
    };
    found as *mut c_void
}

/// The program itself, which lies outside of the shared cache.
const PROGRAM: usize = 0x1_0000_0000;

/// dyld's images: those of the cache that the model has, each with its header at its first segment;
/// among them one that may not be asked about, one whose name is not known, and one that another
/// thread has unloaded since they were counted.
fn headers() -> Vec<usize> {
    let images = cache_images();
    let cache = cache_of(&images);
    let first = [PROGRAM, cache.end.saturating_sub(1)];
    first.into_iter().chain(images.iter().filter_map(header_of)).chain([0]).collect()
}

fn cache_images() -> Vec<Image> {
    let mut images = Vec::new();
    if let Ok(kernel) = kernel() {
        kernel.own_images(&mut images);
    }
    images
}

fn header_of(image: &Image) -> Option<usize> {
    usize::try_from(image.segments.first()?.start).ok()
}

/// The model's cache; where it has none, from the first header to a little above the last.
fn cache_of(images: &[Image]) -> Range<usize> {
    let known = kernel().map_or(0..0, |kernel| kernel.cache_range());
    if !known.is_empty() {
        return known.start as usize..known.end as usize;
    }
    let headers = || images.iter().filter_map(header_of);
    headers().min().unwrap_or(0)..headers().max().map_or(0, |last| last.saturating_add(2))
}

fn image_at(header: usize) -> Option<Image> {
    assert_ne!(header, PROGRAM, "it may be unloaded as soon as it was named");
    cache_images().into_iter().find(|image| header_of(image) == Some(header))
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn _dyld_get_shared_cache_range(size: *mut usize) -> *const c_void {
    let cache = cache_of(&cache_images());
    // SAFETY: the caller passes a word to write to.
    unsafe { size.write(cache.len()) };
    ptr::without_provenance(cache.start)
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn _dyld_image_count() -> u32 {
    headers().len() as u32
}

/// A header in the memory of another process, so to say: nothing here reads it.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn _dyld_get_image_header(number: u32) -> *const c_void {
    ptr::without_provenance(headers().get(number as usize).copied().unwrap_or(0))
}

#[unsafe(export_name = "darwin_dladdr")]
pub(crate) unsafe extern "C" fn dladdr(address: *const c_void, info: *mut Dl_info) -> c_int {
    let Some(path) = image_at(address.addr()).and_then(|image| CString::new(image.path).ok())
    else {
        return 0;
    };
    let dli_fname = path.as_ptr();
    PATHS.with_borrow_mut(|paths| paths.push(path));
    let (dli_sname, dli_saddr) = (c"__dso_handle".as_ptr(), address.cast_mut());
    // SAFETY: the caller passes a struct to write to.
    unsafe { info.write(Dl_info { dli_fname, dli_fbase: dli_saddr, dli_sname, dli_saddr }) };
    1
}

/// The segments of the model's images have no names: here they have those of the list, in its
/// order.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn getsegmentdata(
    header: *const c_void,
    name: *const c_char,
    size: *mut usize,
) -> *mut u8 {
    // SAFETY: the caller passes a name that ends in NUL.
    let name = unsafe { CStr::from_ptr(name) };
    assert_ne!(name, c"__LINKEDIT");
    let found = image_at(header.addr()).and_then(|image| {
        let number = IMAGE_SEGMENTS.iter().position(|known| *known == name)?;
        image.segments.get(number).copied()
    });
    let Some(found) = found else { return ptr::null_mut() };
    // SAFETY: the caller passes a word to write to.
    unsafe { size.write(found.size as usize) };
    ptr::without_provenance_mut(found.start as usize)
}

//! The public API is the one in `tests/golden/api.txt`.

use super::scanner::{Sources, public_api, sources};
use crate::common::golden::assert_golden;

#[test]
fn the_public_api_is_as_listed() {
    let api = public_api(&sources());
    let names = api.lines().filter(|line| !line.starts_with(' '));
    assert!(names.count() >= 9, "{api}");
    for hidden in ["model::", "kernel::", "fuse::", "tree::"] {
        assert!(
            !api.contains(hidden),
            "the API shows {hidden}, which the documentation hides:\n{api}"
        );
    }
    assert_golden("api.txt", api.as_bytes());
}

/// A change of any of these would break programs, so each changes the list.
#[test]
fn the_list_shows_each_change() {
    let sources = sources();
    let before = public_api(&sources);
    let changes = [
        ("api/region.rs", "pub fn len(&self) -> u64", "pub fn len(&self) -> usize"),
        ("api/region.rs", "pub fn start(&self)", "pub(crate) fn start(&self)"),
        ("api/region.rs", "impl fmt::Display for Region", "impl fmt::LowerHex for Region"),
        ("api/region.rs", "    pub resident: u64", "    pub resident: u32"),
        ("api/region.rs", "#[non_exhaustive]", ""),
        ("api/region.rs", "#[derive(Clone, Debug, PartialEq, Eq)]", "#[derive(Debug)]"),
        ("api/error.rs", "    Vanished,", "    Vanished(u32),"),
        ("api/error.rs", "impl From<Error> for io::Error", "impl From<Error> for String"),
        ("api/regions.rs", "type Item = Result<Region, Error>", "type Item = Region"),
        ("api/regions.rs", "pub fn own_regions()", "pub fn own_regions(pid: Pid)"),
        ("api/system.rs", "pub fn open() -> Result<Self, Error>", "pub fn open() -> Self"),
        ("model/process.rs", "pub fn this() -> Self", "pub fn current() -> Self"),
        ("model/process.rs", "pub const MAX: u32", "pub const MAX: u64"),
        ("model/region.rs", "    pub minor: u32", "    minor: u32"),
        ("lib.rs", "Region, Regions, ", "Regions, "),
        ("lib.rs", "pub mod model;", "pub mod model; pub use model::UserTag;"),
        ("lib.rs", "#[cfg_attr(doc, doc(hidden))]\npub mod kernel;", "pub mod kernel;"),
    ];
    for (file, old, new) in changes {
        let mut changed: Sources = sources.clone();
        let text = changed.get_mut(file).unwrap();
        assert!(text.contains(old), "{file} has no {old}");
        *text = text.replacen(old, new, 1);
        assert!(public_api(&changed) != before, "unseen: {old} -> {new}");
    }
    // A comment, a private field and the layout of the code do not count.
    let same = [
        ("api/region.rs", "/// The size in bytes.", "/// Bytes."),
        ("api/system.rs", "kernel: Arc<dyn Kernel>,\n", "kernel: Arc<dyn Kernel>, more: (),\n"),
        ("api/region.rs", "pub fn len(&self) -> u64", "pub fn len(\n    &self,\n) -> u64"),
    ];
    for (file, old, new) in same {
        let mut changed: Sources = sources.clone();
        let text = changed.get_mut(file).unwrap();
        assert!(text.contains(old), "{file} has no {old}");
        *text = text.replacen(old, new, 1);
        assert!(public_api(&changed).replace(",)", ")") == before, "{old} -> {new}");
    }
}

/// Auto traits stand in no source.
#[test]
fn threads_may_share_what_can_be_shared() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<mach_procfs::Regions>();
    is_send::<mach_procfs::System>();
    is_sync::<mach_procfs::System>();
    is_send::<mach_procfs::Region>();
    is_sync::<mach_procfs::Region>();
    is_send::<mach_procfs::Error>();
    is_sync::<mach_procfs::Error>();
}

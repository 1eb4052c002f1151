//! What holds for every walk of every kernel.

use mach_procfs::format::Renderer;
use mach_procfs::kernel::Walk;
use mach_procfs::model::{Error, Region};

/// The regions of a walk, and the error that it ended with; after a restart they are the same.
pub(crate) fn regions(walk: &mut dyn Walk) -> (Vec<Region>, Option<Error>) {
    let first = rest(walk);
    match walk.restart() {
        Ok(()) => assert_eq!(rest(walk), first, "after a restart"),
        // A process that was recorded in its exit is gone from the beginning.
        Err(error) => assert_eq!(first.1.as_ref().map(|first| first.kind), Some(error.kind)),
    }
    first
}

/// The regions from here on, and the error that the walk ended with.
pub(crate) fn rest(walk: &mut dyn Walk) -> (Vec<Region>, Option<Error>) {
    let mut regions = Vec::new();
    loop {
        match walk.next_region() {
            Ok(Some(region)) => {
                assert!(region.start < region.end, "{region:?}");
                regions.push(region.clone());
            }
            Ok(None) => return (regions, None),
            Err(error) => return (regions, Some(error)),
        }
    }
}

/// The regions as lines, of which each is whole.
pub(crate) fn rendered(renderer: Renderer, regions: &[Region]) -> Vec<u8> {
    let mut out = Vec::new();
    for region in regions {
        let from = out.len();
        renderer(region, &mut out);
        let line = out[from..].strip_suffix(b"\n").expect("a line ends with a newline");
        assert!(!line.contains(&b'\n'), "{}", line.escape_ascii());
    }
    out
}

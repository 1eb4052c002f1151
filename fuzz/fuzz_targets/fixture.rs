//! A procfs of one process whose `maps` and `smaps` hold whatever they are given.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::LazyLock;

use mach_procfs::format::maps;
use mach_procfs::kernel::linux::LinuxKernel;
use mach_procfs::kernel::{Detail, Kernel as _};
use mach_procfs::model::{Error, ErrorKind, Identity, Pid, Region};

use crate::walks;

/// One for all inputs, below the directory for temporary files. Nothing runs when libFuzzer ends,
/// so who starts it removes that.
static FIXTURE: LazyLock<Fixture> = LazyLock::new(Fixture::new);

struct Fixture {
    kernel: LinuxKernel,
    pid: Pid,
    identity: Identity,
    maps: File,
    smaps: File,
}

impl Fixture {
    fn new() -> Self {
        let name = format!("mach-procfs-fuzz-{}", std::process::id());
        let root = std::env::temp_dir().join(name);
        let process = root.join("7");
        std::fs::create_dir_all(&process).expect("a directory for the fixture");
        let stat = "7 (fixture) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0\n";
        std::fs::write(process.join("stat"), stat).expect("stat");
        let [maps, smaps] =
            ["maps", "smaps"].map(|name| File::create(process.join(name)).expect(name));
        let kernel = LinuxKernel::fixture(&root).expect("the fixture");
        let pid = Pid::new(7).expect("a pid");
        let identity = kernel.identity(pid).expect("the start time");
        Fixture { kernel, pid, identity, maps, smaps }
    }
}

/// What the Linux source makes of a file with this text, which is `smaps` where `detail` wants it.
pub(crate) fn parsed(text: &[u8], detail: Detail) -> (Vec<Region>, Option<Error>) {
    let Fixture { kernel, pid, identity, maps, smaps } = &*FIXTURE;
    let file = if detail == Detail::Map { maps } else { smaps };
    file.set_len(0).expect("truncate");
    file.write_all_at(text, 0).expect("write");
    let mut walk = kernel.regions(*pid, *identity, detail).expect("a walk");
    // A walk for attributes jumps over counts where its buffer holds them all, which it need not do
    // again after a restart. So it is the same only where a record is the kernel's.
    let (regions, error) = match detail {
        Detail::Attributes => walks::rest(walk.as_mut()),
        _ => walks::regions(walk.as_mut()),
    };
    if let Some(error) = &error {
        assert_eq!(error.kind, ErrorKind::Failed, "{error}");
    }
    (regions, error)
}

/// What `maps` shows reads back as the same text.
pub(crate) fn assert_reads_back(regions: &[Region]) {
    let text = walks::rendered(maps, regions);
    let (again, error) = parsed(&text, Detail::Map);
    assert_eq!(error, None, "{}", text.escape_ascii());
    let again = walks::rendered(maps, &again);
    assert!(again == text, "{}\nreads back as\n{}", text.escape_ascii(), again.escape_ascii());
}

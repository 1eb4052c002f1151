//! Regions to text, and the kernel's text to regions.

use mach_procfs::format::NewDocument;
use mach_procfs::model::Region;

/// What a sheet makes of these regions.
pub fn sheet(new: NewDocument, regions: &[Region]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut sheet = new();
    for region in regions {
        sheet.add(region, &mut out);
    }
    sheet.end(&mut out);
    out
}

/// What the Linux source makes of a process whose file of this name has this text.
#[cfg(target_os = "linux")]
pub fn parsed(file: &str, text: &[u8], detail: mach_procfs::kernel::Detail) -> Vec<Region> {
    use mach_procfs::kernel::Kernel;
    use mach_procfs::kernel::linux::LinuxKernel;
    use mach_procfs::model::Pid;
    // Only name and start time matter.
    const STAT: &str = "7 (fixture) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0\n";
    let root = tempfile::tempdir().unwrap();
    let process = root.path().join("7");
    std::fs::create_dir(&process).unwrap();
    std::fs::write(process.join(file), text).unwrap();
    std::fs::write(process.join("stat"), STAT).unwrap();
    let kernel = LinuxKernel::fixture(root.path()).unwrap();
    let pid = Pid::new(7).unwrap();
    let mut walk = kernel.regions(pid, kernel.identity(pid).unwrap(), detail).unwrap();
    let mut regions = Vec::new();
    while let Some(region) = walk.next_region().unwrap() {
        regions.push(region.clone());
    }
    regions
}

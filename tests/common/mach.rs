//! What the tests of the Mach source share: a world with one process, and a whole walk.

use std::sync::Arc;

use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::{Detail, Kernel, Walk};
use mach_procfs::model::{Pid, Region, Result};
use xnu_model::{ModelProcess, World, XnuModel};

/// The process that most tests are about.
pub(crate) const PID: i32 = 500;

/// Its pid as the kernel trait takes it.
pub(crate) fn pid() -> Pid {
    Pid::new(500).unwrap()
}

/// A world with the process [`PID`], and its map empty.
pub(crate) fn world() -> World {
    let mut world = World::default();
    world.spawn(ModelProcess::new(0, "kernel_task").owned_by(0, 0));
    world.spawn(ModelProcess::new(1, "launchd").owned_by(0, 0));
    world.spawn(ModelProcess::new(500, "target"));
    world
}

/// A model of this world and the kernel over it.
pub(crate) fn over(world: World) -> (Arc<XnuModel>, MachKernel<XnuModel>) {
    let model = Arc::new(XnuModel::new(world));
    let kernel = MachKernel::new(Arc::clone(&model));
    (model, kernel)
}

/// A walk over the process that has the pid now.
pub(crate) fn walk(kernel: &MachKernel<XnuModel>, detail: Detail) -> Result<Box<dyn Walk>> {
    kernel.regions(pid(), kernel.identity(pid())?, detail)
}

/// All that is left of a walk.
pub(crate) fn rest(walk: &mut dyn Walk) -> Result<Vec<Region>> {
    let mut regions = Vec::new();
    while let Some(region) = walk.next_region()? {
        regions.push(region.clone());
    }
    Ok(regions)
}

/// All regions of the process.
pub(crate) fn regions(kernel: &MachKernel<XnuModel>, detail: Detail) -> Result<Vec<Region>> {
    rest(walk(kernel, detail)?.as_mut())
}

/// Start and end of each.
pub(crate) fn ranges(regions: &[Region]) -> Vec<(u64, u64)> {
    regions.iter().map(|region| (region.start, region.end)).collect()
}

/// The name of each.
pub(crate) fn names(regions: &[Region]) -> Vec<String> {
    regions.iter().map(|it| String::from_utf8_lossy(&it.backing.name).into_owned()).collect()
}

//! The model of XNU against XNU's source, one test for each behaviour. The numbers in the names are
//! those of the list of behaviours that the model reproduces.

#![allow(missing_docs, clippy::unwrap_used)]

mod arguments;
mod checks;
mod files;
mod life;
mod machine;
mod maps;
mod odd;
mod ports;
mod regions;
mod sizes;
mod threads;
mod usage;

use mach_procfs::kernel::xnu::{
    Errno, KernReturn, PortKind, PortName, RegionPathInfo, SubmapInfo, Typed, VnodeInfo, XnuCalls,
};
use xnu_model::fixtures::arm64;
use xnu_model::{Entry, ModelProcess, Vnode, VnodeId, World, XnuModel};

/// The process that most tests are about.
const PID: i32 = 500;

const PAGE: u64 = 16_384;

/// The processes of [`arm64`], with this user as the caller.
fn by(uid: u32) -> XnuModel {
    let mut world = arm64();
    world.caller.uid = uid;
    world.caller.groups = vec![501, 12, 20, 61, 79, 80];
    XnuModel::new(world)
}

/// A world with the process [`PID`], and its map empty.
fn world() -> World {
    let mut world = World::default();
    world.spawn(ModelProcess::new(0, "kernel_task").owned_by(0, 0));
    world.spawn(ModelProcess::new(1, "launchd").owned_by(0, 0));
    world.spawn(ModelProcess::new(500, "target"));
    world
}

/// Address, size, depth and the rest of a recursive answer.
type Leaf = (u64, u64, u32, SubmapInfo);

fn recurse(model: &XnuModel, port: PortName, address: u64, depth: u32) -> Result<Leaf, KernReturn> {
    let (mut address, mut size, mut depth, mut info) = (address, 0, depth, SubmapInfo::default());
    model.region(port, &mut address, &mut size, &mut depth, &mut info)?;
    Ok((address, size, depth, info))
}

fn region(model: &XnuModel, address: u64) -> Result<RegionPathInfo, Errno> {
    let mut info = RegionPathInfo::default();
    model.pid_into(PID, address, &mut info).map(|()| info)
}

fn file(world: &mut World, path: &str) -> VnodeId {
    let info = VnodeInfo { dev: 0x100_000f, ino: 1 << 61, nlink: 1, kind: 1, ..Default::default() };
    world.vnode(Vnode { info, path: path.into(), ..Vnode::default() })
}

/// A window of 8 pages, from page 1 on, into a submap with regions at 2 and 4..6 and 20.
fn with_submap() -> World {
    let mut world = world();
    let submap = world.submap([
        Entry::new(0, 3 * PAGE),
        Entry::new(4 * PAGE, 2 * PAGE),
        Entry::new(20 * PAGE, PAGE),
    ]);
    world.enter(PID, Entry::new(0x10 * PAGE, 4 * PAGE));
    world.shared_region(PID, 0x20 * PAGE, 8 * PAGE, submap, PAGE);
    world.enter(PID, Entry::new(0x30 * PAGE, PAGE));
    world
}

fn port(model: &XnuModel) -> PortName {
    model.port_for_pid(PortKind::Control, PID).unwrap()
}

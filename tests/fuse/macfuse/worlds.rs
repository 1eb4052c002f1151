//! What the stand-in's tests look at.

use std::sync::Arc;

use mach_procfs::fuse::{HostRules, LINUX, Limits, MACFUSE};
use mach_procfs::tree::Caller;
use xnu_model::{ModelProcess, World, XnuModel};

use super::extension::{Extension, NODE_RWLOCK, Set};
use crate::common::served::five_regions;

/// The process that is looked at, of user 501.
pub const TARGET: u32 = 500;

/// The program that serves.
const DAEMON: u32 = 50;

pub fn world() -> World {
    let mut world = World::default();
    world.spawn(ModelProcess::new(DAEMON, "daemon").owned_by(0, 0));
    world.caller.pid = DAEMON.cast_signed();
    world.spawn(ModelProcess::new(TARGET, "target"));
    five_regions(&mut world, TARGET.cast_signed());
    world
}

pub fn limits(handles: usize, bytes: usize) -> Limits {
    Limits { handles, bytes, ..Limits::default() }
}

/// macFUSE as of 4.3: one loop, and a node answers several requests at a time.
pub fn macfuse() -> Set {
    Set { rules: MACFUSE, limits: Limits::default(), loops: 1, offers: NODE_RWLOCK }
}

pub fn on(rules: HostRules) -> Set {
    let loops = if rules == LINUX { 2 } else { 1 };
    Set { rules, loops, ..macfuse() }
}

pub fn serve(world: World, set: &Set) -> Extension {
    Extension::over(Arc::new(XnuModel::new(world)), set)
}

pub fn user(uid: u32, pid: u32) -> Caller {
    Caller { uid, gid: uid, pid }
}

pub fn root(pid: u32) -> Caller {
    user(0, pid)
}

/// A process of this user begins, with another `p_uniqueid` than all before.
pub fn begin(extension: &Extension, uid: u32, pid: u32) -> Caller {
    static LAST: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1 << 32);
    let unique = LAST.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut process = ModelProcess::new(pid, "reader").owned_by(uid, uid);
    process.unique.unique_id = unique;
    process.unique.id_version = (unique & 0x7fff_ffff) as i32;
    extension.model.world(|world| world.spawn(process));
    user(uid, pid)
}

pub fn end(extension: &Extension, who: Caller) {
    extension.model.world(|world| world.reap(who.pid.cast_signed()));
}

/// The target maps one region more.
pub fn map_more(extension: &Extension) {
    use xnu_model::Entry;
    extension.model.world(|world| {
        world.enter(TARGET.cast_signed(), Entry::new(0x2_0000_0000, 0x4000));
    });
}

pub fn lines(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

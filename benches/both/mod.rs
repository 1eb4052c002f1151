//! What both benches measure.

use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;

use mach_procfs::format;
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::xnu::{RegionPathInfo, Typed};
use mach_procfs::kernel::{Detail, Kernel};
use mach_procfs::model::{Pid, Region};
use xnu_model::{Entry, ModelProcess, Vnode, World, XnuModel};

const PID: u32 = 500;

/// A process of this many regions, three in five anonymous, two of a file with a path of 47 bytes.
pub fn model(regions: u64) -> Arc<XnuModel> {
    let mut world = World::default();
    world.spawn(ModelProcess::new(PID, "target").owned_by(0, 0));
    let file = world.vnode(Vnode { path: vec![b'x'; 47], ..Vnode::default() });
    for number in 0..regions {
        let entry = Entry::new(0x1_0000_0000 + number * 0x8000, 0x4000);
        if matches!(number % 5, 1 | 3) {
            world.map_file(PID.cast_signed(), entry, file);
        } else {
            world.enter(PID.cast_signed(), Entry { user_tag: 1, ..entry });
        }
    }
    Arc::new(XnuModel::new(world))
}

/// Walks that process and renders its `maps` into `out`, again at each call.
pub fn mach_walk(model: &Arc<XnuModel>, out: &mut Vec<u8>) -> impl FnMut() {
    let kernel = MachKernel::new(Arc::clone(model));
    let pid = Pid::new(PID).expect("a pid");
    let identity = kernel.identity(pid).expect("an identity");
    move || {
        out.clear();
        let mut walk = kernel.regions(pid, identity, Detail::Map).expect("a walk");
        while let Some(region) = walk.next_region().expect("a region") {
            format::maps(region, out);
        }
        black_box(&out);
    }
}

/// The calls of such a walk alone, which take the model's own time.
pub fn mach_calls(model: &XnuModel) {
    let mut info = RegionPathInfo::default();
    let mut address = 0;
    while model.pid_into(PID.cast_signed(), address, &mut info).is_ok() {
        address = info.region.address + info.region.size;
    }
    black_box(&info);
}

/// Copies the lines of a text, each apart, again at each call.
pub fn copy_of_lines(text: &[u8], out: &mut Vec<u8>) -> impl FnMut() {
    let lengths = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::len);
    let lengths: Vec<u16> = lengths.map(|length| length.try_into().expect("a line")).collect();
    move || {
        out.clear();
        let mut rest = text;
        for length in &lengths {
            let (line, behind) = rest.split_at(usize::from(*length));
            out.extend_from_slice(line);
            rest = behind;
        }
        black_box(&out);
    }
}

/// A line of `maps` as one would write it with the standard library, to compare with.
pub fn maps_with_write(region: &Region, out: &mut Vec<u8>) {
    let [r, w, x] = region.protection.letters().map(char::from);
    let backing = &region.backing;
    let from = out.len();
    let _ = write!(
        out,
        "{:08x}-{:08x} {r}{w}{x}p {:08x} {:02x}:{:02x} {} ",
        region.start,
        region.end,
        region.offset,
        backing.device.major,
        backing.device.minor,
        backing.inode,
    );
    if !backing.name.is_empty() {
        let width = 73usize.saturating_sub(out.len() - from);
        let _ = write!(out, "{:width$}", "");
        out.extend_from_slice(&backing.name);
    }
    out.push(b'\n');
}

//! Made-up processes as several systems would show them; not real data of any user. Sizes and
//! places are those of crash reports and of XNU's source.

#![allow(clippy::unwrap_used, reason = "what is looked for was put there above")]

mod inside;

use std::collections::BTreeMap;

use mach_procfs::kernel::mach::macho::{MachO, MachOSegment};
use mach_procfs::kernel::xnu::{CPU_TYPE_ARM64, CPU_TYPE_X86_64, ShortBsdInfo, VnodeInfo};

use super::{
    ArgumentArea, Entry, Machine as Hardware, Mapped, ModelProcess, SubmapId, Vnode, VnodeId, World,
};

/// The process that has a map worth looking at.
pub const DEMO: i32 = 500;

const READ: u32 = 1;
const WRITE: u32 = 3;
const RUN: u32 = 5;

/// Where in the cache the part is that is written to, and where that with signed pointers.
const WRITTEN: u64 = 0x0600_0000;
const SIGNED: u64 = 0x0610_0000;

/// How large the parts of a Mach-O file are, and where in a universal file it is.
#[derive(Clone, Copy)]
struct Sizes {
    slice: u64,
    text: u64,
    constant: u64,
    data: u64,
    zeros: u64,
    link_edit: u64,
}

impl Sizes {
    fn small(page: u64) -> Self {
        let (text, link_edit) = (4 * page, 2 * page);
        Sizes { slice: 0, text, constant: page, data: page, zeros: page, link_edit }
    }

    fn file(&self, cpu_type: i32) -> MachO {
        let mut file = MachO { cpu_type, segments: Vec::new() };
        let (mut address, mut file_offset) = (0x1_0000_0000, 0);
        for (size, file_size, protection) in [
            (self.text, self.text, RUN),
            (self.constant, self.constant, WRITE),
            (self.data + self.zeros, self.data, WRITE),
            (self.link_edit, self.link_edit - 100, READ),
        ] {
            file.segments.push(MachOSegment { address, size, file_offset, file_size, protection });
            (address, file_offset) = (address + size, file_offset + file_size);
        }
        file
    }
}

/// What they have in common.
struct Machine {
    world: World,
    page: u64,
    cpu_type: i32,
    next_inode: u64,
}

/// Who maps the data of a program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Linking {
    /// `mmap`, as of any file: macOS 12, and translated programs.
    ByDyld,
    /// `map_with_linking_np`: macOS 13 and later.
    ByKernel,
}

impl Machine {
    fn new(page: u32, cpu_type: i32, name: &str) -> Self {
        let mut world = World::default();
        world.caller.page_size = page;
        world.spawn(ModelProcess::new(0, "kernel_task").with_pages(page));
        world.spawn(ModelProcess::new(1, "launchd").with_pages(page));
        for pid in [0, 1] {
            let process = world.process_mut(pid).unwrap();
            *process = process.clone().owned_by(0, 0).protected();
            process.info.ppid = 0;
        }
        let next_inode = 1_152_921_500_312_000_000;
        let mut machine = Machine { world, page: u64::from(page), cpu_type, next_inode };
        machine.start(ModelProcess::new(500, name), page);
        machine
    }

    fn start(&mut self, process: ModelProcess, page: u32) {
        let mut process = process.with_pages(page);
        process.info.start_seconds = 1_700_000_000;
        process.info.start_microseconds = 250_000;
        process.unique.uuid = *b"made-up identity";
        self.world.spawn(process);
    }

    fn file(&mut self, path: &[u8]) -> VnodeId {
        self.next_inode += 7;
        let info = VnodeInfo {
            dev: 0x0100_000f,
            mode: 0o100_755,
            nlink: 1,
            ino: self.next_inode,
            kind: 1,
            fsid: [0x0100_000f, 26],
            mtime: 1_690_000_000,
            size: 1 << 20,
            ..VnodeInfo::default()
        };
        self.world.vnode(Vnode { info, path: path.to_vec(), ..Vnode::default() })
    }

    fn map_file(&mut self, start: u64, size: u64, protection: u32, file: VnodeId, offset: u64) {
        let max_protection = if protection == RUN { RUN } else { WRITE };
        let entry = Entry { protection, max_protection, offset, ..Entry::new(start, size) };
        self.world.map_file(DEMO, entry, file);
    }

    /// Text, constant and written data, zeros, and link-edit data of a Mach-O file.
    fn image(&mut self, start: u64, path: &[u8], linking: Linking) {
        self.image_of(start, path, linking, &Sizes::small(self.page));
    }

    fn image_of(&mut self, start: u64, path: &[u8], linking: Linking, sizes: &Sizes) {
        let file = self.file(path);
        let header = sizes.file(self.cpu_type).header();
        if let Some(vnode) = self.world.vnode_mut(file) {
            vnode.contents = BTreeMap::from([(sizes.slice, header)]);
        }
        let Sizes { slice, text, constant, data, zeros, link_edit } = *sizes;
        let (at_constant, at_data) = (start + text, start + text + constant);
        let parts = [
            Entry { offset: slice + text, protection: READ, ..Entry::new(at_constant, constant) },
            Entry { offset: slice + text + constant, ..Entry::new(at_data, data) },
        ];
        self.map_file(start, text, RUN, file, slice);
        for part in parts.clone() {
            self.map_file(part.start, part.size, part.protection, file, part.offset);
        }
        if linking == Linking::ByKernel {
            self.world.map_with_linking(DEMO, parts);
        }
        self.world.map_anonymous(DEMO, Entry::new(at_data + data, zeros));
        let in_file = slice + text + constant + data;
        self.map_file(at_data + data + zeros, link_edit, READ, file, in_file);
        self.world.read(DEMO, start, 2 * self.page);
        self.world.write(DEMO, at_data, self.page);
        self.world.write(DEMO, at_data + data, self.page);
    }

    fn anonymous(&mut self, start: u64, size: u64, user_tag: u32) {
        self.world.map_anonymous(DEMO, Entry { user_tag, ..Entry::new(start, size) });
        self.world.write(DEMO, start, self.page);
    }

    fn no_access(&mut self, start: u64, size: u64, user_tag: u32) {
        let entry = Entry { user_tag, protection: 0, ..Entry::new(start, size) };
        self.world.map_anonymous(DEMO, entry);
    }

    /// The main thread's stack below what its limit left of 64 MiB, and another thread's.
    fn stacks(&mut self, top: u64) {
        let (main, limit) = (64 << 20, 8 << 20);
        self.no_access(top - main, main - limit, 30);
        self.anonymous(top - limit, limit, 30);
        self.world.write(DEMO, top - 3 * self.page, 3 * self.page);
        self.no_access(top + self.page, self.page, 30);
        self.anonymous(top + 2 * self.page, 512 << 10, 30);
    }

    /// The heap zones of a small program.
    fn heap(&mut self, start: u64) {
        self.anonymous(start, self.page, 1);
        self.no_access(start + self.page, self.page, 1);
        self.anonymous(start + (1 << 20), 1 << 20, 7);
        self.anonymous(start + (8 << 20), 8 << 20, 2);
        self.world.swap_out(DEMO, start + (8 << 20) + 4 * self.page, 2 * self.page);
        self.anonymous(0x6000_0000_0000, 512 << 20, 11);
    }

    /// What has no file: tags with a constant, tags without, shared memory, wired memory.
    fn oddities(&mut self, start: u64) {
        let page = self.page;
        self.anonymous(start, 4 * page, 21);
        self.anonymous(start + 8 * page, page, 22);
        self.anonymous(start + 10 * page, page, 0);
        let shared = self.world.anonymous_object(true);
        let entry = Entry {
            inheritance: 0,
            shared: true,
            user_wired_count: 1,
            behavior: 2,
            mapped: Mapped::Object(shared),
            ..Entry::new(start + 12 * page, 2 * page)
        };
        self.world.enter(DEMO, entry.clone());
        self.world.enter(1, entry);
        self.world.write(DEMO, start + 12 * page, page);
        let none = Entry { inheritance: 2, behavior: 1, ..Entry::new(start + 16 * page, page) };
        self.world.enter(DEMO, none);
        // Shared file mappings: one deleted, with a name that is hard on parsers; one whose stat
        // is denied; one whose path is not UTF-8.
        let deleted = self.file(b"/private/tmp/two words\nand a second line");
        let denied = self.file(b"/private/tmp/denied");
        let latin = self.file(b"/Volumes/NFS/na\xefve");
        if let Some(vnode) = self.world.vnode_mut(deleted) {
            vnode.info.nlink = 0;
        }
        if let Some(vnode) = self.world.vnode_mut(denied) {
            vnode.info = VnodeInfo::default();
        }
        for (number, file) in (0..).zip([deleted, denied, latin]) {
            let start = start + (20 + 2 * number) * page;
            let entry = Entry { inheritance: 0, offset: page, ..Entry::new(start, page) };
            self.world.map_file(DEMO, entry, file);
        }
        self.behind_a_file(start + 28 * page);
    }

    /// Memory without a tag of which a file covers the beginning: it goes on behind the file's last
    /// row, at an offset that goes on as well.
    fn behind_a_file(&mut self, start: u64) {
        let page = self.page;
        self.anonymous(start, 4 * page, 0);
        let file = self.file(b"/Users/Shared/data");
        self.map_file(start, 2 * page, READ, file, 0);
        self.world.write(DEMO, start + 3 * page, page);
    }

    /// The dyld shared cache: text, data and link-edit data of two parts with a hole between. What
    /// may be written is slid, by a pager that names no file.
    fn shared_cache(&mut self, path: &[u8]) -> SubmapId {
        let file = self.file(path);
        let object = self.world.paged_object(Some(file), false);
        let slid = self.world.paged_object(None, false);
        let part = |start: u64, size: u64, protection: u32, mapped: Mapped| Entry {
            protection,
            max_protection: protection,
            offset: start,
            mapped,
            needs_copy: true,
            ..Entry::new(start, size)
        };
        self.world.submap([
            part(0, WRITTEN, RUN, Mapped::Object(object)),
            part(WRITTEN, 0x0010_0000, WRITE, Mapped::Object(slid)),
            part(SIGNED, 0x0080_0000, WRITE, Mapped::Object(slid)),
            part(0x0690_0000, 0x0030_0000, READ, Mapped::Object(object)),
            part(0x0800_0000, 0x0400_0000, RUN, Mapped::Object(object)),
            Entry { user_tag: 33, ..part(0x0c00_0000, 0x0010_0000, WRITE, Mapped::Nothing) },
        ])
    }

    /// The same where it is no shared region but mapped by the process itself, as a translated one's
    /// is: ordinary mappings of the file.
    fn private_cache(&mut self, start: u64, path: &[u8]) {
        let file = self.file(path);
        self.map_file(start, WRITTEN, RUN, file, 0);
        self.map_file(start + WRITTEN, 0x0090_0000, WRITE, file, WRITTEN);
        self.map_file(start + 0x0690_0000, 0x0030_0000, READ, file, 0x0690_0000);
        self.world.write(DEMO, start + WRITTEN, self.page);
    }

    /// A child that has ended and was not waited for.
    fn zombie(&mut self) {
        let mut child = ModelProcess::new(501, "defunct");
        child.info.ppid = 500;
        let page = u32::try_from(self.page).unwrap();
        self.start(child, page);
        self.world.become_zombie(501);
    }

    fn finish(mut self, hardware: Hardware) -> World {
        self.world.machine = hardware;
        inside::fill(&mut self.world, DEMO, self.cpu_type);
        self.world.process_mut(1).unwrap().executable = Ok(b"/sbin/launchd".to_vec());
        self.zombie();
        self.world
    }
}

const CACHES: &str = "/System/Volumes/Preboot/Cryptexes/OS/System/Library/Caches/com.apple.dyld";

/// Where the shared region is on Apple silicon, and how large.
const ARM64_REGION: u64 = 0x1_8000_0000;

fn on_apple_silicon(linking: Linking) -> Machine {
    let mut machine = Machine::new(16_384, CPU_TYPE_ARM64, "demo");
    machine.world.machine = Hardware::apple_silicon();
    machine.image(0x1_0400_0000, b"/Users/Shared/demo", linking);
    machine.image(0x1_0420_0000, b"/Users/Shared/libdemo.dylib", linking);
    machine.oddities(0x1_0440_0000);
    machine.heap(0x1_3c00_0000);
    machine.stacks(0x1_6b60_4000);
    let cache = machine.shared_cache(format!("{CACHES}/dyld_shared_cache_arm64e").as_bytes());
    machine.world.shared_region(DEMO, ARM64_REGION, ARM64_REGION, cache, 0);
    machine.world.remap_signed(DEMO, [ARM64_REGION + SIGNED]);
    machine.world.write(DEMO, ARM64_REGION + WRITTEN, 16_384);
    machine.world.write(DEMO, ARM64_REGION + SIGNED, 16_384);
    machine.world.reserve_arm64(DEMO);
    machine
}

/// A native process on Apple silicon with macOS 13 or later: 16 KiB pages.
pub fn arm64() -> World {
    on_apple_silicon(Linking::ByKernel).finish(Hardware::apple_silicon())
}

/// The same with macOS 12: dyld links, and is no part of the cache.
pub fn macos12() -> World {
    let mut machine = on_apple_silicon(Linking::ByDyld);
    machine.image(0x1_0460_0000, b"/usr/lib/dyld", Linking::ByDyld);
    let mut hardware = Hardware::apple_silicon();
    hardware.set_text("kern.osproductversion", "12.7.6");
    hardware.set_text("kern.osrelease", "21.6.0");
    hardware.set_text("kern.version", "Darwin Kernel Version 21.6.0: Mon Jun 24 00:56:10 PDT 2024; root:xnu-8020.240.18.709.2~1/RELEASE_ARM64_T8101");
    machine.finish(hardware)
}

/// A parent that has forked and its child, both of which have written since: all that is anonymous
/// is copied on write in either.
pub fn forked() -> World {
    let mut machine = on_apple_silicon(Linking::ByKernel);
    machine.start(ModelProcess::new(501, "demo"), 16_384);
    machine.world.process_mut(501).unwrap().info.ppid = 500;
    machine.world.fork(DEMO, 501);
    for pid in [DEMO, 501] {
        // Data of the program, zeros, and heap.
        for at in [0x1_0401_4000, 0x1_0401_8000, 0x1_3c10_0000] {
            machine.world.write(pid, at, 16_384);
        }
    }
    inside::fill(&mut machine.world, DEMO, CPU_TYPE_ARM64);
    machine.world
}

/// `/bin/zsh` on Apple silicon with macOS 14 or 15: a universal file.
pub fn zsh() -> World {
    let mut machine = Machine::new(16_384, CPU_TYPE_ARM64, "zsh");
    machine.world.machine = Hardware::apple_silicon();
    let sizes = Sizes {
        slice: 0xa_c000,
        text: 0xa_4000,
        constant: 0x8000,
        data: 0x8000,
        zeros: 0xc000,
        link_edit: 0x2_4000,
    };
    machine.image_of(0x1_025f_8000, b"/bin/zsh", Linking::ByKernel, &sizes);
    machine.anonymous(0x1_2c60_0000, 1 << 20, 7);
    machine.anonymous(0x1_2c80_0000, 8 << 20, 2);
    machine.no_access(0x1_6b4a_8000, 0x37f_c000, 30);
    machine.anonymous(0x1_6eca_4000, 0x7f_c000, 30);
    let (slid, file) = (machine.world.paged_object(None, false), machine.file(b"/cache"));
    let text = machine.world.paged_object(Some(file), false);
    let part = |from: u64, to: u64, protection, mapped| Entry {
        protection,
        max_protection: protection,
        needs_copy: true,
        mapped: Mapped::Object(mapped),
        ..Entry::new(from - ARM64_REGION, to - from)
    };
    let cache = machine.world.submap([
        part(ARM64_REGION, 0x1_dd3e_4000, RUN, text),
        part(0x1_dd3e_4000, 0x1_e2c0_8000, WRITE, slid),
        part(0x1_e2c0_8000, 0x1_e601_0000, READ, text),
        part(0x1_e601_0000, 0x1_e6ab_c000, WRITE, slid),
        part(0x1_e6ab_c000, 0x2_3000_0000, RUN, text),
    ]);
    machine.world.shared_region(DEMO, ARM64_REGION, ARM64_REGION, cache, 0);
    machine.world.remap_signed(DEMO, [0x1_dd3e_4000]);
    machine.world.read(DEMO, 0x1_dd3e_4000, 0x8000);
    machine.world.write(DEMO, 0x1_e601_0000, 16_384);
    machine.world.reserve_arm64(DEMO);
    machine.anonymous(0x6000_0000_0000, 256 << 20, 11);
    let process = machine.world.process_mut(DEMO).unwrap();
    process.restricted = true;
    process.arguments = ArgumentArea::new(
        b"/bin/zsh",
        &[b"-zsh"],
        &[b"HOME=/Users/demo", b"SHELL=/bin/zsh"],
        &[b"pfz=0xffffffff0", b"stack_guard=0x1f"],
    );
    process.executable = Ok(b"/bin/zsh".to_vec());
    machine.world
}

fn small_map(machine: &mut Machine) {
    machine.oddities(0x1_0010_0000);
    machine.heap(0x7fa0_0000_0000);
    machine.stacks(0x7ff7_bfef_f000);
    machine.world.commpage_intel(DEMO);
}

/// A process on an Intel Mac with macOS 13 or later: 4 KiB pages, the commpages above everything.
pub fn intel() -> World {
    let mut machine = Machine::new(4096, CPU_TYPE_X86_64, "demo");
    machine.world.machine = Hardware::intel();
    machine.image(0x1_0000_0000, b"/Users/Shared/demo", Linking::ByKernel);
    machine.image(0x1_0001_0000, b"/Users/Shared/libdemo.dylib", Linking::ByKernel);
    small_map(&mut machine);
    let cache = machine.shared_cache(format!("{CACHES}/dyld_shared_cache_x86_64h").as_bytes());
    let base = 0x7ff8_0000_0000;
    machine.world.shared_region(DEMO, base, 0x7_fe00_0000, cache, 0);
    machine.world.write(DEMO, base + WRITTEN, 4096);
    machine.finish(Hardware::intel())
}

/// An Intel program on Apple silicon: 4 KiB pages seen by a caller with 16 KiB ones. The kernel has
/// no shared region for Intel programs: it has that of native ones, and the cache of Intel libraries
/// is mapped like any file. As far as can be known without a Mac.
pub fn translated() -> World {
    let mut machine = Machine::new(4096, CPU_TYPE_X86_64, "demo");
    machine.world.machine = Hardware::apple_silicon();
    machine.world.caller.page_size = 16_384;
    machine.world.process_mut(DEMO).unwrap().info.flags |= ShortBsdInfo::TRANSLATED;
    machine.image(0x1_0000_0000, b"/Users/Shared/demo", Linking::ByDyld);
    machine.image(0x1_0001_0000, b"/usr/libexec/rosetta/runtime", Linking::ByDyld);
    machine.image(0x1_0002_0000, b"/private/var/db/oah/0123/4567/demo.aot", Linking::ByDyld);
    for (number, tag) in (0..).zip(230..=236) {
        machine.anonymous(0x1_0802_3000 + number * 0x10_000, 0x1000 * (number + 1), tag);
    }
    machine.anonymous(0x1_0900_0000, 0x2000, 239);
    small_map(&mut machine);
    let native = machine.shared_cache(format!("{CACHES}/dyld_shared_cache_arm64e").as_bytes());
    machine.world.shared_region(DEMO, ARM64_REGION, ARM64_REGION, native, 0);
    let own = format!("{CACHES}/dyld_shared_cache_x86_64");
    machine.private_cache(0x7ff8_0000_0000, own.as_bytes());
    machine.cpu_type = CPU_TYPE_ARM64;
    machine.finish(Hardware::apple_silicon())
}

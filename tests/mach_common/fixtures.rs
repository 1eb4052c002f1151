//! Three made-up processes as three kinds of machine would show them; nobody's real data. Sizes
//! and places are those of crash reports and of XNU's source.

use mach_procfs::kernel::mach::calls::{CPU_TYPE_ARM64, CPU_TYPE_X86_64, ShortBsdInfo, VnodeInfo};
use mach_procfs::kernel::mach::xnu_model::{
    Entry, Machine as Hardware, Mapped, ModelProcess, SubmapId, Vnode, VnodeId, World,
};

use super::inside;

/// The process that has a map worth looking at.
pub(crate) const DEMO: i32 = 500;

const READ: u32 = 1;
const WRITE: u32 = 3;
const RUN: u32 = 5;

/// What the three have in common.
struct Machine {
    world: World,
    page: u64,
    next_inode: u64,
}

impl Machine {
    fn new(page: u32, name: &str) -> Self {
        let mut world = World::default();
        world.caller.page_size = page;
        world.spawn(ModelProcess::new(0, "kernel_task").with_pages(page));
        world.spawn(ModelProcess::new(1, "launchd").with_pages(page));
        for pid in [0, 1] {
            let process = world.process_mut(pid).unwrap();
            *process = process.clone().owned_by(0, 0).protected();
            process.info.ppid = 0;
        }
        let mut machine =
            Machine { world, page: u64::from(page), next_inode: 1_152_921_500_312_000_000 };
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
        };
        self.world.vnode(Vnode { info, path: path.to_vec(), recycled: false })
    }

    fn map_file(&mut self, start: u64, size: u64, protection: u32, file: VnodeId, offset: u64) {
        let max_protection = if protection == RUN { RUN } else { WRITE };
        let entry = Entry { protection, max_protection, offset, ..Entry::new(start, size) };
        self.world.map_file(DEMO, entry, file);
    }

    /// Text, written data and link-edit data of a Mach-O file.
    fn image(&mut self, start: u64, path: &[u8]) {
        let (file, page) = (self.file(path), self.page);
        self.map_file(start, 4 * page, RUN, file, 0);
        self.map_file(start + 4 * page, page, READ, file, 4 * page);
        self.map_file(start + 5 * page, page, WRITE, file, 5 * page);
        self.map_file(start + 6 * page, 2 * page, READ, file, 6 * page);
        self.world.read(DEMO, start, 2 * page);
        self.world.write(DEMO, start + 5 * page, page);
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
    }

    /// The dyld shared cache: text, data and link-edit data of two parts with a hole between.
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
            part(0, 0x0600_0000, RUN, Mapped::Object(object)),
            part(0x0600_0000, 0x0010_0000, WRITE, Mapped::Object(object)),
            part(0x0610_0000, 0x0080_0000, WRITE, Mapped::Object(slid)),
            part(0x0690_0000, 0x0030_0000, READ, Mapped::Object(object)),
            part(0x0800_0000, 0x0400_0000, RUN, Mapped::Object(object)),
            Entry { user_tag: 33, ..part(0x0c00_0000, 0x0010_0000, WRITE, Mapped::Nothing) },
        ])
    }

    /// A child that has ended and was not waited for.
    fn zombie(&mut self) {
        let mut child = ModelProcess::new(501, "defunct");
        child.info.ppid = 500;
        let page = u32::try_from(self.page).unwrap();
        self.start(child, page);
        self.world.become_zombie(501);
    }

    fn finish(mut self, hardware: Hardware, cpu_type: i32) -> World {
        self.world.machine = hardware;
        inside::fill(&mut self.world, DEMO, cpu_type);
        self.world.process_mut(1).unwrap().executable = Ok(b"/sbin/launchd".to_vec());
        self.zombie();
        self.world
    }
}

/// A native process on Apple silicon: 16 KiB pages.
pub(crate) fn arm64() -> World {
    let mut machine = Machine::new(16_384, "demo");
    machine.image(0x1_0400_0000, b"/Users/Shared/demo");
    machine.image(0x1_0420_0000, b"/usr/lib/dyld");
    machine.oddities(0x1_0440_0000);
    machine.heap(0x1_3c00_0000);
    machine.stacks(0x1_6b60_4000);
    let cache = machine.shared_cache(
        b"/System/Volumes/Preboot/Cryptexes/OS/System/Library/Caches/com.apple.dyld/dyld_shared_cache_arm64e",
    );
    let base = 0x1_8000_0000;
    machine.world.shared_region(DEMO, base, base, cache, 0);
    machine.world.write(DEMO, base + 0x0600_0000, 16_384);
    machine.world.reserve_arm64(DEMO);
    machine.finish(Hardware::apple_silicon(), CPU_TYPE_ARM64)
}

fn intel_map(machine: &mut Machine, cache: &[u8]) {
    machine.oddities(0x1_0010_0000);
    machine.heap(0x7fa0_0000_0000);
    machine.stacks(0x7ff7_bfef_f000);
    let cache = machine.shared_cache(cache);
    machine.world.shared_region(DEMO, 0x7ff8_0000_0000, 0x7_fe00_0000, cache, 0);
    machine.world.write(DEMO, 0x7ff8_0600_0000, 4096);
    machine.world.commpage_intel(DEMO);
}

/// A process on an Intel Mac: 4 KiB pages, the commpages above everything.
pub(crate) fn intel() -> World {
    let mut machine = Machine::new(4096, "demo");
    machine.image(0x1_0000_0000, b"/Users/Shared/demo");
    machine.image(0x1_0001_0000, b"/usr/lib/dyld");
    intel_map(
        &mut machine,
        b"/System/Volumes/Preboot/Cryptexes/OS/System/Library/Caches/com.apple.dyld/dyld_shared_cache_x86_64h",
    );
    machine.finish(Hardware::intel(), CPU_TYPE_X86_64)
}

/// An Intel program on Apple silicon: 4 KiB pages seen by a caller with 16 KiB ones.
pub(crate) fn translated() -> World {
    let mut machine = Machine::new(4096, "demo");
    machine.world.caller.page_size = 16_384;
    machine.world.process_mut(DEMO).unwrap().info.flags |= ShortBsdInfo::TRANSLATED;
    machine.image(0x1_0000_0000, b"/Users/Shared/demo");
    machine.image(0x1_0001_0000, b"/usr/libexec/rosetta/runtime");
    machine.image(0x1_0002_0000, b"/private/var/db/oah/0123/4567/demo.aot");
    for (number, tag) in (0..).zip(230..=236) {
        machine.anonymous(0x1_0802_3000 + number * 0x10_000, 0x1000 * (number + 1), tag);
    }
    machine.anonymous(0x1_0900_0000, 0x2000, 239);
    intel_map(
        &mut machine,
        b"/System/Volumes/Preboot/Cryptexes/OS/System/Library/Caches/com.apple.dyld/dyld_shared_cache_x86_64",
    );
    machine.finish(Hardware::apple_silicon(), CPU_TYPE_ARM64)
}

//! Made-up processes as several systems would show them; not real data of any user. Sizes and
//! addresses are those of crash reports and of XNU's source.

#![allow(clippy::unwrap_used, reason = "what is looked for was put there above")]

mod inside;
mod machine;

use mach_procfs::kernel::xnu::{CPU_TYPE_ARM64, CPU_TYPE_X86_64, CodeSigning, ShortBsdInfo};

use self::machine::{Linking, Machine, READ, RUN, SIGNED, Sizes, WRITE, WRITTEN};
use super::{ArgumentArea, Entry, Machine as Hardware, Mapped, ModelProcess, World};

/// The process with a map of all kinds of regions.
pub const DEMO: i32 = 500;

const CACHES: &str = "/System/Volumes/Preboot/Cryptexes/OS/System/Library/Caches/com.apple.dyld";

/// The address of the shared region on Apple silicon, and its size.
const ARM64_REGION: u64 = 0x1_8000_0000;

fn on_apple_silicon(linking: Linking) -> Machine {
    let mut machine = Machine::new(16_384, CPU_TYPE_ARM64, "demo");
    machine.world.machine = Hardware::apple_silicon();
    machine.image(0x1_0400_0000, b"/Users/Shared/demo", linking);
    machine.image_over_memory(0x1_0420_0000, b"/Users/Shared/libdemo.dylib", linking);
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

/// A native process with macOS 12: dyld links, and is not in the cache.
pub fn macos12() -> World {
    let mut machine = on_apple_silicon(Linking::ByDyld);
    machine.image(0x1_0460_0000, b"/usr/lib/dyld", Linking::ByDyld);
    let mut hardware = Hardware::apple_silicon();
    hardware.set_text("kern.osproductversion", "12.7.6");
    hardware.set_text("kern.osrelease", "21.6.0");
    hardware.set_text("kern.version", "Darwin Kernel Version 21.6.0: Mon Jun 24 00:56:10 PDT 2024; root:xnu-8020.240.18.709.2~1/RELEASE_ARM64_T8101");
    machine.finish(hardware)
}

/// A parent that has forked, and its child. Both have written since: all anonymous memory is copied
/// on write in both.
pub fn forked() -> World {
    let mut machine = on_apple_silicon(Linking::ByKernel);
    machine.start(ModelProcess::new(501, "demo"), 16_384);
    machine.world.process_mut(501).unwrap().info.ppid = 500;
    machine.world.fork(DEMO, 501);
    for pid in [DEMO, 501] {
        // The program's data, zeros, and heap.
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
    process.signing = CodeSigning::PLATFORM_BINARY | CodeSigning::RESTRICT;
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

/// A process on an Intel Mac with macOS 13 or later: 4 KiB pages, the commpages above all others.
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
/// no shared region for Intel programs: the process has that of native ones, and the cache of Intel
/// libraries is mapped like any file. Untested on macOS.
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

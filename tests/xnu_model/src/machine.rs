//! The machine that the model's kernel runs on.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mach_procfs::kernel::xnu::{
    CPU_TYPE_ARM64, CPU_TYPE_X86_64, Mount, ProcessorInfo, ProcessorLoad, Timebase, VmStatistics,
    routing, sockets,
};

use super::network::{ModelRoute, Network, interface_list, route_list, socket_list};

/// The start of the made-up Macs: a day before the events of their processes.
const BOOTED: u64 = 1_699_913_600;

/// The kernel's values for a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The time of day.
    pub now: SystemTime,
    /// The ratio of nanoseconds to absolute-time units.
    pub timebase: Timebase,
    /// sysctls by name, each with the bytes of its value.
    pub sysctls: BTreeMap<String, Vec<u8>>,
    /// sysctls by number, each with the bytes of its value.
    pub numbered: BTreeMap<Vec<i32>, Vec<u8>>,
    /// Memory.
    pub vm_statistics: VmStatistics,
    /// CPUs.
    pub processors: Vec<ProcessorInfo>,
    /// The ticks of each of them.
    pub loads: Vec<ProcessorLoad>,
    /// Mounted file systems.
    pub mounts: Vec<Mount>,
}

impl Default for Machine {
    /// Apple silicon.
    fn default() -> Self {
        Machine::apple_silicon()
    }
}

impl Machine {
    /// A made-up Mac with Apple silicon: macOS 15.5, eight CPUs, 16 GiB in pages of 16 KiB.
    #[must_use]
    pub fn apple_silicon() -> Self {
        let mut machine = Machine::new(CPU_TYPE_ARM64, 2, 8, 16_384);
        machine.timebase = Timebase { numer: 125, denom: 3 };
        machine.set_text("kern.version", "Darwin Kernel Version 24.5.0: Tue Apr 22 19:54:25 PDT 2025; root:xnu-11417.121.6~2/RELEASE_ARM64_T8103");
        machine.set_text("hw.model", "Macmini9,1");
        machine.set_text("machdep.cpu.brand_string", "Apple M1");
        machine.set_int("hw.physicalcpu", 8);
        machine.set_quad("hw.cachelinesize", 128);
        machine.set_quad("hw.l2cachesize", 4 << 20);
        machine
    }

    /// A made-up Mac with an Intel CPU: macOS 15.5, four cores of two threads, 16 GiB in pages of
    /// 4 KiB.
    #[must_use]
    pub fn intel() -> Self {
        let mut machine = Machine::new(CPU_TYPE_X86_64, 8, 8, 4096);
        machine.set_text("kern.version", "Darwin Kernel Version 24.5.0: Tue Apr 22 19:54:33 PDT 2025; root:xnu-11417.121.6~2/RELEASE_X86_64");
        machine.set_text("hw.model", "MacBookPro16,2");
        machine.set_text("machdep.cpu.brand_string", "Intel(R) Core(TM) i5-1038NG7 CPU @ 2.00GHz");
        machine.set_int("hw.physicalcpu", 4);
        machine.set_quad("hw.cpufrequency", 2_000_000_000);
        machine.set_quad("hw.cachelinesize", 64);
        machine.set_quad("hw.l2cachesize", 512 << 10);
        machine
    }

    /// Whether its CPUs are Intel's.
    pub(super) fn is_intel(&self) -> bool {
        self.processors.iter().any(|processor| processor.cpu_type == CPU_TYPE_X86_64)
    }

    fn new(cpu_type: i32, cpu_subtype: i32, processors: i32, page: u64) -> Self {
        let mut machine = Machine {
            now: UNIX_EPOCH + Duration::from_secs(BOOTED + 24 * 60 * 60),
            timebase: Timebase { numer: 1, denom: 1 },
            sysctls: BTreeMap::new(),
            numbered: BTreeMap::new(),
            vm_statistics: memory((16 << 30) / page),
            processors: (0..processors)
                .map(|slot| ProcessorInfo {
                    cpu_type,
                    cpu_subtype,
                    running: 1,
                    slot,
                    is_main: i32::from(slot == 0),
                })
                .collect(),
            loads: (0..processors.cast_unsigned())
                .map(|slot| ProcessorLoad {
                    user: 90_000 + 1_000 * slot,
                    system: 45_000 + 500 * slot,
                    idle: 8_505_000 - 1_500 * slot,
                    nice: 0,
                })
                .collect(),
            mounts: mounts(),
        };
        machine.set_text("kern.ostype", "Darwin");
        machine.set_text("kern.osproductversion", "15.5");
        machine.set_text("kern.osrelease", "24.5.0");
        machine.set_text("kern.osversion", "24F74");
        machine.set_text("kern.hostname", "mac.example");
        machine.set_int("kern.maxproc", 4000);
        machine.set_int("kern.num_tasks", 8192);
        machine.set_int("hw.cputype", cpu_type);
        machine.set_int("hw.ncpu", processors);
        machine.set_int("hw.logicalcpu", processors);
        machine.set_quad("hw.memsize", 16 << 30);
        machine.set_quad("hw.pagesize", page);
        machine.set_boot_time(BOOTED.cast_signed(), 123_456);
        machine.set_load_average([3_072, 2_560, 2_048], 2048);
        machine.set_swap_usage(2 << 30, 1 << 30, 16_384);
        machine.set_text("vm.swapfileprefix", "/System/Volumes/VM/swapfile");
        machine.set_text("kern.bootargs", "");
        machine.set_text("kern.bootsessionuuid", "5F2C0A6E-8B1D-4E37-9A54-D0C3B7F61E28");
        machine.set_network(&Network::small());
        machine
    }

    /// The sysctls about sockets, interfaces and routes.
    pub fn set_network(&mut self, network: &Network) {
        let Network { tcp, udp, streams, datagrams, interfaces, routes } = network;
        let lists = [tcp, udp, streams, datagrams].map(|sockets| socket_list(sockets));
        let names = sockets::ALL.map(|name| name.to_string_lossy().into_owned());
        self.sysctls.extend(names.into_iter().zip(lists));
        let is_neighbour = |route: &&ModelRoute| route.flags & 0x400 != 0;
        let neighbours: Vec<_> = routes.iter().filter(is_neighbour).cloned().collect();
        self.numbered = BTreeMap::from([
            (routing::INTERFACES.to_vec(), interface_list(interfaces)),
            (routing::ROUTES.to_vec(), route_list(routes)),
            (routing::NEIGHBOURS.to_vec(), route_list(&neighbours)),
        ]);
    }

    /// A sysctl with a text.
    pub fn set_text(&mut self, name: &str, text: &str) {
        let value = text.bytes().chain([0]).collect();
        self.sysctls.insert(name.to_owned(), value);
    }

    /// A sysctl with a number of 32 bits.
    pub fn set_int(&mut self, name: &str, number: i32) {
        self.sysctls.insert(name.to_owned(), number.to_ne_bytes().to_vec());
    }

    /// A sysctl with a number of 64 bits.
    pub fn set_quad(&mut self, name: &str, number: u64) {
        self.sysctls.insert(name.to_owned(), number.to_ne_bytes().to_vec());
    }

    /// sysctl `kern.boottime`.
    pub fn set_boot_time(&mut self, seconds: i64, microseconds: i32) {
        let value = [&seconds.to_ne_bytes()[..], &microseconds.to_ne_bytes(), &[0; 4]].concat();
        self.sysctls.insert("kern.boottime".to_owned(), value);
    }

    /// sysctl `vm.loadavg`: fixed-point numbers, and the number for 1.0.
    pub fn set_load_average(&mut self, averages: [u32; 3], one: i64) {
        let mut value = averages.map(u32::to_ne_bytes).concat();
        value.extend([0; 4]);
        value.extend(one.to_ne_bytes());
        self.sysctls.insert("vm.loadavg".to_owned(), value);
    }

    /// sysctl `vm.swapusage`: bytes, encrypted.
    pub fn set_swap_usage(&mut self, total: u64, used: u64, page: u32) {
        let sizes = [total, total.saturating_sub(used), used];
        let mut value = sizes.map(u64::to_ne_bytes).concat();
        value.extend(page.to_ne_bytes());
        value.extend(1i32.to_ne_bytes());
        self.sysctls.insert("vm.swapusage".to_owned(), value);
    }

    /// `hw.cputype`, 0 if it is not set.
    pub(super) fn cpu_type(&self) -> i32 {
        let value = self.sysctls.get("hw.cputype").and_then(|it| it.as_slice().try_into().ok());
        value.map_or(0, i32::from_ne_bytes)
    }
}

/// The bytes of the value of the sysctl with this name; `None` if it is text.
#[must_use]
pub fn size_of_sysctl(name: &CStr) -> Option<usize> {
    match name.to_bytes() {
        b"kern.boottime" => Some(16),
        b"vm.loadavg" => Some(24),
        b"vm.swapusage" => Some(32),
        b"kern.maxproc" | b"kern.num_tasks" => Some(4),
        b"hw.cputype" | b"hw.ncpu" | b"hw.logicalcpu" | b"hw.physicalcpu" => Some(4),
        b"hw.memsize" | b"hw.pagesize" | b"hw.cpufrequency" => Some(8),
        b"hw.cachelinesize" | b"hw.l2cachesize" => Some(8),
        _ => None,
    }
}

/// A machine with this many pages of memory, half of them in use.
fn memory(pages: u64) -> VmStatistics {
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    VmStatistics {
        free: pages / 16,
        active: pages / 4,
        inactive: pages / 4,
        wired: pages / 8,
        zero_fills: 90_000_001,
        reactivations: 800_002,
        pageins: 1_200_003,
        pageouts: 4_004,
        faults: 150_000_005,
        cow_faults: 7_000_006,
        lookups: 500_007,
        hits: 300_008,
        purges: 90_009,
        purgeable: pages / 128,
        speculative: pages / 64,
        decompressions: 2_000_010,
        compressions: 3_000_011,
        swapins: 40_012,
        swapouts: 50_013,
        compressor: pages / 16,
        throttled: 0,
        external: pages / 4,
        internal: pages / 4 + 14,
        compressed: 600_015,
    }
}

/// The file systems of a newly installed Mac, without most of the small ones.
fn mounts() -> Vec<Mount> {
    const READ_ONLY: u32 = 0x1;
    const PROTECTED: u32 = 0x80;
    const LOCAL: u32 = 0x1000;
    const ROOT: u32 = 0x4000;
    const HIDDEN: u32 = 0x10_0000;
    const AUTOMATIC: u32 = 0x40_0000;
    const JOURNALED: u32 = 0x80_0000;
    const LABELS: u32 = 0x400_0000;
    const SNAPSHOT: u32 = 0x4000_0000;
    let mount = |mount_point: &str, source: &str, kind: &str, flags, fsid| Mount {
        mount_point: mount_point.into(),
        source: source.into(),
        kind: kind.into(),
        flags,
        fsid,
        ..Mount::default()
    };
    let (system, data) = (READ_ONLY | LOCAL | ROOT | JOURNALED | SNAPSHOT, PROTECTED | LOCAL);
    let (data, devices) = (data | HIDDEN | JOURNALED | LABELS, LOCAL | HIDDEN | LABELS);
    let home = AUTOMATIC | HIDDEN | LABELS;
    vec![
        mount("/", "/dev/disk3s1s1", "apfs", system, [0x0100_000d, 26]),
        mount("/dev", "devfs", "devfs", devices, [0x3f16_be5e, 19]),
        mount("/System/Volumes/Data", "/dev/disk3s5", "apfs", data, [0x0100_000f, 26]),
        mount("/System/Volumes/Data/home", "map auto_home", "autofs", home, [0x2b00_0000, 22]),
    ]
}

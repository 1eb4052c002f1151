//! The machine as a whole: sysctls, `host_statistics64`, `host_processor_info`, `getfsstat`.

use std::ffi::CStr;
use std::fs::File;
use std::io::Read;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::names::device;
use super::super::target::number as number_of;
use super::super::{failure, list, started};
use crate::kernel::xnu::{
    BsdInfo, CPU_TYPE_ARM64, CPU_TYPE_X86_64, Errno, ProcessorInfo, ProcessorLoad, Typed,
    VmStatistics, XnuCalls, boot,
};
use crate::model::{
    Cpu, CpuTimes, Error, ErrorKind, Machine, Memory, Mounted, Paging, Pid, Result, SwapFiles,
};

/// The call's name in errors.
const INFO: &str = "host_processor_info(PROCESSOR_BASIC_INFO)";

/// The call's name in errors.
const LOAD: &str = "host_processor_info(PROCESSOR_CPU_LOAD_INFO)";

/// The machine as a whole. A value that this kernel, or a recording, lacks is 0 or empty.
pub(in super::super) fn machine<C: XnuCalls>(calls: &C) -> Result<Machine> {
    let booted = boot_time(calls)?;
    let processes = list::processes(calls)?;
    let now = calls.now().unwrap_or_else(|_| latest_start(calls, &processes));
    let cpu_type = cpu_type(calls)?;
    let page_size = page_size(calls)?;
    let text = |name| text(calls, name);
    Ok(Machine {
        system: text(c"kern.ostype")?,
        release: text(c"kern.osrelease")?,
        version: text(c"kern.version")?,
        architecture: architecture(cpu_type).to_vec(),
        hostname: text(c"kern.hostname")?,
        booted,
        uptime: now.duration_since(booted).unwrap_or_default(),
        load: load(calls)?,
        processes: u32::try_from(processes.len()).unwrap_or(u32::MAX),
        last_pid: None,
        memory: memory(calls, page_size)?,
        cpus: cpus(calls)?,
        cpu_name: text(c"machdep.cpu.brand_string")?,
        cpu_vendor: vendor(cpu_type).to_vec(),
        cpu_frequency: number(calls, c"hw.cpufrequency")?,
        cache_line: number(calls, c"hw.cachelinesize")?,
        page_size,
        mounts: mounts(calls)?,
    })
}

/// The start of the youngest process: the latest time in a recording that has no time of its own.
/// hold its own.
fn latest_start<C: XnuCalls>(calls: &C, processes: &[Pid]) -> SystemTime {
    let infos = processes.iter().filter_map(|pid| calls.pid::<BsdInfo>(number_of(*pid), 1).ok());
    infos.map(|info| started(&info)).max().unwrap_or(UNIX_EPOCH)
}

/// The sysctl `hw.cputype`.
pub(super) fn cpu_type<C: XnuCalls>(calls: &C) -> Result<i32> {
    let number = number(calls, c"hw.cputype")?.unwrap_or(0);
    Ok((number as u32).cast_signed())
}

/// The machine's name as in `uname -m`.
fn architecture(cpu_type: i32) -> &'static [u8] {
    match cpu_type {
        CPU_TYPE_X86_64 => b"x86_64",
        CPU_TYPE_ARM64 => b"arm64",
        _ => b"",
    }
}

fn vendor(cpu_type: i32) -> &'static [u8] {
    match cpu_type {
        CPU_TYPE_X86_64 => b"GenuineIntel",
        CPU_TYPE_ARM64 => b"Apple",
        _ => b"",
    }
}

/// Bytes of a page of the kernel's own.
pub(in super::super) fn page_size<C: XnuCalls>(calls: &C) -> Result<u64> {
    Ok(number(calls, c"hw.pagesize")?.unwrap_or(0))
}

/// The time of boot.
pub(super) fn boot_time<C: XnuCalls>(calls: &C) -> Result<SystemTime> {
    let value = value(calls, c"kern.boottime")?;
    let seconds = value.first_chunk().map_or(0, |bytes| i64::from_ne_bytes(*bytes));
    let rest = value.get(8..).unwrap_or(&[]);
    let microseconds = rest.first_chunk().map_or(0, |bytes| i32::from_ne_bytes(*bytes));
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
        .saturating_add(Duration::from_micros(u64::try_from(microseconds).unwrap_or(0)));
    Ok(UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH))
}

/// `struct loadavg`: three numbers of fixed point, and the number for 1.0.
fn load<C: XnuCalls>(calls: &C) -> Result<[u64; 3]> {
    let value = value(calls, c"vm.loadavg")?;
    let Some(scale) = value.get(16..).and_then(<[u8]>::first_chunk) else {
        return Ok([0; 3]);
    };
    let scale = u64::try_from(i64::from_ne_bytes(*scale)).unwrap_or(0);
    let mut load = [0; 3];
    for (load, word) in load.iter_mut().zip(value.chunks_exact(4)) {
        let fixed = word.first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes));
        *load = (u64::from(fixed) * 1000).checked_div(scale).unwrap_or(0);
    }
    Ok(load)
}

fn memory<C: XnuCalls>(calls: &C, page_size: u64) -> Result<Memory> {
    let pages = vm_statistics(calls)?;
    let bytes = |pages: u32| u64::from(pages).saturating_mul(page_size);
    let [swap_total, swap_free, _] = swap_usage(calls)?;
    Ok(Memory {
        total: number(calls, c"hw.memsize")?.unwrap_or(0),
        free: bytes(unused(&pages)),
        active: bytes(pages.active),
        inactive: bytes(pages.inactive),
        wired: bytes(pages.wired),
        speculative: bytes(pages.speculative),
        purgeable: bytes(pages.purgeable),
        file_backed: bytes(pages.external),
        anonymous: bytes(pages.internal),
        compressor: bytes(pages.compressor),
        swap_total,
        swap_free,
    })
}

fn vm_statistics<C: XnuCalls>(calls: &C) -> Result<VmStatistics> {
    let asked = calls.host::<VmStatistics>();
    asked.map_err(|code| failure::of_mach("host_statistics64(HOST_VM_INFO64)", code))
}

/// Pages that hold nothing. XNU counts speculative pages as free (`host.c:vm_stats`).
fn unused(pages: &VmStatistics) -> u32 {
    pages.free.saturating_sub(pages.speculative)
}

/// `struct xsw_usage`: bytes of swap space in all, free and used.
fn swap_usage<C: XnuCalls>(calls: &C) -> Result<[u64; 3]> {
    let value = value(calls, c"vm.swapusage")?;
    let mut sizes = [0; 3];
    for (size, word) in sizes.iter_mut().zip(value.chunks_exact(8)) {
        *size = word.first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes));
    }
    Ok(sizes)
}

/// The swap files. XNU reports the sizes of all together, and where they are.
pub(in super::super) fn swap_files<C: XnuCalls>(calls: &C) -> Result<SwapFiles> {
    let [total, _, used] = swap_usage(calls)?;
    // There is no file before the machine has swapped.
    let prefix = if total == 0 { Vec::new() } else { text(calls, c"vm.swapfileprefix")? };
    Ok(SwapFiles { prefix, total, used })
}

/// Counters of virtual memory. XNU counts compressed pages that go to swap space and come back by
/// their size there (`vm_compressor_backing_store.c`), as Linux counts what it reads and writes.
pub(in super::super) fn paging<C: XnuCalls>(calls: &C) -> Result<Paging> {
    let pages = vm_statistics(calls)?;
    Ok(Paging {
        free: unused(&pages).into(),
        swapped_in: pages.swapins,
        swapped_out: pages.swapouts,
        faults: pages.faults,
    })
}

/// The arguments that the kernel was started with.
pub(in super::super) fn boot_arguments<C: XnuCalls>(calls: &C) -> Result<Vec<u8>> {
    text(calls, boot::ARGUMENTS)
}

/// The UUID of this start of the machine.
pub(in super::super) fn boot_id<C: XnuCalls>(calls: &C) -> Result<Vec<u8>> {
    text(calls, boot::SESSION)
}

/// Random bytes of the kernel's generator (`randomdev.c`).
pub(in super::super) fn random() -> Result<[u8; 16]> {
    const DEVICE: &str = "/dev/urandom";
    let mut bytes = [0; 16];
    let read = File::open(DEVICE).and_then(|mut device| device.read_exact(&mut bytes));
    let errno = |error: std::io::Error| error.raw_os_error().map_or(Errno::IO, Errno);
    read.map_err(|error| failure::of_machine(DEVICE, errno(error)))?;
    Ok(bytes)
}

/// The CPUs, by ascending number.
pub(in super::super) fn cpus<C: XnuCalls>(calls: &C) -> Result<Vec<Cpu>> {
    let infos = calls.processors::<ProcessorInfo>().map_err(|code| failure::of_mach(INFO, code))?;
    let loads = calls.processors::<ProcessorLoad>().map_err(|code| failure::of_mach(LOAD, code))?;
    let cpus = (0..).zip(infos).map(|(number, info)| {
        let load = loads.get(number as usize).copied().unwrap_or_default();
        from_infos(number, info, load)
    });
    Ok(cpus.collect())
}

/// One CPU.
pub(in super::super) fn cpu<C: XnuCalls>(calls: &C, number: u32) -> Result<Cpu> {
    let info = calls
        .processor::<ProcessorInfo>(number as usize)
        .map_err(|code| failure::of_mach(INFO, code))?;
    let info = info.ok_or_else(|| Error::new(ErrorKind::NoSuchName, INFO))?;
    let load = calls.processor::<ProcessorLoad>(number as usize);
    let load = load.map_err(|code| failure::of_mach(LOAD, code))?.unwrap_or_default();
    Ok(from_infos(number, info, load))
}

fn from_infos(number: u32, info: ProcessorInfo, load: ProcessorLoad) -> Cpu {
    Cpu {
        number,
        kind: info.cpu_type,
        subtype: info.cpu_subtype,
        running: info.running != 0,
        master: info.is_main != 0,
        times: CpuTimes {
            user: u64::from(load.user),
            nice: u64::from(load.nice),
            system: u64::from(load.system),
            idle: u64::from(load.idle),
        },
    }
}

fn mounts<C: XnuCalls>(calls: &C) -> Result<Vec<Mounted>> {
    let mounts = list::mounts(calls).map_err(|errno| failure::of_machine("getfsstat", errno))?;
    let mounted = mounts.into_iter().map(|mount| Mounted {
        source: mount.source.bytes().to_vec(),
        path: mount.mount_point.bytes().to_vec(),
        kind: mount.kind.bytes().to_vec(),
        flags: mount.flags,
        device: device(mount.fsid[0].cast_unsigned()),
    });
    Ok(mounted.collect())
}

/// An `int` or a `quad`, by the length of the answer; `None` if this kernel does not know the name.
fn number<C: XnuCalls>(calls: &C, name: &'static CStr) -> Result<Option<u64>> {
    let value = value(calls, name)?;
    Ok(match value.first_chunk() {
        Some(bytes) => Some(u64::from_ne_bytes(*bytes)),
        None => value.first_chunk().map(|bytes| u64::from(u32::from_ne_bytes(*bytes))),
    })
}

/// Text, without the NUL at its end.
fn text<C: XnuCalls>(calls: &C, name: &'static CStr) -> Result<Vec<u8>> {
    let mut value = value(calls, name)?;
    let length = memchr::memchr(0, &value).unwrap_or(value.len());
    value.truncate(length);
    Ok(value)
}

/// The bytes of a sysctl; none if this kernel does not know the name.
fn value<C: XnuCalls>(calls: &C, name: &'static CStr) -> Result<Vec<u8>> {
    match list::sysctl(calls, name) {
        Err(Errno::NOENT) => Ok(Vec::new()),
        asked => asked.map_err(|errno| failure::of_machine("sysctlbyname", errno)),
    }
}

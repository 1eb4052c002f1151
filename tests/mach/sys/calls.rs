//! Processes, regions and ports: the same answers with and without C in between.

use std::ffi::c_int;
use std::fmt::Debug;
use std::sync::Arc;

use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::{Detail, Kernel};
use mach_procfs::model::{Pid, Region, Result as ModelResult};
use nix::errno::Errno as LastErrno;
use xnu_model::{
    ArgumentArea, Call, Caller, Entry, Fault, ModelProcess, PortRule, Vnode, World, XnuModel,
};
use zerocopy::FromBytes;

use crate::sys::stand_ins::mach::{mach_vm_region_recurse, task_info};
use crate::sys::stand_ins::task::mach_port_deallocate;
use crate::sys::stand_ins::{StandIns, proc_pidinfo};
use crate::sys::xnu::sys::Xnu;
use crate::sys::xnu::{
    BsdInfo, Errno, IdentifiedInfo, Image, KernReturn, PORT_NULL, PidInfo, Platform, PortKind,
    PortName, RUSAGE_INFO_V5, RegionPathInfo, Rusage, Segment, ShortBsdInfo, SubmapInfo,
    TaskFlavor, TaskInfo, TaskPort, TaskVmInfo, Text, ThreadId, ThreadInfo, Timebase, Typed,
    UniqueInfo, VnodeInfo, VnodePaths, XnuCalls,
};

const PAGE: u64 = 16_384;
pub(crate) const OWN: i32 = 400;
pub(crate) const PID: i32 = 500;
pub(crate) const OTHERS: i32 = 600;

/// Nothing a kernel answers by itself.
const BEFORE: u64 = 0xB4;

/// A field of characters without a NUL.
fn whole<const N: usize>(bytes: &[u8; N]) -> Text<N> {
    Text::read_from_bytes(bytes).unwrap()
}

/// Every number another one, so that no field can pass for its neighbour.
fn distinct(process: &mut ModelProcess) {
    let info = &mut process.info;
    (info.gid, info.rgid, info.svgid) = (0x8000_0001, 0x8000_0002, 0x8000_0003);
    (info.nfiles, info.pgid, info.pjobc, info.tpgid, info.nice) = (31, 32, 33, 34, -7);
    (info.xstatus, info.start_microseconds) = (35, 999_999);
    (info.comm, info.name) = (whole(&[0xC3; 16]), whole(&[0xE9; 32]));
    process.unique.uuid = std::array::from_fn(|index| 0xF0 + index as u8);
    (process.unique.unique_id, process.unique.parent_unique_id) = (u64::MAX - 1, u64::MAX - 2);
    process.unique.id_version = -5;
    process.task_info = TaskInfo {
        virtual_size: 1 << 40,
        resident_size: 2 << 40,
        total_user: 3 << 40,
        total_system: 4 << 40,
        threads_user: 5 << 40,
        threads_system: 6 << 40,
        policy: 1,
        faults: 2,
        pageins: 3,
        cow_faults: 4,
        messages_sent: 5,
        messages_received: 6,
        syscalls_mach: 7,
        syscalls_unix: 8,
        context_switches: i32::MAX,
        threads: 10,
        running: 11,
        priority: -12,
    };
    let thread = ThreadInfo {
        user_time: 1 << 40,
        system_time: 2 << 40,
        cpu_usage: 1,
        policy: 2,
        run_state: 3,
        flags: 4,
        sleep_time: 5,
        current_priority: 6,
        priority: 7,
        max_priority: -8,
        name: b"thread \xFF".into(),
    };
    process.threads = vec![(u64::MAX, thread), (77, ThreadInfo::default())];
    let vnode = |dev, kind| VnodeInfo {
        dev,
        mode: 0o40755,
        nlink: 2,
        ino: u64::MAX,
        kind,
        fsid: [-3, 4],
        mtime: -5,
        size: 1 << 40,
        ..VnodeInfo::default()
    };
    process.paths = VnodePaths {
        current: vnode(0x0100_000F, 2),
        current_path: (&[b'c'; 1024]).into(),
        root: vnode(0xFF00_0001, 3),
        root_path: b"/a\nb\xFF".into(),
    };
    let strings = [b"executable_path=".as_slice(), &(0..=250).collect::<Vec<u8>>()].concat();
    process.arguments = ArgumentArea { count: -7, strings };
}

/// The own process, another one of the same user with a map of all sorts, and one of root's.
pub(crate) fn world() -> World {
    let mut world = World::default();
    world.caller = Caller {
        pid: OWN,
        uid: 501,
        groups: vec![501, 0x8000_0001],
        page_size: 16_384,
        stack_top: Some(0x1_7000_0000_0000),
    };
    world.spawn(ModelProcess::new(0, "kernel_task").owned_by(0, 0));
    let mut own = ModelProcess::new(OWN.cast_unsigned(), "self");
    (own.info.ruid, own.info.svuid) = (502, 503);
    world.spawn(own);
    let mut process = ModelProcess::new(PID.cast_unsigned(), "target");
    distinct(&mut process);
    world.spawn(process);
    world.spawn(ModelProcess::new(OTHERS.cast_unsigned(), "others").owned_by(0, 0));

    let submap = world.submap([Entry::new(2 * PAGE, PAGE), Entry::new(4 * PAGE, 9 * PAGE)]);
    let info = VnodeInfo { dev: 0x0100_0010, nlink: 1, ino: 1 << 61, kind: 1, ..<_>::default() };
    let file = world.vnode(Vnode { info, path: b"/bin/a b\xFF".to_vec(), ..Vnode::default() });
    for pid in [OWN, PID] {
        let protected = Entry { protection: 5, max_protection: 5, ..Entry::new(PAGE, 2 * PAGE) };
        world.map_file(pid, protected, file);
        let tagged = Entry { user_tag: 7, user_wired_count: 9, behavior: 2, ..Entry::default() };
        world.enter(pid, Entry { start: 8 * PAGE, size: 3 * PAGE, ..tagged.clone() });
        world.write(pid, 9 * PAGE, PAGE);
        world.shared_region(pid, 0x20 * PAGE, 8 * PAGE, submap, 0);
        world.enter(pid, Entry { start: u64::MAX - PAGE + 1, size: PAGE, shared: true, ..tagged });
    }
    let segment = |page: u64, size| Segment { start: (0x20 + page) * PAGE + 1, size };
    let image = |path: &[u8], segments| Image { path: path.to_vec(), segments };
    world.images = vec![
        image(b"/usr/lib/a b\xFF", vec![segment(2, 100), segment(4, PAGE)]),
        image(b"/usr/lib/c", vec![segment(3, 7)]),
        image(b"/usr/lib/d", (0..13).map(|number| segment(5, number + 1)).collect()),
    ];
    world
}

pub(crate) fn over_model(world: World) -> (Arc<XnuModel>, StandIns) {
    let model = Arc::new(XnuModel::new(world));
    let stand_ins = StandIns::install(Arc::clone(&model) as Arc<dyn XnuCalls>);
    (model, stand_ins)
}

/// The same answer with and without C in between.
#[track_caller]
pub(crate) fn agree<T: PartialEq + Debug>(model: &XnuModel, ask: impl Fn(&dyn XnuCalls) -> T) {
    assert_eq!(ask(&Xnu), ask(model));
}

fn region_recurse(
    calls: &dyn XnuCalls,
    task: PortName,
    address: u64,
) -> Result<(u64, u64, u32, SubmapInfo), KernReturn> {
    let (mut address, mut size, mut depth) = (address, 0, 1024);
    let mut info = SubmapInfo::default();
    calls.region(task, &mut address, &mut size, &mut depth, &mut info)?;
    Ok((address, size, depth, info))
}

#[test]
fn every_field_of_every_struct_arrives() {
    let (model, _stand_ins) = over_model(world());
    for pid in [0, OWN, PID, OTHERS, 999] {
        for zombies in [0, 1] {
            agree(&model, |calls| calls.pid::<ShortBsdInfo>(pid, zombies));
            agree(&model, |calls| calls.pid::<BsdInfo>(pid, zombies));
            agree(&model, |calls| calls.pid::<UniqueInfo>(pid, zombies));
            agree(&model, |calls| calls.pid::<IdentifiedInfo>(pid, zombies));
        }
        agree(&model, |calls| calls.pid::<Platform>(pid, 0));
        agree(&model, |calls| calls.pid::<TaskInfo>(pid, 0));
        agree(&model, |calls| calls.pid::<VnodePaths>(pid, 0));
        for thread in [77, u64::MAX, 0] {
            agree(&model, |calls| calls.pid::<ThreadInfo>(pid, thread));
        }
    }
    assert_eq!(Xnu.pid::<TaskInfo>(PID, 0).map(|info| info.priority), Ok(-12));
    assert_eq!(Xnu.own_pid(), OWN);
    assert_eq!(Xnu.own_task(), model.own_task());
    assert_eq!(Xnu.sysctl_value::<u64>(c"kern.usrstack64"), Ok(0x1_7000_0000_0000));
    agree(&model, |calls| calls.timebase());
    assert_eq!(Xnu.timebase(), Ok(Timebase { numer: 125, denom: 3 }));
}

#[test]
fn every_region_arrives_whichever_call_is_asked() {
    let (model, _stand_ins) = over_model(world());
    let port = Xnu.port_for_pid(PortKind::Control, PID).unwrap();
    for page in 0..0x40 {
        let address = page * PAGE + 5;
        agree(&model, |calls| calls.pid::<RegionPathInfo>(PID, address));
        agree(&model, |calls| region_recurse(calls, port, address));
        agree(&model, |calls| {
            let (mut start, mut size, mut depth) = (address, 0, 1024);
            let mut info = SubmapInfo::default();
            let answer = calls.region_short(port, &mut start, &mut size, &mut depth, &mut info);
            (answer, start, size, depth, info)
        });
    }
    agree(&model, |calls| calls.task::<TaskVmInfo>(port));
    let vm = Xnu.task::<TaskVmInfo>(port).unwrap();
    assert_eq!((vm.page_size, vm.region_count), (16_384, 4));
    Xnu.release_port(port).unwrap();
}

#[test]
fn libproc_fails_with_0_and_errno() {
    let (model, _stand_ins) = over_model(world());
    let mut info = RegionPathInfo { path: b"kept".into(), ..RegionPathInfo::default() };
    let kept = info;
    // The order of the kernel's checks: pid 0 before all.
    for (pid, address, errno) in
        [(0, 0, Errno::PERM), (999, 0, Errno::SRCH), (-1, 0, Errno::SRCH), (OTHERS, 0, Errno::PERM)]
    {
        assert_eq!(Xnu.pid_into(pid, address, &mut info), Err(errno), "{pid}");
    }
    model.world(|world| world.unmap(PID, 0, u64::MAX));
    model.world(|world| world.begin_exit(PID));
    assert_eq!(Xnu.pid_into(PID, 0, &mut info), Err(Errno::INVAL));
    assert_eq!(info, kept, "an error changes nothing");
    assert_eq!(Xnu.process_arguments(OTHERS, Some(&mut [0; 99])), Err(Errno::INVAL));
}

/// An errno that was there before belongs to another call: libproc leaves it as it is where it
/// succeeds, and a success may be 0 as well.
#[test]
fn nothing_found_is_no_error() {
    let (_model, _stand_ins) = over_model(world());
    LastErrno::set_raw(Errno::PERM.0);
    assert_eq!(Xnu.pid_list::<ThreadId>(OWN, Some(&mut [0; 4])), Ok(0));
    LastErrno::set_raw(Errno::PERM.0);
    assert!(Xnu.pid::<ShortBsdInfo>(OWN, 0).is_ok());
}

/// A kernel with a smaller struct than this one would leave the rest of it unsaid.
#[test]
fn half_a_struct_is_an_error() {
    let (_model, stand_ins) = over_model(world());
    stand_ins.answer_short_by(8);
    assert_eq!(Xnu.pid::<ShortBsdInfo>(PID, 0), Err(Errno::IO));
    assert_eq!(Xnu.pid::<RegionPathInfo>(PID, 0), Err(Errno::IO));
}

#[test]
fn flavors_need_room_and_pid_0_needs_none() {
    let (_model, _stand_ins) = over_model(world());
    let mut room = [0u8; 2000];
    let mut ask = |pid, flavor, size: c_int| {
        LastErrno::clear();
        // SAFETY: a buffer of at least `size` bytes.
        let answer = unsafe { proc_pidinfo(pid, flavor, 0, room.as_mut_ptr().cast(), size) };
        (answer, LastErrno::last_raw())
    };
    assert_eq!(ask(PID, ShortBsdInfo::FLAVOR, 63), (0, Errno::NOMEM.0));
    assert_eq!(ask(PID, ShortBsdInfo::FLAVOR, 64), (64, 0));
    assert_eq!(ask(PID, ShortBsdInfo::FLAVOR, 2000), (64, 0));
    assert_eq!(ask(999, ShortBsdInfo::FLAVOR, 63), (0, Errno::NOMEM.0));
    assert_eq!(ask(0, RegionPathInfo::FLAVOR, 0), (0, Errno::PERM.0));
    assert_eq!(ask(PID, 99, 2000), (0, Errno::INVAL.0));
    assert_eq!(ask(PID, RegionPathInfo::FLAVOR, 1272), (1272, 0));
}

#[test]
fn lists_are_counted_in_entries_and_cut_at_the_buffers_end() {
    let (_model, _stand_ins) = over_model(world());
    let estimate = Xnu.list_pids(None).unwrap();
    assert!(estimate >= 4, "{estimate}");
    let mut pids = vec![-1; estimate];
    assert_eq!(Xnu.list_pids(Some(&mut pids)), Ok(4));
    assert_eq!(pids[..5], [OTHERS, PID, OWN, 0, -1]);
    let mut two = [-1; 3];
    assert_eq!(Xnu.list_pids(Some(&mut two[..2])), Ok(2));
    assert_eq!(two, [OTHERS, PID, -1]);
    assert_eq!(Xnu.list_pids(Some(&mut [])), Err(Errno::NOMEM));

    let mut threads = [0; 3];
    assert_eq!(Xnu.pid_list::<ThreadId>(PID, Some(&mut threads)), Ok(2));
    assert_eq!(threads, [u64::MAX, 77, 0]);
    assert_eq!(Xnu.pid_list::<ThreadId>(PID, Some(&mut threads[..1])), Ok(1));
    for pid in [PID, 999] {
        let answer = Xnu.pid_list::<ThreadId>(pid, Some(&mut []));
        assert_eq!(answer, Err(Errno::NOMEM), "no room is refused before the pid is looked for");
    }
}

/// More processes than the estimate allows for, born between estimate and list.
#[test]
fn the_list_of_processes_grows_with_them() {
    let (model, _stand_ins) = over_model(world());
    model.change_at(Call::ListAllPids, 2, |world| {
        for pid in 1000..3000 {
            world.spawn(ModelProcess::new(pid, "late"));
        }
    });
    let all = MachKernel::new(Arc::new(Xnu)).processes().unwrap();
    assert_eq!(all.len(), 2004);
    assert!(model.count(Call::ListAllPids) > 2);
}

#[test]
fn arguments_come_whole_or_from_the_tail() {
    let (_model, _stand_ins) = over_model(world());
    assert_eq!(Xnu.process_arguments(PID, None), Ok(256), "of 255, in words");
    let mut buffer = [0xAA; 300];
    assert_eq!(Xnu.process_arguments(PID, Some(&mut buffer)), Ok(255));
    assert_eq!(buffer[..4], (-7i32).to_ne_bytes());
    assert!(buffer[4..255].iter().copied().eq(0..=250));
    assert!(buffer[255..].iter().all(|byte| *byte == 0xAA), "nothing behind the length");
    assert_eq!(Xnu.process_arguments(PID, Some(&mut buffer[..10])), Ok(10));
    assert_eq!(buffer[..4], (-7i32).to_ne_bytes());
    assert_eq!(Xnu.process_arguments(PID, Some(&mut buffer[..4])), Err(Errno::INVAL));
}

/// MIG counts in words of 32 bits, both ways, and cuts what is longer than it knows.
#[test]
fn counts_are_words_and_go_both_ways() {
    let (_model, _stand_ins) = over_model(world());
    let port = Xnu.port_for_pid(PortKind::Control, PID).unwrap();
    let recurse = |count: u32| {
        let (mut address, mut size, mut depth, mut words) = (0, 0, 1024, count);
        let mut info = [0x5555_5555; 40];
        // SAFETY: words to read and write, and more words of `info` than any `count` here.
        let code = unsafe {
            mach_vm_region_recurse(
                port,
                &raw mut address,
                &raw mut size,
                &raw mut depth,
                info.as_mut_ptr(),
                &raw mut words,
            )
        };
        let written = info.iter().rposition(|word| *word != 0x5555_5555).map_or(0, |at| at + 1);
        (code, words, written)
    };
    assert_eq!(recurse(11), (4, 11, 0));
    for (given, taken) in
        [(12, 12), (15, 12), (16, 16), (17, 17), (18, 17), (19, 19), (21, 19), (40, 19)]
    {
        assert_eq!(recurse(given), (0, taken, taken as usize), "{given}");
    }
    let vm_info = |count: u32| {
        let mut words = count;
        let mut info = [0; 200];
        // SAFETY: more words of `info` than any `count` here.
        let code =
            unsafe { task_info(port, TaskVmInfo::FLAVOR, info.as_mut_ptr(), &raw mut words) };
        (code, words)
    };
    assert_eq!(vm_info(35), (4, 35));
    assert_eq!(vm_info(93), (0, 42));
    Xnu.release_port(port).unwrap();
}

#[test]
fn a_refused_region_call_leaves_its_parameters() {
    let (model, _stand_ins) = over_model(world());
    let port = Xnu.port_for_pid(PortKind::Control, PID).unwrap();
    let kept = SubmapInfo { user_tag: 99, ..SubmapInfo::default() };
    let refused = |task, address: u64| {
        let (mut start, mut size, mut depth, mut info) = (address, BEFORE, 3, kept);
        let answer = Xnu.region(task, &mut start, &mut size, &mut depth, &mut info);
        assert_eq!((start, size, depth, &info), (address, BEFORE, 3, &kept));
        answer.unwrap_err()
    };
    assert_eq!(refused(PORT_NULL, 7), KernReturn::INVALID_DEST);
    model.at(Call::RegionRecurse, 2..=2, Fault::KernReturn(KernReturn::SERVER_DIED));
    assert_eq!(refused(port, 7), KernReturn::SERVER_DIED);
    model.world(|world| world.begin_exit(PID));
    assert_eq!(refused(port, 7), KernReturn::INVALID_ARGUMENT);
    model.world(|world| world.become_zombie(PID));
    assert_eq!(refused(port, 7), KernReturn::INVALID_DEST);
    Xnu.release_port(port).unwrap();
}

#[test]
fn a_port_is_released_once() {
    let (model, _stand_ins) = over_model(world());
    let calls = Arc::new(Xnu);
    let first = TaskPort::for_pid(&calls, PortKind::Control, PID).unwrap().unwrap();
    let second = TaskPort::for_pid(&calls, PortKind::Control, PID).unwrap().unwrap();
    assert_eq!((model.live_ports(), first.name()), (2, second.name()));
    drop(first);
    assert_eq!(model.live_ports(), 1);
    assert!(region_recurse(&Xnu, second.name(), 0).is_ok(), "the other reference still holds");
    drop(second);
    assert_eq!((model.live_ports(), model.count(Call::ReleasePort)), (0, 2));

    drop(TaskPort::own(&calls));
    assert_eq!(model.count(Call::ReleasePort), 2, "the own task's name is no reference");
    for rule in [PortRule::Null, PortRule::Dead] {
        model.world(|world| world.process_mut(PID).unwrap().port = rule);
        assert!(TaskPort::for_pid(&calls, PortKind::Control, PID).unwrap().is_none());
    }
    assert_eq!(model.count(Call::ReleasePort), 2, "no right, nothing to release");
    assert_eq!(
        TaskPort::for_pid(&calls, PortKind::Control, 0).err(),
        Some(KernReturn::FAILURE.into())
    );
    assert_eq!(Xnu.release_port(0x4711), Err(KernReturn::INVALID_NAME));
    // SAFETY: takes numbers only.
    assert_eq!(unsafe { mach_port_deallocate(PORT_NULL, 0x4711) }, 16, "not the own name space");
}

fn walk<C: XnuCalls>(kernel: &MachKernel<C>, pid: i32, detail: Detail) -> ModelResult<Vec<Region>> {
    let pid = Pid::new(pid.cast_unsigned()).unwrap();
    let mut walk = kernel.regions(pid, kernel.identity(pid)?, detail)?;
    let mut regions = Vec::new();
    while let Some(region) = walk.next_region()? {
        regions.push(region.clone());
    }
    Ok(regions)
}

#[test]
fn a_walk_sees_the_same_with_and_without_c_in_between() {
    let (model, _stand_ins) = over_model(world());
    let over_c = MachKernel::new(Arc::new(Xnu));
    let direct = MachKernel::new(Arc::clone(&model));
    for pid in [0, OWN, PID, OTHERS, 999] {
        for detail in [Detail::Map, Detail::Attributes, Detail::Counts, Detail::Pages] {
            let regions = walk(&over_c, pid, detail);
            assert_eq!(regions, walk(&direct, pid, detail), "{pid} {detail:?}");
            if matches!((pid, detail), (PID | OWN, Detail::Pages)) {
                assert!(regions.unwrap().iter().any(|region| region.depth == 1), "{pid}");
            }
        }
    }
    assert_eq!(over_c.processes(), direct.processes());
    assert_eq!(model.live_ports(), 0);
}

#[test]
fn the_flag_against_alias_scans_is_set_at_the_start() {
    let (model, _stand_ins) = over_model(world());
    let _kernel = MachKernel::new(Arc::new(Xnu));
    assert_eq!(model.count(Call::SetRegionInfoFlags), 1);
    model.at(Call::SetRegionInfoFlags, 2..=2, Fault::Errno(Errno(2)));
    assert_eq!(Xnu.set_sysctl(c"vm.self_region_info_flags", &1u32.to_ne_bytes()), Err(Errno(2)));
    let mut caller = model.world(|world| world.caller.clone());
    caller.stack_top = None;
    model.world(|world| world.caller = caller.clone());
    assert_eq!(Xnu.sysctl_value::<u64>(c"kern.usrstack64"), Err(Errno(2)));
}

/// Zombies are found where `arg` asks for them.
#[test]
fn arg_goes_where_it_belongs() {
    let (model, _stand_ins) = over_model(world());
    model.world(|world| world.become_zombie(PID));
    assert_eq!(Xnu.pid::<ShortBsdInfo>(PID, 0), Err(Errno::SRCH));
    let zombie = Xnu.pid::<ShortBsdInfo>(PID, 1).map(|info| info.status);
    assert_eq!(zombie, Ok(ShortBsdInfo::ZOMBIE));
    assert_eq!(Xnu.pid::<UniqueInfo>(PID, 0), Err(Errno::SRCH));
    assert!(Xnu.pid::<UniqueInfo>(PID, 1).is_ok());
    assert_eq!(Xnu.pid::<BsdInfo>(PID, 0), Err(Errno::SRCH));
    assert!(Xnu.pid::<BsdInfo>(PID, 1).is_ok());
}

#[test]
fn own_memory_arrives_whole_or_not_at_all() {
    let (model, _stand_ins) = over_model(world());
    model.world(|world| {
        world.cache_range = 0x1_8000_0000..0x1_8000_4000;
        world.memory.map(0x1_8000_0000..0x1_8000_4000);
        world.memory.put(0x1_8000_0ffe, b"dyld");
    });
    agree(&model, |calls| calls.cache_range());
    for (address, size) in [(0x1_8000_0ff0, 32), (0x1_8000_3ff0, 16), (0x1_8000_3ff0, 17), (0, 1)] {
        agree(&model, |calls| {
            let mut buffer = vec![0xaa; size];
            (calls.read_own(address, &mut buffer), buffer)
        });
    }
    let mut buffer = [0xaa; 5];
    assert_eq!(Xnu.read_own(0x1_8000_0ffe, &mut buffer[..4]), Ok(4));
    assert_eq!(&buffer, b"dyld\xaa");
    assert_eq!(Xnu.read_own(0x1_8000_4000, &mut buffer), Err(KernReturn(1)));
    assert_eq!(Xnu.read_own(0x1_8000_0000, &mut []), Ok(0));
}

#[test]
fn usage_is_filled_by_one_flavor_and_never_behind_its_buffer() {
    let (model, _stand_ins) = over_model(world());
    model.world(|world| {
        let usage = &mut world.process_mut(PID).unwrap().rusage;
        (usage.footprint, usage.flags) = (1 << 40, Rusage::RESLID);
    });
    for pid in [OWN, PID, OTHERS, 999] {
        agree(&model, |calls| calls.resource_usage(pid));
    }
    assert_eq!(Xnu.resource_usage(PID).map(|usage| usage.flags), Ok(1));
    let mut small = [0xaa; size_of::<Rusage>() - 1];
    assert_eq!(Xnu.rusage(PID, RUSAGE_INFO_V5, &mut small), Err(Errno::NOMEM));
    assert!(small.iter().all(|byte| *byte == 0xaa));
    assert_eq!(Xnu.rusage(PID, 6, &mut [0; 1000]), Err(Errno::INVAL));
}

#[test]
fn images_of_the_cache_arrive_and_no_others() {
    let (model, _stand_ins) = over_model(world());
    let stale = Image { path: b"stale".to_vec(), ..Image::default() };
    let (mut here, mut there) = (vec![stale.clone(); 9], Vec::new());
    Xnu.own_images(&mut here);
    model.own_images(&mut there);
    // The last one first: an image that moves up while they are asked for is not missed.
    here.reverse();
    assert_eq!(here, there);
    assert_eq!(here[2].segments.len(), 13);

    model.world(|world| world.images.clear());
    here.push(stale);
    Xnu.own_images(&mut here);
    assert!(here.is_empty(), "no shared cache, no images");
}

//! The size of an answer, and the result for a buffer of another size.

use mach_procfs::kernel::xnu::{
    CTL_KERN, KERN_PROC, KERN_PROC_PID, PORT_DEAD, PORT_NULL, ProcessorInfo, ProcessorLoad,
    SubmapShortInfo, ThreadId, VmStatistics,
};
use xnu_model::fixtures::DEMO;
use xnu_model::{Call, Fault};

use super::*;

/// Bytes that no answer has.
const UNTOUCHED: u8 = 0xA5;

/// The results of `ask` for buffers of this size, of one byte more and of one less.
fn around<E: PartialEq + std::fmt::Debug>(
    size: usize,
    small: E,
    mut ask: impl FnMut(&mut [u8]) -> Result<usize, E>,
) {
    let mut buffer = vec![UNTOUCHED; size + 1];
    assert_eq!(ask(&mut buffer[..size - 1]), Err(small));
    assert!(buffer.iter().all(|byte| *byte == UNTOUCHED), "an error writes nothing");
    assert_eq!(ask(&mut buffer), Ok(size));
    assert_eq!(buffer[size], UNTOUCHED, "nothing behind the struct");
    assert_eq!(ask(&mut buffer[..size]), Ok(size));
}

/// The results of a call that counts in words.
fn words_around(
    size: usize,
    small: KernReturn,
    mut ask: impl FnMut(&mut [u32]) -> Result<usize, KernReturn>,
) {
    let mut words = vec![u32::MAX; size + 1];
    assert_eq!(ask(&mut words[..size - 1]), Err(small));
    assert!(words.iter().all(|word| *word == u32::MAX), "an error writes nothing");
    assert_eq!(ask(&mut words), Ok(size));
    assert_eq!(words[size], u32::MAX, "nothing behind the struct");
    assert_eq!(ask(&mut words[..size]), Ok(size));
}

/// `proc_info.c:proc_pidinfo`: the size is checked before the process is looked up.
#[test]
fn structs_of_processes_are_whole_or_nothing() {
    let model = by(0);
    let flavors = [(3, 0, 136), (4, 0, 96), (8, 0, 1272), (9, 0, 2352), (13, 0, 64), (17, 0, 56)];
    for (flavor, arg, size) in flavors.into_iter().chain([(15, 4_242, 112)]) {
        around(size, Errno::NOMEM, |buffer| model.pid_info(DEMO, flavor, arg, Some(buffer)));
        let ask = |pid, room| model.pid_info(pid, flavor, arg, Some(&mut vec![0; room]));
        assert_eq!(ask(77, size - 1), Err(Errno::NOMEM), "{flavor}");
        assert_eq!(ask(77, size), Err(Errno::SRCH), "{flavor}");
        assert_eq!(model.pid_info(DEMO, flavor, arg, None), Err(Errno::NOMEM), "{flavor}");
    }
    assert_eq!(model.pid_info(DEMO, 99, 0, Some(&mut [0; 4000])), Err(Errno::INVAL));
    assert_eq!(model.pid_info(DEMO, 15, 77, Some(&mut [0; 112])), Err(Errno::SRCH), "no thread");
}

#[test]
fn structs_of_descriptors_are_whole_or_nothing() {
    let model = by(0);
    for (flavor, descriptor, size) in [(1, 0, 176), (2, 0, 1200), (3, 6, 792), (6, 12, 184)] {
        let ask = |buffer: &mut [u8]| model.pid_fd_info(DEMO, descriptor, flavor, buffer);
        around(size, Errno::NOMEM, ask);
        let ask = |room| model.pid_fd_info(77, descriptor, flavor, &mut vec![0; room]);
        assert_eq!((ask(size - 1), ask(size)), (Err(Errno::NOMEM), Err(Errno::SRCH)), "{flavor}");
    }
    assert_eq!(model.pid_fd_info(DEMO, 0, 99, &mut [0; 4000]), Err(Errno::INVAL));
}

#[test]
fn a_path_fits_where_1024_bytes_do_and_4096_are_enough() {
    let model = by(0);
    model.world(|world| world.process_mut(DEMO).unwrap().executable = Ok(vec![b'e'; 5000]));
    let ask = |room| model.pid_path(DEMO, &mut vec![UNTOUCHED; room]);
    assert_eq!([0, 1023].map(ask), [Err(Errno::NOMEM); 2]);
    assert_eq!(ask(4097), Err(Errno::OVERFLOW));
    assert_eq!([1024, 4096].map(ask), [Ok(1023), Ok(4095)]);
}

#[test]
fn lists_are_cut_at_the_buffers_end() {
    let model = by(0);
    let mut ids = [7; 5];
    assert_eq!(model.pid_list::<ThreadId>(DEMO, Some(&mut ids)), Ok(3));
    assert_eq!(ids, [4_242, 4_243, 4_260, 7, 7]);
    // A buffer that ends within an item.
    for (flavor, item) in [(1, 8), (28, 8)] {
        let mut buffer = [UNTOUCHED; 64];
        let ask = |buffer: &mut [u8]| model.pid_info(DEMO, flavor, 0, Some(buffer));
        assert_eq!(ask(&mut buffer[..2 * item + 3]), Ok(2 * item));
        assert!(buffer[2 * item..].iter().all(|byte| *byte == UNTOUCHED));
        assert_eq!(ask(&mut buffer[..item - 1]), Err(Errno::NOMEM));
        let answer = model.pid_info(77, flavor, 0, Some(&mut []));
        assert_eq!(answer, Err(Errno::NOMEM), "the size before the pid");
    }
    assert_eq!(model.pid_info(DEMO, 28, 0, None), Err(Errno::NOMEM), "only files have an estimate");
    assert_eq!(model.pid_info(DEMO, 1, 0, None), Ok((21 + 20) * 8));
    model.world(|world| world.process_mut(DEMO).unwrap().threads.clear());
    assert_eq!(model.pid_list::<ThreadId>(DEMO, Some(&mut ids)), Ok(0), "nothing is a success");
}

/// `task.c:task_info`; a kernel of later revisions fills as much of the struct as there is room for.
#[test]
fn structs_of_tasks_and_threads_are_counted_in_words() {
    let model = by(0);
    let task = model.port_for_pid(PortKind::Control, DEMO).unwrap();
    for (flavor, size) in [(13, 2), (15, 8), (20, 12)] {
        let ask = |words: &mut [u32]| model.task_info(task, flavor, words);
        words_around(size, KernReturn::INVALID_ARGUMENT, ask);
    }
    let vm_info = |room| model.task_info(task, 22, &mut vec![0; room]);
    assert_eq!(vm_info(35), Err(KernReturn::INVALID_ARGUMENT));
    for (room, filled) in [(36, 36), (37, 36), (38, 38), (41, 38), (42, 42), (93, 42)] {
        assert_eq!(vm_info(room), Ok(filled), "{room}");
    }
    let unknown = Err(KernReturn::INVALID_ARGUMENT);
    assert_eq!(model.task_info(task, 99, &mut [0; 60]), unknown);
    let role = |words: &mut [u32]| model.task_policy(task, 1, words);
    words_around(1, KernReturn::INVALID_ARGUMENT, role);
    assert_eq!(model.task_policy(task, 2, &mut [0; 9]), unknown);
    let thread = model.threads(task).unwrap()[0];
    for (flavor, size) in [(3, 10), (4, 6)] {
        let ask = |words: &mut [u32]| model.thread_info(thread, flavor, words);
        words_around(size, KernReturn::INVALID_ARGUMENT, ask);
    }
    assert_eq!(model.thread_info(thread, 99, &mut [0; 60]), unknown);
}

#[test]
fn a_dead_port_is_found_before_too_few_words() {
    let model = by(0);
    let none = &mut [];
    let dead = Err(KernReturn::INVALID_DEST);
    assert_eq!(model.task_info(PORT_DEAD, 20, none), dead);
    assert_eq!(model.task_policy(PORT_DEAD, 1, none), dead);
    assert_eq!(model.thread_info(PORT_DEAD, 3, none), dead);
    assert_eq!(model.port_attributes(PORT_DEAD, 0x403, 2, none), dead);
    let (mut address, mut size, mut depth) = (0, 0, 0);
    assert_eq!(model.region_recurse(PORT_DEAD, &mut address, &mut size, &mut depth, none), dead);
}

/// `mach_port.c:mach_port_get_attributes`: too few words are `KERN_FAILURE`, before the name is
/// looked up; for names that are never valid, limits are no words.
#[test]
fn attributes_of_ports_need_room() {
    let model = by(0);
    let task = model.port_for_pid(PortKind::Read, DEMO).unwrap();
    for (flavor, size) in [(1, 1), (2, 10)] {
        let ask = |words: &mut [u32]| model.port_attributes(task, 0x403, flavor, words);
        words_around(size, KernReturn::FAILURE, ask);
        let few = &mut vec![0; size - 1];
        for name in [PORT_NULL, 0x9999] {
            let answer = model.port_attributes(task, name, flavor, few);
            assert_eq!(answer, Err(KernReturn::FAILURE), "{name:#x}");
        }
    }
    for name in [PORT_NULL, PORT_DEAD] {
        assert_eq!(model.port_attributes(task, name, 1, &mut [0]), Ok(0));
    }
    let unknown = model.port_attributes(task, 0x403, 99, &mut [0; 60]);
    assert_eq!(unknown, Err(KernReturn::INVALID_ARGUMENT));
}

/// A region without its page counts has the values that it has with them, in another order of
/// fields.
#[test]
fn a_short_region_is_the_head_of_a_whole_one() {
    let model = XnuModel::new(arm64());
    let task = model.port_for_pid(PortKind::Control, DEMO).unwrap();
    let mut at = 0;
    while let Ok((start, size, depth, info)) = recurse(&model, task, at, 9) {
        let (mut address, mut bytes, mut level) = (at, 0, 9);
        let mut short = SubmapInfo::default();
        model.region_short(task, &mut address, &mut bytes, &mut level, &mut short).unwrap();
        assert_eq!((address, bytes, level), (start, size, depth));
        let expected = SubmapInfo {
            pages_resident: 0,
            pages_shared_now_private: 0,
            pages_swapped_out: 0,
            pages_dirtied: 0,
            pages_reusable: 0,
            object_id_full: 0,
            ..info
        };
        assert_eq!(short, expected, "{start:#x}");
        let Some(end) = start.checked_add(size) else { break };
        at = end;
    }
    assert!(at > 1 << 32, "{at:#x}");
    assert_eq!(size_of::<SubmapShortInfo>(), 12 * 4);
    let counts = (model.count(Call::RegionRecurse), model.count(Call::RegionRecurseShort));
    assert_eq!(counts.0, counts.1 + 1, "the last one finds nothing");
}

#[test]
fn a_refused_region_call_leaves_its_parameters() {
    let model = XnuModel::new(with_submap());
    let port = port(&model);
    let refused = |task, address: u64| {
        let (mut start, mut size, mut depth, mut words) = (address, 0xB4, 3, [7; 19]);
        let answer = model.region_recurse(task, &mut start, &mut size, &mut depth, &mut words);
        assert_eq!((start, size, depth, words), (address, 0xB4, 3, [7; 19]));
        answer.unwrap_err()
    };
    assert_eq!(refused(PORT_NULL, 7), KernReturn::INVALID_DEST);
    model.at(Call::RegionRecurse, 2..=2, Fault::KernReturn(KernReturn::SERVER_DIED));
    assert_eq!(refused(port, 7), KernReturn::SERVER_DIED);
    model.world(|world| world.begin_exit(PID));
    assert_eq!(refused(port, 7), KernReturn::INVALID_ARGUMENT);
    model.world(|world| world.become_zombie(PID));
    assert_eq!(refused(port, 7), KernReturn::INVALID_DEST);
}

/// `kern_sysctl.c:sysctl_prochandle`: no such process is a success of no bytes.
#[test]
fn sysctls_by_number_are_whole_or_nothing() {
    let model = by(501);
    let name = |pid| [CTL_KERN, KERN_PROC, KERN_PROC_PID, pid];
    around(648, Errno::NOMEM, |buffer| model.sysctl(&name(DEMO), Some(buffer)));
    assert_eq!(model.sysctl(&name(DEMO), None), Ok(648));
    assert_eq!(model.sysctl(&name(77), Some(&mut [])), Ok(0));
    for other in [&[][..], &[CTL_KERN], &[CTL_KERN, 99, DEMO], &[2, KERN_PROC, 1, DEMO]] {
        assert_eq!(model.sysctl(other, Some(&mut [0; 4000])), Err(Errno::NOENT), "{other:?}");
    }
}

#[test]
fn only_one_sysctl_is_set_and_by_a_whole_number() {
    let model = by(501);
    let flags = c"vm.self_region_info_flags";
    assert_eq!(model.set_sysctl(flags, &[0; 3]), Err(Errno::INVAL));
    assert_eq!(model.set_sysctl(flags, &[0; 4]), Ok(()));
    assert_eq!(model.count(Call::SetRegionInfoFlags), 2);
    assert_eq!(model.set_sysctl(c"hw.ncpu", &[0; 4]), Err(Errno::PERM));
    assert_eq!(model.set_sysctl(c"no.such.name", &[0; 4]), Err(Errno::NOENT));
    // A kernel before macOS 15.
    model.at(Call::SetRegionInfoFlags, 3..=3, Fault::Errno(Errno::NOENT));
    assert_eq!(model.set_sysctl(flags, &[0; 4]), Err(Errno::NOENT));
    assert_eq!(model.sysctl_value::<u64>(c"kern.usrstack64"), Err(Errno::NOENT));
    model.world(|world| world.caller.stack_top = Some(0x1_7000_0000_0000));
    assert_eq!(model.sysctl_value::<u64>(c"kern.usrstack64"), Ok(0x1_7000_0000_0000));
    let counts = (model.count(Call::OwnStackTop), model.count(Call::SysctlByName));
    assert_eq!(counts, (2, 0));
}

#[test]
fn the_machine_is_counted_in_words() {
    let model = by(501);
    let ask = |words: &mut [u32]| model.host_statistics(4, words);
    words_around(size_of::<VmStatistics>() / 4, KernReturn::FAILURE, ask);
    let unknown = KernReturn::INVALID_ARGUMENT;
    assert_eq!(model.host_statistics(2, &mut [0; 99]), Err(unknown));
    assert_eq!(model.processor_info(99, None), Err(unknown));
    for (flavor, words) in
        [(1, size_of::<ProcessorInfo>() / 4), (2, size_of::<ProcessorLoad>() / 4)]
    {
        let (each, all) = model.processor_info(flavor, None).unwrap();
        assert_eq!((each, all.len()), (words, 8 * words));
        for number in 0..8 {
            let one = all[number * words..][..words].to_vec();
            assert_eq!(model.processor_info(flavor, Some(number)), Ok((words, one)));
        }
        assert_eq!(model.processor_info(flavor, Some(8)), Ok((words, Vec::new())));
    }
    assert_eq!(model.processor::<ProcessorInfo>(usize::MAX), Ok(None));
    model.at(Call::ProcessorLoads, 2..=2, Fault::KernReturn(KernReturn(6)));
    assert_eq!(model.processors::<ProcessorLoad>(), Err(KernReturn(6)));
}

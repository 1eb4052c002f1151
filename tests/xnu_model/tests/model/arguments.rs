//! A process's arguments and environment.

use mach_procfs::kernel::xnu::CodeSigning;
use xnu_model::ArgumentArea;

use super::*;

/// All that the kernel copies of a process's arguments.
fn copied_out(model: &XnuModel) -> Vec<u8> {
    let mut buffer = vec![0xAA; model.process_arguments(PID, None).unwrap() + 64];
    let length = model.process_arguments(PID, Some(&mut buffer)).unwrap();
    buffer.truncate(length);
    buffer
}

fn started(arguments: &[&[u8]], environment: &[&[u8]]) -> World {
    let mut world = world();
    world.process_mut(PID).unwrap().arguments =
        ArgumentArea::new(b"/bin/x", arguments, environment, &[b"pfz=0xffff", b"last="]);
    world
}

/// `kern_exec.c:exec_save_path`, `exec_extract_strings`: until the process starts and wipes some of
/// them, the strings are as the kernel has written them. `executable_path=` is the first string and
/// `kern_sysctl.c:sysctl_procargsx` strips it; arguments and dyld's strings begin at multiples of 8
/// of the whole.
#[test]
fn m5_arguments_lie_as_execve_lays_them() {
    // 16 + 6 + 1 is 23: one NUL of padding. Behind 24 + 2 + 4 = 30 bytes two more.
    let model = XnuModel::new(started(&[b"x"], &[b"A=1"]));
    let expected = b"\x01\0\0\0/bin/x\0\0x\0A=1\0\0\0pfz=0xffff\0last=\0\0\0\0\0\0\0\0";
    assert_eq!(copied_out(&model).escape_ascii().to_string(), expected.escape_ascii().to_string());
    // No padding behind the environment, and seven bytes of it.
    for (value, padding) in [(&b"A=123"[..], 0), (&b"A=1234"[..], 7)] {
        let model = XnuModel::new(started(&[b"x"], &[value]));
        let all = copied_out(&model);
        let at = all.windows(4).position(|it| it == b"pfz=").unwrap();
        let behind = 4 + 8 + 2 + value.len() + 1;
        assert_eq!(at - behind, padding, "{}", all.escape_ascii());
    }
}

/// `kern_sysctl.c:sysctl_procargsx`: a small buffer gets the count and the area's tail, most of which
/// is cleared; the length is in words, and for any caller.
#[test]
fn m6_small_buffers_get_the_count_and_the_tail_and_the_length_is_public() {
    let model = XnuModel::new(started(&[b"x"], &[b"A=1"]));
    let all = copied_out(&model);
    assert_eq!(all.len(), 4 + 8 + 8 + 24);
    assert_eq!(model.process_arguments(PID, None), Ok(44));
    let mut buffer = [0xAA; 12];
    assert_eq!(model.process_arguments(PID, Some(&mut buffer)), Ok(12));
    assert_eq!(buffer, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "cleared but for what was read");
    // More than a page: the pages of a small buffer are not cleared.
    let long = vec![b'y'; 20_000];
    let model = XnuModel::new(started(&[&long], &[]));
    let all = copied_out(&model);
    let mut buffer = vec![0xAA; 20_004];
    assert_eq!(model.process_arguments(PID, Some(&mut buffer)), Ok(20_004));
    assert_eq!(buffer[..4], all[..4]);
    let tail = &all[all.len() - 20_000..];
    let kept = buffer[4..].iter().zip(tail).take_while(|(a, b)| a == b).count();
    // 20,000 bytes are two pages, but for 12,768 bytes.
    assert!(kept == 20_000 - 12_768 && buffer[4 + kept..].iter().all(|byte| *byte == 0), "{kept}");
    for wrong in [0, 4, (1 << 20) + 5] {
        let answer = model.process_arguments(PID, Some(&mut vec![0; wrong]));
        assert_eq!(answer, Err(Errno::INVAL), "{wrong}");
    }
    model.world(|world| world.caller.uid = 502);
    assert!(model.process_arguments(PID, None).is_ok());
    assert_eq!(model.process_arguments(PID, Some(&mut [0; 99])), Err(Errno::INVAL));
    assert_eq!(model.process_arguments(77, None), Err(Errno::INVAL));
    assert_eq!(model.process_arguments(0, None), Err(Errno::INVAL));
}

/// `kern_sysctl.c:sysctl_procargsx`: another process gets only the arguments of a restricted
/// process (`CS_RESTRICT`), and one string more if the first of them is empty, since it passes for
/// padding.
#[test]
fn m6_restricted_processes_keep_their_environment() {
    let restricted = |arguments: &[&[u8]]| {
        let mut world = started(arguments, &[b"SECRET=1", b"B=2"]);
        world.process_mut(PID).unwrap().signing |= CodeSigning::RESTRICT;
        XnuModel::new(world)
    };
    let model = restricted(&[b"x", b"y"]);
    assert_eq!(copied_out(&model), b"\x02\0\0\0/bin/x\0\0x\0y\0");
    model.world(|world| world.caller.pid = PID);
    assert!(copied_out(&model).windows(4).any(|it| it == b"B=2\0"), "its own it may know");
    assert_eq!(copied_out(&restricted(&[b""])), b"\x01\0\0\0/bin/x\0\0\0SECRET=1\0");
    let model = restricted(&[b"x"]);
    model.world(|world| world.caller.uid = 502);
    assert_eq!(model.process_arguments(PID, None), Err(Errno::INVAL), "not even the length");
}

//! Arguments, links, open files and pages of a process over the model, where the kernel refuses or
//! keeps something back.

use crate::common::mach as mach_common;

use std::sync::Arc;

use mach_common::{PID, names, over, pid, regions, rest, world};
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::xnu::{CodeSigning, Errno, FileInfo, KernReturn, VnodeInfo, VnodePaths};
use mach_procfs::kernel::{Darwin, Detail, Kernel, LinkTo};
use mach_procfs::model::{
    DescriptorKind, DiskUsage, ErrorKind, Extent, MemoryKinds, Pid, Signals, Signing, Usage,
    Visibility,
};
use mach_procfs::recording::Replay;
use xnu_model::fixtures::{DEMO, arm64};
use xnu_model::{
    ArgumentArea, Call, Entry, Fault, FileDetail, ModelFile, ModelProcess, Vnode, VnodeId, World,
};

/// As `execve` leaves the strings; and as a process does that has started, which wipes the first of
/// dyld's.
const FIRST_OF_APPLE: [&[u8]; 2] = [b"pfz=0xffff", &[0; 10]];

fn started_with(apple: &[u8], arguments: &[&[u8]], environment: &[&[u8]]) -> World {
    let mut world = world();
    world.process_mut(PID).unwrap().arguments =
        ArgumentArea::new(b"/bin/x", arguments, environment, &[apple, b"dyld_flags=0x0"]);
    world
}

fn started(arguments: &[&[u8]], environment: &[&[u8]]) -> World {
    started_with(FIRST_OF_APPLE[1], arguments, environment)
}

#[test]
fn arguments_end_where_they_do_and_the_environment_too() {
    // By the length of the last variable, with every padding there is.
    for (length, apple) in (0..9).flat_map(|length| FIRST_OF_APPLE.map(|it| (length, it))) {
        let variable = [b"SECRET=".as_slice(), &vec![b'x'; length]].concat();
        for arguments in [&[&b"x"[..], b"-v"][..], &[b"", b"100"], &[b"", b""], &[b"x"], &[]] {
            let (_, kernel) = over(started_with(apple, arguments, &[b"A=1", &variable]));
            let found = kernel.arguments(pid(), Visibility::Full).unwrap();
            let joined: Vec<u8> =
                arguments.iter().flat_map(|it| it.iter().copied().chain([0])).collect();
            assert_eq!(found.arguments, joined, "{arguments:?} {length}");
            assert_eq!(found.environment, [b"A=1\0", variable.as_slice(), b"\0"].concat());
        }
    }
}

#[test]
fn a_restricted_process_shows_its_arguments_only() {
    let mut world = started(&[b"x", b"y"], &[b"A=1"]);
    world.process_mut(PID).unwrap().signing |= CodeSigning::RESTRICT;
    let (_, kernel) = over(world);
    let found = kernel.arguments(pid(), Visibility::Full).unwrap();
    assert_eq!(
        (found.arguments.as_slice(), found.environment.as_slice()),
        (&b"x\0y\0"[..], &b""[..])
    );
}

/// `EIO` of a stack that cannot be read, `EINVAL` of a process in its exec, `ENOMEM`: each is asked
/// for at the length and at the bytes.
#[test]
fn arguments_that_cannot_be_had_are_empty() {
    for errno in [Errno::IO, Errno::INVAL, Errno::NOMEM, Errno::PERM] {
        for number in [1, 2] {
            let (model, kernel) = over(started(&[b"x"], &[b"A=1"]));
            model.at(Call::ProcessArguments, number..=number, Fault::Errno(errno));
            let found = kernel.arguments(pid(), Visibility::Full).unwrap();
            assert!(found.arguments.is_empty() && found.environment.is_empty(), "{errno:?}");
        }
    }
}

#[test]
fn directories_that_were_deleted_say_so() {
    let directory = |nlink, kind| VnodeInfo { ino: 9, nlink, kind, ..VnodeInfo::default() };
    let paths = |current, root| VnodePaths {
        current,
        current_path: "/tmp/gone".into(),
        root,
        root_path: "/jail".into(),
    };
    for (info, mark) in
        [(directory(0, 2), " (deleted)"), (directory(2, 2), ""), (directory(0, 0), "")]
    {
        let mut world = world();
        world.process_mut(PID).unwrap().paths = paths(info, info);
        let (_, kernel) = over(world);
        let link = |to| String::from_utf8(kernel.link(pid(), to).unwrap()).unwrap();
        assert_eq!(link(LinkTo::Current), format!("/tmp/gone{mark}"));
        assert_eq!(link(LinkTo::Root), format!("/jail{mark}"));
    }
}

/// One file, under descriptor 3.
fn with_file() -> World {
    let mut world = world();
    let info = VnodeInfo { dev: 0x0100_000f, ino: 77, nlink: 1, kind: 1, ..VnodeInfo::default() };
    let path = b"/Users/me/Documents/x".to_vec();
    let vnode = world.vnode(Vnode { info, path, path_denied: true, ..Vnode::default() });
    let file = FileInfo { open_flags: 1, offset: 5, ..FileInfo::default() };
    let detail = FileDetail::Vnode(vnode, file);
    world.process_mut(PID).unwrap().files = vec![ModelFile { descriptor: 3, detail }];
    world
}

#[test]
fn a_file_in_a_protected_folder_is_its_device_and_inode() {
    let (model, kernel) = over(with_file());
    let found = kernel.descriptor(pid(), 3).unwrap();
    assert_eq!(found.target, b"vnode:[01:0f 77]");
    assert_eq!((found.kind, found.flags, found.offset), (DescriptorKind::Vnode, Some(0), Some(5)));
    // Another user's is refused as a whole.
    model.at(Call::VnodeFileWithoutPath, 2..=2, Fault::Errno(Errno::PERM));
    assert_eq!(kernel.descriptor(pid(), 3).unwrap_err().kind, ErrorKind::Denied);
}

/// `EBADF` is what a terminal that was revoked gives as well, `EIO` and `ESTALE` a dead server.
#[test]
fn a_file_that_tells_nothing_is_there_all_the_same() {
    for errno in [Errno::BADF, Errno::IO, Errno(70)] {
        let (model, kernel) = over(with_file());
        model.at(Call::VnodeFile, 1..=1, Fault::Errno(errno));
        let found = kernel.descriptor(pid(), 3).unwrap();
        assert_eq!(found.target, b"vnode:[unknown]", "{errno:?}");
        assert_eq!((found.kind, found.number), (DescriptorKind::Vnode, 3));
        // Closed since it was listed.
        model.change_at(Call::VnodeFile, 2, |world| world.process_mut(PID).unwrap().files.clear());
        assert_eq!(kernel.descriptor(pid(), 3).unwrap_err().kind, ErrorKind::NoSuchName);
    }
    // One that tells nothing does not keep the others from being told.
    let (model, kernel) = over(arm64());
    model.at(Call::VnodeFile, 1..=99, Fault::Errno(Errno::IO));
    model.at(Call::SocketFile, 1..=99, Fault::Errno(Errno::IO));
    let demo = mach_procfs::model::Pid::new(DEMO.cast_unsigned()).unwrap();
    let told: Vec<Vec<u8>> = kernel
        .descriptors(demo)
        .unwrap()
        .into_iter()
        .map(|number| kernel.descriptor(demo, number).unwrap().target)
        .collect();
    assert_eq!(
        (told[0].as_slice(), told[6].as_slice()),
        (&b"vnode:[unknown]"[..], &b"socket:[unknown]"[..])
    );
    assert!(told[12].starts_with(b"pipe:["));
}

/// What only the same user and root may ask is none in an account for others, or where the kernel
/// refuses it; what anyone may ask is there.
#[test]
fn an_account_has_what_its_reader_may_know() {
    let demo = Pid::new(DEMO.cast_unsigned()).unwrap();
    let (model, kernel) = over(arm64());
    let all = kernel.process_info(demo, Visibility::Full, Extent::Whole).unwrap();
    assert_eq!((all.session, all.tracer), (Some(450), None));
    assert_eq!(all.signals, Some(Signals { ignored: 0x1848_9000, caught: 1 << 1 | 1 << 29 }));
    let usage = all.usage.unwrap();
    let disk = DiskUsage { bytes_read: 1_114_112, bytes_written: 49_152 };
    assert_eq!(usage.disk, Some(disk));
    let kinds = MemoryKinds {
        resident_peak: 6_291_456,
        anonymous: 3_145_728,
        file: 2_179_072,
        swapped: 65_536,
    };
    assert_eq!(usage.memory, Some(kinds));
    // 125/3 ns each.
    let children = usage.children.unwrap();
    let times = (children.user.nanoseconds, children.system.nanoseconds, children.pageins);
    assert_eq!(times, (250_000_000, 100_000_000, 5));
    assert_eq!(model.live_ports(), 0);

    let public = kernel.process_info(demo, Visibility::Public, Extent::Whole).unwrap();
    assert_eq!((public.session, public.signals, public.usage), (all.session, all.signals, None));

    let refused = |call, fault| {
        let (model, kernel) = over(arm64());
        model.at(call, 1..=1, fault);
        kernel.process_info(demo, Visibility::Full, Extent::Whole).unwrap()
    };
    let without = refused(Call::Rusage, Fault::Errno(Errno::PERM));
    assert_eq!(without.usage, Some(Usage { children: None, disk: None, ..usage }));
    let without = refused(Call::TaskNameForPid, Fault::KernReturn(KernReturn::FAILURE));
    assert_eq!(without.usage, Some(Usage { memory: None, ..usage }));
    assert_eq!(refused(Call::Session, Fault::Errno(Errno::SRCH)).session, None);
}

/// Of pid 0, `getsid` and `csops` tell what is their caller's own.
#[test]
fn the_kernel_has_not_the_session_of_who_asks() {
    let mut world = arm64();
    world.caller.pid = DEMO;
    let (_, kernel) = over(world);
    let account =
        kernel.process_info(Pid::new(0).unwrap(), Visibility::Full, Extent::Whole).unwrap();
    assert_eq!(account.session, None);
    let refusal = kernel.port_refusal(Pid::new(0).unwrap()).unwrap().unwrap();
    assert_eq!(refusal.signing, None);
}

/// `mach_process.c:ptrace` makes the tracer the parent.
#[test]
fn the_tracer_is_the_parent_of_what_it_traces() {
    let mut world = world();
    let process = world.process_mut(PID).unwrap();
    // `PROC_FLAG_TRACED`.
    (process.info.flags, process.info.ppid) = (process.info.flags | 0x2, 77);
    let (_, kernel) = over(world);
    let account = kernel.process_info(pid(), Visibility::Public, Extent::Whole).unwrap();
    assert_eq!((account.tracer, account.process.parent), (Some(77), 77));
}

#[test]
fn shared_memory_and_semaphores_have_names() {
    let (model, kernel) = over(arm64());
    let demo = Pid::new(DEMO.cast_unsigned()).unwrap();
    let targets = |kernel: &MachKernel<_>| -> Vec<Vec<u8>> {
        [15, 16].map(|number| kernel.descriptor(demo, number).unwrap().target).into()
    };
    assert_eq!(targets(&kernel), [&b"pshm:[/demo.frames]"[..], b"psem:[/demo ready]"]);
    let open = kernel.open_descriptors(demo).unwrap();
    assert_eq!(open[15], kernel.descriptor(demo, 15).unwrap());
    // One whose name is gone (`fill_pshminfo`), or of an older recording.
    model.at(Call::SharedMemoryFile, 3..=99, Fault::Errno(Errno::INVAL));
    assert_eq!(kernel.descriptor(demo, 15).unwrap().target, b"pshm:[unknown]");
    model.at(Call::SemaphoreFile, 3..=99, Fault::Errno(Errno::NOTSUP));
    assert_eq!(targets(&kernel), [&b"pshm:[unknown]"[..], b"psem:[unknown]"]);
}

/// A file of which the name cache has this much, and its file system all.
fn cold(world: &mut World, ino: u64, known: &str, whole: &str) -> VnodeId {
    let info = VnodeInfo { dev: 7, fsid: [7, 26], ino, nlink: 1, kind: 1, ..VnodeInfo::default() };
    let (path, whole_path) = (known.into(), Some(whole.into()));
    world.vnode(Vnode { info, path, whole_path, ..Vnode::default() })
}

#[test]
fn paths_that_the_name_cache_lacks_come_from_the_file_system() {
    let long = format!("/Users/{}/end", "d".repeat(1000));
    let cut = &long[long.len() - 900..];
    let cases = [
        ("", "/Users/me/a", "/Users/me/a"),
        ("/me/b", "/Users/me/b", "/Users/me/b"),
        (cut, &*long, &*long),
        // Found by another one of its names.
        ("/c", "/Users/me/other", "/c"),
        ("/Users/me/d", "/Users/never/asked", "/Users/me/d"),
    ];
    let mut world = world();
    let mut files = Vec::new();
    for (number, (known, whole, _)) in (1..).zip(cases) {
        let vnode = cold(&mut world, number, known, whole);
        let entry = Entry { protection: 5, ..Entry::new(number * 0x10_0000, 0x4000) };
        // Twice, as most files are mapped more than once.
        world.map_file(PID, entry.clone(), vnode);
        world.map_file(PID, Entry { start: entry.start + 0x8_0000, ..entry }, vnode);
        let detail = FileDetail::Vnode(vnode, FileInfo::default());
        files.push(ModelFile { descriptor: number as i32, detail });
    }
    let process = world.process_mut(PID).unwrap();
    process.files = files;
    process.paths.current =
        VnodeInfo { fsid: [7, 26], ino: 2, nlink: 1, kind: 2, ..VnodeInfo::default() };
    process.paths.current_path = "/b".into();
    let (model, kernel) = over(world);
    let expected: Vec<&str> = cases.iter().map(|(_, _, shown)| *shown).collect();
    let twice: Vec<&str> = expected.iter().flat_map(|path| [*path; 2]).collect();
    assert_eq!(names(&regions(&kernel, Detail::Map).unwrap()), twice);
    assert_eq!(model.count(Call::PathOf), 4, "each once");
    let open: Vec<Vec<u8>> =
        kernel.open_descriptors(pid()).unwrap().into_iter().map(|it| it.target).collect();
    assert_eq!(open, expected.iter().map(|path| path.as_bytes()).collect::<Vec<_>>());
    assert_eq!(kernel.link(pid(), LinkTo::Current).unwrap(), b"/Users/me/b");

    let recording = mach_procfs::recording::record(&model, &[pid()]);
    assert_eq!(recording.paths.len(), 4);
    let replayed = MachKernel::new(Arc::new(Replay::new(recording)));
    let walk = replayed.regions(pid(), replayed.identity(pid()).unwrap(), Detail::Map);
    assert_eq!(names(&rest(walk.unwrap().as_mut()).unwrap()), twice);
    let open = replayed.descriptor(pid(), 3).unwrap().target;
    assert_eq!(open, long.as_bytes());
}

/// A file system that hangs, and a path that this program may not know: what is known is shown.
#[test]
fn a_path_that_does_not_come_is_left_as_it_is() {
    let mut world = world();
    // Not a replay, which no process asks.
    world.caller.pid = 1;
    let vnode = cold(&mut world, 9, "/b", "/Users/me/b");
    world.map_file(PID, Entry::new(0x10_0000, 0x4000), vnode);
    let (model, kernel) = over(world);
    model.at(Call::PathOf, 1..=1, Fault::Hang);
    assert_eq!(names(&regions(&kernel, Detail::Map).unwrap()), ["/b"]);
    model.release();
    model.world(|world| world.vnode_mut(vnode).unwrap().path_denied = true);
    assert_eq!(names(&regions(&kernel, Detail::Map).unwrap()), ["/b"]);
    model.world(|world| world.vnode_mut(vnode).unwrap().path_denied = false);
    assert_eq!(names(&regions(&kernel, Detail::Map).unwrap()), ["/Users/me/b"]);
}

/// What the code signature says is why a policy refuses the port, whatever the code of the call.
#[test]
fn a_refused_port_is_explained_by_the_code_signature() {
    let refusal = |change: &dyn Fn(ModelProcess) -> ModelProcess| {
        let mut world = World::default();
        world.spawn(change(ModelProcess::new(500, "target")));
        let (model, kernel) = over(world);
        let refusal = kernel.port_refusal(pid()).unwrap();
        assert_eq!(model.live_ports(), 0);
        refusal
    };
    assert_eq!(refusal(&|process| process), None);
    let apples = refusal(&ModelProcess::protected).unwrap();
    assert_eq!((apples.error.kind, apples.error.call), (ErrorKind::Denied, "task_read_for_pid"));
    assert_eq!(
        apples.to_string(),
        "permission denied (task_read_for_pid: errno 1, pid 500); its program is a part of macOS, is \
         restricted and lacks the entitlement get-task-allow"
    );
    let hardened = refusal(&|process| {
        let mut process = process.protected();
        process.signing = CodeSigning::RUNTIME;
        process
    });
    let signing = Signing { is_hardened: true, ..Signing::default() };
    assert_eq!(hardened.unwrap().signing, Some(signing));
}

#[cfg(feature = "mount")]
#[test]
fn doctor_explains_a_refused_port() {
    use mach_procfs::mount::{Check, Verdict};
    let check = |world: World| {
        let (_, kernel) = over(world);
        mach_procfs::mount::task_port(&kernel, pid()).unwrap()
    };
    assert_eq!(check(world()), Check::fine("task ports", "given for pid 500, target"));
    let mut world = World::default();
    world.spawn(ModelProcess::new(500, "zsh").protected());
    let found = check(world);
    assert_eq!(found.verdict, Verdict::Warning);
    assert!(found.finding.starts_with("refused for pid 500, zsh: permission denied"), "{found:?}");
    assert!(found.finding.contains("is a part of macOS"), "{found:?}");
}

/// Of a list of file systems that was cut off the kernel says nothing; of a value, ENOMEM.
#[test]
fn what_grows_between_two_calls_is_asked_for_again() {
    const SYSTEMS: usize = 100;
    let longer = |world: &mut World| {
        let version = world.machine.sysctls.get_mut("kern.version").unwrap();
        version.splice(0..0, [b'x'; 300]);
    };
    let mounting = |world: &mut World| {
        let mounts = &mut world.machine.mounts;
        mounts.resize(SYSTEMS, mounts[0]);
    };
    let growing = || {
        let (model, kernel) = over(world());
        assert!(model.world(|world| world.machine.mounts.len()) < SYSTEMS / 2);
        let asked = model.count(Call::SysctlByName);
        // The length of one name or another is asked for at each of these.
        for number in 1..=40 {
            model.change_at(Call::SysctlByName, asked + number, longer);
        }
        let asked = model.count(Call::Mounts);
        model.change_at(Call::Mounts, asked + 2, mounting);
        (model, kernel)
    };
    let (_, kernel) = growing();
    let machine = kernel.machine().unwrap();
    assert!(machine.version.starts_with(b"xxx"), "{machine:?}");
    assert_eq!(machine.mounts.len(), SYSTEMS);
    let (model, _) = growing();
    let recording = mach_procfs::recording::record(&model, &[]);
    let replayed =
        mach_procfs::recording::replay(recording, 0, 0).darwin().unwrap().machine().unwrap();
    assert!(replayed.version.starts_with(b"xxx"), "{replayed:?}");
    assert_eq!(replayed.mounts.len(), SYSTEMS);
}

//! Arguments, links, open files and pages of a process over the model, where the kernel refuses or
//! keeps something back.

#![allow(missing_docs, clippy::unwrap_used)]

mod mach_common;

use mach_common::{PID, over, pid, world};
use mach_procfs::kernel::xnu::{Errno, FileInfo, VnodeInfo, VnodePaths};
use mach_procfs::kernel::{Kernel, LinkTo};
use mach_procfs::model::{DescriptorKind, ErrorKind, Shown};
use xnu_model::fixtures::{DEMO, arm64};
use xnu_model::{ArgumentArea, Call, Fault, FileDetail, ModelFile, Vnode, World};

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
            let found = kernel.arguments(pid(), Shown::All).unwrap();
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
    world.process_mut(PID).unwrap().restricted = true;
    let (_, kernel) = over(world);
    let found = kernel.arguments(pid(), Shown::All).unwrap();
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
            let found = kernel.arguments(pid(), Shown::All).unwrap();
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
    let replayed = mach_procfs::recording::replay(recording, 0, 0).machine().unwrap();
    assert!(replayed.version.starts_with(b"xxx"), "{replayed:?}");
    assert_eq!(replayed.mounts.len(), SYSTEMS);
}

//! Executables, open files and the values that `ps` reads.

use std::sync::Arc;

use mach_procfs::kernel::xnu::{
    FileInfo, KinfoProc, OpenFile, PathlessFile, PipeFile, ShortBsdInfo, SocketFile, VnodeFile,
    VnodePaths,
};
use xnu_model::fixtures::DEMO;
use xnu_model::{Call, Fault, FileDetail, ModelFile};

use super::*;

fn executable(model: &XnuModel, pid: i32) -> Result<Vec<u8>, Errno> {
    let mut path = vec![0xEE; 4096];
    let length = model.pid_path(pid, &mut path)?;
    assert_eq!(path[length], 0);
    path.truncate(length);
    Ok(path)
}

/// `proc_info.c:fill_vnodeinfo`: calls about descriptors and directories check whether the caller
/// may know the path, and fail as a whole; calls about regions do not check. The attributes come
/// from the file system, which may keep the caller waiting.
#[test]
fn m8_a_vnode_may_be_denied_or_keep_the_caller_waiting() {
    let mut world = world();
    let vnode = file(&mut world, "/Users/me/Documents/x");
    world.vnode_mut(vnode).unwrap().path_denied = true;
    world.map_file(PID, Entry::new(PAGE, PAGE), vnode);
    let process = world.process_mut(PID).unwrap();
    let detail = FileDetail::Vnode(vnode, FileInfo::default());
    process.files = vec![ModelFile { descriptor: 3, detail }];
    process.paths_denied = true;
    let model = Arc::new(XnuModel::new(world));
    assert_eq!(model.fd::<VnodeFile>(PID, 3), Err(Errno::PERM));
    let known = model.fd::<PathlessFile>(PID, 3).unwrap();
    assert_eq!(known.vnode.ino, 1 << 61);
    assert_eq!(model.pid::<VnodePaths>(PID, 0), Err(Errno::PERM));
    assert_eq!(region(&model, 0).unwrap().path.bytes(), b"/Users/me/Documents/x");

    model.at(Call::VnodeFile, 2..=2, Fault::Hang);
    let asking = std::thread::spawn({
        let model = Arc::clone(&model);
        move || model.fd::<VnodeFile>(PID, 3)
    });
    model.wait_until_hanging(1);
    assert!(model.fd::<PathlessFile>(PID, 3).is_ok(), "others are served");
    model.release();
    assert_eq!(asking.join().unwrap(), Err(Errno::PERM));
}

#[test]
fn executables_and_kinfo_are_everybodys_and_files_the_same_users() {
    for (uid, files) in [(0, Ok(41)), (501, Ok(41)), (502, Err(Errno::PERM))] {
        let model = by(uid);
        assert_eq!(executable(&model, DEMO), Ok(b"/Users/Shared/demo".to_vec()));
        assert!(model.kinfo_proc(DEMO).unwrap().is_some());
        assert_eq!(model.pid_list::<OpenFile>(DEMO, None), files, "{uid}");
        assert_eq!(model.fd::<VnodeFile>(DEMO, 0).map(|_| 41), files, "{uid}");
        assert_eq!(model.fd::<SocketFile>(DEMO, 6).map(|_| 41), files, "{uid}");
        assert_eq!(model.fd::<PipeFile>(DEMO, 12).map(|_| 41), files, "{uid}");
    }
}

#[test]
fn descriptors_are_checked_process_first_then_user_then_what_is_open() {
    let model = by(502);
    assert_eq!(model.fd::<VnodeFile>(77, 0), Err(Errno::SRCH));
    assert_eq!(model.fd::<VnodeFile>(501, 0), Err(Errno::SRCH), "a zombie");
    assert_eq!(model.fd::<VnodeFile>(DEMO, 99), Err(Errno::PERM));
    let model = by(501);
    assert_eq!(model.fd::<VnodeFile>(DEMO, 99), Err(Errno::BADF));
    assert_eq!(model.fd::<VnodeFile>(DEMO, 6), Err(Errno::BADF), "a socket");
    assert_eq!(model.fd::<SocketFile>(DEMO, 0), Err(Errno::NOTSOCK));
    assert_eq!(model.fd::<SocketFile>(DEMO, 99), Err(Errno::BADF));
    assert_eq!(model.fd::<PipeFile>(DEMO, 0), Err(Errno::BADF));
    // One closes between two calls.
    model.change_at(Call::VnodeFile, 3, |world| world.process_mut(DEMO).unwrap().files.clear());
    assert_eq!(model.fd::<VnodeFile>(DEMO, 0), Err(Errno::BADF));
}

#[test]
fn open_files_ascend_and_show_what_has_become_of_them() {
    let mut world = arm64();
    world.process_mut(DEMO).unwrap().files.reverse();
    let model = XnuModel::new(world);
    let mut files = [OpenFile::default(); 64];
    let count = model.pid_list::<OpenFile>(DEMO, Some(&mut files)).unwrap();
    assert!(files[..count].iter().map(|file| file.descriptor).eq(0..21));
    let deleted = model.fd::<VnodeFile>(DEMO, 4).unwrap();
    assert_eq!((deleted.vnode.nlink, deleted.path.bytes()), (0, &b"/private/tmp/deleted"[..]));
    let offset = model.fd::<VnodeFile>(DEMO, 3).unwrap().file.offset;
    assert_eq!(offset, 1 << 33);
}

#[test]
fn kernel_and_zombie_have_no_executable_but_a_kinfo() {
    let model = XnuModel::new(arm64());
    for pid in [0, 501, 77, -1] {
        assert_eq!(executable(&model, pid), Err(Errno::SRCH), "{pid}");
    }
    model.world(|world| {
        world.process_mut(DEMO).unwrap().executable = Err(Errno::NOENT);
    });
    assert_eq!(executable(&model, DEMO), Err(Errno::NOENT), "deleted");

    assert_eq!(model.kinfo_proc(77), Ok(None), "no process is a success");
    assert_eq!(model.kinfo_proc(0).unwrap().unwrap().uid, 0);
    let zombie = model.kinfo_proc(501).unwrap().unwrap();
    assert_eq!((zombie.status, zombie.flags & KinfoProc::IN_EXIT), (5, KinfoProc::IN_EXIT));
}

#[test]
fn kinfo_has_the_flags_of_the_process_by_their_other_names() {
    let model = XnuModel::new(arm64());
    let info = model.kinfo_proc(DEMO).unwrap().unwrap();
    assert_eq!(info.flags, KinfoProc::LP64 | KinfoProc::HAS_TERMINAL);
    assert_eq!((info.terminal, info.terminal_group, info.group), (0x1000_0001, 500, 500));
    assert_eq!((info.group_count, &info.groups[..7]), (6, &[501, 12, 20, 61, 79, 80, 0][..]));
    assert!(info.wait_message.is_empty());
    model.world(|world| {
        let process = world.process_mut(DEMO).unwrap();
        process.info.flags |= ShortBsdInfo::CHANGED_IDS | ShortBsdInfo::TRANSLATED | 0x2;
        process.info.tdev = u32::MAX;
        process.groups = (0..99).collect();
    });
    let info = model.kinfo_proc(DEMO).unwrap().unwrap();
    let more = KinfoProc::CHANGED_IDS | KinfoProc::TRANSLATED | KinfoProc::TRACED;
    assert_eq!(info.flags & more, more);
    assert_eq!((info.terminal, info.group_count, info.groups[15]), (-1, 16, 14));
}

//! The usage of a process, its session, its code signature, and the names and paths of its open
//! files.

use mach_procfs::kernel::xnu::{
    CodeSigning, FileInfo, KinfoProc, Rusage, SemaphoreFile, SharedMemoryFile, TaskVmInfo,
};
use xnu_model::fixtures::DEMO;
use xnu_model::{FileDetail, ModelFile};

use super::*;

/// `proc_info.c:proc_pid_rusage`: for the same user and for root, for zombies as well.
#[test]
fn usage_is_the_same_users_and_outlives_the_process() {
    for (uid, read) in [(0, Ok(1_114_112)), (501, Ok(1_114_112)), (502, Err(Errno::PERM))] {
        assert_eq!(by(uid).resource_usage(DEMO).map(|it| it.bytes_read), read, "{uid}");
    }
    let model = by(501);
    assert_eq!(model.resource_usage(77), Err(Errno::SRCH));
    model.world(|world| world.become_zombie(DEMO));
    assert_eq!(model.resource_usage(DEMO).map(|it| it.bytes_read), Ok(1_114_112));
    let mut room = [0; size_of::<Rusage>()];
    assert_eq!(model.rusage(DEMO, 99, &mut room), Err(Errno::INVAL));
}

/// `kern_prot.c:getsid`, `kern_proc.c:csops_internal`: for any living process and any caller; 0 is
/// the caller itself.
#[test]
fn session_and_signature_are_everybodys_and_0_is_the_caller() {
    let model = by(502);
    assert_eq!(model.session(DEMO), Ok(450));
    assert_eq!(model.signing(DEMO).map(|it| it.flags), Ok(CodeSigning::GET_TASK_ALLOW));
    model.world(|world| world.caller.pid = DEMO);
    assert_eq!(model.session(0), Ok(450));
    assert_eq!(model.signing(0), model.signing(DEMO));
    for pid in [77, 501] {
        assert_eq!(model.session(pid), Err(Errno::SRCH), "{pid}");
        assert_eq!(model.signing(pid), Err(Errno::SRCH), "{pid}");
    }
}

/// `vfs_syscalls.c:fsgetpath_internal`: by the first word of the file system's number. It takes no
/// right to the process, but one to know the path. The file system may keep the caller waiting.
#[test]
fn paths_by_number_come_from_the_file_system() {
    let mut world = world();
    let mut add = |ino, nlink, path_denied| {
        let info = VnodeInfo { ino, nlink, kind: 1, fsid: [7, 26], ..VnodeInfo::default() };
        let whole_path = Some(b"/Users/me/x".to_vec());
        world.vnode(Vnode { info, whole_path, path_denied, ..Vnode::default() })
    };
    let [known, ..] = [add(1, 1, false), add(2, 0, false), add(3, 1, true)];
    world.caller.uid = 502;
    let model = std::sync::Arc::new(XnuModel::new(world));
    let ask = |fsid, ino| {
        let mut room = [0xEE; 12];
        model.path_of(fsid, ino, &mut room).map(|length| room[..length].to_vec())
    };
    assert_eq!(ask([7, 0], 1), Ok(b"/Users/me/x\0".to_vec()));
    assert_eq!(ask([8, 26], 1), Err(Errno::NOTSUP));
    assert_eq!([ask([7, 26], 2), ask([7, 26], 9)], [Err(Errno::NOENT), Err(Errno::NOENT)]);
    assert_eq!(ask([7, 26], 3), Err(Errno::PERM));
    assert_eq!(model.path_of([7, 26], 1, &mut [0; 11]), Err(Errno::NOSPC));
    assert_eq!(model.path_of([7, 26], 1, &mut []), Err(Errno::INVAL));
    assert_eq!(model.path_of([7, 26], 1, &mut [0; 8193]), Err(Errno::INVAL));
    model.lock_vnode(known);
    let asking = std::thread::spawn({
        let model = std::sync::Arc::clone(&model);
        move || model.path_of([7, 26], 1, &mut [0; 99])
    });
    model.wait_until_hanging(1);
    model.release();
    assert_eq!(asking.join().unwrap(), Ok(12));
}

/// `posix_shm.c:fill_pshminfo`, `posix_sem.c:fill_pseminfo`; any other kind is `EBADF`.
#[test]
fn shared_memory_and_semaphores_have_the_names_they_were_made_with() {
    let mut world = world();
    let shared = SharedMemoryFile { name: "/frames".into(), ..SharedMemoryFile::default() };
    let semaphore = SemaphoreFile { name: "/ready".into(), ..SemaphoreFile::default() };
    let vnode = file(&mut world, "/x");
    world.process_mut(PID).unwrap().files = (0..)
        .zip([
            FileDetail::SharedMemory(shared),
            FileDetail::Semaphore(semaphore),
            FileDetail::Vnode(vnode, FileInfo::default()),
        ])
        .map(|(descriptor, detail)| ModelFile { descriptor, detail })
        .collect();
    let model = XnuModel::new(world);
    let names = |number| {
        (
            model.fd::<SharedMemoryFile>(PID, number).map(|it| it.name.bytes().to_vec()),
            model.fd::<SemaphoreFile>(PID, number).map(|it| it.name.bytes().to_vec()),
        )
    };
    assert_eq!(names(0), (Ok(b"/frames".to_vec()), Err(Errno::BADF)));
    assert_eq!(names(1), (Err(Errno::BADF), Ok(b"/ready".to_vec())));
    assert_eq!(names(2), (Err(Errno::BADF), Err(Errno::BADF)));
}

/// `task.c:task_info`: the balances of the task's ledger, by a name port.
#[test]
fn kinds_of_memory_are_known_by_the_name_port() {
    let model = by(501);
    let port = model.port_for_pid(PortKind::Name, DEMO).unwrap();
    let info = model.task::<TaskVmInfo>(port).unwrap();
    assert_eq!((info.resident_size, info.resident_peak), (5_324_800, 6_291_456));
    assert_eq!((info.internal, info.external, info.compressed), (3_145_728, 2_179_072, 65_536));
    assert_eq!(by(502).port_for_pid(PortKind::Name, DEMO), Err(KernReturn::FAILURE.into()));
}

/// `kern_sysctl.c:fill_user64_externproc`, to any caller.
#[test]
fn kinfo_has_the_sets_of_signals() {
    let info: KinfoProc = by(502).kinfo_proc(DEMO).unwrap().unwrap();
    assert_eq!((info.ignored, info.caught), (0x1848_9000, 1 << 1 | 1 << 29));
}

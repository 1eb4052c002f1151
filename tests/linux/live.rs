//! The Linux source and the tree over it, against the kernel's own files, without a mount.

use crate::common;
use crate::rendered::rendered;

use common::target::Target;
use mach_procfs::kernel::{Callers, Detail, Kernel, OwnerKind, ProcfsFile, linux::LinuxKernel};
use mach_procfs::model::{ErrorKind, Identity, Pid};
use mach_procfs::tree::{Caller, Tree};
use std::sync::Arc;

fn root_tree() -> Arc<Tree> {
    Tree::new(Arc::new(LinuxKernel::new().unwrap()), 0, 0)
}

fn caller() -> Caller {
    let uid = nix::unistd::geteuid().as_raw();
    let gid = nix::unistd::getegid().as_raw();
    Caller { uid, gid, pid: std::process::id() }
}

fn content(tree: &Arc<Tree>, path: &str) -> Vec<u8> {
    let node = tree.resolve(path.as_ref(), &caller()).unwrap().node;
    let mut text = Vec::new();
    let mut source = tree.open(node, &caller()).unwrap();
    assert!(!source.fill(&mut text, usize::MAX).unwrap());
    text
}

#[test]
fn maps_is_the_kernels_to_the_byte() {
    let tree = root_tree();
    for regions in [1, 1_000, 20_000] {
        let target = Target::stopped(&format!("regions {regions};stop"));
        let pid = target.pid();
        let ours = content(&tree, &format!("{pid}/maps"));
        let theirs = std::fs::read(format!("/proc/{pid}/maps")).unwrap();
        assert!(ours.iter().filter(|byte| **byte == b'\n').count() > regions);
        assert!(ours == theirs, "with {regions} regions");
    }
}

#[test]
fn names_of_all_kinds_are_the_kernels_to_the_byte() {
    use std::os::unix::ffi::OsStrExt;
    let directory = tempfile::tempdir().unwrap();
    let names: [&[u8]; 6] =
        [b"a b", b"tab\tx", b"new\nline", b"back\\012slash", b"x (deleted)", b"\xff\xfe"];
    for name in names {
        let path = directory.path().join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(&path, [0; 4 * 4096]).unwrap();
        // The script is words, so the file gets a plain name for the moment of mapping it.
        let plain = directory.path().join("plain");
        std::fs::rename(&path, &plain).unwrap();
        let mut target = Target::stopped(&format!("map it file {};stop;stop", plain.display()));
        std::fs::rename(&plain, &path).unwrap();
        let check = |target: &Target| {
            let ours = content(&root_tree(), &format!("{}/maps", target.pid()));
            let theirs = std::fs::read(format!("/proc/{}/maps", target.pid())).unwrap();
            assert!(ours == theirs, "{}", name.escape_ascii());
            let kernel = LinuxKernel::new().unwrap();
            assert!(rendered(&kernel, target.pid()).unwrap() == theirs, "{}", name.escape_ascii());
            ours
        };
        check(&target);
        std::fs::remove_file(&path).unwrap();
        target.next();
        let text = check(&target);
        assert!(String::from_utf8_lossy(&text).contains(" (deleted)\n"));
    }
}

#[test]
fn the_kernel_describes_processes() {
    let kernel = LinuxKernel::new().unwrap();
    let target = Target::stopped("stop");
    let pid = Pid::new(target.pid()).unwrap();
    let process = kernel.process(pid).unwrap();
    assert_eq!(process.parent, std::process::id());
    let comm = std::fs::read(format!("/proc/{pid}/comm")).unwrap();
    assert_eq!(process.name, comm.strip_suffix(b"\n").unwrap());
    let ids = process.credentials.uid;
    let uid = nix::unistd::getuid().as_raw();
    assert_eq!((ids.real, ids.effective, ids.saved), (uid, uid, uid));
    assert_eq!(process.credentials.memory_owner, Some(uid));
    // It started after this very process, and not in the future; ticks and boot time are coarse.
    let this = kernel.process(Pid::this()).unwrap();
    assert!(process.started >= this.started);
    assert!(process.started <= std::time::SystemTime::now() + std::time::Duration::from_secs(2));
    assert_eq!(kernel.owner(pid, OwnerKind::Memory).unwrap().1.uid, uid);
    assert!(kernel.processes().unwrap().contains(&pid));
    assert_eq!(kernel.process_of_caller(target.pid()).unwrap(), pid);
}

#[test]
fn a_thread_belongs_to_its_process() {
    let kernel = LinuxKernel::new().unwrap();
    let thread = std::thread::spawn(move || {
        let number = nix::unistd::gettid().as_raw() as u32;
        assert_ne!(number, std::process::id());
        // A thread has no directory of its own, but the link leads it to its process.
        assert!(kernel.identity(Pid::new(number).unwrap()).is_err());
        kernel.process_of_caller(number).unwrap()
    });
    assert_eq!(thread.join().unwrap(), Pid::this());
    assert!(LinuxKernel::new().unwrap().process_of_caller(0).is_err());
}

#[test]
fn a_zombie_is_empty_and_a_dead_process_is_gone() {
    let tree = root_tree();
    let target = Target::stopped("stop");
    let pid = target.pid();
    let node = tree.resolve(format!("{pid}/maps").as_ref(), &caller()).unwrap().node;
    target.kill();
    for file in ["maps", "task/vmmap", "task/vmmap_r"] {
        assert_eq!(content(&tree, &format!("{pid}/{file}")), b"", "{file} of a zombie");
    }
    target.reap();
    let kind = |result: Result<_, mach_procfs::model::Error>| match result {
        Ok(()) => panic!("{pid} is gone"),
        Err(error) => error.kind,
    };
    assert_eq!(kind(tree.attributes(node).map(drop)), ErrorKind::NoSuchProcess);
    assert_eq!(kind(tree.open(node, &caller()).map(drop)), ErrorKind::NoSuchProcess);
    assert_eq!(
        kind(tree.resolve(format!("{pid}/maps").as_ref(), &caller()).map(drop)),
        ErrorKind::NoSuchProcess
    );
}

#[test]
fn a_walk_never_ends_early_as_if_it_were_whole() {
    let kernel = LinuxKernel::new().unwrap();
    for detail in [Detail::Map, Detail::Attributes, Detail::Counts, Detail::Pages] {
        // Killed, or replaced by another image: before the first region, and in mid-walk.
        for (step, begun) in
            [("stop", false), ("stop", true), ("exec sleep", false), ("exec sleep", true)]
        {
            let target = Target::stopped(&format!("regions 2000;stop;{step}"));
            let pid = Pid::new(target.pid()).unwrap();
            let mut walk = kernel.regions(pid, kernel.identity(pid).unwrap(), detail).unwrap();
            if begun {
                assert!(walk.next_region().unwrap().is_some());
            }
            if step == "stop" {
                target.kill();
            } else {
                target.go_on();
                common::until("the other image", || {
                    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
                    (name == "sleep\n").then_some(())
                });
            }
            let end = loop {
                match walk.next_region() {
                    Ok(Some(_)) => {}
                    Ok(None) => break None,
                    Err(error) => break Some(error.kind),
                }
            };
            assert_eq!(end, Some(ErrorKind::Vanished), "{detail:?} {step} {begun}");
        }
    }
}

#[test]
fn another_identity_is_another_process() {
    let kernel = LinuxKernel::new().unwrap();
    let target = Target::stopped("stop");
    let pid = Pid::new(target.pid()).unwrap();
    let identity = kernel.identity(pid).unwrap();
    let other = mach_procfs::model::Identity::new(identity.number() ^ 1);
    let error = kernel.regions(pid, other, Detail::Map).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Replaced);
    assert_eq!(kernel.identity(pid).unwrap(), identity);
}

/// With one place for all directories, each process takes that of the one before.
#[test]
fn directories_that_are_kept_open_change_no_answer() {
    for places in [1, 64] {
        let kernel = LinuxKernel::new().unwrap();
        let fresh = LinuxKernel::new().unwrap();
        kernel.procfs().unwrap().keep_open(places);
        let targets: Vec<Target> = (0..3).map(|_| Target::stopped("stop")).collect();
        let pids = || targets.iter().map(|target| Pid::new(target.pid()).unwrap());
        let identities: Vec<_> = pids().map(|pid| fresh.identity(pid).unwrap()).collect();
        for _ in 0..2 {
            for (pid, identity) in pids().zip(&identities) {
                assert_eq!(kernel.identity(pid).unwrap(), *identity);
                for owned in [OwnerKind::Process, OwnerKind::Memory] {
                    let (of, owner) = kernel.owner(pid, owned).unwrap();
                    let (_, expected) = fresh.owner(pid, owned).unwrap();
                    assert_eq!((of, owner.uid), (*identity, expected.uid));
                    assert_eq!((owner.gid, owner.since), (expected.gid, expected.since));
                }
                let caller = pid.number();
                assert_eq!(kernel.process_of_caller(caller).unwrap(), pid);
                assert_eq!(kernel.privileges(caller), fresh.privileges(caller));
                let file = ProcfsFile::Process(pid, *identity);
                let mut text = Vec::new();
                let mut own = kernel.procfs().unwrap().open_file(file, "comm", None).unwrap();
                own.fill(&mut text, 100).unwrap();
                assert_eq!(text, std::fs::read(format!("/proc/{pid}/comm")).unwrap());
                let of_another = ProcfsFile::Process(pid, Identity::new(identity.number() + 1));
                let error = kernel.procfs().unwrap().open_file(of_another, "comm", None);
                assert_eq!(error.map(drop).unwrap_err().kind, ErrorKind::Replaced);
            }
        }
        let dead: Vec<Pid> = pids().collect();
        targets.into_iter().for_each(Target::reap);
        for (pid, identity) in dead.into_iter().zip(identities) {
            let gone = |error: mach_procfs::model::Error| {
                assert_eq!(error.kind, ErrorKind::NoSuchProcess, "{error}");
            };
            gone(kernel.process_of_caller(pid.number()).unwrap_err());
            assert_eq!(kernel.privileges(pid.number()).user_namespace, None);
            gone(kernel.identity(pid).unwrap_err());
            gone(kernel.owner(pid, OwnerKind::Process).unwrap_err());
            gone(kernel.regions(pid, identity, Detail::Map).map(drop).unwrap_err());
            let file = ProcfsFile::Process(pid, identity);
            gone(kernel.procfs().unwrap().open_file(file, "comm", None).map(drop).unwrap_err());
        }
    }
}

//! Where the readers run: processes for them to read about, and namespaces in which a mount is at
//! `/proc`.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use nix::mount::{MntFlags, MsFlags, umount2};
use nix::sched::{CloneFlags, setns, unshare};

use crate::common::mount::Mount;
use crate::common::target::Target;
use crate::common::{pids, threads, until};

/// The processes there are: this one and its children. The pid namespace ends them with this one,
/// however it ends.
#[derive(Default)]
pub struct Crowd {
    threaded: Option<Target>,
    sleepers: Vec<Child>,
}

impl Crowd {
    /// Starts processes that sleep until there are this many in all. One of them has so many
    /// threads; if it is one, there is no such process.
    pub fn grow_to(&mut self, processes: usize, threads: usize) {
        let script = || "thread 61;".repeat(threads - 1) + "stop";
        self.threaded = (threads > 1).then(|| Target::stopped(&script()));
        let missing = processes.checked_sub(processes_now().len()).expect("not too many yet");
        for _ in 0..missing {
            let sleeper = Command::new("sleep").arg("3600").stdin(Stdio::null()).spawn();
            self.sleepers.push(sleeper.expect("sleep"));
        }
        for sleeper in &self.sleepers {
            until("sleep's sleep", || {
                let place = std::fs::read(format!("/proc/{}/wchan", sleeper.id())).ok()?;
                place.windows(9).any(|name| name == b"nanosleep").then_some(())
            });
        }
        assert_eq!(processes_now().len(), processes);
    }

    /// A process that sleeps.
    pub fn sleeper(&self) -> u32 {
        self.sleepers[0].id()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for sleeper in &mut self.sleepers {
            let _ = sleeper.kill();
        }
        for sleeper in &mut self.sleepers {
            let _ = sleeper.wait();
        }
    }
}

/// The processes of this pid namespace, by the kernel's own procfs.
fn processes_now() -> Vec<u32> {
    let names = std::fs::read_dir("/proc").expect("/proc");
    let names: Vec<_> = names.map(|name| name.expect("a name").file_name()).collect();
    pids(names.iter().filter_map(|name| name.to_str()))
}

/// How many processes and threads there are.
pub fn processes_and_threads() -> (usize, usize) {
    let processes = processes_now();
    let threads = processes.iter().map(|process| threads(*process).len()).sum();
    (processes.len(), threads)
}

/// A mount namespace.
pub struct Namespace(OwnedFd);

impl Namespace {
    /// A copy of this thread's that is changed by this.
    fn new(change: impl FnOnce() + Send) -> Self {
        let copy = move || {
            unshare(CloneFlags::CLONE_NEWNS).expect("a mount namespace");
            let namespace = File::open("/proc/thread-self/ns/mnt").expect("the namespace");
            change();
            Namespace(namespace.into())
        };
        std::thread::scope(|scope| scope.spawn(copy).join()).expect("a mount namespace")
    }

    /// One with the kernel's procfs at `/proc`. To be made before any mount of ours.
    pub fn of_the_kernel() -> Self {
        Self::new(|| ())
    }

    /// This thread, and what it starts, goes there. To be called on a thread that
    /// [`may_change_namespaces`].
    pub fn enter(&self) {
        setns(&self.0, CloneFlags::CLONE_NEWNS).expect("setns");
    }
}

/// Only a thread that shares its directory with no other may change its mount namespace.
pub fn may_change_namespaces() {
    unshare(CloneFlags::CLONE_FS).expect("unshare");
}

/// A mount, and the namespace in which it is at `/proc`.
pub struct Covered {
    pub mount: Mount,
    pub namespace: Namespace,
}

/// A mount for each of these numbers of event loops.
pub fn covered(loops: &[usize]) -> Vec<Covered> {
    let mounts: Vec<Mount> = loops.iter().map(|loops| mount_with(*loops)).collect();
    let roots: Vec<_> = mounts.iter().map(|mount| mount.root().to_owned()).collect();
    let covered = mounts.into_iter().map(|mount| {
        let namespace = Namespace::new(|| {
            let (from, nothing) = (Some(mount.root()), None::<&str>);
            nix::mount::mount(from, "/proc", nothing, MsFlags::MS_BIND, nothing).expect("bind");
            // Some readers ask each file system there is.
            for root in &roots {
                umount2(root, MntFlags::MNT_DETACH).expect("umount2");
            }
        });
        Covered { mount, namespace }
    });
    covered.collect()
}

fn mount_with(loops: usize) -> Mount {
    assert!([1, 2].contains(&loops));
    let arguments: &[&str] = if loops == 1 { &["--one-loop"] } else { &[] };
    Mount::with(arguments).expect("a mount")
}

//! A mount that the test process itself serves, over a model of XNU whose calls it can script.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::mount::{self, MountError, Options};
use mach_procfs::tree::Tree;
use tempfile::TempDir;
use xnu_model::{Call, Entry, Fault, ModelProcess, World, XnuModel};

use super::mount::{can_mount, detach_all, mount_point};
use super::watchdog::Watchdog;

pub struct Served {
    pub model: Arc<XnuModel>,
    pub directory: TempDir,
    pub server: Option<JoinHandle<Result<(), MountError>>>,
    _watchdog: Watchdog,
}

/// Processes 500 to 509 of the user who runs the tests, with five regions each.
pub fn ten_processes() -> World {
    let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    let mut world = World::default();
    for pid in 500..510 {
        world.spawn(ModelProcess::new(pid, "target").owned_by(uid, gid));
        five_regions(&mut world, pid.cast_signed());
    }
    world
}

pub fn five_regions(world: &mut World, pid: i32) {
    for number in 0..5u64 {
        world.enter(pid, Entry::new(0x1_0000_0000 + number * 0x10_0000, 0x4000));
    }
}

impl Served {
    pub fn new(loops: usize) -> Option<Self> {
        Self::over(ten_processes(), |options| options.loops = loops)
    }

    pub fn over(world: World, set: impl FnOnce(&mut Options)) -> Option<Self> {
        if !can_mount() {
            return None;
        }
        let model = Arc::new(XnuModel::new(world));
        let kernel = MachKernel::new(Arc::clone(&model));
        let uid = nix::unistd::geteuid().as_raw();
        let tree = Tree::new(Arc::new(kernel), uid, nix::unistd::getegid().as_raw());
        let directory = mount_point();
        let watchdog = Watchdog::new("a mount of this process", {
            let (model, place) = (Arc::clone(&model), directory.path().to_owned());
            move || {
                model.release();
                detach_all(&place);
            }
        });
        let (sender, ready) = channel();
        let path = directory.path().to_owned();
        let mut options = Options::for_user(uid);
        set(&mut options);
        let server = std::thread::spawn(move || {
            mount::mount(tree, &path, &options, move || sender.send(()).unwrap())
        });
        let served = Served { model, directory, server: Some(server), _watchdog: watchdog };
        ready.recv().expect("the mount is served");
        Some(served)
    }

    pub fn maps(&self, pid: u32) -> PathBuf {
        self.directory.path().join(format!("{pid}/maps"))
    }

    /// The processes that the root lists.
    pub fn pids(&self) -> Vec<u32> {
        let names = std::fs::read_dir(self.directory.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        super::pids(names.collect::<Vec<_>>().iter().map(String::as_str))
    }

    /// The next so many questions about regions hang.
    pub fn hang(&self, calls: u64) {
        let next = self.model.count(Call::RegionPathInfo) + 1;
        self.model.at(Call::RegionPathInfo, next..=next + calls - 1, Fault::Hang);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.model.release();
        detach_all(self.directory.path());
        if let Some(server) = self.server.take() {
            let ended = server.join();
            if !std::thread::panicking() {
                ended.unwrap().unwrap();
            }
        }
    }
}

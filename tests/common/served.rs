//! A mount that the test process itself serves, over a model of XNU whose calls it can script.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::mach::xnu_model::{Call, Entry, Fault, ModelProcess, World, XnuModel};
use mach_procfs::mount::{self, MountError, Options};
use mach_procfs::tree::Tree;
use nix::mount::{MntFlags, umount2};
use tempfile::TempDir;

pub struct Served {
    pub model: Arc<XnuModel>,
    pub directory: TempDir,
    pub server: Option<JoinHandle<Result<(), MountError>>>,
}

/// Processes 500 to 509 of root, with five regions each.
pub fn ten_processes() -> World {
    let mut world = World::default();
    for pid in 500..510 {
        world.spawn(ModelProcess::new(pid, "target").owned_by(0, 0));
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
        // Says why where a mount cannot be tested; and only root mounts without a helper's help.
        super::mount::Mount::new()?;
        let model = Arc::new(XnuModel::new(world));
        let kernel = MachKernel::new(Arc::clone(&model));
        let uid = nix::unistd::geteuid().as_raw();
        let tree = Tree::new(Arc::new(kernel), uid, nix::unistd::getegid().as_raw());
        let directory = tempfile::Builder::new().prefix("mach-procfs-").tempdir().unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(directory.path(), open).unwrap();
        let (sender, ready) = channel();
        let path = directory.path().to_owned();
        let mut options = Options::for_user(uid);
        set(&mut options);
        let server = std::thread::spawn(move || {
            mount::mount(tree, &path, &options, move || sender.send(()).unwrap())
        });
        let served = Served { model, directory, server: Some(server) };
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
        let _ = umount2(self.directory.path(), MntFlags::MNT_DETACH);
        if let Some(server) = self.server.take() {
            let ended = server.join();
            if !std::thread::panicking() {
                ended.unwrap().unwrap();
            }
        }
    }
}

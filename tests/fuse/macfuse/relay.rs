//! A real mount by Linux's FUSE, for real programs. A relay stands between the kernel and the adapter,
//! and does to the model of XNU what macFUSE's extension and XNU would do: a vnode is locked while a
//! request about its node is served, and what a process opens on the mount it has open in the model.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use mach_procfs::kernel::xnu::{FileInfo, VnodeInfo};
use nix::mount::MsFlags;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use tempfile::TempDir;
use xnu_model::{FileDetail, ModelFile, ModelProcess, Vnode, VnodeId, XnuModel};

use super::extension::{Adapted, Set};
use super::wire::{self, Attr, Opcode};
use crate::common::mount::{can_mount, detach_all, mount_point};
use crate::common::watchdog::Watchdog;

/// The kernel wants room for the longest write that the adapter takes, 16 MiB.
const ROOM: usize = 17 << 20;

/// A node of the mount, as XNU knows it.
struct Known {
    path: String,
    vnode: VnodeId,
}

/// A request that is being served.
struct Request {
    opcode: Option<Opcode>,
    node: u64,
    pid: u32,
    /// The name of a look-up, or the handle of a close.
    body: Vec<u8>,
}

/// What the extension and XNU would know.
struct Books {
    model: Arc<XnuModel>,
    nodes: HashMap<u64, Known>,
    served: HashMap<u64, Request>,
    /// Which descriptor of which process a handle is.
    open: HashMap<u64, (u32, i32)>,
}

impl Books {
    fn know(&mut self, node: u64, path: String, mode: u32) {
        let model = &self.model;
        self.nodes.entry(node).or_insert_with(|| {
            let kind = match mode & libc::S_IFMT {
                libc::S_IFDIR => 2,
                libc::S_IFLNK => 5,
                _ => 1,
            };
            let info = VnodeInfo { dev: 9, ino: node, nlink: 1, kind, ..VnodeInfo::default() };
            let named = path.clone().into_bytes();
            let vnode = Vnode { info, path: named, ..Vnode::default() };
            Known { path, vnode: model.world(|world| world.vnode(vnode)) }
        });
    }

    fn begin(&mut self, request: &[u8]) {
        use Opcode::{BatchForget, Destroy, Forget, Init, Interrupt};
        let opcode = Opcode::of(request);
        // No reply comes to these, or they are about no node.
        if matches!(opcode, Some(BatchForget | Destroy | Forget | Init | Interrupt)) {
            return;
        }
        let (unique, node) = (wire::u64_at(request, 8), wire::u64_at(request, 16));
        let (pid, body) = (wire::u32_at(request, 32), request[40..].to_vec());
        if let Some(known) = self.nodes.get(&node) {
            self.model.lock_vnode(known.vnode);
        }
        self.served.insert(unique, Request { opcode, node, pid, body });
    }

    fn end(&mut self, reply: &[u8]) {
        let (unique, reply) = wire::reply(reply);
        let Some(Request { opcode, node, pid, body }) = self.served.remove(&unique) else { return };
        let known = self.nodes.get(&node);
        if let Some(known) = known {
            self.model.unlock_vnode(known.vnode);
        }
        let (Some(opcode), Some(known), Ok(reply)) = (opcode, known, reply) else { return };
        match opcode {
            Opcode::Lookup => {
                let name = String::from_utf8_lossy(&body[..body.len() - 1]);
                let path = format!("{}/{name}", known.path);
                let attr = Attr::at(&reply, 40);
                self.know(wire::u64_at(&reply, 0), path, attr.mode);
            }
            Opcode::Open | Opcode::Opendir => {
                let vnode = known.vnode;
                let descriptor = self.model.world(|world| {
                    let files = &mut world.process_mut(pid.cast_signed())?.files;
                    let is_free = |number: &i32| files.iter().all(|it| it.descriptor != *number);
                    let descriptor = (3..).find(is_free)?;
                    let info = FileInfo { open_flags: 1, ..FileInfo::default() };
                    let detail = FileDetail::Vnode(vnode, info);
                    files.push(ModelFile { descriptor, detail });
                    Some(descriptor)
                });
                let handle = wire::u64_at(&reply, 0);
                self.open.extend(descriptor.map(|descriptor| (handle, (pid, descriptor))));
            }
            Opcode::Release | Opcode::Releasedir => {
                let closed = self.open.remove(&wire::u64_at(&body, 0));
                self.model.world(|world| {
                    let (pid, descriptor) = closed?;
                    let files = &mut world.process_mut(pid.cast_signed())?.files;
                    files.retain(|file| file.descriptor != descriptor);
                    Some(())
                });
            }
            _ => {}
        }
    }
}

pub struct Relay {
    pub model: Arc<XnuModel>,
    directory: TempDir,
    books: Arc<Mutex<Books>>,
    socket: Arc<OwnedFd>,
    threads: Vec<JoinHandle<()>>,
    _watchdog: Watchdog,
}

impl Relay {
    /// Mounts, or says why that cannot be tested here.
    pub fn over(model: Arc<XnuModel>, set: &Set) -> Option<Self> {
        if !crate::common::is_root() || !can_mount() {
            return None;
        }
        let directory = mount_point();
        let device = File::options().read(true).write(true).open("/dev/fuse").unwrap();
        let data = format!(
            "fd={},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions",
            device.as_raw_fd()
        );
        let flags =
            MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        let (source, kind) = (Some("mach-procfs"), Some("fuse.mach-procfs"));
        nix::mount::mount(source, directory.path(), kind, flags, Some(data.as_str())).unwrap();
        let Adapted { socket, serving, .. } = Adapted::over(&model, set);
        let (device, socket) = (Arc::new(device), Arc::new(socket));
        let watchdog = Watchdog::new("a relayed mount", {
            let (model, socket) = (Arc::clone(&model), Arc::clone(&socket));
            let place = directory.path().to_owned();
            move || {
                model.release();
                detach_all(&place);
                let _ = shutdown(&socket, Shutdown::Both);
            }
        });
        let (nodes, served, open) = Default::default();
        let mut books = Books { model: Arc::clone(&model), nodes, served, open };
        books.know(1, directory.path().to_str().unwrap().to_owned(), libc::S_IFDIR);
        let books = Arc::new(Mutex::new(books));
        let down = std::thread::spawn({
            let (books, device, socket) = (books.clone(), device.clone(), socket.clone());
            move || {
                let mut request = vec![0; ROOM];
                // ENODEV: it is unmounted.
                while let Ok(length) = (&*device).read(&mut request) {
                    books.lock().unwrap().begin(&request[..length]);
                    if send(&socket, &request[..length], SendFlags::empty()).is_err() {
                        break;
                    }
                }
                let _ = shutdown(&socket, Shutdown::Both);
            }
        });
        let up = std::thread::spawn({
            let (books, socket) = (books.clone(), socket.clone());
            move || {
                let mut reply = vec![0; 4 << 20];
                while let Ok((_, length @ 1..)) =
                    recv(&socket, reply.as_mut_slice(), RecvFlags::empty())
                {
                    books.lock().unwrap().end(&reply[..length]);
                    // The kernel waits no longer for some, which is no error here.
                    let _ = (&*device).write(&reply[..length]);
                }
            }
        });
        let threads = vec![serving, down, up];
        Some(Relay { model, directory, books, socket, threads, _watchdog: watchdog })
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    /// The vnode of a path without links.
    pub fn vnode(&self, below: &str) -> (VnodeId, VnodeInfo) {
        // Looked up, it is known.
        self.path(below).symlink_metadata().unwrap();
        let path = self.path(below);
        let books = self.books.lock().unwrap();
        let known = books.nodes.values().find(|known| known.path == path.to_str().unwrap());
        let vnode = known.expect("a node of this path").vnode;
        let info = self.model.world(|world| world.vnode_mut(vnode).unwrap().info);
        (vnode, info)
    }

    /// A program that waits to be let go, a process of the model as well.
    pub fn program(&self, script: &str) -> Program {
        let mut child = Command::new("sh")
            .args(["-c", &format!("read -r _; {script}"), "sh"])
            .arg(self.directory.path())
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id();
        let mut process = ModelProcess::new(pid, "tool").owned_by(0, 0);
        process.executable = Ok(b"/bin/tool".to_vec());
        self.model.world(|world| world.spawn(process));
        let go = child.stdin.take().unwrap();
        Program { pid, child, go }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.model.release();
        detach_all(self.directory.path());
        let _ = shutdown(&self.socket, Shutdown::Both);
        for thread in self.threads.drain(..) {
            let joined = thread.join();
            assert!(joined.is_ok() || std::thread::panicking());
        }
    }
}

pub struct Program {
    pub pid: u32,
    child: Child,
    go: ChildStdin,
}

impl Program {
    /// Lets it go, and waits for its end.
    pub fn run(self) -> Output {
        let Program { child, mut go, .. } = self;
        go.write_all(b"\n").unwrap();
        drop(go);
        child.wait_with_output().unwrap()
    }
}

//! The kernel calls about what is inside a process, and about the machine, by this program about
//! itself, held against what it knows or learns by other means.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;

use mach_procfs::kernel::xnu::{
    AuditToken, BsdInfo, Ends, KernReturn, Mount, OpenFile, PathlessFile, PipeFile, PortKind,
    PortLimit, ProcessorInfo, ProcessorLoad, SYSCTLS, SecurityToken, SocketFile, StateFlavor,
    TaskBasicInfo, TaskPort, ThreadId, ThreadIdentifier, ThreadPorts, Typed, VmStatistics,
    VnodeFile, VnodePaths, Xnu, XnuCalls, boot,
};
use xnu_model::size_of_sysctl;

use super::xnu;

fn me() -> i32 {
    std::process::id().cast_signed()
}

fn open_files() -> Vec<OpenFile> {
    let mut files = vec![OpenFile::default(); 10_000];
    let count = Xnu.pid_list::<OpenFile>(me(), Some(&mut files)).unwrap();
    assert!(count < files.len());
    files.truncate(count);
    files
}

fn kind_of(file: &impl AsRawFd) -> u32 {
    let descriptor = file.as_raw_fd();
    open_files().iter().find(|file| file.descriptor == descriptor).unwrap().kind
}

#[test]
fn own_executable_directory_and_ids_are_known() {
    let mut path = [0; 4096];
    let length = Xnu.pid_path(me(), &mut path).unwrap();
    let program = std::env::current_exe().unwrap().canonicalize().unwrap();
    assert_eq!(path[..length], *program.as_os_str().as_encoded_bytes());
    let paths = Xnu.pid::<VnodePaths>(me(), 0).unwrap();
    let here = std::env::current_dir().unwrap().canonicalize().unwrap();
    assert_eq!(paths.current_path.bytes(), here.as_os_str().as_encoded_bytes());
    let info = Xnu.kinfo_proc(me()).unwrap().unwrap();
    let bsd = Xnu.pid::<BsdInfo>(me(), 0).unwrap();
    assert_eq!((info.uid, info.real_uid, info.saved_uid), (bsd.uid, bsd.ruid, bsd.svuid));
    assert_eq!((info.real_gid, info.saved_gid), (bsd.rgid, bsd.svgid));
    assert_eq!((info.group.cast_unsigned(), info.groups[0]), (bsd.pgid, bsd.gid));
    assert_eq!(info.terminal.cast_unsigned(), bsd.tdev);
    assert!((1..=16).contains(&info.group_count));
    assert_eq!(Xnu.kinfo_proc(-1), Ok(None));
}

#[test]
fn own_files_sockets_and_pipes_are_told() {
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(b"twelve bytes").unwrap();
    file.seek(SeekFrom::Start(7)).unwrap();
    assert_eq!(kind_of(&file), OpenFile::VNODE);
    let told = Xnu.fd::<VnodeFile>(me(), file.as_raw_fd()).unwrap();
    assert_eq!((told.vnode.ino, told.vnode.nlink), (file.metadata().unwrap().ino(), 0));
    assert_eq!((told.file.offset, told.file.open_flags & 3), (7, 3));
    assert_eq!((told.vnode.size, told.vnode.kind), (12, 1));
    let without_path = Xnu.fd::<PathlessFile>(me(), file.as_raw_fd()).unwrap();
    assert_eq!((without_path.vnode, without_path.file), (told.vnode, told.file));

    let (mut reader, mut writer) = std::io::pipe().unwrap();
    assert_eq!(kind_of(&reader), OpenFile::PIPE);
    let ends =
        [reader.as_raw_fd(), writer.as_raw_fd()].map(|fd| Xnu.fd::<PipeFile>(me(), fd).unwrap());
    assert_eq!((ends[0].handle, ends[0].peer), (ends[1].peer, ends[1].handle));
    writer.write_all(b"x").unwrap();
    reader.read_exact(&mut [0]).unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    assert_eq!(kind_of(&client), OpenFile::SOCKET);
    let told = Xnu.fd::<SocketFile>(me(), client.as_raw_fd()).unwrap();
    let Ends::Tcp(tcp) = told.ends.get() else { panic!("{told:?}") };
    assert_eq!((told.family, told.kind, tcp.state), (libc::AF_INET, libc::SOCK_STREAM, 4));
    let ends = tcp.ends;
    assert_eq!(ends.local_port(), client.local_addr().unwrap().port());
    assert_eq!(ends.foreign_port(), listener.local_addr().unwrap().port());
    assert_eq!((ends.local[12..].to_vec(), ends.versions), (vec![127, 0, 0, 1], 1));
    let told = Xnu.fd::<SocketFile>(me(), listener.as_raw_fd()).unwrap();
    assert!(matches!(told.ends.get(), Ends::Tcp(tcp) if tcp.state == 1), "{told:?}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let client = UnixStream::connect(&path).unwrap();
    let (server, _) = listener.accept().unwrap();
    let [client, server] =
        [client.as_raw_fd(), server.as_raw_fd()].map(|fd| Xnu.fd::<SocketFile>(me(), fd).unwrap());
    let Ends::Unix(ends) = client.ends.get() else { panic!("{client:?}") };
    assert_eq!(ends.peer, server.handle);
    assert_eq!(ends.peer_path.bytes(), path.as_os_str().as_encoded_bytes());
}

#[test]
fn own_task_ports_and_threads_answer() {
    let calls = Arc::new(Xnu);
    let task = TaskPort::own(&calls);
    let token = Xnu.task::<AuditToken>(task.name()).unwrap();
    assert_eq!(token.words[5], std::process::id());
    let bsd = Xnu.pid::<BsdInfo>(me(), 0).unwrap();
    assert_eq!(
        Xnu.task::<SecurityToken>(task.name()),
        Ok(SecurityToken { ids: [bsd.uid, bsd.gid] })
    );
    assert!(Xnu.task::<TaskBasicInfo>(task.name()).unwrap().resident_size > 0);
    Xnu.role(task.name()).unwrap();

    let entries = Xnu.space_info(task.name()).unwrap();
    let own = entries.iter().find(|entry| entry.name == task.name()).unwrap();
    assert_ne!(own.types, 0);
    let limit = Xnu.attributes::<PortLimit>(task.name(), task.name());
    assert_eq!(limit, Err(KernReturn::INVALID_RIGHT), "the kernel receives from it");

    let threads = ThreadPorts::of(&task).unwrap();
    let mut ids = [0; 1000];
    let count = Xnu.pid_list::<ThreadId>(me(), Some(&mut ids)).unwrap();
    let cpu = Xnu.processors::<ProcessorInfo>().unwrap()[0].cpu_type;
    let sets = StateFlavor::of_cpu(cpu);
    assert_eq!(sets.len(), 4);
    let mut known = 0;
    for thread in threads.names() {
        // Threads of other tests come and go.
        let Ok(found) = Xnu.thread::<ThreadIdentifier>(*thread) else { continue };
        known += usize::from(ids[..count].contains(&found.id));
        for (flavor, length) in sets {
            let mut words = [0; StateFlavor::MOST_WORDS];
            if let Ok(filled) = Xnu.thread_state(*thread, *flavor, &mut words) {
                assert_eq!(filled, *length, "{flavor:?}");
            }
        }
    }
    assert!(known > 0);

    let name = TaskPort::for_pid(&calls, PortKind::Name, me()).unwrap().unwrap();
    assert_eq!(Xnu.task::<AuditToken>(name.name()), Ok(token));
    assert_eq!(Xnu.space_info(name.name()).unwrap_err(), KernReturn::INVALID_ARGUMENT);
}

#[test]
fn the_machine_is_told() {
    for name in SYSCTLS.into_iter().chain(boot::ALL) {
        let mut value = vec![0; 4096];
        let Ok(length) = Xnu.sysctl_by_name(name, Some(&mut value)) else {
            // Apple silicon has no frequency, and a virtual Mac may have no caches.
            assert!([c"hw.cpufrequency", c"hw.l2cachesize"].contains(&name), "{name:?}");
            continue;
        };
        match size_of_sysctl(name) {
            Some(size) => assert_eq!(length, size, "{name:?}"),
            None => assert_eq!(value[length - 1], 0, "a text: {name:?}"),
        }
    }
    let kernel = xnu();
    let darwin = kernel.darwin().unwrap();
    let id = darwin.boot_id().unwrap();
    assert!(id.len() == 36 && id.is_ascii() && id.to_ascii_uppercase() == id, "{id:?}");
    let swap = darwin.swap_files().unwrap();
    assert!(swap.used <= swap.total && (swap.total == 0) == swap.prefix.is_empty(), "{swap:?}");
    let pids = kernel.processes().unwrap();
    assert!(pids.iter().all(|pid| pid.number() < darwin.pid_limit()));
    let processors = Xnu.processors::<ProcessorInfo>().unwrap();
    assert_eq!(processors.len(), Xnu.processors::<ProcessorLoad>().unwrap().len());
    assert!(processors.len() >= std::thread::available_parallelism().unwrap().get());
    assert!(Xnu.host::<VmStatistics>().unwrap().active > 0);
    let mut mounts = vec![Mount::default(); Xnu.mounts(None).unwrap() + 8];
    let count = Xnu.mounts(Some(&mut mounts)).unwrap();
    assert!(mounts[..count].iter().any(|mount| mount.mount_point.bytes() == b"/"));
}

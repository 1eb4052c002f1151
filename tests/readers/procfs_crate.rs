//! Rust's `procfs` crate.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::path::Path;

use procfs::net::{TcpNetEntry, TcpState};
use procfs::process::{FDTarget, LimitValue, MemoryMap, MemoryMaps, MountInfo, Process, Task};
use procfs::{
    CpuInfo, FromBufRead, FromBufReadSI, FromRead, KernelStats, LoadAverage, Meminfo, MountEntry,
    ProcError, Uptime, current_system_info,
};

use super::common::mount::Mount;
use super::common::target::Target;
use super::common::{self};
use super::targets::Stopped;

/// A question that all processes, or threads, are asked.
type Question<T> = (&'static str, fn(&T) -> String);

fn told<T: Debug>(answer: Result<T, ProcError>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        // Without the path, which is another one.
        Err(ProcError::PermissionDenied(_)) => "permission denied".to_owned(),
        Err(ProcError::NotFound(_)) => "not found".to_owned(),
        Err(error) => panic!("{error}"),
    }
}

fn descriptors(process: &Process) -> String {
    told(process.fd().map(|all| all.map(told).collect::<Vec<_>>()))
}

fn variables(process: &Process) -> String {
    told(process.environ().map(|all| {
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort();
        all
    }))
}

/// Its values of each region, which it has by name.
fn in_order(maps: MemoryMaps) -> Vec<String> {
    let one = |mut map: MemoryMap| {
        let amounts: BTreeMap<_, _> = map.extension.map.drain().collect();
        format!("{map:?} {amounts:?}")
    };
    maps.into_iter().map(one).collect()
}

/// Options, which it has by name, in order.
fn mountinfo(process: &Process) -> String {
    told(process.mountinfo().map(|all| {
        let one = |mut mount: MountInfo| {
            let options: BTreeMap<_, _> = mount.mount_options.drain().collect();
            let of_the_file_system: BTreeMap<_, _> = mount.super_options.drain().collect();
            format!("{mount:?} {options:?} {of_the_file_system:?}")
        };
        all.0.into_iter().map(one).collect::<Vec<_>>()
    }))
}

const OF_A_PROCESS: [Question<Process>; 25] = [
    ("stat", |it| told(it.stat())),
    ("statm", |it| told(it.statm())),
    ("status", |it| told(it.status())),
    ("cmdline", |it| told(it.cmdline())),
    ("environ", variables),
    ("exe", |it| told(it.exe())),
    ("cwd", |it| told(it.cwd())),
    ("root", |it| told(it.root())),
    ("limits", |it| told(it.limits())),
    ("io", |it| told(it.io())),
    ("fd_count", |it| told(it.fd_count())),
    ("fd", descriptors),
    ("fd_from_fd", |it| told(it.fd_from_fd(0))),
    ("mountinfo", mountinfo),
    ("maps", |it| told(it.maps())),
    ("wchan", |it| told(it.wchan())),
    ("auxv", |it| told(it.auxv().map(BTreeMap::from_iter))),
    ("loginuid", |it| told(it.loginuid())),
    ("oom_score", |it| told(it.oom_score())),
    ("oom_score_adj", |it| told(it.oom_score_adj())),
    ("schedstat", |it| told(it.schedstat())),
    ("uid", |it| told(it.uid())),
    ("is_alive", |it| it.is_alive().to_string()),
    ("smaps", |it| told(it.smaps().map(in_order))),
    ("smaps_rollup", |it| told(it.smaps_rollup().map(|it| in_order(it.memory_map_rollup)))),
];

const OF_A_THREAD: [Question<Task>; 3] = [
    ("pid and tid", |it| format!("{} {}", it.pid, it.tid)),
    ("stat", |it| told(it.stat())),
    ("status", |it| told(it.status())),
];

/// Of `PID/net`. The bytes that interfaces count change all the time.
const OF_THE_NETWORK: [Question<Process>; 8] = [
    ("net/tcp", |it| told(it.tcp())),
    ("net/tcp6", |it| told(it.tcp6())),
    ("net/udp", |it| told(it.udp())),
    ("net/udp6", |it| told(it.udp6())),
    ("net/unix", |it| told(it.unix())),
    ("net/arp", |it| told(it.arp())),
    ("net/route", |it| told(it.route())),
    ("net/dev", |it| {
        told(it.dev_status().map(|all| BTreeMap::from_iter(all).into_keys().collect::<Vec<_>>()))
    }),
];

/// Asks the kernel, us, and the kernel again, until the kernel's answers are the same, and so is
/// ours: who begins and ends meanwhile shares libraries, mounts something, connects, or counts in the
/// signals of the same user that `status` has.
fn assert_same(what: &str, ask: impl Fn(&Path) -> String, ours: &Path) {
    let kernels = Path::new("/proc");
    let may_return = what.starts_with("smaps")
        || what.contains("net/")
        || what == "locks"
        || what.contains("mount")
        || what == "status";
    common::until(what, || {
        let (before, answer) = (ask(kernels), ask(ours));
        let still = before == ask(kernels) && (answer == before || !may_return);
        still.then(|| assert_eq!(answer, before, "ours and the kernel's: {what}"))
    });
}

fn process(root: &Path, pid: u32) -> Process {
    Process::new_with_root(root.join(pid.to_string())).unwrap()
}

fn threads(root: &Path, pid: u32) -> Vec<Task> {
    process(root, pid).tasks().unwrap().map(Result::unwrap).collect()
}

#[test]
fn processes_and_their_threads() {
    if !common::is_root() {
        return;
    }
    let Some(mount) = Mount::new() else { return };
    let target = Target::stopped(
        "name 2920285a0a29;thread 61206229;thread 62;descriptors 50;keep f /etc/passwd;pipe p;\
         socket s;epoll e;map m touched;map f file /etc/passwd;stop",
    );
    let odd = [Stopped::with_odd_arguments(0), Stopped::with_odd_arguments(super::NOBODY)];
    for pid in [target.pid(), odd[0].pid(), odd[1].pid()] {
        for (what, ask) in OF_A_PROCESS {
            assert_same(what, |root| ask(&process(root, pid)), mount.root());
        }
        // Names in `task` that are no numbers are none of its threads.
        for (what, ask) in OF_A_THREAD {
            let all = |root: &Path| threads(root, pid).iter().map(ask).collect();
            assert_same(what, all, mount.root());
        }
    }
    assert_eq!(threads(mount.root(), target.pid()).len(), 4);
    let limits = process(mount.root(), target.pid()).limits().unwrap();
    assert!(!matches!(limits.max_open_files.soft_limit, LimitValue::Unlimited));
}

#[test]
fn the_network_of_a_process() {
    let Some(mount) = Mount::new() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = TcpStream::connect(address).unwrap();
    let (_server, _) = listener.accept().unwrap();
    let _datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("local");
    let _local = UnixListener::bind(&path).unwrap();
    let own = std::process::id();
    for (what, ask) in OF_THE_NETWORK {
        assert_same(what, |root| ask(&process(root, own)), mount.root());
    }
    // Each socket has the number that its descriptor has.
    let shown = process(mount.root(), own);
    let sockets = shown.tcp().unwrap();
    let socket_of = |descriptor: i32| -> &TcpNetEntry {
        let FDTarget::Socket(inode) = shown.fd_from_fd(descriptor).unwrap().target else {
            panic!("{descriptor} is no socket");
        };
        sockets.iter().find(|socket| socket.inode == inode).unwrap()
    };
    let found = socket_of(listener.as_raw_fd());
    assert_eq!((found.local_address, &found.state), (address, &TcpState::Listen));
    let found = socket_of(client.as_raw_fd());
    assert_eq!((found.remote_address, &found.state), (address, &TcpState::Established));
    let unix = shown.unix().unwrap();
    assert!(unix.iter().any(|socket| socket.path.as_deref() == Some(&path)));
}

#[test]
fn all_processes() {
    let Some(mount) = Mount::new() else { return };
    let target = Target::stopped("stop");
    let found: Vec<i32> = procfs::process::all_processes_with_root(mount.root())
        .unwrap()
        .filter_map(|process| Some(process.ok()?.pid))
        .collect();
    for pid in [target.pid(), std::process::id(), 1] {
        assert!(found.contains(&pid.cast_signed()), "{pid}: {found:?}");
    }
}

fn of<T: FromRead>(root: &Path, name: &str) -> T {
    T::from_file(root.join(name)).unwrap()
}

fn lines<T: FromBufRead>(root: &Path, name: &str) -> T {
    T::from_buf_read(std::io::BufReader::new(std::fs::File::open(root.join(name)).unwrap()))
        .unwrap()
}

fn kernel_stats(root: &Path) -> KernelStats {
    let file = std::fs::File::open(root.join("stat")).unwrap();
    KernelStats::from_buf_read(std::io::BufReader::new(file), current_system_info()).unwrap()
}

fn mounts(root: &Path, name: &str) -> String {
    let all = lines::<Vec<MountEntry>>(root, name).into_iter().map(|mut mount| {
        let mut options: Vec<_> = mount.fs_mntops.drain().collect();
        options.sort();
        format!("{mount:?} {options:?}\n")
    });
    all.collect()
}

#[test]
fn the_machine() {
    let Some(mount) = Mount::new() else { return };
    let (kernels, ours) = (Path::new("/proc"), mount.root());
    let cpus = |root: &Path| -> CpuInfo {
        let mut info: CpuInfo = lines(root, "cpuinfo");
        info.cpus.iter_mut().for_each(|cpu| drop(cpu.remove("cpu MHz")));
        info
    };
    let sorted = |root: &Path| -> Vec<Vec<(String, String)>> {
        let sort = |cpu: std::collections::HashMap<String, String>| {
            let mut all: Vec<_> = cpu.into_iter().collect();
            all.sort();
            all
        };
        cpus(root).cpus.into_iter().map(sort).collect()
    };
    assert_same("each cpu", |root| format!("{:?}", sorted(root)), ours);
    assert_same(
        "loadavg",
        |root| {
            // How many run, and the last pid, change with every reader.
            let LoadAverage { one, five, fifteen, .. } = of(root, "loadavg");
            format!("{one} {five} {fifteen}")
        },
        ours,
    );
    assert_same(
        "meminfo",
        |root| {
            let Meminfo { mem_total, swap_total, vmalloc_total, hugepagesize, .. } =
                of(root, "meminfo");
            format!("{mem_total} {swap_total} {vmalloc_total} {hugepagesize:?}")
        },
        ours,
    );
    for names in ["mounts", "self/mounts"] {
        assert_same(names, |root| mounts(root, names), ours);
    }
    // The kernel's procfs has no such link.
    assert_eq!(std::fs::read_link(ours.join("mtab")).unwrap(), Path::new("self/mounts"));
    let mtab = |root: &Path| mounts(root, if root == ours { "mtab" } else { "self/mounts" });
    assert_same("mtab, and self/mounts", mtab, ours);
    for name in ["version", "filesystems", "sys/kernel/osrelease", "sys/kernel/hostname"] {
        assert_same(name, |root| std::fs::read_to_string(root.join(name)).unwrap(), ours);
    }
    // These count.
    let counts = |root: &Path| {
        let stats = kernel_stats(root);
        let total = &stats.total;
        let cpus = stats.cpu_time.len() as u64;
        (stats.btime, cpus, [stats.ctxt, stats.processes, total.user, total.system])
    };
    let (before, answer, after) = (counts(kernels), counts(ours), counts(kernels));
    assert_eq!((answer.0, answer.1), (before.0, before.1));
    for (number, count) in answer.2.into_iter().enumerate() {
        assert!((before.2[number]..=after.2[number]).contains(&count), "{number}: {answer:?}");
    }
    let uptime = |root: &Path| -> Uptime { of(root, "uptime") };
    let (before, answer, after) = (uptime(kernels), uptime(ours), uptime(kernels));
    assert!((before.uptime..=after.uptime).contains(&answer.uptime), "{answer:?}");
}

#[test]
fn a_random_uuid_is_another_one_at_each_read() {
    let Some(mount) = Mount::new() else { return };
    let read = |_| std::fs::read_to_string(mount.path("sys/kernel/random/uuid")).unwrap();
    let uuids = [0, 1].map(read);
    assert_ne!(uuids[0], uuids[1]);
    uuids.iter().for_each(|uuid| common::assert_random_uuid(uuid));
}

/// A text with one digit for each number and one space for each gap: what stays as numbers change.
fn shape(path: &Path) -> Option<Vec<u8>> {
    let mut shape: Vec<u8> = Vec::new();
    for byte in std::fs::read(path).ok()? {
        let byte = match byte {
            b'0'..=b'9' => b'0',
            b' ' | b'\t' => b' ',
            other => other,
        };
        if !matches!(byte, b'0' | b' ') || shape.last() != Some(&byte) {
            shape.push(byte);
        }
    }
    Some(shape)
}

/// Those that this crate's own tests, psutil's, and node-exporter miss where they are not served. A
/// kernel may be built without some of them.
#[test]
fn files_that_only_linux_has() {
    let Some(mount) = Mount::new() else { return };
    let own = std::process::id();
    let of_process = [
        "mountstats",
        "net/if_inet6",
        "net/netstat",
        "net/snmp",
        "net/snmp6",
        "net/sockstat",
        "net/sockstat6",
    ];
    let of_machine = [
        "cgroups",
        "config.gz",
        "crypto",
        "diskstats",
        "interrupts",
        "locks",
        "modules",
        "pressure/cpu",
        "pressure/io",
        "pressure/memory",
        "softirqs",
        "sys/fs/dentry-state",
        "sys/fs/file-nr",
        "sys/kernel/random/entropy_avail",
        "sys/kernel/random/poolsize",
        "sys/kernel/random/write_wakeup_threshold",
        "sys/kernel/threads-max",
        "vmstat",
    ];
    let of_process = of_process.map(|name| format!("{own}/{name}"));
    for name in of_machine.map(str::to_owned).into_iter().chain(of_process) {
        assert_same(&name, |root| format!("{:?}", shape(&root.join(&name))), mount.root());
    }
    // Each CPU has a line of hexadecimal numbers.
    let lines = |root: &Path| std::fs::read_to_string(root.join("self/net/softnet_stat")).unwrap();
    let count = |root: &Path| lines(root).lines().count();
    assert_eq!(count(mount.root()), count(Path::new("/proc")));
    let opened = |root: &Path| process(root, own).snmp().unwrap().tcp_active_opens;
    let kernels = Path::new("/proc");
    let (before, answer, after) = (opened(kernels), opened(mount.root()), opened(kernels));
    assert!((before..=after).contains(&answer), "{before} {answer} {after}");
}

/// A test that is not served says so.
#[test]
fn what_the_mount_has_not() {
    let Some(mount) = Mount::new() else { return };
    let target = Target::stopped("stop");
    let process = process(mount.root(), target.pid());
    assert_eq!(told(process.syscall()), "not found");
    let none = Process::new_with_root(mount.path("4194303"));
    assert!(matches!(none, Err(ProcError::NotFound(_))), "{none:?}");
}

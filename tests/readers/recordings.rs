//! Readers made for Linux read all that they know of the recorded Macs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use procfs::net::{
    ArpEntries, InterfaceDeviceStatus, RouteEntries, TcpNetEntries, TcpState, UdpNetEntries,
    UnixNetEntries,
};
use procfs::process::{FDTarget, MemoryMaps, Process, Status};
use procfs::{
    CpuInfo, FromBufRead, FromBufReadSI, FromRead, KernelCmdline, KernelStats, LoadAverage,
    Meminfo, MountEntry, ProcError, Uptime, VmStat, current_system_info,
};

use super::alone::is_alone;
use super::asking::{Asking, is_here};
use super::common::mount::Mount;
use super::psutil::{PYTHON, has_psutil};

const RECORDINGS: [&str; 3] = ["arm64", "intel", "translated"];
const SCRIPT: &str = include_str!("recordings.py");

fn path(name: &str) -> String {
    format!("{}/tests/recordings/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

fn mounted(name: &str) -> Option<Mount> {
    Mount::with(&["--replay", &path(name)])
}

#[test]
fn psutil_reads_every_file_it_knows() {
    if !has_psutil() {
        return;
    }
    for name in RECORDINGS {
        let Some(mount) = mounted(name) else { return };
        // A recorded process belongs to the user who replays it.
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap();
        let username = format!("username = {}", user.name);
        let output = Command::new(PYTHON)
            .args(["-c", SCRIPT])
            .arg(mount.root())
            .arg(path(name))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {errors}");
        for line in [
            "name = demo",
            "cmdline = ['demo', '--greet', 'two words']",
            "exe = /Users/Shared/demo",
            "cwd = /Users/Shared/two words",
            "status = running",
            "ppid = 1",
            &username,
            "num_threads = 3",
            "num_fds = 21",
            "pids = [0, 1, 500, 501]",
            "zombies = [501]",
            "boot_time = 1699913600.0",
            "swap_memory = sswap(total=2147483648, used=1073741824, free=1073741824, percent=50.0, sin=163889152, sout=204853248)",
            "connection = addr(ip='127.0.0.1', port=8080) addr(ip='127.0.0.1', port=54321) ESTABLISHED 500",
            "connection = addr(ip='::', port=8080) () LISTEN 500",
            "connection = addr(ip='10.0.0.7', port=50000) addr(ip='192.0.2.1', port=443) TIME_WAIT None",
            "connection = /private/var/run/demo.sock  NONE 500",
            "nics = ['en0', 'lo0']",
        ] {
            assert!(said.lines().any(|said| said == line), "{name}: {line} in {said}");
        }
        assert!(said.contains("'LANG': 'en_US.UTF-8'"), "{said}");
        assert!(said.contains("/Users/Shared/demo"), "{said}");
    }
}

/// With a mark for what is no UTF-8, which this crate wants, of Linux's files, too: the recordings
/// have such a mapped file, and such a thread.
fn parsed<T: FromBufRead>(path: &Path) -> T {
    let text = std::fs::read(path).unwrap();
    T::from_buf_read(String::from_utf8_lossy(&text).as_bytes()).unwrap()
}

/// The values of a process; those without a source on macOS, or in the recording, are missing.
fn read_all(root: &Path, pid: i32) {
    let directory = root.join(pid.to_string());
    let process = Process::new_with_root(directory.clone()).unwrap();
    let stat = process.stat().unwrap();
    let status = process.status().unwrap();
    assert_eq!((stat.pid, status.pid, status.tgid), (pid, pid, pid));
    assert_eq!((stat.ppid, stat.num_threads), (status.ppid, status.threads as i64));
    stat.state().unwrap();
    process.statm().unwrap();
    process.limits().unwrap();
    process.uid().unwrap();
    process.wchan().unwrap();
    process.environ().unwrap();
    let (maps, smaps) = (parsed(&directory.join("maps")), parsed(&directory.join("smaps")));
    let places = |maps: MemoryMaps| -> Vec<_> {
        maps.into_iter().map(|map| (map.address, map.perms, map.pathname)).collect()
    };
    let regions = places(maps);
    assert_eq!(regions, places(smaps));
    let sums = process.smaps_rollup().unwrap().memory_map_rollup.into_iter().count();
    assert_eq!(sums, usize::from(!regions.is_empty()));
    for link in [process.exe(), process.cwd(), process.root()] {
        assert!(matches!(link, Ok(_) | Err(ProcError::NotFound(_))), "{link:?}");
    }
    for thread in process.tasks().unwrap().map(Result::unwrap) {
        let status: Status = parsed(&directory.join(format!("task/{}/status", thread.tid)));
        assert_eq!((status.tgid, status.pid), (pid, thread.tid));
        thread.stat().unwrap().state().unwrap();
    }
    process.fd().unwrap().for_each(|descriptor| drop(descriptor.unwrap()));
}

/// In the byte order of this machine, which is every Mac's.
fn of_this_machine<T: FromBufReadSI>(path: &Path) -> T {
    let text = std::fs::read(path).unwrap();
    T::from_buf_read(text.as_slice(), current_system_info()).unwrap()
}

/// The network of every made-up Mac.
fn read_network(net: &Path) {
    let tcp = of_this_machine::<TcpNetEntries>(&net.join("tcp")).0;
    let ends: Vec<_> =
        tcp.iter().map(|it| (it.local_address.to_string(), it.state.clone())).collect();
    let expected = [
        ("127.0.0.1:8080".to_owned(), TcpState::Established),
        ("10.0.0.7:50000".to_owned(), TcpState::TimeWait),
    ];
    assert_eq!(ends, expected);
    assert_eq!((tcp[0].inode, tcp[0].uid, tcp[0].rx_queue, tcp[0].tx_queue), (0x5554, 501, 17, 5));
    let tcp6 = of_this_machine::<TcpNetEntries>(&net.join("tcp6")).0;
    assert_eq!(tcp6[0].local_address.to_string(), "[::]:8080");
    assert_eq!(tcp6[1].remote_address.to_string(), "[::ffff:10.0.0.9]:40000");
    let udp = of_this_machine::<UdpNetEntries>(&net.join("udp")).0;
    assert_eq!(udp[0].local_address.to_string(), "0.0.0.0:68");
    let udp6 = of_this_machine::<UdpNetEntries>(&net.join("udp6")).0;
    assert_eq!(udp6[0].local_address.to_string(), "[fe80::1]:5353");
    let unix = parsed::<UnixNetEntries>(&net.join("unix")).0;
    let paths: Vec<_> = unix.iter().filter_map(|it| it.path.as_deref()).collect();
    assert_eq!(paths[0], Path::new("/private/var/run/demo.sock"));
    let devices = parsed::<InterfaceDeviceStatus>(&net.join("dev")).0;
    let en0 = &devices["en0"];
    assert_eq!((en0.recv_bytes, en0.sent_packets, en0.recv_drop), (987_654_144, 65_432, 7));
    let routes = parsed::<RouteEntries>(&net.join("route")).0;
    let default = &routes[0];
    assert_eq!(
        (default.iface.as_str(), default.gateway.to_string()),
        ("en0", "10.0.0.1".to_owned())
    );
    let neighbours = parsed::<ArpEntries>(&net.join("arp")).0;
    assert_eq!(neighbours[0].hw_address, Some([0x02, 0, 0x5e, 0x10, 0, 1]));
}

#[test]
fn the_procfs_crate_reads_every_file_it_knows() {
    for name in RECORDINGS {
        let Some(mount) = mounted(name) else { return };
        let mut pids: Vec<i32> = procfs::process::all_processes_with_root(mount.root())
            .unwrap()
            .map(|process| process.unwrap().pid)
            .collect();
        pids.sort_unstable();
        assert_eq!(pids, [0, 1, 500, 501]);
        pids.iter().for_each(|pid| read_all(mount.root(), *pid));
        let shown = Process::new_with_root(mount.path("500")).unwrap();
        assert_eq!(shown.cmdline().unwrap(), ["demo", "--greet", "two words"]);
        assert_eq!(shown.exe().unwrap(), PathBuf::from("/Users/Shared/demo"));
        assert_eq!(shown.tasks().unwrap().count(), 3);
        read_network(&mount.path("500/net"));
        assert!(matches!(shown.maps(), Err(ProcError::Incomplete(_))), "{name}");
        let targets: Vec<FDTarget> = shown.fd().unwrap().map(|it| it.unwrap().target).collect();
        assert_eq!(targets.len(), 21);
        for wanted in ["Path(", "Socket(", "Pipe(", "AnonInode("] {
            assert!(targets.iter().any(|it| format!("{it:?}").starts_with(wanted)), "{targets:?}");
        }
    }
}

fn opened(mount: &Mount, name: &str) -> std::io::BufReader<std::fs::File> {
    std::io::BufReader::new(std::fs::File::open(mount.path(name)).unwrap())
}

#[test]
fn the_procfs_crate_reads_the_machine() {
    for name in RECORDINGS {
        let Some(mount) = mounted(name) else { return };
        let info = CpuInfo::from_buf_read(opened(&mount, "cpuinfo")).unwrap();
        assert_eq!(info.num_cores(), 8);
        assert!(info.model_name(0).is_some() && info.vendor_id(0).is_some(), "{info:?}");
        let stats =
            KernelStats::from_buf_read(opened(&mount, "stat"), current_system_info()).unwrap();
        assert_eq!((stats.cpu_time.len(), stats.btime), (8, 1_699_913_600));
        assert!(Meminfo::from_read(opened(&mount, "meminfo")).unwrap().mem_total == 16 << 30);
        assert!(LoadAverage::from_read(opened(&mount, "loadavg")).unwrap().max >= 4);
        assert!(Uptime::from_read(opened(&mount, "uptime")).unwrap().uptime > 0.0);
        let VmStat(counters) = VmStat::from_buf_read(opened(&mount, "vmstat")).unwrap();
        assert_eq!((counters["pswpin"], counters["pgfault"]), (40_012, 150_000_005));
        KernelCmdline::from_read(opened(&mount, "cmdline")).unwrap();
        for name in ["mounts", "500/mounts"] {
            let mounts = Vec::<MountEntry>::from_buf_read(opened(&mount, name)).unwrap();
            assert_eq!(mounts[0].fs_file, "/");
        }
    }
}

/// `vmstat` and `free` of procps, `swapon` of util-linux, with the recorded Mac at `/proc`.
#[test]
fn tools_of_the_system_read_the_machine() {
    let test = "recordings::tools_of_the_system_read_the_machine";
    // The PATH of an ordinary user need not lead to swapon.
    if !["vmstat", "/sbin/swapon"].into_iter().all(is_here) || !is_alone(test) {
        return;
    }
    for name in RECORDINGS {
        let mount = mounted(name).unwrap();
        let asking = Asking::about(&mount, &[]);
        let counters = asking.ours("vmstat -s").good();
        for line in [
            "16777216 K total memory",
            "1048576 K used swap",
            "40012 pages swapped in",
            "50013 pages swapped out",
            "1699913600 boot time",
        ] {
            assert!(counters.lines().any(|it| it.trim() == line), "{line}: {counters}");
        }
        let areas = asking.ours("/sbin/swapon --show --bytes --noheadings").good();
        let words: Vec<&str> = areas.split_whitespace().collect();
        let expected = ["/System/Volumes/VM/swapfile", "file", "2147483648", "1073741824", "-2"];
        assert_eq!(words, expected, "{areas}");
        assert!(asking.ours("free").good().contains("2097152"));
    }
}

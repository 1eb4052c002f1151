//! Prometheus's node_exporter, which reads many files of the machine.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use procfs::net::TcpState;
use procfs::process::{FDTarget, Process};

use super::common::mount::Mount;
use super::common::program::is_installed;
use super::common::target::Started;
use super::common::{self};

/// By the name of Debian's package.
const PROGRAM: &str = "prometheus-node-exporter";

/// Collectors that read files which the mount does not have, and how the names of their metrics
/// begin. Few machines have all of these files.
const MISSING: [(&str, &str); 7] = [
    ("conntrack", "node_nf_conntrack_"),
    ("ipvs", "node_ipvs_"),
    ("mdadm", "node_md_"),
    ("nfs", "node_nfs_"),
    ("nfsd", "node_nfsd_"),
    ("schedstat", "node_schedstat_"),
    ("zfs", "node_zfs_"),
];

/// Collectors that read files which do not exist on macOS, by docs/files.md.
const MISSING_ON_MACOS: [&str; 6] =
    ["diskstats", "entropy", "filefd", "netstat", "pressure", "softnet"];

fn is_here() -> bool {
    let found = is_installed(PROGRAM);
    if !found {
        common::skip("prometheus-node-exporter is not installed");
    }
    found
}

fn is_missing_collector(name: &str) -> bool {
    MISSING.iter().any(|(collector, _)| *collector == name)
}

/// The answer to one scrape.
struct Scrape(String);

impl Scrape {
    /// Starts the program with the procfs at this path, asks it once and ends it.
    fn of(procfs: &Path) -> Self {
        let mut command = Command::new(PROGRAM);
        command
            .arg(format!("--path.procfs={}", procfs.display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .current_dir("/")
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        let exporter = Started::new(&mut command);
        let address = common::until("its socket", || listener_of(exporter.pid()));
        let mut connection = TcpStream::connect(address).unwrap();
        connection.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        // The watchdog of `exporter` ends the wait.
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
        let (_, text) = answer.split_once("\r\n\r\n").unwrap();
        Scrape(text.to_owned())
    }

    /// Names with labels, and values.
    fn samples(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.0.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.rsplit_once(' ').unwrap())
    }

    fn names(&self) -> BTreeSet<&str> {
        self.samples().map(|(name, _)| name.split('{').next().unwrap()).collect()
    }

    fn value(&self, name: &str) -> &str {
        let found = self.samples().find(|(sample, _)| *sample == name);
        found.unwrap_or_else(|| panic!("no {name} in {}", self.0)).1
    }

    /// The collectors that failed, or had nothing to report.
    fn failed(&self) -> BTreeSet<&str> {
        let failed = self.samples().filter(|(_, value)| *value == "0");
        failed
            .filter_map(|(name, _)| {
                name.strip_prefix("node_scrape_collector_success{collector=\"")?.strip_suffix("\"}")
            })
            .collect()
    }
}

/// Where this process accepts connections: the system has chosen the port.
fn listener_of(pid: u32) -> Option<SocketAddr> {
    let process = Process::new(pid.cast_signed()).ok()?;
    let sockets: Vec<u64> = process
        .fd()
        .ok()?
        .filter_map(|descriptor| match descriptor.ok()?.target {
            FDTarget::Socket(inode) => Some(inode),
            _ => None,
        })
        .collect();
    let mut listeners = process.tcp().ok()?.into_iter().filter(|it| it.state == TcpState::Listen);
    Some(listeners.find(|it| sockets.contains(&it.inode))?.local_address)
}

#[test]
fn metrics_are_those_of_the_kernels_files() {
    let Some(mount) = is_here().then(Mount::new).flatten() else { return };
    let kernels = Scrape::of(Path::new("/proc"));
    let ours = Scrape::of(mount.root());
    let is_missing = |name: &&&str| MISSING.iter().any(|(_, start)| name.starts_with(start));
    let (named, wanted) = (ours.names(), kernels.names());
    let differences: Vec<&&str> =
        named.symmetric_difference(&wanted).filter(|name| !is_missing(name)).collect();
    assert!(differences.is_empty(), "{differences:?}");
    assert!(named.len() > 100, "{named:?}");
    let further = &ours.failed() - &kernels.failed();
    assert!(further.iter().all(|it| is_missing_collector(it)), "{further:?}");
    for name in ["node_boot_time_seconds", "node_memory_MemTotal_bytes"] {
        assert_eq!(ours.value(name), kernels.value(name), "{name}");
    }
}

#[test]
fn a_mac_has_what_the_collectors_read() {
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/arm64.json");
    let mount = is_here().then(|| Mount::with(&["--replay", recording])).flatten();
    let Some(mount) = mount else { return };
    let (scrape, kernels) = (Scrape::of(mount.root()), Scrape::of(Path::new("/proc")));
    let further = &scrape.failed() - &kernels.failed();
    let is_known = |it: &&str| is_missing_collector(it) || MISSING_ON_MACOS.contains(it);
    assert!(further.iter().all(is_known), "{further:?}");
    for (name, value) in [
        ("node_boot_time_seconds", "1.6999136e+09"),
        ("node_memory_MemTotal_bytes", "1.7179869184e+10"),
        ("node_memory_SwapTotal_bytes", "2.147483648e+09"),
        ("node_vmstat_pswpin", "40012"),
        ("node_load1", "1.5"),
        ("node_arp_entries{device=\"en0\"}", "2"),
        ("node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"}", "85050"),
    ] {
        assert_eq!(scrape.value(name), value, "{name}");
    }
}

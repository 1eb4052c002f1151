//! Text that no kernel has written: an error, or what can be made of it, and never a panic.

use std::path::Path;

use mach_procfs::format::linux::public_stat;
use mach_procfs::kernel::{Kernel, LinkTo, Procfs, ProcfsFile, Redact, linux::LinuxKernel};
use mach_procfs::model::{ErrorKind, Extent, Pid, State, Visibility};
use proptest::prelude::*;
use tempfile::TempDir;

const STAT: &str = "7 (x) S 1 2 3 34816 5 0 10 0 2 0 300 400 0 0 -51 -20 1 0 4242 8192 1 0 0 0 0 \
    0 0 0 0 0 0 0 0 0 0 0 50 1 0 0 0 0 0 0 0 0 0 0 0 0\n";
const STATUS: &str = "Name:\tx\nTgid:\t7\nPPid:\t1\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t4 5 \n\
    VmRSS:\t4 kB\nCapPrm:\t0\nvoluntary_ctxt_switches:\t6\nnonvoluntary_ctxt_switches:\t8\n";
const INFO: &str = "pos:\t3\nflags:\t02\n";

/// Process 7 with one thread and one descriptor.
struct Fixture {
    root: TempDir,
    kernel: LinuxKernel,
}

impl Fixture {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for directory in ["7/task/7", "7/fd", "7/fdinfo"] {
            std::fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        let kernel = LinuxKernel::fixture(root.path()).unwrap();
        let fixture = Fixture { root, kernel };
        fixture.write("stat", b"cpu  1 1 1 1\ncpu0 1 2 3 4\nbtime 1000\n");
        fixture.write("7/maps", b"");
        fixture.write("7/cmdline", b"a\0b");
        fixture.write("7/environ", b"c=d\0");
        fixture.write("7/wchan", b"0");
        fixture.write("7/fdinfo/3", INFO.as_bytes());
        std::os::unix::fs::symlink("/x", fixture.path("7/fd/3")).unwrap();
        fixture.text(STAT, STATUS);
        fixture
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.root.path().join(name)
    }

    fn write(&self, name: impl AsRef<Path>, text: &[u8]) {
        std::fs::write(self.root.path().join(name), text).unwrap();
    }

    fn text(&self, stat: impl AsRef<[u8]>, status: impl AsRef<[u8]>) {
        for directory in ["7", "7/task/7"] {
            self.write(Path::new(directory).join("stat"), stat.as_ref());
            self.write(Path::new(directory).join("status"), status.as_ref());
        }
    }

    /// Asks for everything; an error must be one of these.
    fn ask(&self, kinds: &[ErrorKind]) {
        let kernel = &self.kernel;
        let check = |error: Option<mach_procfs::model::Error>| {
            if let Some(error) = error {
                assert!(kinds.contains(&error.kind), "{error}");
            }
        };
        for shown in [Visibility::Full, Visibility::Public] {
            check(kernel.process_info(pid(), shown, Extent::Whole).err());
            check(kernel.arguments(pid(), shown).err());
        }
        let identity = kernel.identity(pid());
        for redact in [None, Some(public_stat as Redact)] {
            for file in [|it| ProcfsFile::Process(pid(), it), |it| ProcfsFile::Thread(pid(), it, 7)]
            {
                let opened = identity.clone().map(file);
                let opened = opened.and_then(|file| kernel.open_file(file, "stat", redact));
                check(opened.and_then(|mut text| text.fill(&mut Vec::new(), usize::MAX)).err());
            }
        }
        check(kernel.process(pid()).err());
        check(kernel.thread(pid(), 7).err());
        check(kernel.descriptor(pid(), 3).err());
        check(kernel.cpus().err());
    }
}

fn pid() -> Pid {
    Pid::new(7).unwrap()
}

#[test]
fn a_fixture_is_told_as_it_stands_there() {
    let fixture = Fixture::new();
    let kernel = &fixture.kernel;
    let account = kernel.process_info(pid(), Visibility::Full, Extent::Whole).unwrap();
    let usage = account.usage.unwrap();
    assert_eq!((account.state, account.group, account.session), (State::Sleeping, 2, Some(3)));
    assert_eq!((account.terminal_group, account.nice), (Some(5), Some(-20)));
    assert_eq!((account.groups, account.wait_channel), (Some(vec![4, 5]), None));
    assert_eq!((usage.faults, usage.pageins, usage.switches), (12, 2, Some(14)));
    assert_eq!((usage.policy, usage.priority), (Some(4), Some(-51)));
    assert_eq!((usage.virtual_size, usage.resident_size), (8192, 4096));
    assert_eq!(kernel.descriptors(pid()).unwrap(), [3]);
    assert_eq!(kernel.threads(pid()).unwrap(), [7]);
    let missing = kernel.link(pid(), LinkTo::Executable).unwrap_err();
    assert_eq!(missing.kind, ErrorKind::NoSuchName);
    fixture.ask(&[]);
}

#[test]
fn the_largest_numbers_overflow_nothing() {
    let fixture = Fixture::new();
    for number in ["18446744073709551615", "9223372036854775807", "-9223372036854775808", "-1"] {
        let fields = vec![number; 49].join(" ");
        let status: String = STATUS
            .lines()
            .map(|line| {
                format!("{}:\t{number}\t{number}\t{number}\n", line.split(':').next().unwrap())
            })
            .collect();
        for state in ["R", "?"] {
            fixture.text(format!("7 (x) {state} {fields}\n"), &status);
            fixture.ask(&[ErrorKind::Failed, ErrorKind::NoSuchProcess]);
            fixture.text(format!("7 (x) {state} {fields}\n"), STATUS);
            fixture.ask(&[ErrorKind::Failed, ErrorKind::NoSuchProcess]);
        }
        fixture.write("stat", format!("cpu0 {number} 1 1 1\nbtime {number}\n").as_bytes());
        fixture.write("7/fdinfo/3", format!("pos:\t{number}\nflags:\t{number}").as_bytes());
        // When the machine booted is asked for once.
        let again = LinuxKernel::fixture(fixture.root.path()).unwrap();
        fixture.text(STAT, STATUS);
        assert!(again.process(pid()).is_ok());
        fixture.ask(&[ErrorKind::Failed]);
    }
}

#[test]
fn one_that_is_just_being_taken_away_is_no_process() {
    let fixture = Fixture::new();
    fixture.text(STAT.replace("S 1 2 3 34816 5", "X 0 -1 -1 0 -1"), STATUS);
    let error = fixture.kernel.process_info(pid(), Visibility::Full, Extent::Whole).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoSuchProcess);
}

#[test]
fn arguments_without_end_are_not_read() {
    let fixture = Fixture::new();
    let file = std::fs::File::create(fixture.path("7/cmdline")).unwrap();
    file.set_len(1 << 40).unwrap();
    let error = fixture.kernel.arguments(pid(), Visibility::Full).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Failed);
}

/// Text of a kernel with some of it cut out, doubled or replaced.
fn mutilated(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let length = text.len();
    let piece = proptest::collection::vec(any::<u8>(), 0..8);
    (0..length, 0..length, piece).prop_map(move |(from, to, piece)| {
        let text = text.as_bytes();
        [&text[..from], &piece, &text[to..]].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        let fixture = Fixture::new();
        fixture.text(&text, &text);
        fixture.write("stat", &text);
        fixture.write("7/fdinfo/3", &text);
        fixture.ask(&[ErrorKind::Failed, ErrorKind::NoSuchProcess]);
    }

    #[test]
    fn nearly_a_kernels(
        stat in mutilated(STAT),
        status in mutilated(STATUS),
        info in mutilated(INFO),
        cpus in mutilated("cpu  1 1 1 1\ncpu0 1 2 3 4\ncpu1 1 2 3 4 5\nintr 1\nbtime 1\n"),
    ) {
        let fixture = Fixture::new();
        fixture.text(stat, status);
        fixture.write("7/fdinfo/3", &info);
        fixture.write("stat", &cpus);
        fixture.ask(&[ErrorKind::Failed, ErrorKind::NoSuchProcess]);
    }
}

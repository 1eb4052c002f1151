//! What the documents say that macOS does not show, or shows otherwise than Linux, held against a
//! Mac. A test that this Mac cannot decide is skipped by its name.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use mach_procfs::kernel::Detail;
use mach_procfs::kernel::xnu::{Errno, PortKind, TaskPort, Typed, Xnu};
use mach_procfs::model::{BackingKind, Pid, Protection, Region, Sharing, Visibility};
use mach2::kern_return::KERN_SUCCESS;
use mach2::task::task_info;
use mach2::task_info::{TASK_EXTMOD_INFO, TASK_EXTMOD_INFO_COUNT, task_extmod_info};

use super::child::MappedChild;
use super::common::skip;
use super::facts::{Waiting, of_cache};
use super::{pid_of, program, regions, xnu};

/// What a program of the system prints.
fn printed(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| String::new(), |it| String::from_utf8_lossy(&it.stdout).into_owned())
}

/// `CS_RESTRICT`, and `CSR_ALLOW_UNRESTRICTED_DTRACE` (`kern_sysctl.c:sysctl_procargsx`).
#[test]
fn the_environment_of_zsh_is_hidden_by_system_integrity_protection() {
    if !printed("/usr/bin/csrutil", &["status"]).contains("status: enabled") {
        return skip("System Integrity Protection is off, or in part");
    }
    let mut zsh = Command::new("/bin/zsh");
    zsh.args(["-f", "-c", "read line"]).env("SECRET", "hunter2");
    let found = xnu().arguments(Waiting::start(&mut zsh).pid(), Visibility::Full).unwrap();
    assert_eq!(found.environment, b"", "{}", found.environment.escape_ascii());
    assert!(found.arguments.ends_with(b"-c\0read line\0"), "{}", found.arguments.escape_ascii());
}

/// `vm_shared_region.c`: the protection of the entry, not those of the mappings inside.
#[test]
fn a_submap_of_the_shared_cache_is_read_only() {
    let kernel = xnu();
    let (zsh, child) = (Waiting::zsh(), MappedChild::start());
    for pid in [zsh.pid(), child.pid()] {
        let regions = regions(&*kernel, pid, Detail::Map);
        for row in of_cache(&regions).iter().filter(|it| it.submap) {
            assert_eq!(
                (row.protection, row.sharing),
                (Protection::READ, Sharing::Private),
                "{row:x?}"
            );
        }
    }
}

/// The major number of macOS's version.
fn macos() -> u32 {
    let version = printed("/usr/bin/sw_vers", &["-productVersion"]);
    version.split('.').next().and_then(|major| major.trim().parse().ok()).expect("a version")
}

/// dyld is in the shared cache.
#[test]
fn dyld_is_no_file_of_a_process() {
    if macos() < 13 {
        return skip("dyld is mapped from its file before macOS 13");
    }
    let kernel = xnu();
    let (zsh, child) = (Waiting::zsh(), MappedChild::start());
    for pid in [zsh.pid(), child.pid()] {
        let regions = regions(&*kernel, pid, Detail::Map);
        assert!(regions.iter().all(|it| it.backing.name != b"/usr/lib/dyld"), "{regions:x?}");
    }
}

/// `__DATA_CONST`, which the kernel may have linked, or `__LINKEDIT`.
#[test]
fn zsh_has_a_row_that_can_only_be_read() {
    let zsh = Waiting::zsh();
    let regions = regions(&*xnu(), zsh.pid(), Detail::Map);
    let is_constant =
        |it: &Region| it.protection == Protection::READ && it.backing.name == b"/bin/zsh";
    assert!(regions.iter().any(is_constant), "{regions:x?}");
}

/// Range and name of each row.
fn names(pid: Pid) -> BTreeMap<(u64, u64), Vec<u8>> {
    let regions = regions(&*xnu(), pid, Detail::Map);
    regions.into_iter().map(|it| ((it.start, it.end), it.backing.name)).collect()
}

/// `vm_map_fork` makes anonymous memory copy on write in both, which then looks like what dyld has
/// the kernel link.
#[test]
fn a_forked_child_and_its_parent_have_the_same_names() {
    let mut shell = Command::new("/bin/sh");
    // The child is a copy of the shell: it executes nothing.
    shell.args(["-c", "exec 3<&0; (read line <&3) & echo $!; wait"]);
    let shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut shell = Waiting(shell);
    let mut line = String::new();
    BufReader::new(shell.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let child = pid_of(line.trim().parse().unwrap());
    let (parent, child) = (names(shell.pid()), names(child));
    let both: Vec<_> = parent.iter().filter(|(range, _)| child.contains_key(range)).collect();
    let is_file = |name: &[u8]| name.starts_with(b"/bin/");
    assert!(both.iter().filter(|(_, name)| is_file(name)).count() > 2, "{parent:x?}\n{child:x?}");
    for (range, name) in both {
        let (parents, childs) = (name.escape_ascii(), child[range].escape_ascii());
        assert_eq!(parents.to_string(), childs.to_string(), "{range:x?}");
    }
}

/// How often `task_for_pid` has returned the control port of a process (`TASK_EXTMOD_INFO`, by the
/// port that only names the task).
fn control_ports(pid: i32) -> i64 {
    let name = TaskPort::for_pid(&Arc::new(Xnu), PortKind::Name, pid).unwrap().unwrap();
    let mut info = task_extmod_info::default();
    let mut count = TASK_EXTMOD_INFO_COUNT;
    // SAFETY: `info` is writable and has as many words as `count` says.
    let answer =
        unsafe { task_info(name.name(), TASK_EXTMOD_INFO, (&raw mut info).cast(), &raw mut count) };
    assert_eq!((answer, count), (KERN_SUCCESS, TASK_EXTMOD_INFO_COUNT));
    let statistics = info.extmod_statistics;
    statistics.task_for_pid_count
}

/// `vm_map_read_t`: a read port is enough to look inside submaps, and leaves no trace.
#[test]
fn a_read_port_looks_inside_submaps_and_is_not_counted() {
    let child = MappedChild::start();
    let number = child.pid().number().cast_signed();
    let port = TaskPort::for_pid(&Arc::new(Xnu), PortKind::Read, number);
    if !matches!(port, Ok(Some(_))) {
        return skip("this user gets no port to read a task");
    }
    let before = control_ports(number);
    let regions = regions(&*xnu(), child.pid(), Detail::Pages);
    assert!(regions.iter().all(|it| !it.submap) && regions.iter().any(|it| it.depth > 0));
    // Outside of them each row keeps its file.
    let is_file = |it: &&Region| it.depth == 0 && it.backing.kind == BackingKind::File;
    assert!(regions.iter().filter(is_file).count() > 2, "{regions:x?}");
    assert_eq!(control_ports(number), before);
}

/// `kern_sysctl.c:sysctl_procargsx`. A buffer of whole pages, since of another one the kernel clears
/// a part.
#[test]
fn the_length_of_the_arguments_is_rounded_and_a_small_buffer_gets_their_tail() {
    let page = usize::try_from(super::child::page()).unwrap();
    let child = MappedChild::with_variable("LONG", &"x".repeat(3 * page));
    let pid = child.pid().number().cast_signed();
    let length = Xnu.process_arguments(pid, None).unwrap();
    let mut all = vec![0; length + page];
    let filled = Xnu.process_arguments(pid, Some(&mut all)).unwrap();
    assert_eq!(length, filled.next_multiple_of(4));
    let mut small = vec![0; 4 + page];
    assert_eq!(Xnu.process_arguments(pid, Some(&mut small)), Ok(small.len()));
    assert_eq!(small[..4], all[..4], "the count");
    assert!(small[4..] == all[filled - page..filled], "not the tail");
}

/// Where Rosetta translates this program, numbers have wrong units, and `doctor` warns.
#[test]
#[cfg_attr(not(feature = "mount"), ignore = "`doctor` needs the feature `mount`")]
fn rosetta_is_named_where_it_translates() {
    let is_translated = match Xnu.sysctl_value::<i32>(c"sysctl.proc_translated") {
        // An Intel Mac has no such name.
        Err(Errno::NOENT) => false,
        value => value.unwrap() != 0,
    };
    let doctor = program().arg("doctor").output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert_eq!(said.contains("Rosetta translates this program"), is_translated, "{said}");
}

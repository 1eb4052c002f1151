//! What was learnt from XNU's and dyld's sources about names, arguments and descriptors, held against
//! a Mac: each test is of one fact that the model of XNU has, too.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use mach_procfs::kernel::xnu::macho::{HEADER_ROOM, MachO};
use mach_procfs::kernel::xnu::{
    BsdInfo, Errno, IdentifiedInfo, KernReturn, RegionPathInfo, SubmapInfo, TaskPort, TaskVmInfo,
    Typed, UniqueInfo, Xnu, XnuCalls,
};
use mach_procfs::kernel::{Detail, LinkTo};
use mach_procfs::model::{Backing, Pid, Protection, Region, Visibility};

use super::child::MappedChild;
use super::{Mount, pid_of, program, regions, xnu};

/// A program of Apple's that waits for its input, killed when dropped.
pub(super) struct Waiting(pub(super) Child);

impl Waiting {
    pub(super) fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        Waiting(child)
    }

    pub(super) fn zsh() -> Self {
        Self::start(Command::new("/bin/zsh").args(["-f", "-c", "read line"]))
    }

    pub(super) fn pid(&self) -> Pid {
        pid_of(self.0.id())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `proc_pidinfo`: flavor 18 is flavors 3 and 17, by the rule of the first for who may ask.
#[test]
fn one_call_has_ids_and_identity() {
    let zsh = Waiting::zsh();
    let pid = zsh.0.id().cast_signed();
    let found = Xnu.pid::<IdentifiedInfo>(pid, 1).unwrap();
    assert_eq!(Xnu.pid::<UniqueInfo>(pid, 1), Ok(found.unique));
    let of = |info: BsdInfo| (info.pid, info.ruid, info.start_seconds, info.start_microseconds);
    assert_eq!(Xnu.pid::<BsdInfo>(pid, 1).map(of), Ok(of(found.info)));
    // launchd is root's.
    let errors = [Xnu.pid::<IdentifiedInfo>(1, 1).err(), Xnu.pid::<BsdInfo>(1, 1).err()];
    let expected = (!nix::unistd::geteuid().is_root()).then_some(Errno::PERM);
    assert_eq!(errors, [expected; 2]);
}

/// All rows from the first one of the shared region to the last.
pub(super) fn of_cache(regions: &[Region]) -> &[Region] {
    let is_submap = |region: &Region| region.submap && region.backing.is_shared_cache();
    let first = regions.iter().position(is_submap).expect("a shared region");
    let last = regions.iter().rposition(is_submap).unwrap();
    &regions[first..=last]
}

fn assert_cache_is_named(regions: &[Region]) {
    for region in of_cache(regions) {
        assert!(!region.backing.name.is_empty(), "nameless in the cache: {region:x?}");
        assert!(region.submap || !region.backing.name.starts_with(b"[anon:"), "{region:x?}");
    }
}

/// `vm_shared_region_auth_remap`, `vm_map_lookup_and_lock_object`: signed and written pieces.
#[test]
fn no_row_in_the_shared_cache_is_nameless() {
    let kernel = xnu();
    let (zsh, child) = (Waiting::zsh(), MappedChild::start());
    for pid in [zsh.pid(), child.pid()] {
        assert_cache_is_named(&regions(&*kernel, pid, Detail::Map));
    }
    // In the own map they are divided, so that there is no submap to go by.
    let top_level = regions(&*kernel, Pid::this(), Detail::Attributes);
    assert_cache_is_named(&top_level);
    let cache = of_cache(&top_level);
    let (start, end) = (cache[0].start, cache[cache.len() - 1].end);
    let own = regions(&*kernel, Pid::this(), Detail::Map);
    let inside = own.iter().filter(|region| start <= region.start && region.end <= end);
    for region in inside {
        assert!(!region.backing.name.is_empty(), "{region:x?}");
    }
}

/// The region that has the first byte of the child's mapping.
fn holding(child: &MappedChild, regions: &[Region], name: &str) -> Region {
    let at = child.mapped(name).start;
    regions.iter().find(|it| it.start <= at && at < it.end).expect("mapped").clone()
}

/// `vm_map_with_linking`: written data and linked constants have lost their file, and get it back.
#[test]
fn data_of_a_program_has_its_name_device_and_inode() {
    let kernel = xnu();
    let child = MappedChild::start();
    let regions = regions(&*kernel, child.pid(), Detail::Map);
    let path = std::env::current_exe().unwrap().canonicalize().unwrap();
    let text = regions.iter().find(|it| {
        it.protection.contains(Protection::EXECUTE)
            && it.backing.name == path.as_os_str().as_encoded_bytes()
    });
    let text = text.expect("the program's text");
    for name in ["data", "constants"] {
        let found = holding(&child, &regions, name);
        assert_eq!(found.backing, text.backing, "{name}: {found:x?}");
        assert!(found.offset > text.offset, "{name}: {found:x?}");
    }
}

/// The same of a universal file of Apple's own.
#[test]
fn data_of_zsh_has_its_name() {
    let kernel = xnu();
    let zsh = Waiting::zsh();
    let regions = regions(&*kernel, zsh.pid(), Detail::Map);
    let named = |protection: Protection| {
        let of_zsh = |it: &&Region| it.protection == protection && it.backing.name == b"/bin/zsh";
        regions.iter().filter(of_zsh).count()
    };
    let read = Protection::READ;
    assert!(named(read.union(Protection::EXECUTE)) > 0, "text: {regions:x?}");
    assert!(named(read.union(Protection::WRITE)) > 0, "__DATA: {regions:x?}");
}

/// What this program's own header says is what is mapped of it.
#[test]
fn own_load_commands_can_be_read() {
    let path = std::env::current_exe().unwrap().canonicalize().unwrap();
    let path = path.as_os_str().as_encoded_bytes();
    let (mut info, mut cursor) = (RegionPathInfo::default(), 0);
    let me = std::process::id().cast_signed();
    while info.path.bytes() != path || info.region.protection & 4 == 0 {
        Xnu.pid_into(me, cursor, &mut info).expect("the program's text");
        cursor = info.region.address + info.region.size;
    }
    let part = Xnu.file_part(path, info.region.offset, HEADER_ROOM).unwrap();
    assert_eq!((part.dev, part.ino), (info.vnode.dev, info.vnode.ino));
    assert!(info.vnode.mtime > 0 && info.vnode.size > 0, "{info:x?}");
    let file = MachO::parse(&part.bytes).unwrap();
    let (start, end) = (info.region.address, info.region.address + info.region.size);
    assert_eq!(file.file_offset(start, start, end, false), Some(0), "{file:x?}");
    assert!(file.segments.iter().any(|it| it.protection == 3 && it.file_size > 0), "{file:x?}");
}

/// `exec_save_path`, `exec_extract_strings`, `exec_add_apple_strings`.
#[test]
fn environ_ends_where_dyld_s_strings_begin() {
    let kernel = xnu();
    let child = MappedChild::start();
    let found = kernel.arguments(child.pid(), Visibility::Full).unwrap();
    let variables: Vec<&[u8]> = found.environment.split(|byte| *byte == 0).collect();
    assert!(variables.iter().any(|it| it.starts_with(b"MACH_PROCFS_TEST_CHILD=")));
    for apple in ["pfz=", "ptr_munge=", "stack_guard=", "main_stack=", "executable_path="] {
        let is_apples = |it: &&&[u8]| it.starts_with(apple.as_bytes());
        assert_eq!(variables.iter().find(is_apples), None, "{apple}");
    }
    let arguments = b"--exact\0child::is_the_child\0--ignored\0--nocapture\0";
    assert!(found.arguments.ends_with(arguments), "{}", found.arguments.escape_ascii());
}

/// An empty first argument is no padding, whatever the length of the path.
#[test]
fn arguments_may_be_empty() {
    let kernel = xnu();
    for program in ["/bin/cat", "/usr/bin/tee"] {
        let waiting = Waiting::start(Command::new(program).arg0("").env("SECRET", "hunter2"));
        let found = kernel.arguments(waiting.pid(), Visibility::Full).unwrap();
        assert_eq!(found.arguments, b"\0", "{program}");
    }
}

#[test]
fn a_child_s_main_stack_is_one_row() {
    let kernel = xnu();
    let (zsh, child) = (Waiting::zsh(), MappedChild::start());
    for pid in [zsh.pid(), child.pid()] {
        let regions = regions(&*kernel, pid, Detail::Map);
        let stacks: Vec<&Region> =
            regions.iter().filter(|it| it.backing.name == b"[stack]").collect();
        let [stack] = stacks[..] else { panic!("{stacks:x?}") };
        assert!(stack.protection.contains(Protection::WRITE) && stack.size() >= 64 << 10);
    }
}

/// `parse_main_stack_params` of libpthread: the kernel's string for dyld about the stack is wiped
/// at once.
#[test]
fn the_string_of_the_main_stack_is_wiped() {
    let mut area = vec![0; 1 << 20];
    let length = Xnu.process_arguments(std::process::id().cast_signed(), Some(&mut area)).unwrap();
    let mut strings = area[..length].split(|byte| *byte == 0);
    let found = strings.find(|it| it.starts_with(b"main_stack="));
    assert_eq!(found, Some(&b"main_stack="[..]));
}

/// A count of 12 words: the same regions, and no page is counted.
#[test]
fn short_info_shows_the_same_regions() {
    let calls = Arc::new(Xnu);
    let task = TaskPort::own(&calls);
    let mut cursor = 0;
    let mut seen = 0;
    loop {
        let ask = |short: bool| {
            let (mut at, mut size, mut depth, mut info) = (cursor, 0, 1024, SubmapInfo::default());
            let (start, bytes, level) = (&mut at, &mut size, &mut depth);
            let answer = if short {
                Xnu.region_short(task.name(), start, bytes, level, &mut info)
            } else {
                Xnu.region(task.name(), start, bytes, level, &mut info)
            };
            answer.map(|()| (at, size, depth, info.protection, info.user_tag, info))
        };
        let (full, short) = match (ask(false), ask(true)) {
            (Ok(full), Ok(short)) => (full, short),
            (full, short) => {
                assert_eq!(full.err(), Some(KernReturn::INVALID_ADDRESS));
                assert_eq!(short.err(), Some(KernReturn::INVALID_ADDRESS));
                break;
            }
        };
        // Heap comes and goes while this looks; the shared region stays.
        if full.2 > 0 {
            assert_eq!(
                (full.0, full.1, full.2, full.3, full.4),
                (short.0, short.1, short.2, short.3, short.4)
            );
            assert_eq!((short.5.pages_resident, short.5.object_id_full), (0, 0));
            seen += 1;
        }
        cursor = full.0 + full.1;
    }
    assert!(seen > 3, "{seen} regions in the shared region");
}

/// 42 words, up to the addresses.
#[test]
fn task_vm_info_has_page_size_and_addresses() {
    let calls = Arc::new(Xnu);
    let info = Xnu.task::<TaskVmInfo>(TaskPort::own(&calls).name()).unwrap();
    assert_eq!(u64::try_from(info.page_size).unwrap(), super::child::page());
    assert!(info.min_address < info.max_address && info.region_count > 10, "{info:x?}");
}

/// Counts have a unit for every process of the same user, Apple's own among them.
#[test]
fn smaps_of_zsh_counts_something() {
    let zsh = Waiting::zsh();
    let output = program().arg("cat").arg(format!("{}/smaps_rollup", zsh.pid())).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let rss = text.lines().find(|line| line.starts_with("Rss:")).expect("a line of Rss");
    let amount: u64 = rss.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(amount > 100, "{text}");
}

#[test]
fn a_deleted_working_directory_says_so() {
    let kernel = xnu();
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().canonicalize().unwrap();
    let waiting = Waiting::start(Command::new("/bin/cat").current_dir(&place));
    let link = || kernel.link(waiting.pid(), LinkTo::Current).unwrap();
    assert_eq!(link(), place.as_os_str().as_encoded_bytes());
    drop(directory);
    assert!(link().ends_with(b" (deleted)"), "{}", link().escape_ascii());
}

#[cfg(target_arch = "x86_64")]
#[test]
fn the_commpage_has_a_name() {
    let kernel = xnu();
    let zsh = Waiting::zsh();
    let regions = regions(&*kernel, zsh.pid(), Detail::Map);
    assert!(regions.iter().any(|it| it.backing.name == Backing::COMMPAGE), "{regions:x?}");
}

#[cfg(target_arch = "aarch64")]
#[test]
fn the_reservations_are_there_and_have_no_access() {
    let kernel = xnu();
    let zsh = Waiting::zsh();
    let regions = regions(&*kernel, zsh.pid(), Detail::Map);
    let at = |start: u64| regions.iter().find(|it| it.start == start).expect("reserved").clone();
    for start in [0xf_c000_0000, 0x10_0000_0000] {
        assert_eq!(at(start).protection, Protection::NONE);
    }
    assert!(regions.iter().all(|it| it.backing.name != Backing::COMMPAGE));
}

/// The kernel extension holds a directory's vnode while the daemon answers about it. So the daemon must
/// not ask about this vnode, which the reader's own descriptor is open on.
#[test]
#[cfg_attr(not(feature = "mount"), ignore = "needs macFUSE, and the feature `mount`")]
fn listing_one_s_own_descriptors_comes_back() {
    let mount = Mount(tempfile::tempdir().unwrap());
    assert!(program().arg("mount").arg(mount.0.path()).status().unwrap().success());
    for (command, argument, file) in [("ls", "-l", "self/fd"), ("cat", "-u", "self/fds")] {
        let mut child = Command::new(command)
            .arg(argument)
            .arg(mount.0.path().join(file))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = child.id();
        let (sender, receiver) = mpsc::channel();
        let waiting = std::thread::spawn(move || sender.send(child.wait().unwrap()));
        // An answer that waited for itself would end with an error. This limit is for a reader that
        // waits without end.
        let ended = receiver.recv_timeout(Duration::from_secs(60));
        if ended.is_err() {
            // SAFETY: a child of this process that was not waited for to its end.
            unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) };
        }
        waiting.join().unwrap().ok();
        assert!(ended.expect("its end").success(), "{command} {file}");
    }
}

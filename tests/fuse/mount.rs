//! Real mounts: what a reader of the files sees, compared with the kernel's own procfs.

use crate::common;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{DirEntryExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use common::mount::Mount;
use common::target::Target;
use mach_procfs::tree::{Kind, ROWS};
use nix::errno::Errno;
use nix::mount::MsFlags;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, SFlag};
use nix::sys::statvfs::FsFlags;
use nix::unistd::AccessFlags;
use rustix::fs::XattrFlags;

fn errno<T>(result: std::io::Result<T>) -> Errno {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => Errno::from_raw(error.raw_os_error().expect("an errno")),
    }
}

fn kernels(pid: u32, file: &str) -> Vec<u8> {
    std::fs::read(format!("/proc/{pid}/{file}")).unwrap()
}

#[test]
fn maps_is_the_kernels_to_the_byte() {
    let Some(mount) = Mount::new() else { return };
    for regions in [1, 1_000, 20_000] {
        let target = Target::stopped(&format!("regions {regions};stop"));
        let ours = std::fs::read(mount.of(target.pid(), "maps")).unwrap();
        assert!(ours == kernels(target.pid(), "maps"), "with {regions} regions");
        assert!(ours.iter().filter(|byte| **byte == b'\n').count() > regions);
    }
}

#[test]
fn text_tools_read_what_they_read_from_the_kernel() {
    let Some(mount) = Mount::new() else { return };
    let tools = [
        "cat $F",
        "head -1 $F",
        "head -c 5000 $F",
        "tail -3 $F",
        "tail -c 100 $F",
        "tac $F",
        "grep -n r--p $F",
        "awk '{ n += length($0) } END { print n, NR }' $F",
        "sed -n 2,5p $F",
        "sort $F",
        "wc $F | awk '{ print $1, $2, $3 }'",
        "wc -c <$F",
        "dd if=$F bs=1 count=9000 status=none",
        "dd if=$F bs=3M status=none",
        "cp $F $COPY && cat $COPY && rm $COPY",
        "sha256sum <$F",
        "od -c $F",
        "less $F",
        "while read -r line; do echo \"$line\"; done <$F | head -50",
        "test -r $F && test -f $F && ! test -s $F; echo $?",
        "stat -c '%s %F' $F",
    ];
    let copy = mount.root().with_extension("copy");
    // Some thirty regions, and nearly as many as the kernel allows a process by default.
    for script in ["stop", "regions 64900;stop"] {
        let target = Target::stopped(script);
        let ours = mount.of(target.pid(), "maps");
        let theirs = format!("/proc/{}/maps", target.pid());
        for tool in tools {
            let run = |file: &str| {
                let output = Command::new("sh")
                    .args(["-c", tool])
                    .env("F", file)
                    .env("COPY", &copy)
                    .stdin(Stdio::null())
                    .output()
                    .unwrap();
                assert!(output.status.success(), "{tool}: {output:?}");
                output.stdout
            };
            let (ours, theirs) = (run(ours.to_str().unwrap()), run(&theirs));
            assert!(!theirs.is_empty(), "{tool} prints something");
            assert!(ours == theirs, "{tool}, {script}");
        }
    }
}

#[test]
fn vmmap_tells_what_the_target_did() {
    let Some(mount) = Mount::new() else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, [7; 16 * 1024]).unwrap();
    let file = file.display();
    let target = Target::stopped(&format!(
        "map read-only read-only;map sequential sequential;map random random;\
         map dont-fork dont-fork;map wipe-on-fork wipe-on-fork;map locked locked;\
         map shared shared;map shared-file shared-file {file};map file file {file};\
         map touched touched;stop"
    ));
    let vmmap = std::fs::read_to_string(mount.of(target.pid(), "task/vmmap")).unwrap();
    let columns = |label: &str| {
        let start = format!("{:08x}-", target.places[label]);
        let line = vmmap.lines().find(|line| line.starts_with(&start)).expect(label);
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    let expected = [
        ("read-only", "16K r--/rwx COPY - DEFAULT uwir=0 sub=0"),
        ("sequential", "16K rw-/rwx COPY - SEQUENTIAL uwir=0 sub=0"),
        ("random", "16K rw-/rwx COPY - RANDOM uwir=0 sub=0"),
        ("dont-fork", "16K rw-/rwx NONE - DEFAULT uwir=0 sub=0"),
        ("wipe-on-fork", "16K rw-/rwx COPY - DEFAULT uwir=0 sub=0"),
        ("locked", "16K rw-/rwx COPY - DEFAULT uwir=1 sub=0"),
        ("shared", "16K rw-/rwx SHARE shared DEFAULT uwir=0 sub=0"),
        ("shared-file", "16K r--/r-x SHARE shared DEFAULT uwir=0 sub=0"),
        ("file", "16K rw-/rwx COPY - DEFAULT uwir=0 sub=0"),
    ];
    for (label, line) in expected {
        assert_eq!(columns(label), line, "{label}");
    }
    let vsyscall = kernels(target.pid(), "maps");
    let has_vsyscall = String::from_utf8_lossy(&vsyscall)
        .contains("--xp 00000000 00:00 0                  [vsyscall]");
    assert_eq!(vmmap.contains("K --x/--x        COPY"), has_vsyscall);

    let vmmap_r = std::fs::read_to_string(mount.of(target.pid(), "task/vmmap_r")).unwrap();
    let start = format!("{:08x}-", target.places["touched"]);
    let line = vmmap_r.lines().find(|line| line.starts_with(&start)).expect("touched");
    assert!(line.ends_with("16K rw-/rwx      3      0      3 unknown"), "{line}");
    assert!(vmmap_r.lines().any(|line| line.ends_with(" stack")));
    for (text, file) in [(vmmap, "vmmap"), (vmmap_r, "vmmap_r")] {
        let ranges = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
        };
        let maps = String::from_utf8_lossy(&kernels(target.pid(), "maps")).into_owned();
        assert_eq!(ranges(&text), ranges(&maps), "{file}");
    }
}

#[test]
fn what_was_read_once_does_not_change_while_the_target_does() {
    let Some(mount) = Mount::new() else { return };
    let mut target = Target::stopped("regions 4000;stop;unmap-all 4000;stop");
    let file = File::open(mount.of(target.pid(), "maps")).unwrap();
    let mut before = vec![0; 50_000];
    file.read_exact_at(&mut before, 0).unwrap();
    target.next();
    let mut again = vec![0; 50_000];
    file.read_exact_at(&mut again, 0).unwrap();
    assert!(before == again);
    // What follows goes on where the walk had come to, in whole lines.
    let mut all = Vec::new();
    (&file).read_to_end(&mut all).unwrap();
    assert!(all.starts_with(&before));
    assert_well_formed(&all);
    drop(file);
    assert!(
        std::fs::read(mount.of(target.pid(), "maps")).unwrap() == kernels(target.pid(), "maps")
    );
}

#[test]
fn reads_of_one_byte_give_whole_lines_while_the_target_maps_and_unmaps() {
    let Some(mount) = Mount::new() else { return };
    let target = Target::stopped("regions 50;churn");
    target.go_on();
    for _ in 0..3 {
        let file = File::open(mount.of(target.pid(), "maps")).unwrap();
        let mut text = Vec::new();
        let mut byte = [0];
        while file.read_at(&mut byte, text.len() as u64).unwrap() == 1 {
            text.push(byte[0]);
        }
        assert_well_formed(&text);
        let mut once_more = vec![0; text.len()];
        file.read_exact_at(&mut once_more[1..], 1).unwrap();
        assert!(once_more[1..] == text[1..]);
    }
}

fn assert_well_formed(text: &[u8]) {
    assert_eq!(text.last(), Some(&b'\n'));
    let mut cursor = 0;
    for line in String::from_utf8_lossy(text).lines() {
        let (range, rest) = line.split_once(' ').expect(line);
        let (start, end) = range.split_once('-').expect(line);
        let number = |digits| u64::from_str_radix(digits, 16).expect(line);
        assert!(cursor <= number(start) && number(start) < number(end), "{line}");
        assert!(rest.len() >= 20 && matches!(rest.as_bytes()[3], b'p' | b's'), "{line}");
        cursor = number(end);
    }
}

#[test]
fn a_reader_that_starts_over_gets_a_fresh_look() {
    let Some(mount) = Mount::new() else { return };
    let mut target = Target::stopped("regions 1000;stop;unmap-all 1000;stop");
    let file = File::open(mount.of(target.pid(), "maps")).unwrap();
    let read = |file: &File| {
        let mut file = file;
        let mut text = Vec::new();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.read_to_end(&mut text).unwrap();
        text
    };
    assert!(read(&file) == kernels(target.pid(), "maps"));
    target.next();
    assert!(read(&file) == kernels(target.pid(), "maps"));
}

#[test]
fn the_length_is_told_to_who_seeks_for_it_and_then_holds() {
    let Some(mount) = Mount::new() else { return };
    let mut target = Target::stopped("regions 1000;stop;unmap-all 1000;stop");
    let before = kernels(target.pid(), "maps");
    let mut file = File::open(mount.of(target.pid(), "maps")).unwrap();
    assert_eq!(file.seek(SeekFrom::End(0)).unwrap(), before.len() as u64);
    assert_eq!(file.metadata().unwrap().len(), 0, "but not to stat");
    target.next();
    let mut last = vec![0; 100];
    file.read_exact_at(&mut last, before.len() as u64 - 100).unwrap();
    assert!(before.ends_with(&last));
    let mut all = vec![0; before.len()];
    file.read_exact_at(&mut all, 0).unwrap();
    assert!(all == before, "a reader that goes backwards sees one content");
}

/// Copies inside the kernel, which takes the bytes from its page cache.
#[allow(unsafe_code)]
fn sendfile(from: &File) -> nix::Result<usize> {
    let to = tempfile::tempfile().unwrap();
    let mut offset = 0;
    // SAFETY: two open files, an offset that lives as long as the call, and a number.
    let got = unsafe { libc::sendfile(to.as_raw_fd(), from.as_raw_fd(), &raw mut offset, 65_536) };
    Errno::result(got).map(|got| got as usize)
}

#[test]
fn the_page_cache_never_holds_what_other_handles_must_not_show() {
    let Some(mount) = Mount::new() else { return };
    let mut target = Target::stopped("stop;exec sleep");
    let path = mount.of(target.pid(), "maps");
    let mut old = File::open(&path).unwrap();
    target.next_image();
    let mut new = File::open(&path).unwrap();
    assert_eq!(sendfile(&new), Ok(0), "the size ends it");
    // The kernel keeps that size until the next request for the attributes.
    assert!(new.seek(SeekFrom::End(0)).unwrap() > 0);
    assert_eq!(sendfile(&new), Err(Errno::EINVAL));
    assert_eq!(sendfile(&old), Err(Errno::EINVAL));
    new.seek(SeekFrom::Start(0)).unwrap();
    let mut text = Vec::new();
    new.read_to_end(&mut text).unwrap();
    assert!(text == kernels(target.pid(), "maps"), "a read waits for no page cache");
    assert_eq!(errno(old.read(&mut text)), Errno::ESRCH);
}

#[test]
fn self_leads_to_the_one_who_asks() {
    let Some(mount) = Mount::new() else { return };
    let link = mount.path("self");
    let own = std::process::id().to_string();
    assert_eq!(std::fs::read_link(&link).unwrap(), Path::new(&own));
    let from_a_thread = std::thread::spawn({
        let link = link.clone();
        move || std::fs::read_link(link).unwrap()
    });
    assert_eq!(from_a_thread.join().unwrap(), Path::new(&own));
    let child = Command::new("readlink").arg(&link).output().unwrap();
    let child = String::from_utf8(child.stdout).unwrap();
    assert_ne!(child.trim(), own, "another process has its own");
    let text = Command::new("cat").arg(mount.path("self/maps")).output().unwrap().stdout;
    assert!(String::from_utf8_lossy(&text).contains("/cat\n"));
}

#[test]
fn errors_have_their_errno() {
    let Some(mount) = Mount::new() else { return };
    let target = Target::stopped("stop");
    let pid = target.pid();
    let maps = mount.of(pid, "maps");
    for missing in ["nope", "0", "012", "4194304", "99999999999", "self/nope", "self/task/nope"] {
        assert_eq!(errno(std::fs::metadata(mount.path(missing))), Errno::ENOENT, "{missing}");
    }
    assert_eq!(errno(std::fs::metadata(mount.path("x".repeat(300)))), Errno::ENOENT);
    assert_eq!(errno(std::fs::metadata(maps.join("x"))), Errno::ENOTDIR);
    assert_eq!(errno(std::fs::read(mount.path("self"))), Errno::EISDIR);
    assert_eq!(errno(File::options().write(true).open(&maps)), Errno::EROFS);
    assert_eq!(errno(File::options().read(true).write(true).open(&maps)), Errno::EROFS);
    assert_eq!(errno(std::fs::remove_file(&maps)), Errno::EROFS);
    assert_eq!(errno(std::fs::rename(&maps, mount.path("x"))), Errno::EROFS);
    assert_eq!(errno(std::fs::create_dir(mount.path("x"))), Errno::EROFS);
    assert_eq!(errno(std::fs::write(mount.path("x"), "")), Errno::EROFS);
    assert_eq!(errno(std::os::unix::fs::symlink("a", mount.path("x"))), Errno::EROFS);
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    assert_eq!(errno(std::fs::set_permissions(&maps, open)), Errno::EROFS);
    assert_eq!(nix::unistd::access(&maps, AccessFlags::W_OK), Err(Errno::EROFS));
    assert_eq!(nix::unistd::access(&maps, AccessFlags::X_OK), Err(Errno::EACCES));
    assert_eq!(nix::unistd::access(&maps, AccessFlags::R_OK), Ok(()));
    let file = File::open(&maps).unwrap();
    let mut bytes = [0; 64];
    assert_eq!(file.read_at(&mut bytes, i64::MAX as u64 - 64).unwrap(), 0);
    assert_eq!(file.read_at(&mut bytes, 1 << 50).unwrap(), 0);
    assert!(file.read_at(&mut bytes, 0).unwrap() == 64, "and it still reads");
}

/// On a read-only mount the kernel itself refuses all of this.
#[test]
fn changes_are_refused_also_where_the_mount_was_made_writable() {
    if !common::is_root() {
        return;
    }
    let Some(mount) = Mount::new() else { return };
    let none = None::<&str>;
    nix::mount::mount(none, mount.root(), none, MsFlags::MS_REMOUNT, none).unwrap();
    let flags = nix::sys::statvfs::statvfs(mount.root()).unwrap().flags();
    assert!(!flags.contains(FsFlags::ST_RDONLY));
    let target = Target::stopped("stop");
    let maps = mount.of(target.pid(), "maps");
    let new = mount.path("x");
    let fifo = || nix::sys::stat::mknod(&new, SFlag::S_IFIFO, Mode::S_IRUSR, 0);
    let set_xattr = || rustix::fs::setxattr(&maps, "user.x", b"x", XattrFlags::empty());
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    for (what, result) in [
        ("chmod", std::fs::set_permissions(&maps, mode)),
        ("chown", std::os::unix::fs::chown(&maps, Some(1), None)),
        ("create", File::create(&new).map(drop)),
        ("link", std::fs::hard_link(&maps, &new)),
        ("mkdir", std::fs::create_dir(&new)),
        ("mknod", fifo().map_err(std::io::Error::from)),
        ("open to write", File::options().write(true).open(&maps).map(drop)),
        ("removexattr", rustix::fs::removexattr(&maps, "user.x").map_err(std::io::Error::from)),
        ("rename", std::fs::rename(&maps, mount.of(target.pid(), "x"))),
        ("rmdir", std::fs::remove_dir(mount.of(target.pid(), "task"))),
        ("setxattr", set_xattr().map_err(std::io::Error::from)),
        ("symlink", std::os::unix::fs::symlink("a", &new)),
        ("unlink", std::fs::remove_file(&maps)),
    ] {
        let number = result.err().and_then(|error| error.raw_os_error());
        assert_eq!(number, Some(libc::EROFS), "{what}");
    }
}

/// After ENOSYS the kernel answers for itself.
#[test]
fn what_is_not_supported_does_no_harm() {
    let Some(mount) = Mount::new() else { return };
    let file = File::open(mount.path("self/maps")).unwrap();
    file.sync_all().unwrap();
    File::open(mount.root()).unwrap().sync_all().unwrap();
    let mut polled = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut polled, PollTimeout::ZERO), Ok(1));
    assert_eq!(nix::sys::termios::tcgetattr(&file).err(), Some(Errno::ENOTTY));
}

#[test]
fn a_process_that_goes_takes_its_names_with_it_at_once() {
    let Some(mount) = Mount::new() else { return };
    let target = Target::stopped("stop");
    let pid = target.pid();
    let directory = File::open(mount.path(pid.to_string())).unwrap();
    let task = mount.of(pid, "task");
    let maps = mount.of(pid, "maps");
    // All names are known to the kernel now, and so is the file.
    let held = File::options().read(true).custom_flags(libc::O_PATH).open(&maps).unwrap();
    assert!(std::fs::metadata(&maps).is_ok() && std::fs::metadata(&task).is_ok());
    let by_path = |path: &Path| File::options().read(true).custom_flags(libc::O_PATH).open(path);
    let process = mount.path(pid.to_string());
    assert!(by_path(&process).is_ok());
    target.reap();
    // It sends no request for a name that the kernel remembers.
    assert_eq!(errno(by_path(&process)), Errno::ENOENT);
    assert_eq!(errno(by_path(&maps)), Errno::ENOENT);
    assert_eq!(errno(std::fs::metadata(&process)), Errno::ENOENT);
    assert_eq!(errno(std::fs::metadata(&maps)), Errno::ENOENT);
    assert_eq!(errno(std::fs::metadata(&task)), Errno::ENOENT);
    assert_eq!(errno(std::fs::read(&maps)), Errno::ENOENT);
    assert_eq!(errno(directory.metadata()), Errno::ENOENT);
    assert_eq!(errno(held.metadata()), Errno::ENOENT);
    assert_eq!(
        errno(std::fs::read(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&held)))),
        Errno::ENOENT
    );
    let below = nix::sys::stat::fstatat(&directory, "maps", nix::fcntl::AtFlags::empty());
    assert_eq!(below.map(drop), Err(Errno::ENOENT));
}

#[test]
fn an_open_file_of_a_process_that_went_says_so() {
    let Some(mount) = Mount::new() else { return };
    for file in ["maps", "task/vmmap", "task/vmmap_r"] {
        for read_some in [false, true] {
            let target = Target::stopped("regions 3000;stop");
            let open = File::open(mount.of(target.pid(), file)).unwrap();
            let mut first = vec![0; 1000];
            if read_some {
                open.read_exact_at(&mut first, 0).unwrap();
            }
            target.reap();
            let mut more = vec![0; 1 << 20];
            assert_eq!(errno(open.read_at(&mut more, 0)), Errno::ESRCH, "{file} {read_some}");
            assert_eq!(errno(open.read_at(&mut more, 1000)), Errno::ESRCH, "and again");
            if read_some {
                let mut again = vec![0; 1000];
                open.read_exact_at(&mut again, 0).unwrap();
                assert!(first == again, "what was read stays");
            }
        }
    }
}

#[test]
fn an_open_file_of_a_process_that_execs_says_so() {
    let Some(mount) = Mount::new() else { return };
    let target = Target::stopped("regions 3000;stop;exec sleep");
    let open = File::open(mount.of(target.pid(), "maps")).unwrap();
    target.go_on();
    let path = mount.of(target.pid(), "maps");
    common::until("the other image", || {
        let text = std::fs::read(&path).ok()?;
        memchr::memmem::find(&text, b"/sleep\n").map(drop)
    });
    assert_eq!(errno(open.read_at(&mut [0; 100], 0)), Errno::ESRCH);
    assert!(String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains("/sleep\n"));
}

#[test]
fn a_zombies_files_are_empty() {
    let Some(mount) = Mount::new() else { return };
    let target = Target::stopped("stop");
    target.kill();
    for file in ["maps", "task/vmmap", "task/vmmap_r"] {
        assert_eq!(std::fs::read(mount.of(target.pid(), file)).unwrap(), b"", "{file}");
    }
}

/// As root and as a user: the kernel shows a zombie to the user whose ids it has.
#[test]
fn a_zombie_answers_as_in_the_kernels_procfs() {
    let Some(mount) = Mount::new() else { return };
    let target = Target::stopped("stop");
    target.kill();
    let pid = target.pid();
    let theirs = |name: &str| std::path::PathBuf::from(format!("/proc/{pid}/{name}"));
    for file in ["maps", "smaps", "cmdline", "comm", "stat", "statm", "limits", "wchan"] {
        let ours = std::fs::read(mount.of(pid, file)).unwrap();
        assert_eq!(ours, std::fs::read(theirs(file)).unwrap(), "{file}");
    }
    for file in ["smaps_rollup", "environ"] {
        let expected = errno(std::fs::read(theirs(file)));
        assert_eq!(errno(std::fs::read(mount.of(pid, file))), expected, "{file}");
    }
    for link in ["exe", "cwd", "root"] {
        let expected = errno(std::fs::read_link(theirs(link)));
        assert_eq!(errno(std::fs::read_link(mount.of(pid, link))), expected, "{link}");
    }
}

#[test]
fn listings_lose_no_process_while_others_come_and_go() {
    let Some(mount) = Mount::new() else { return };
    let targets: Vec<Target> = (0..5).map(|_| Target::stopped("stop")).collect();
    let living: BTreeSet<u32> = targets.iter().map(Target::pid).collect();
    std::thread::scope(|scope| {
        let churn = scope.spawn(|| {
            for _ in 0..150 {
                Command::new("true").status().unwrap();
            }
        });
        let mut rounds = 0;
        while !churn.is_finished() || rounds == 0 {
            let listed: Vec<u32> = std::fs::read_dir(mount.root())
                .unwrap()
                .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
                .collect();
            let unique: BTreeSet<u32> = listed.iter().copied().collect();
            assert_eq!(listed.len(), unique.len(), "none twice");
            assert!(unique.is_superset(&living), "none lost");
            assert!(unique.contains(&std::process::id()));
            rounds += 1;
        }
    });
    let names = |path: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(mount.path(path)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let pid = targets[0].pid();
    let rows = |directory| common::rows_of(directory).into_iter().map(str::to_owned).collect();
    assert_eq!(names(&pid.to_string()), rows("PID"));
    // What else is in there is found by its name.
    let threads = common::threads(pid).iter().map(u32::to_string).collect();
    assert_eq!(names(&format!("{pid}/task")), threads);
    // A kernel may be built without a file that only Linux has.
    let kernel_lacks = |name: &String| {
        let row = ROWS.iter().find(|row| row.path == name);
        row.is_some_and(|row| matches!(row.kind, Kind::Passthrough))
            && !Path::new("/proc").join(name).exists()
    };
    let missing: Vec<String> = rows("").difference(&names("")).cloned().collect();
    assert!(missing.iter().all(kernel_lacks), "{missing:?}");
}

#[test]
fn what_stat_shows() {
    let Some(mount) = Mount::new() else { return };
    let target = Target::stopped("stop");
    let of = |file: &str| std::fs::symlink_metadata(mount.of(target.pid(), file)).unwrap();
    let root = std::fs::metadata(mount.root()).unwrap();
    assert_eq!((root.ino(), root.mode()), (1, 0o40555));
    assert_eq!(of("").mode(), 0o40555);
    assert_eq!(of("task").mode(), 0o40555);
    let many = Target::stopped("thread 61;thread 62;stop");
    for pid in [target.pid(), many.pid()] {
        let kernels = std::fs::metadata(format!("/proc/{pid}/task")).unwrap();
        assert_eq!(std::fs::metadata(mount.of(pid, "task")).unwrap().nlink(), kernels.nlink());
    }
    for file in ["maps", "task/vmmap", "task/vmmap_r"] {
        let stat = of(file);
        assert_eq!((stat.mode(), stat.len(), stat.nlink()), (0o100_400, 0, 1), "{file}");
        assert_eq!(stat.uid(), nix::unistd::geteuid().as_raw(), "{file}");
        assert_eq!(stat.blksize(), 128 * 1024, "{file}");
    }
    let inodes: BTreeSet<u64> = ["", "task", "maps", "task/vmmap", "task/vmmap_r"]
        .iter()
        .map(|file| of(file).ino())
        .collect();
    assert_eq!(inodes.len(), 5);
    assert_eq!(of("maps").ino(), of("maps").ino());
    assert!(std::fs::symlink_metadata(mount.path("self")).unwrap().is_symlink());
    assert_eq!(common::mount::mounted_types(mount.root()), ["fuse.mach-procfs"]);
}

#[test]
fn mapped_files_are_links_as_the_kernels_are() {
    let Some(mount) = Mount::new() else { return };
    let place = tempfile::tempdir().unwrap();
    let paths = ["kept", "gone"].map(|name| place.path().join(name));
    paths.iter().for_each(|path| std::fs::write(path, [0; 4 * 4096]).unwrap());
    let [kept, gone] = paths.each_ref().map(|path| path.display());
    let script = format!("map kept file {kept};map gone shared-file {gone};map zero shared;stop");
    let target = Target::stopped(&script);
    let renamed = place.path().join("two words\nand a line");
    std::fs::rename(&paths[0], &renamed).unwrap();
    std::fs::remove_file(&paths[1]).unwrap();
    let links = |directory: &Path| -> BTreeSet<_> {
        let link = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.unwrap();
            assert!(entry.file_type().unwrap().is_symlink());
            let stat = entry.path().symlink_metadata().unwrap();
            assert_eq!(stat.nlink(), 1);
            let text = std::fs::read_link(entry.path()).unwrap();
            (entry.file_name(), stat.mode(), stat.uid(), stat.gid(), text)
        };
        std::fs::read_dir(directory).unwrap().map(link).collect()
    };
    let directory = mount.of(target.pid(), "map_files");
    let ours = links(&directory);
    for entry in std::fs::read_dir(&directory).unwrap().map(Result::unwrap) {
        assert_eq!(entry.ino(), entry.path().symlink_metadata().unwrap().ino());
    }
    assert_eq!(ours, links(Path::new(&format!("/proc/{}/map_files", target.pid()))));
    let of = |label: &str| {
        let start = format!("{:x}-", target.places[label]);
        let is_it = |name: &std::ffi::OsStr| name.to_str().unwrap().starts_with(&start);
        ours.iter().find(|(name, ..)| is_it(name)).expect(label)
    };
    assert_eq!((of("kept").1, &of("kept").4), (0o120_400, &renamed));
    assert_eq!(of("zero").1, 0o120_600);
    let followed = |label| std::fs::metadata(directory.join(&of(label).0)).map(|stat| stat.len());
    assert_eq!(followed("kept").unwrap(), 4 * 4096);
    assert_eq!(errno(followed("gone")), Errno::ENOENT);
}

#[test]
fn many_readers_at_once_read_what_one_reads() {
    let Some(mount) = Mount::new() else { return };
    let target = Target::stopped("regions 5000;stop");
    let expected = kernels(target.pid(), "maps");
    let path = mount.of(target.pid(), "maps");
    let shared = File::open(&path).unwrap();
    std::thread::scope(|scope| {
        for reader in 0..8 {
            let (path, expected, shared) = (&path, &expected, &shared);
            scope.spawn(move || {
                for _ in 0..10 {
                    assert!(&std::fs::read(path).unwrap() == expected);
                    let at = reader * 10_000;
                    let mut part = vec![0; 10_000];
                    shared.read_exact_at(&mut part, at as u64).unwrap();
                    assert!(part == expected[at..at + 10_000]);
                }
            });
        }
    });
}

#[test]
fn a_process_that_execs_all_the_time_never_looks_empty() {
    let Some(mount) = Mount::new() else { return };
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("again");
    common::program::write_script(&program, "#!/bin/sh\nexec \"$0\"\n");
    let mut child = Command::new(&program).spawn().unwrap();
    for file in ["maps", "task/vmmap"] {
        let path = mount.of(child.id(), file);
        for _ in 0..500 {
            match std::fs::read(&path) {
                Ok(text) => assert!(!text.is_empty(), "{file}"),
                Err(error) => assert_eq!(error.raw_os_error(), Some(libc::ESRCH), "{file}"),
            }
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_was_read_stays_when_a_fresh_look_fails() {
    let Some(mount) = Mount::new() else { return };
    let target = Target::stopped("stop");
    let file = File::open(mount.of(target.pid(), "maps")).unwrap();
    let mut all = Vec::new();
    (&file).read_to_end(&mut all).unwrap();
    target.reap();
    let mut part = vec![0; 100];
    assert_eq!(errno(file.read_at(&mut part, 0)), Errno::ESRCH);
    file.read_exact_at(&mut part, 50).unwrap();
    assert!(part == all[50..150]);
}

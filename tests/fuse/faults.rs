//! What goes wrong, brought about: daemons that are killed, targets that end at each step, calls
//! that hang or panic, and no descriptors left.

use crate::common;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use common::mount::{Mount, can_mount, detach_all, is_mounted, mount_point, mounted_types};
use common::program::test_of;
use common::served::{Served, five_regions, ten_processes};
use common::target::Target;
use common::watchdog::Watchdog;
use nix::errno::Errno;
use nix::sys::resource::Resource;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::unistd::Pid;
use xnu_model::{Call, Fault, ModelProcess, World};

fn errno<T>(result: std::io::Result<T>) -> Errno {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => Errno::from_raw(error.raw_os_error().expect("an errno")),
    }
}

// --- the daemon is killed ----------------------------------------------------------------------

#[test]
fn readers_of_a_killed_daemon_get_an_error_and_a_new_mount_recovers() {
    let Some(mut mount) = Mount::new() else { return };
    let target = Target::stopped("regions 5000;stop");
    for _ in 0..5 {
        let path = mount.of(target.pid(), "maps");
        let begun = Arc::new(AtomicUsize::new(0));
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let (path, begun) = (path.clone(), Arc::clone(&begun));
                std::thread::spawn(move || {
                    loop {
                        let read = std::fs::read(&path);
                        begun.fetch_add(1, Ordering::Relaxed);
                        match read {
                            Ok(text) => assert_eq!(text.last(), Some(&b'\n')),
                            Err(error) => return error.raw_os_error(),
                        }
                    }
                })
            })
            .collect();
        common::until("readers", || (begun.load(Ordering::Relaxed) > 8).then_some(()));
        // Stopped first, so that some wait for an answer that never comes.
        kill(mount.daemon_pid(), Signal::SIGSTOP).unwrap();
        mount.signal(Signal::SIGKILL);
        for reader in readers {
            let errno = Errno::from_raw(reader.join().unwrap().unwrap());
            assert!(matches!(errno, Errno::ENOTCONN | Errno::ECONNABORTED), "{errno}");
        }
        mount.start(&[]);
        assert_eq!(mounted_types(mount.root()), ["fuse.mach-procfs"]);
        assert!(std::fs::read(mount.of(target.pid(), "maps")).unwrap().len() > 100_000);
    }
}

// --- the target ends ---------------------------------------------------------------------------

/// Reads a file in pieces; before the piece with this number the target ends in this way.
fn read_while(mount: &Mount, file: &str, step: usize, end: &str) -> (usize, Option<Errno>) {
    let script = match end {
        "execs" => "regions 1500;stop;exec sleep",
        "exits" => "regions 1500;stop",
        _ => "regions 1500;stop;stop",
    };
    let target = Target::stopped(script);
    let path = mount.of(target.pid(), file);
    let whole = std::fs::read(&path).unwrap();
    let held = File::options()
        .read(true)
        .custom_flags_path_only()
        .open(mount.path(target.pid().to_string()))
        .unwrap();
    let mut target = Some(target);
    let mut finish = || match end {
        "execs" => target.as_mut().unwrap().next_image(),
        "exits" => target.as_ref().unwrap().go_on_to_the_end(),
        "is killed" => target.as_ref().unwrap().kill(),
        _ => target.take().unwrap().reap(),
    };
    if step == 0 {
        finish();
    }
    let fd = format!("/proc/self/fd/{}/{file}", std::os::fd::AsRawFd::as_raw_fd(&held));
    let open = match File::open(fd) {
        Ok(open) => open,
        Err(error) => return (0, Some(Errno::from_raw(error.raw_os_error().unwrap()))),
    };
    let mut text = Vec::new();
    let mut piece = vec![0; 20_000];
    for number in 1.. {
        if step == number {
            finish();
        }
        match open.read_at(&mut piece, text.len() as u64) {
            Ok(0) => break,
            Ok(got) => text.extend_from_slice(&piece[..got]),
            Err(error) => {
                assert!(whole.starts_with(&text), "{file}, {end} at {step}: other bytes");
                return (text.len(), Some(Errno::from_raw(error.raw_os_error().unwrap())));
            }
        }
    }
    // Opened after its end, it is another image's, or a zombie's, which is empty.
    assert!(step == 0 || text == whole, "{file}, {end} at {step}: short without a word");
    (text.len(), None)
}

trait PathOnly {
    fn custom_flags_path_only(&mut self) -> &mut Self;
}

impl PathOnly for std::fs::OpenOptions {
    fn custom_flags_path_only(&mut self) -> &mut Self {
        std::os::unix::fs::OpenOptionsExt::custom_flags(self, libc::O_PATH)
    }
}

#[test]
fn a_target_that_ends_at_any_step_of_a_read_never_gives_a_short_file() {
    let Some(mount) = Mount::new() else { return };
    let (mut cases, mut failed) = (0, 0);
    for file in ["maps", "task/vmmap", "task/vmmap_r"] {
        for end in ["execs", "exits", "is killed", "is reaped"] {
            for step in 0..=8 {
                let (length, errno) = read_while(&mount, file, step, end);
                let what = format!("{file}, {end} at {step}: {length} {errno:?}");
                match errno {
                    None => {}
                    Some(Errno::ESRCH) => assert!(step > 0, "{what}"),
                    Some(Errno::ENOENT) => assert!(step == 0 && end == "is reaped", "{what}"),
                    Some(_) => panic!("{what}"),
                }
                cases += 1;
                failed += usize::from(errno.is_some());
            }
        }
    }
    eprintln!("{cases} ends of targets, {failed} reads that said so");
    assert!(failed > cases / 4, "{failed}");
}

// --- calls that hang ---------------------------------------------------------------------------

fn processes(users: &[u32], each: u32) -> World {
    let mut world = World::default();
    for (number, user) in (0..).zip(users) {
        for pid in 0..each {
            let pid = 1000 * (number + 1) + pid;
            world.spawn(ModelProcess::new(pid, "target").owned_by(*user, *user));
            five_regions(&mut world, pid.cast_signed());
        }
    }
    world
}

/// Reads in a thread of this user, which is what FUSE goes by.
fn reader(user: u32, path: PathBuf) -> JoinHandle<Option<i32>> {
    std::thread::spawn(move || {
        nix::unistd::setfsgid(user.into());
        nix::unistd::setfsuid(user.into());
        std::fs::read(path).err().and_then(|error| error.raw_os_error())
    })
}

#[test]
fn calls_that_hang_keep_no_other_user_waiting() {
    if !common::is_root() {
        return;
    }
    for loops in [1, 2] {
        let world = processes(&[501, 502, 0], 60);
        let Some(served) = Served::over(world, |options| options.loops = loops) else { return };
        // One user has as many calls hang as can be: a quarter of the pool's threads; more wait.
        let share = 32;
        let calls = share + 8;
        served.hang(1000);
        let mut readers = Vec::new();
        for number in 0..calls {
            readers.push(reader(501, served.maps(1000 + number / 2)));
        }
        served.model.wait_until_hanging(share as usize);
        // The rules are taken back: calls that come from now on do not hang.
        served.model.forget_rules();
        // Those that were made hang until they are released. A request that waits for one of them
        // ends with EIO, so each that is answered has waited for none.
        let is_answered = |user, pid| {
            for _ in 0..21 {
                assert_eq!(reader(user, served.maps(pid)).join().unwrap(), None, "user {user}");
            }
        };
        for (user, pid) in [(502, 2000), (0, 3000), (0, 1050)] {
            is_answered(user, pid);
        }
        assert_eq!(served.pids().len(), 180);
        let ended = readers.into_iter().map(|reader| reader.join().unwrap());
        let (failed, whole): (Vec<_>, Vec<_>) = ended.partition(Option::is_some);
        assert!(failed.iter().all(|errno| *errno == Some(libc::EIO)), "{failed:?}");
        assert!(failed.len() >= share as usize, "{} of {}", failed.len(), whole.len());
        // Their threads are still stuck, which keeps no other user waiting either.
        is_answered(502, 2001);
        served.model.release();
        common::until("their processes to answer again", || {
            let again = reader(501, served.maps(1000)).join().unwrap();
            again.is_none().then_some(())
        });
    }
}

// --- a daemon of its own, over the model -------------------------------------------------------

const DAEMON: &str = "MACH_PROCFS_MODEL_DAEMON";

/// This test binary as a daemon over the model.
struct ModelDaemon {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
    log: tempfile::TempDir,
    directory: tempfile::TempDir,
    _watchdog: Watchdog,
}

impl ModelDaemon {
    #[allow(unsafe_code)]
    fn start(what: &str) -> Self {
        let directory = mount_point();
        let log = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--ignored", "--exact", &test_of(module_path!(), "model_daemon"), "--nocapture"])
            .env(DAEMON, format!("{what} {}", directory.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log.path().join("log")).unwrap());
        let block = || {
            let signals = SigSet::from_iter([Signal::SIGTERM]);
            Ok(sigprocmask(SigmaskHow::SIG_BLOCK, Some(&signals), None)?)
        };
        // SAFETY: sigprocmask is async-signal-safe and `block` does nothing else. The test
        // harness has threads of its own, which must not take the signal.
        unsafe { command.pre_exec(block) };
        let mut child = command.spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let pid = Pid::from_raw(child.id() as i32);
        let watchdog = Watchdog::new("a daemon over the model", {
            let place = directory.path().to_owned();
            move || {
                let _ = kill(pid, Signal::SIGKILL);
                detach_all(&place);
            }
        });
        let mut daemon = ModelDaemon { child, said, log, directory, _watchdog: watchdog };
        daemon.wait_for("@ready");
        daemon
    }

    fn wait_for(&mut self, word: &str) {
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "{}", self.log());
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.log.path().join("log")).unwrap()
    }

    fn maps(&self, pid: u32) -> PathBuf {
        self.directory.path().join(format!("{pid}/maps"))
    }

    fn wait(&mut self) -> Option<i32> {
        common::until("the daemon's end", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for ModelDaemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        detach_all(self.directory.path());
    }
}

#[test]
#[ignore = "the body of a daemon, started by other tests"]
fn model_daemon() {
    let Ok(what) = std::env::var(DAEMON) else { return };
    let (what, directory) = what.split_once(' ').unwrap();
    env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    let model = Arc::new(xnu_model::XnuModel::new(ten_processes()));
    let kernel = mach_procfs::kernel::mach::MachKernel::new(Arc::clone(&model));
    let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    let tree = mach_procfs::tree::Tree::new(Arc::new(kernel), uid, gid);
    match what {
        "hangs" => model.at(Call::RegionPathInfo, 1..=1000, Fault::Hang),
        "panics" => {
            // Seldom enough for many requests to come through.
            for number in (17..6000).step_by(17) {
                for call in [Call::RegionPathInfo, Call::IdentifiedInfo, Call::ListAllPids] {
                    model.at(call, number..=number, Fault::Panic);
                }
            }
        }
        _ => panic!("{what}"),
    }
    let watched = Arc::clone(&model);
    std::thread::spawn(move || {
        watched.wait_until_hanging(18);
        println!("@hanging");
    });
    let options = mach_procfs::mount::Options::for_user(uid);
    let ended =
        mach_procfs::mount::mount(tree, Path::new(directory), &options, || println!("@ready"));
    std::process::exit(i32::from(ended.is_err()));
}

#[test]
fn a_signal_and_an_unmount_end_a_daemon_whose_calls_hang() {
    if !common::is_root() || !can_mount() {
        return;
    }
    for signal in [true, false] {
        let mut daemon = ModelDaemon::start("hangs");
        let readers: Vec<_> =
            (0..20).map(|number| reader(0, daemon.maps(500 + number / 2))).collect();
        daemon.wait_for("@hanging");
        if signal {
            kill(Pid::from_raw(daemon.child.id() as i32), Signal::SIGTERM).unwrap();
            assert_eq!(daemon.wait(), Some(0), "{}", daemon.log());
        } else {
            detach_all(daemon.directory.path());
        }
        assert!(!is_mounted(daemon.directory.path()));
        let mut late = 0;
        for reader in readers {
            let errno = reader.join().unwrap();
            let expected: &[i32] =
                if signal { &[libc::ENOTCONN, libc::ECONNABORTED] } else { &[libc::EIO] };
            // Of the two that do not hang, one may open its file only when the mount has gone.
            if errno == Some(libc::ENOENT) {
                late += 1;
                continue;
            }
            assert!(errno.is_some_and(|errno| expected.contains(&errno)), "{errno:?}");
        }
        assert!(late <= 2, "{late}");
        if !signal {
            assert_eq!(daemon.wait(), Some(0), "{}", daemon.log());
        }
    }
}

#[test]
fn a_request_that_panics_fails_alone() {
    if !can_mount() {
        return;
    }
    let mut daemon = ModelDaemon::start("panics");
    let (mut whole, mut failed) = (0, 0);
    for round in 0..300 {
        match std::fs::read(daemon.maps(500 + round % 10)) {
            Ok(text) => {
                assert_eq!(text.split(|byte| *byte == b'\n').count(), 6, "whole lines only");
                whole += 1;
            }
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::EIO));
                failed += 1;
            }
        }
        let names = std::fs::read_dir(daemon.directory.path())
            .and_then(|names| names.collect::<Result<Vec<_>, _>>());
        match names {
            Ok(names) => {
                let names: Vec<_> = names.iter().map(|entry| entry.file_name()).collect();
                let names = names.iter().filter_map(|name| name.to_str());
                assert_eq!(common::pids(names).len(), 10);
            }
            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EIO)),
        }
    }
    eprintln!("{failed} requests panicked, {whole} files were whole");
    assert!(failed > 50 && whole > 50, "{failed} {whole}");
    // It is past the last one that panics, and serves as ever.
    common::until("the end of the panics", || {
        (0..20).all(|pid| std::fs::read(daemon.maps(500 + pid % 10)).is_ok()).then_some(())
    });
    assert!(daemon.log().contains("a request failed by a panic"), "{}", daemon.log());
    kill(Pid::from_raw(daemon.child.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(daemon.wait(), Some(0), "{}", daemon.log());
}

// --- no descriptors left -----------------------------------------------------------------------

#[test]
fn a_daemon_without_descriptors_says_so_and_recovers() {
    let Some(mount) = Mount::new() else { return };
    let (target, other) = (Target::stopped("regions 100;stop"), Target::stopped("stop"));
    let path = mount.of(target.pid(), "maps");
    let expected = std::fs::read(&path).unwrap();
    let held = File::open(&path).unwrap();
    // Begun, since before the first byte a user's right to read is checked, which takes a descriptor.
    (&held).read_exact(&mut [0]).unwrap();
    let limit = |number: u64| {
        let status = Command::new("prlimit")
            .arg(format!("--pid={}", mount.daemon_pid()))
            .arg(format!("--nofile={number}:"))
            .status();
        assert!(status.unwrap().success());
    };
    let before = nix::sys::resource::getrlimit(Resource::RLIMIT_NOFILE).unwrap().1;
    for _ in 0..3 {
        // No new descriptor at all; those that are open stay.
        limit(0);
        assert_eq!(errno(std::fs::read(&path)), Errno::ENFILE);
        assert_eq!(errno(std::fs::metadata(mount.of(other.pid(), "maps"))), Errno::ENFILE);
        // Its directory is kept.
        assert!(std::fs::metadata(&path).is_ok());
        assert_eq!(
            errno(std::fs::read_dir(mount.root()).and_then(Iterator::collect::<Result<Vec<_>, _>>)),
            Errno::ENFILE
        );
        let mut text = Vec::new();
        (&held).read_to_end(&mut text).unwrap();
        limit(before.min(1000));
        assert!(std::fs::read(&path).unwrap() == expected);
        assert!(std::fs::read_dir(mount.root()).unwrap().count() > 3);
    }
    let log = mount.log();
    assert!(log.contains("out of memory or file descriptors"), "{log}");
    assert!(log.contains("errno 24"), "{log}");
    assert!(log.lines().count() <= 21, "and it does not fill the disk with it:\n{log}");
}

// --- unmounted while busy ----------------------------------------------------------------------

#[test]
fn an_unmount_under_load_leaves_nobody_waiting() {
    for ending in ["umount", "signal"] {
        let Some(mut mount) = Mount::new() else { return };
        let target = Target::stopped("regions 3000;stop");
        let stop = AtomicBool::new(false);
        let reads = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        match std::fs::read(mount.of(target.pid(), "maps")) {
                            Ok(text) => assert!(text.ends_with(b"\n")),
                            // Unmounted: the directory below is empty.
                            Err(error) => {
                                let errno = Errno::from_raw(error.raw_os_error().unwrap());
                                assert!(
                                    matches!(
                                        errno,
                                        Errno::ENOENT | Errno::ENOTCONN | Errno::ECONNABORTED
                                    ),
                                    "{errno}"
                                );
                                break;
                            }
                        }
                        reads.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            common::until("readers", || (reads.load(Ordering::Relaxed) > 50).then_some(()));
            if ending == "umount" {
                detach_all(mount.root());
            } else {
                kill(mount.daemon_pid(), Signal::SIGTERM).unwrap();
            }
        });
        stop.store(true, Ordering::Relaxed);
        assert_eq!(mount.wait().code(), Some(0), "{ending}");
        assert!(!is_mounted(mount.root()));
    }
}

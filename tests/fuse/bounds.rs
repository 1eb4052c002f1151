//! What clients can make the daemon hold is bounded, and given back.

use crate::common;

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::mount::Mount;
use common::target::Target;
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What docs/security.md says of a handle that is kept open, beside its content, in KiB.
const HANDLE: usize = 3;
/// And of one that was begun and not read to its end.
const BEGUN: usize = 18;
/// And of the daemon itself.
const DAEMON: usize = 12 * 1024;

fn errno<T>(result: std::io::Result<T>) -> Errno {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => Errno::from_raw(error.raw_os_error().expect("an errno")),
    }
}

/// How many files this process can hold open of a daemon's that has the same limit, and no more than
/// this: a user other than root may hold two fifths of what the daemon may. Raises the limit.
fn may_open(files: usize) -> usize {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let hard = usize::try_from(hard).unwrap();
    // Without those of the daemon itself, and the directories that it keeps open.
    let left = hard.saturating_sub(300 + hard.div_ceil(8).min(4096));
    let may = if nix::unistd::geteuid().is_root() { left } else { left / 5 * 2 };
    may.min(files)
}

/// Runs as this user, as far as file systems are concerned.
fn as_user<T: Send>(user: u32, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            nix::unistd::setfsgid(user.into());
            nix::unistd::setfsuid(user.into());
            work()
        });
        thread.join().unwrap()
    })
}

#[test]
fn ten_thousand_open_files_cost_what_the_document_says_and_leave_nothing() {
    // It may take all descriptors that a process can have.
    let name = "ten_thousand_open_files_cost_what_the_document_says_and_leave_nothing";
    if !common::program::in_own_process(module_path!(), name) {
        return;
    }
    let count = may_open(10_000);
    if count < 1000 {
        return common::skip("the hard limit of descriptors is too low");
    }
    // More content than so many small maps have: a user may hold two fifths of it.
    let Some(mount) = Mount::with(&["-o", "max_memory=1024"]) else { return };
    let target = Target::stopped("stop");
    let path = mount.of(target.pid(), "maps");
    let length = std::fs::read(&path).unwrap().len();
    let (descriptors, threads) = mount.descriptors_and_threads();
    let idle = mount.resident();
    for (what, read, each) in [
        ("unread", 0, HANDLE),
        ("begun", 100, HANDLE + BEGUN),
        ("read", usize::MAX, HANDLE + length.div_ceil(1024)),
    ] {
        let open: Vec<File> = (0..count).map(|_| File::open(&path).unwrap()).collect();
        for file in &open {
            let mut text = Vec::new();
            file.take(read as u64).read_to_end(&mut text).unwrap();
            assert_eq!(text.len(), length.min(read));
        }
        let resident = mount.resident();
        eprintln!("{count} handles, {what}: {resident} KiB resident, {idle} at first");
        assert!(resident < DAEMON + count * each, "{what}: {resident} KiB");
        drop(open);
        common::until("all that was held for them to go", || {
            let (now, tasks) = mount.descriptors_and_threads();
            (now <= descriptors && tasks <= threads + 1).then_some(())
        });
        let resident = mount.resident();
        eprintln!("after they were closed: {resident} KiB");
        assert!(resident < idle.max(DAEMON) + 4096, "{resident} KiB");
    }
    // What malloc keeps is not lost: the same again needs no more.
    let after = mount.resident();
    let open: Vec<File> = (0..count).map(|_| File::open(&path).unwrap()).collect();
    assert!(mount.resident() < after.max(DAEMON) + count * HANDLE);
    drop(open);
}

#[test]
fn lookups_leave_nothing() {
    let Some(mount) = Mount::new() else { return };
    const FILES: usize = 200;
    // scripts/dev/soak makes it a million in a run of 50 s and more.
    let lookups: usize = std::env::var("MACH_PROCFS_LOOKUPS")
        .map_or(100_000, |number| number.parse().expect("a number"));
    let (descriptors, threads) = mount.descriptors_and_threads();
    let mut idle = 0;
    let target = Target::stopped(&format!("descriptors {FILES};stop"));
    let pid = target.pid();
    let found = AtomicUsize::new(0);
    for (round, from) in [0, lookups / 10].into_iter().enumerate() {
        let to = [lookups / 10, lookups][round];
        std::thread::scope(|scope| {
            for half in 0..2 {
                let (mount, found) = (&mount, &found);
                scope.spawn(move || {
                    for number in (from + half..to).step_by(2) {
                        // The last two are items, which the daemon numbers until the kernel
                        // forgets them; all are looked up often, by one of many threads.
                        let name = match number % 5 {
                            0 => format!("{}", number % 4_194_304),
                            1 => format!("self/name-{number}"),
                            2 => format!("{number:x}-name"),
                            3 => format!("{pid}/fd/{}", number / 5 % FILES),
                            _ => format!("{pid}/fdinfo/{}", number / 5 % FILES),
                        };
                        if std::fs::symlink_metadata(mount.path(name)).is_ok() {
                            found.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        if round == 0 {
            idle = mount.resident();
        }
    }
    let resident = mount.resident();
    eprintln!("{lookups} lookups, {found:?} found: {idle} KiB after a tenth, {resident} after all");
    assert!(resident < idle + 1024, "{idle} KiB grew to {resident}");
    assert!(resident < DAEMON);
    common::until("no thread or descriptor more", || {
        let (now, tasks) = mount.descriptors_and_threads();
        (now <= descriptors && tasks <= threads + 1).then_some(())
    });
}

/// Opens until it is refused.
fn open_all(path: &Path) -> (Vec<File>, Errno) {
    let mut open = Vec::new();
    loop {
        match File::open(path) {
            Ok(file) => open.push(file),
            Err(error) => return (open, Errno::from_raw(error.raw_os_error().unwrap())),
        }
    }
}

#[test]
fn who_opens_too_many_files_is_refused_alone() {
    if !common::is_root() {
        return;
    }
    let Some(mount) = Mount::with(&["-o", "max_open=100"]) else { return };
    let one = Target::stopped_as("stop", Some(65534));
    let two = Target::stopped_as("stop", Some(65533));
    let (maps_one, maps_two) = (mount.of(one.pid(), "maps"), mount.of(two.pid(), "maps"));
    let (open, refused) = as_user(65534, || open_all(&maps_one));
    assert_eq!((open.len(), refused), (40, Errno::ENFILE));
    let directory = mount.path(one.pid().to_string());
    assert_eq!(as_user(65534, || errno(std::fs::read_dir(&directory))), Errno::ENFILE);
    assert!(as_user(65534, || std::fs::metadata(&maps_one).is_ok()), "looking needs no handle");
    let (others, refused) = as_user(65533, || open_all(&maps_two));
    assert_eq!((others.len(), refused), (40, Errno::ENFILE));
    let (roots, refused) = open_all(&maps_two);
    assert_eq!((roots.len(), refused), (20, Errno::ENFILE));
    drop(roots);
    common::until("root's to be closed", || std::fs::read(&maps_one).ok());
    drop(open);
    let read = || as_user(65534, || std::fs::read(&maps_one).ok());
    assert!(!common::until("the user's to be closed", read).is_empty());
    assert!(mount.log().contains("too many open files (quota"), "{}", mount.log());
}

#[test]
fn who_keeps_too_much_content_is_refused_alone() {
    if !common::is_root() {
        return;
    }
    let Some(mount) = Mount::with(&["-o", "max_memory=8"]) else { return };
    let one = Target::stopped_as("regions 15000;stop", Some(65534));
    let two = Target::stopped_as("regions 15000;stop", Some(65533));
    let path = mount.of(one.pid(), "maps");
    // About 750 KB each, of 3.2 MB.
    let mut kept = Vec::new();
    let refused = loop {
        let mut file = as_user(65534, || File::open(&path)).unwrap();
        let mut text = Vec::new();
        match file.read_to_end(&mut text) {
            Ok(_) => kept.push(file),
            Err(error) => break (file, text, error.raw_os_error()),
        }
        assert!(kept.len() < 10);
    };
    let (file, text, number) = refused;
    assert_eq!(number, Some(libc::ENOMEM));
    assert!((2..=5).contains(&kept.len()), "{}", kept.len());
    // Others go on, and what was made stays.
    let other = mount.of(two.pid(), "maps");
    assert!(as_user(65533, || std::fs::read(&other)).unwrap().len() > 500_000);
    assert!(std::fs::read(&path).unwrap().len() > 500_000, "and root");
    let mut again = vec![0; text.len()];
    file.read_exact_at(&mut again, 0).unwrap();
    assert!(again == text);
    // Once there is room the same open file reads on.
    kept.clear();
    let whole = common::until("room", || {
        let mut rest = vec![0; 2 << 20];
        let got = file.read_at(&mut rest, text.len() as u64).ok()?;
        Some([&text, &rest[..got]].concat())
    });
    assert!(whole == std::fs::read(format!("/proc/{}/maps", one.pid())).unwrap());
}

#[test]
fn options_that_say_nothing_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    for option in ["max_open=0", "max_open=", "max_open=-1", "max_memory=x", "max_memory"] {
        let output = common::mount::program()
            .args(["mount", "-f", "-o", option])
            .arg(directory.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{option}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(option) && said.lines().count() == 1, "{said}");
    }
}

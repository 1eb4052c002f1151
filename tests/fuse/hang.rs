//! Calls to the kernel that do not return, on a real mount over the model.

use crate::common;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use common::mount::detach_all;
use common::served::Served;
use common::watchdog;
use xnu_model::Call;

fn reader(path: &Path) -> JoinHandle<Option<i32>> {
    let path = path.to_owned();
    std::thread::spawn(move || std::fs::read(path).err().and_then(|error| error.raw_os_error()))
}

#[test]
fn others_are_served_while_calls_hang_and_who_waits_gets_an_error() {
    for loops in [1, 2] {
        let Some(served) = Served::new(loops) else { return };
        let expected = std::fs::read(served.maps(509)).unwrap();
        assert_eq!(expected.split(|byte| *byte == b'\n').count(), 6);

        // More than there are loops, on several processes.
        served.hang(6);
        let mut readers = Vec::new();
        for (number, pid) in [500, 501, 502, 500, 501, 502].into_iter().enumerate() {
            readers.push(reader(&served.maps(pid)));
            served.model.wait_until_hanging(number + 1);
        }
        // The rest of the mount answers, while all of them wait.
        for pid in 503..510 {
            assert!(std::fs::read(served.maps(pid)).unwrap() == expected);
        }
        assert_eq!(served.pids().len(), 10);
        assert!(std::fs::metadata(served.maps(503)).unwrap().is_file());
        assert!(readers.iter().all(|reader| !reader.is_finished()));

        for reader in readers {
            assert_eq!(reader.join().unwrap(), Some(libc::EIO), "who waits too long");
        }
        // Two calls about each are stuck now: a further one is not even made.
        let before = served.model.count(Call::RegionPathInfo);
        for pid in 500..503 {
            let error = std::fs::read(served.maps(pid)).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EIO));
        }
        assert_eq!(served.model.count(Call::RegionPathInfo), before);
        assert!(std::fs::read(served.maps(503)).unwrap() == expected);

        served.model.release();
        common::until("the process to answer again", || {
            std::fs::read(served.maps(500)).ok().filter(|text| *text == expected)
        });
    }
}

#[test]
fn a_mount_with_a_hanging_call_can_be_unmounted() {
    let Some(mut served) = Served::new(1) else { return };
    served.hang(1);
    let reader = reader(&served.maps(500));
    served.model.wait_until_hanging(1);
    detach_all(served.directory.path());
    // The reader holds the mount until its time is up.
    assert_eq!(reader.join().unwrap(), Some(libc::EIO));
    served.server.take().unwrap().join().unwrap().unwrap();
}

// --- and tests that hang -----------------------------------------------------------------------

#[test]
fn a_guard_that_lives_too_long_is_ended_and_one_that_does_not_is_left_alone() {
    let (sender, ended) = channel();
    let end = Arc::new(move || sender.send(()).unwrap());
    let long = watchdog::Watchdog::within(
        Duration::ZERO,
        "a test of the watchdog".to_owned(),
        end.clone(),
    );
    ended.recv_timeout(watchdog::GRACE).unwrap();
    drop(long);
    drop(watchdog::Watchdog::within(watchdog::LIMIT, "nothing".to_owned(), end));
    // Dismissed, it has let go of its end.
    assert_eq!(ended.recv_timeout(watchdog::GRACE), Err(RecvTimeoutError::Disconnected));
}

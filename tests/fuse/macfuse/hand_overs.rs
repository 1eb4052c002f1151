//! How many requests go to the pool: with one event loop those that may sleep, and no others.

use mach_procfs::fuse::{LINUX, MACFUSE};
use xnu_model::{Call, Fault};

use super::extension::{Extension, Set};
use super::worlds::{begin, lines, macfuse, map_more, serve, user, world};
use crate::common;

/// What `cat` reads at a time.
const WHOLE: u32 = 128 * 1024;

/// One loop, as always on macOS, and either kernel's way to ask.
fn served() -> [Extension; 2] {
    [MACFUSE, LINUX].map(|rules| serve(world(), &Set { rules, ..macfuse() }))
}

#[test]
fn a_small_file_is_opened_read_to_its_end_and_closed_at_two_hand_overs() {
    for extension in served() {
        let who = begin(&extension, 501, 60);
        for path in ["500/maps", "500/comm", "500/task/vmmap", "version"] {
            let node = extension.node(path, who).unwrap();
            for _ in 0..3 {
                let text = std::cell::OnceCell::new();
                let hand_overs = extension.hand_overs(|it| {
                    let handle = it.open(node, who).unwrap();
                    text.set(it.read_to_end(node, handle, who, WHOLE).unwrap()).unwrap();
                    it.close(node, handle, who);
                });
                assert!(!text.get().unwrap().is_empty());
                // OPEN, which checks access, and the READ that makes the content.
                assert_eq!(hand_overs, 2, "{path}");
            }
        }
    }
}

#[test]
fn none_is_handed_over_while_another_loop_is_free() {
    let extension = serve(world(), &Set { rules: LINUX, loops: 2, ..macfuse() });
    let who = begin(&extension, 501, 60);
    let hand_overs = extension.hand_overs(|it| it.cat("500/maps", who).unwrap());
    assert_eq!(hand_overs, 0);
}

/// Linux: a handle is one opener's, so that what was made for it needs no further question.
#[test]
fn what_was_made_is_read_again_without_a_hand_over() {
    let [_, extension] = served();
    let who = begin(&extension, 501, 60);
    let node = extension.node("500/maps", who).unwrap();
    let handle = extension.open(node, who).unwrap();
    let head = extension.read(node, handle, who, 0, 40).unwrap();
    let again = extension.hand_overs(|it| {
        assert_eq!(it.read(node, handle, who, 0, 40).unwrap(), head);
        assert_eq!(it.read(node, handle, who, 10, 30).unwrap(), head[10..]);
    });
    assert_eq!(again, 0);
    // Not made yet; and after the end a read at 0 is afresh.
    let length = head.len() + extension.read(node, handle, who, 40, WHOLE).unwrap().len();
    map_more(&extension);
    assert_eq!(extension.hand_overs(|it| it.read(node, handle, who, 41, 10).unwrap()), 0);
    assert_eq!(lines(&extension.read(node, handle, who, 0, WHOLE).unwrap()), 6);
    assert_eq!(extension.hand_overs(|it| it.read(node, handle, who, length as u64, 1).unwrap()), 0);
}

/// macFUSE: bytes are for the process that they were made for, which is asked for each time.
#[test]
fn readers_of_a_shared_handle_get_an_end_without_a_hand_over_and_bytes_with_one() {
    let [extension, _] = served();
    let who = begin(&extension, 501, 60);
    let node = extension.node("500/maps", who).unwrap();
    let handle = extension.open(node, who).unwrap();
    let end = extension.read(node, handle, who, 0, WHOLE).unwrap().len() as u64;
    assert_eq!(extension.hand_overs(|it| it.read(node, handle, who, 1, WHOLE).unwrap()), 1);
    assert_eq!(extension.hand_overs(|it| it.read(node, handle, who, end, WHOLE).unwrap()), 0);
    // Of another process, and of other ids, nothing is known.
    let other = begin(&extension, 501, 61);
    for who in [other, user(0, 60)] {
        let read = |it: &Extension| assert_eq!(it.read(node, handle, who, end, 1), Ok(Vec::new()));
        assert_eq!(extension.hand_overs(read), 1);
        assert_eq!(extension.hand_overs(read), 0);
    }
    let stranger = begin(&extension, 502, 62);
    assert_eq!(extension.read(node, handle, stranger, end, 1), Err(libc::EACCES));
}

#[test]
fn what_the_table_of_files_tells_is_answered_at_once() {
    for extension in served() {
        let who = begin(&extension, 501, 60);
        let calls = extension.model.count_all();
        let hand_overs = extension.hand_overs(|it| {
            for name in ["version", "self", "system", "no such name", "0500"] {
                if let Ok((node, _)) = it.look_up(1, name, who) {
                    it.attributes(node, who).unwrap();
                }
            }
            it.attributes(1, who).unwrap();
            let handle = it.open_directory(1, who).unwrap();
            it.close_directory(1, handle, who);
            let (system, _) = it.look_up(1, "system", who).unwrap();
            it.look_up(system, "hardware", who).unwrap();
        });
        assert_eq!(hand_overs, 0);
        assert_eq!(extension.model.count_all(), calls);
        // Which processes there are, and who asks, is asked for.
        assert_eq!(extension.hand_overs(|it| it.list(1, who).unwrap()), 1);
        let (process, _) = extension.look_up(1, "500", who).unwrap();
        let (own, _) = extension.look_up(1, "self", who).unwrap();
        assert_eq!(extension.hand_overs(|it| it.look_up(1, "500", who).unwrap()), 1);
        assert_eq!(extension.hand_overs(|it| it.attributes(process, who).unwrap()), 1);
        assert_eq!(extension.hand_overs(|it| it.read_link(own, who).unwrap()), 1);
    }
}

/// Where another request has the content the loop does not wait for it.
#[test]
fn a_read_of_what_another_request_makes_stops_no_loop() {
    for extension in served() {
        let who = begin(&extension, 501, 60);
        let node = extension.node("500/maps", who).unwrap();
        let handle = extension.open(node, who).unwrap();
        let next = extension.model.count(Call::RegionPathInfo) + 1;
        extension.model.at(Call::RegionPathInfo, next..=next, Fault::Hang);
        std::thread::scope(|scope| {
            let making = scope.spawn(|| extension.read(node, handle, who, 0, WHOLE));
            extension.model.wait_until_hanging(1);
            let before = extension.handed_over();
            let second = scope.spawn(|| extension.read(node, handle, who, 10_000, WHOLE));
            common::until("the loop to give it to the pool", || {
                (extension.handed_over() == before + 1).then_some(())
            });
            extension.attributes(1, who).unwrap();
            extension.model.release();
            assert_eq!(lines(&making.join().unwrap().unwrap()), 5);
            assert_eq!(second.join().unwrap(), Ok(Vec::new()));
        });
    }
}

//! A slow look-up delays no other request.

use std::time::{Duration, Instant};

use xnu_model::{Call, Fault};

use super::extension::{Extension, NODE_RWLOCK, Set};
use super::worlds::{begin, macfuse, serve, world};

/// What a request may be delayed by. The quickest of several counts: the machine may be busy.
const DELAY: Duration = Duration::from_millis(100);

/// The next look-up of a process hangs.
fn hang(extension: &Extension) {
    let next = extension.model.count(Call::UniqueInfo) + 1;
    extension.model.at(Call::UniqueInfo, next..=next, Fault::Hang);
}

/// Each of these is answered while one look-up hangs, and soon.
fn answered<T>(extension: &Extension, what: &str, mut request: impl FnMut(&Extension) -> T) {
    let quickest = (0..10)
        .map(|_| {
            let since = Instant::now();
            request(extension);
            since.elapsed()
        })
        .min();
    assert!(quickest < Some(DELAY), "{what}: {quickest:?}");
}

#[test]
fn a_slow_look_up_delays_no_other_request_where_nodes_take_several_at_a_time() {
    let extension = serve(world(), &macfuse());
    assert_eq!(extension.granted & NODE_RWLOCK, NODE_RWLOCK);
    let who = begin(&extension, 501, 60);
    let (process, maps) =
        (extension.node("500", who).unwrap(), extension.node("500/maps", who).unwrap());
    hang(&extension);
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| extension.look_up(1, "50", who));
        extension.model.wait_until_hanging(1);
        // About the very directory that it looks in, too.
        answered(&extension, "another look-up", |it| it.look_up(1, "500", who).unwrap());
        answered(&extension, "a listing", |it| it.list(1, who).unwrap());
        answered(&extension, "attributes", |it| it.attributes(1, who).unwrap());
        answered(&extension, "below", |it| it.look_up(process, "stat", who).unwrap());
        answered(&extension, "a file", |it| {
            let handle = it.open(maps, who).unwrap();
            assert!(!it.read(maps, handle, who, 0, 4096).unwrap().is_empty());
            it.close(maps, handle, who);
        });
        assert!(!slow.is_finished());
        extension.model.release();
        assert!(slow.join().unwrap().is_ok());
    });
}

#[test]
fn where_the_extension_serialises_a_slow_look_up_delays_only_its_own_directory() {
    let extension = serve(world(), &Set { offers: 0, ..macfuse() });
    assert_eq!(extension.granted & NODE_RWLOCK, 0, "what is not offered is not asked for");
    let who = begin(&extension, 501, 60);
    let (process, maps) =
        (extension.node("500", who).unwrap(), extension.node("500/maps", who).unwrap());
    hang(&extension);
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| extension.look_up(1, "50", who));
        extension.model.wait_until_hanging(1);
        answered(&extension, "attributes", |it| it.attributes(process, who).unwrap());
        answered(&extension, "a look-up", |it| it.look_up(process, "stat", who).unwrap());
        answered(&extension, "a listing", |it| it.list(process, who).unwrap());
        answered(&extension, "a file", |it| {
            let handle = it.open(maps, who).unwrap();
            assert!(!it.read(maps, handle, who, 0, 4096).unwrap().is_empty());
            it.close(maps, handle, who);
        });
        assert!(!slow.is_finished());
        extension.model.release();
        assert!(slow.join().unwrap().is_ok());
    });
}

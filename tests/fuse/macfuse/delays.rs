//! A slow look-up delays no other request.

use mach_procfs::tree::Caller;
use xnu_model::{Call, Fault};

use super::extension::{Extension, NODE_RWLOCK, Set};
use super::worlds::{begin, macfuse, serve, world};

/// Asks again as long as the answer is to try again: on a busy machine any call may be slow.
fn retry<T>(mut ask: impl FnMut() -> Result<T, i32>) -> T {
    crate::common::until("an answer", || match ask() {
        Err(libc::EINTR) => None,
        answer => Some(answer.unwrap()),
    })
}

/// Asks while the look-up of a process in the root hangs, and returns its answer. No answer in
/// between waits for the kernel's: it goes on hanging until all were given.
fn while_one_hangs(
    extension: &Extension,
    who: Caller,
    ask: impl FnOnce(&Extension),
) -> Result<(), i32> {
    let (process, maps) =
        (retry(|| extension.node("500", who)), retry(|| extension.node("500/maps", who)));
    let next = extension.model.count(Call::IdentifiedInfo) + 1;
    extension.model.at(Call::IdentifiedInfo, next..=next, Fault::Hang);
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| extension.look_up(1, "50", who));
        extension.model.wait_until_hanging(1);
        // Below other directories.
        retry(|| extension.attributes(process, who));
        retry(|| extension.look_up(process, "stat", who));
        retry(|| extension.list(process, who));
        let handle = extension.open(maps, who).unwrap();
        assert!(!extension.read(maps, handle, who, 0, 4096).unwrap().is_empty());
        extension.close(maps, handle, who);
        ask(extension);
        extension.model.release();
        slow.join().unwrap().map(drop)
    })
}

/// About the very directory that the slow one looks in.
fn ask_about_the_root(extension: &Extension, who: Caller) {
    retry(|| extension.look_up(1, "500", who));
    retry(|| extension.list(1, who));
    retry(|| extension.attributes(1, who));
}

#[test]
fn a_slow_look_up_delays_no_other_request_where_nodes_take_several_at_a_time() {
    let extension = serve(world(), &macfuse());
    assert_eq!(extension.granted & NODE_RWLOCK, NODE_RWLOCK);
    let who = begin(&extension, 501, 60);
    let slow = while_one_hangs(&extension, who, |it| ask_about_the_root(it, who));
    assert_eq!(slow, Ok(()));
}

#[test]
fn where_the_extension_serialises_a_slow_look_up_gives_way_to_others_in_its_directory() {
    let extension = serve(world(), &Set { offers: 0, ..macfuse() });
    assert_eq!(extension.granted & NODE_RWLOCK, 0, "what is not offered is not asked for");
    let who = begin(&extension, 501, 60);
    // These wait for the slow one's answer, which so comes before the kernel's. What else could end
    // it, the time that every call has, ends it with EIO.
    let slow = while_one_hangs(&extension, who, |it| ask_about_the_root(it, who));
    assert_eq!(slow, Err(libc::EINTR));
    // Asked again, it is answered.
    retry(|| extension.look_up(1, "50", who));
}

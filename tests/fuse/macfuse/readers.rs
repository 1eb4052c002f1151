//! One handle serves all processes: who gets which content, and what of it is given back.

use mach_procfs::fuse::{LINUX, MACFUSE};
use xnu_model::World;

use super::extension::{Extension, Set};
use super::worlds::{
    TARGET, begin, end, limits, lines, macfuse, map_more, root, serve, user, world,
};

const MAPS: &str = "500/maps";

fn rename(world: &mut World, name: &[u8]) {
    world.process_mut(TARGET.cast_signed()).unwrap().info.comm = name.into();
}

/// Opens a file with a reader that keeps it open, as `sleep 1d <FILE` does.
fn sleeper(extension: &Extension, path: &str, uid: u32) -> (u64, u64) {
    let sleeper = begin(extension, uid, 60);
    let node = extension.node(path, sleeper).unwrap();
    (node, extension.open(node, sleeper).unwrap())
}

#[test]
fn ten_thousand_readers_beside_one_that_keeps_a_file_open_are_all_served() {
    // Room for a few contents at a time.
    let set = Set { limits: limits(40, 1 << 20), ..macfuse() };
    for (path, expected) in [(MAPS, 5), ("500/comm", 1)] {
        let extension = serve(world(), &set);
        let (node, handle) = sleeper(&extension, path, 501);
        for number in 0..10_000u32 {
            // Of one user who may see the target, and of others where all may.
            let uid = if path == MAPS { 501 } else { 501 + number % 5 };
            let reader = begin(&extension, uid, 1000 + number);
            let own = extension.open(node, reader).unwrap();
            assert_eq!(own, handle, "one handle for all");
            // One in three begins and is killed, one reads and closes, one does both and lives on.
            let text = match number % 3 {
                0 => extension.read(node, own, reader, 0, 8),
                _ => extension.read_to_end(node, own, reader, 4096),
            };
            let text = text.unwrap_or_else(|errno| panic!("{path}, reader {number}: {errno}"));
            if number % 3 > 0 {
                assert_eq!(lines(&text), expected, "{path}");
            }
            extension.close(node, own, reader);
            // Living ones pile up to a point, since processes are bounded too.
            if number % 3 < 2 || number % 100 > 20 {
                end(&extension, reader);
            }
        }
        // The one that began is served still, and its user.
        assert!(extension.read(node, handle, user(501, 60), 0, 4096).is_ok());
    }
}

#[test]
fn what_dead_readers_have_left_is_given_back_also_without_a_flush() {
    let set = Set { limits: limits(8, 1 << 20), ..macfuse() };
    let extension = serve(world(), &set);
    let (node, handle) = sleeper(&extension, MAPS, 0);
    for pid in 1000..1200 {
        let reader = begin(&extension, 0, pid);
        assert_eq!(lines(&extension.read_to_end(node, handle, reader, 4096).unwrap()), 5);
        end(&extension, reader);
    }
    // Of those that live and read on nothing is: they use up their share.
    let living: Vec<_> = (0..20)
        .map(|number| {
            let reader = begin(&extension, 0, 2000 + number);
            (reader, extension.read(node, handle, reader, 0, 8))
        })
        .collect();
    let refused = living.iter().filter(|(_, read)| *read == Err(libc::ENFILE)).count();
    assert!((12..20).contains(&refused), "{refused}");
    // Those that were served go on.
    for (reader, _) in living.iter().filter(|(_, read)| read.is_ok()) {
        assert!(extension.read(node, handle, *reader, 8, 8).is_ok());
    }
    // What they close makes room.
    for (reader, _) in living.iter().filter(|(_, read)| read.is_ok()) {
        extension
            .ask(super::wire::Opcode::Flush, node, *reader, &super::wire::flush(handle))
            .unwrap();
    }
    for (reader, _) in living.iter().filter(|(_, read)| read.is_err()) {
        assert!(extension.read(node, handle, *reader, 0, 8).is_ok());
        extension
            .ask(super::wire::Opcode::Flush, node, *reader, &super::wire::flush(handle))
            .unwrap();
    }
}

#[test]
fn a_reused_pid_never_gets_what_the_process_before_it_has_read() {
    for path in [MAPS, "500/comm", "500/stat"] {
        let extension = serve(world(), &macfuse());
        let (node, handle) = sleeper(&extension, path, 501);
        let before = begin(&extension, 501, 70);
        let old = extension.read_to_end(node, handle, before, 4096).unwrap();
        extension.model.world(|world| rename(world, b"renamed"));
        map_more(&extension);
        // Read to the end and not at 0, the old content would still be there for the old reader.
        assert_eq!(extension.read(node, handle, before, 2, 4096).unwrap(), old[2..]);
        end(&extension, before);
        let after = begin(&extension, 501, 70);
        let text = extension.read(node, handle, after, 2, 4096).unwrap();
        assert_ne!(text, old[2..], "{path}");
        let text = extension.read_to_end(node, handle, after, 4096).unwrap();
        assert_ne!(text, old, "{path}");
    }
}

#[test]
fn a_reader_that_executes_another_program_keeps_its_content_and_one_that_changes_its_ids_does_not()
{
    let extension = serve(world(), &macfuse());
    let (node, handle) = sleeper(&extension, MAPS, 501);
    let reader = begin(&extension, 501, 70);
    let text = extension.read(node, handle, reader, 0, 4096).unwrap();
    map_more(&extension);
    extension.model.world(|world| world.exec(70));
    let rest = extension.read(node, handle, reader, 40, 4096).unwrap();
    assert_eq!(rest, text[40..], "as it was when it began");

    let as_other = user(502, 70);
    assert_eq!(extension.read(node, handle, as_other, 0, 4096), Err(libc::EACCES));
    assert_eq!(extension.read(node, handle, as_other, 40, 4096), Err(libc::EACCES));
    let as_root = root(70);
    assert_eq!(lines(&extension.read(node, handle, as_root, 0, 4096).unwrap()), 6);
}

#[test]
fn after_a_close_the_next_read_at_0_is_afresh_and_a_read_elsewhere_goes_on() {
    let extension = serve(world(), &macfuse());
    let (node, handle) = sleeper(&extension, MAPS, 501);
    let reader = begin(&extension, 501, 70);
    let first = extension.open(node, reader).unwrap();
    let second = extension.open(node, reader).unwrap();
    assert_eq!((first, second), (handle, handle));
    // Not read to its end: that by itself would make the next read at 0 afresh.
    let length = extension.attributes(node, reader).unwrap().size;
    let head = extension.read(node, handle, reader, 0, 40).unwrap();
    map_more(&extension);
    assert_eq!(extension.read(node, handle, reader, 0, 40).unwrap(), head);
    extension.close(node, first, reader);
    // The other descriptor of this process goes on where it was.
    let rest = extension.read(node, handle, reader, 40, 4096).unwrap();
    assert_eq!((head.len() + rest.len()) as u64, length);
    assert_eq!(lines(&extension.read(node, handle, reader, 0, 4096).unwrap()), 6);
    // What another process closes changes nothing.
    let length = extension.attributes(node, reader).unwrap().size;
    map_more(&extension);
    let other = begin(&extension, 501, 71);
    let third = extension.open(node, other).unwrap();
    extension.close(node, third, other);
    assert_eq!(extension.read(node, handle, reader, 0, 4096).unwrap().len() as u64, length);
}

#[test]
fn each_read_of_a_shared_handle_is_checked_and_linux_is_asked_nothing_more() {
    let extension = serve(world(), &macfuse());
    let (node, handle) = sleeper(&extension, MAPS, 501);
    let stranger = begin(&extension, 502, 70);
    assert_eq!(extension.read(node, handle, stranger, 0, 4096), Err(libc::EACCES));
    assert_eq!(extension.attributes(node, stranger).unwrap().size, 0);
    let owner = begin(&extension, 501, 71);
    let size = extension.attributes(node, owner).unwrap().size;
    assert_eq!(size, extension.read_to_end(node, handle, owner, 4096).unwrap().len() as u64);

    // Linux: a handle of its own for each open, whose reads are the opener's.
    let extension = serve(world(), &super::worlds::on(LINUX));
    let owner = begin(&extension, 501, 71);
    let node = extension.node(MAPS, owner).unwrap();
    let handle = extension.open(node, owner).unwrap();
    assert_ne!(handle, extension.open(node, owner).unwrap());
    assert_eq!(extension.attributes(node, owner).unwrap().size, 0);
    assert_eq!(lines(&extension.read(node, handle, owner, 0, 4096).unwrap()), 5);
    let calls = extension.model.count_all();
    assert_eq!(lines(&extension.read(node, handle, user(502, 9), 1, 4096).unwrap()), 5);
    assert_eq!(extension.model.count_all(), calls);
}

#[test]
fn attributes_ask_the_kernel_no_more_with_many_open_files() {
    for rules in [LINUX, MACFUSE] {
        let extension = serve(many(2000), &super::worlds::on(rules));
        let calls = |extension: &Extension, node| {
            let before = extension.model.count_all();
            extension.attributes(node, root(60)).unwrap();
            extension.model.count_all() - before
        };
        begin(&extension, 0, 60);
        let node = extension.node("500", root(60)).unwrap();
        let before = calls(&extension, node);
        open_all(&extension, 2000);
        assert_eq!(calls(&extension, node), before);
    }
}

fn many(processes: u32) -> World {
    let mut world = world();
    for pid in 0..processes {
        let process = xnu_model::ModelProcess::new(10_000 + pid, "one of many");
        world.spawn(process);
    }
    world
}

fn open_all(extension: &Extension, processes: u32) {
    for pid in 0..processes {
        let node = extension.node(&format!("{}/comm", 10_000 + pid), root(60)).unwrap();
        extension.open(node, root(60)).unwrap();
    }
}

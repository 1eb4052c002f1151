//! One handle of a directory for all its readers.

use super::extension::Set;
use super::worlds::{begin, end, limits, macfuse, root, serve, world};

#[test]
fn ten_thousand_listings_beside_a_process_that_keeps_the_directory_open() {
    let set = Set { limits: limits(40, 1 << 20), ..macfuse() };
    let extension = serve(world(), &set);
    let sleeper = begin(&extension, 501, 60);
    let handle = extension.open_directory(1, sleeper).unwrap();
    for number in 0..10_000 {
        let reader = begin(&extension, 502 + number % 5, 1000 + number);
        if number % 3 == 0 {
            // Begun, not read to its end, and killed.
            let own = extension.open_directory(1, reader).unwrap();
            assert_eq!(own, handle);
            assert!(!extension.read_directory(1, own, reader, 0).unwrap().is_empty());
            extension.close_directory(1, own, reader);
        } else {
            let names = extension.list(1, reader).unwrap();
            let own = reader.pid.to_string();
            assert!(names.iter().any(|entry| entry.name == own), "reader {number}");
        }
        end(&extension, reader);
    }
    assert!(extension.read_directory(1, handle, sleeper, 0).is_ok());
}

#[test]
fn living_processes_that_have_seen_the_end_of_a_listing_leave_nothing_of_it() {
    let set = Set { limits: limits(8, 1 << 20), ..macfuse() };
    let extension = serve(world(), &set);
    let sleeper = begin(&extension, 0, 60);
    extension.open_directory(1, sleeper).unwrap();
    for pid in 1000..1100 {
        let reader = begin(&extension, 0, pid);
        let names = extension.list(1, reader).unwrap();
        assert!(names.iter().any(|entry| entry.name == pid.to_string()));
    }
}

#[test]
fn each_process_goes_on_in_its_own_listing_and_begins_another_one_at_the_start() {
    let mut world = world();
    for pid in 600..900 {
        world.spawn(xnu_model::ModelProcess::new(pid, "one of many"));
    }
    let extension = serve(world, &macfuse());
    let (one, other) = (begin(&extension, 501, 60), begin(&extension, 502, 61));
    let handle = extension.open_directory(1, one).unwrap();
    let first = extension.read_directory(1, handle, one, 0).unwrap();
    let behind = first.last().unwrap().cookie;
    extension.model.world(|world| world.reap(899));
    let mut names = first;
    loop {
        let more = extension.read_directory(1, handle, one, names.last().unwrap().cookie).unwrap();
        if more.is_empty() {
            break;
        }
        names.extend(more);
    }
    let has = |names: &[super::wire::Dirent], name: &str| names.iter().any(|it| it.name == name);
    assert!(has(&names, "899"), "as it was when this reader began");
    let mut cookies: Vec<u64> = names.iter().map(|entry| entry.cookie).collect();
    cookies.dedup();
    assert_eq!(cookies.len(), names.len());
    // Another process begins in the middle: what is there now.
    let rest = extension.read_directory(1, handle, other, behind).unwrap();
    assert!(rest.iter().all(|entry| entry.cookie > behind));
    assert!(!has(&extension.list(1, one).unwrap(), "899"));
    assert!(!has(&extension.list(1, root(61)).unwrap(), "899"));
}

#[test]
fn a_reused_pid_does_not_go_on_in_the_listing_of_the_process_before_it() {
    let mut world = world();
    for pid in 600..900 {
        world.spawn(xnu_model::ModelProcess::new(pid, "one of many"));
    }
    let extension = serve(world, &macfuse());
    let before = begin(&extension, 501, 60);
    let handle = extension.open_directory(1, before).unwrap();
    let names = extension.read_directory(1, handle, before, 0).unwrap();
    let behind = names.last().unwrap().cookie;
    end(&extension, before);
    extension.model.world(|world| world.reap(899));
    let after = begin(&extension, 501, 60);
    let mut cookie = behind;
    loop {
        let more = extension.read_directory(1, handle, after, cookie).unwrap();
        let Some(last) = more.last() else { break };
        cookie = last.cookie;
        assert!(more.iter().all(|entry| entry.name != "899"));
    }
}

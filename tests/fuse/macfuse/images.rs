//! An exec of the target never shows the new image to who had the old one open.

use mach_procfs::fuse::{LINUX, MACFUSE};
use mach_procfs::kernel::xnu::ShortBsdInfo;
use xnu_model::{Entry, World};

use super::extension::Extension;
use super::worlds::{TARGET, begin, on, serve, world};

/// An image at other addresses than the old one.
fn exec(world: &mut World, is_set_uid: bool) {
    let pid = TARGET.cast_signed();
    world.exec(pid);
    for number in 0..5 {
        world.enter(pid, Entry::new(0x9_0000_0000 + number * 0x10_0000, 0x4000));
    }
    if is_set_uid {
        let process = world.process_mut(pid).unwrap();
        (process.info.uid, process.info.svuid) = (0, 0);
        process.info.flags |= ShortBsdInfo::CHANGED_IDS;
    }
}

const FILES: [&str; 4] = ["maps", "task/vmmap", "task/vmmap_r", "environ"];

/// Reads all that can be had from here on, at every offset that a reader may try.
fn rest(extension: &Extension, node: u64, handle: u64, read: u64) -> Vec<u8> {
    let owner = super::worlds::user(501, 60);
    let mut all = Vec::new();
    for at in [read, 0, 1, 40] {
        all.extend(extension.read(node, handle, owner, at, 4096).unwrap_or_default());
    }
    all
}

#[test]
fn an_exec_between_open_and_read_and_between_two_reads_never_shows_the_new_image() {
    for rules in [LINUX, MACFUSE] {
        for file in FILES {
            for read in [0, 60] {
                for is_set_uid in [true, false] {
                    let extension = serve(world(), &on(rules));
                    let owner = begin(&extension, 501, 60);
                    let node = extension.node(&format!("500/{file}"), owner).unwrap();
                    let handle = extension.open(node, owner).unwrap();
                    if read > 0 && file != "environ" {
                        let head = extension.read(node, handle, owner, 0, 60).unwrap();
                        assert_eq!(head.len(), 60, "{file}");
                    }
                    extension.model.world(|world| exec(world, is_set_uid));
                    if !is_set_uid {
                        // Nor may who may see both images have one for the other.
                        let end = extension.read(node, handle, owner, read, 4096);
                        assert_eq!(end, Err(libc::ESRCH), "{file}, {read} read");
                    }
                    let text = String::from_utf8(rest(&extension, node, handle, read)).unwrap();
                    let what = format!("{file}, {read} read, set-uid {is_set_uid}: {text}");
                    assert!(!text.lines().any(|line| line.starts_with('9')), "{what}");
                    assert!(!text.contains("900000000"), "{what}");
                    // By a fresh path the owner sees it where it may.
                    let fresh = extension.node(&format!("500/{file}"), owner).unwrap();
                    assert_ne!(fresh, node);
                    let opened = extension.open(fresh, owner);
                    assert_eq!(opened.is_err(), is_set_uid, "{what}");
                }
            }
        }
    }
}

#[test]
fn a_reader_that_becomes_another_user_gets_nothing_of_what_it_had_opened() {
    let extension = serve(world(), &on(MACFUSE));
    let owner = begin(&extension, 501, 60);
    let node = extension.node("500/maps", owner).unwrap();
    let handle = extension.open(node, owner).unwrap();
    assert_eq!(extension.read(node, handle, owner, 0, 60).unwrap().len(), 60);
    let other = super::worlds::user(502, 60);
    for at in [0, 60] {
        assert_eq!(extension.read(node, handle, other, at, 60), Err(libc::EACCES));
    }
}

//! Files of our own mount that a process has mapped or works in. XNU asks the file system for their
//! attributes too, and a request about such a file holds its vnode's lock.

use mach_procfs::kernel::xnu::VnodeInfo;
use mach_procfs::tree::Caller;
use xnu_model::{Call, Entry, Vnode, VnodeId};

use super::extension::Extension;
use super::worlds::{begin, macfuse, serve, world};
use crate::common::until;

/// A file with these numbers.
fn vnode(extension: &Extension, path: &str, ino: u64) -> VnodeId {
    let info = VnodeInfo { dev: 9, ino, nlink: 1, kind: 1, ..VnodeInfo::default() };
    let path = path.as_bytes().to_vec();
    extension.model.world(|world| world.vnode(Vnode { info, path, ..Vnode::default() }))
}

/// A file of the mount, whose vnode is locked while a request about it is served.
fn own(extension: &Extension, who: Caller, path: &str) -> VnodeId {
    let node = extension.node(path, who).unwrap();
    let vnode = vnode(extension, &format!("/proc/{path}"), node);
    extension.tie(node, vnode);
    vnode
}

/// The process maps these files, behind a hole each, with memory before and after.
fn map(extension: &Extension, who: Caller, vnodes: &[VnodeId]) {
    let pid = who.pid.cast_signed();
    extension.model.world(|world| {
        for (vnode, at) in vnodes.iter().zip(1u64..) {
            let start = at << 32;
            world.map_anonymous(pid, Entry::new(start, 0x4000));
            world.map_file(pid, Entry::new(start + 0x10_0000, 0x4000), *vnode);
            world.map_anonymous(pid, Entry::new(start + 0x10_4000, 0x4000));
        }
    });
}

/// The rows of a process's `maps` that end in this path, without their addresses and protections.
fn rows(text: &str, path: &str) -> Vec<String> {
    let rows = text.lines().filter(|row| row.ends_with(path));
    rows.map(|row| row.split_whitespace().skip(3).collect::<Vec<_>>().join(" ")).collect()
}

fn cat(extension: &Extension, path: &str, who: Caller) -> String {
    String::from_utf8(extension.cat(path, who).unwrap()).unwrap()
}

#[test]
fn a_process_that_maps_the_file_that_is_read_is_shown_with_its_path() {
    let extension = serve(world(), &macfuse());
    let who = begin(&extension, 501, 60);
    let (maps, comm) = (own(&extension, who, "60/maps"), own(&extension, who, "60/comm"));
    map(&extension, who, &[maps, vnode(&extension, "/bin/other", 7), comm, maps]);
    let own_inode = |path| extension.node(path, who).unwrap();
    let text = cat(&extension, "60/maps", who);
    assert_eq!(text.lines().count(), 12, "{text}");
    assert_eq!(rows(&text, "/proc/60/maps"), ["00:00 0 /proc/60/maps"; 2]);
    // A busy machine may let the deadline of files that answer pass.
    until("the numbers of files that answer", || {
        let text = cat(&extension, "60/maps", who);
        let comm = format!("00:09 {} /proc/60/comm", own_inode("60/comm"));
        let all = rows(&text, "/bin/other") == ["00:09 7 /bin/other"];
        (all && rows(&text, "/proc/60/comm") == [comm]).then_some(())
    });
    // By another file, whose request does not lock it, the numbers are known.
    until("the numbers of the file that was read", || {
        let text = cat(&extension, "60/smaps", who);
        let row = format!("00:09 {} /proc/60/maps", own_inode("60/maps"));
        (rows(&text, "/proc/60/maps") == [row.clone(), row]).then_some(())
    });
    for file in ["60/maps", "60/task/vmmap", "60/smaps", "60/smaps_rollup", "60/task/vmmap.svg"] {
        let vnode = own(&extension, who, file);
        map(&extension, who, &[vnode]);
        assert!(!cat(&extension, file, who).is_empty(), "{file}");
    }
}

#[test]
fn two_readers_that_map_what_the_other_reads_do_not_wait_for_each_other() {
    let extension = serve(world(), &macfuse());
    let pair = [begin(&extension, 501, 60), begin(&extension, 501, 61)];
    let files = ["60/maps", "61/maps"];
    let vnodes = files.map(|file| own(&extension, pair[0], file));
    map(&extension, pair[0], &[vnodes[1], vnodes[0]]);
    map(&extension, pair[1], &[vnodes[0], vnodes[1]]);
    std::thread::scope(|scope| {
        for (who, file) in pair.into_iter().zip(files) {
            let extension = &extension;
            scope.spawn(move || {
                for _ in 0..10 {
                    // In small pieces, each a request of its own.
                    let node = extension.node(file, who).unwrap();
                    let handle = extension.open(node, who).unwrap();
                    let text = extension.read_to_end(node, handle, who, 64).unwrap();
                    extension.close(node, handle, who);
                    assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 6);
                }
            });
        }
    });
}

#[test]
fn files_that_answer_are_asked_once_for_a_piece_and_no_more() {
    let extension = serve(world(), &macfuse());
    let who = begin(&extension, 501, 60);
    let one = vnode(&extension, "/bin/one", 7);
    map(&extension, who, &[one, one, one, vnode(&extension, "/bin/two", 8), one]);
    let probes = || extension.model.count(Call::FileRegion);
    let regions = || extension.model.count(Call::RegionPathInfo);
    let before = (probes(), regions());
    assert_eq!(cat(&extension, "60/maps", who).lines().count(), 15);
    assert_eq!(probes() - before.0, 2);
    assert_eq!(regions() - before.1, 16, "each region, and the end");
}

#[test]
fn a_directory_that_does_not_answer_holds_a_link_up_no_longer_than_a_file_does() {
    let extension = serve(world(), &macfuse());
    let who = begin(&extension, 501, 60);
    let directory = vnode(&extension, "/net/gone", 12);
    extension.model.world(|world| {
        let info = world.vnode_mut(directory).unwrap().info;
        let paths = &mut world.process_mut(60).unwrap().paths;
        (paths.current, paths.current_path) = (info, "/net/gone".into());
    });
    let link = extension.node("60/cwd", who).unwrap();
    extension.model.lock_vnode(directory);
    // More often than threads may be left behind, or calls of a process be stuck: those would be
    // refused at once as well.
    for _ in 0..10 {
        assert_eq!(extension.read_link(link, who), Err(libc::EIO));
    }
    // All four that were left behind still hang, and nothing else does.
    extension.model.wait_until_hanging(4);
    extension.attributes(link, who).unwrap();
    assert!(!cat(&extension, "60/stat", who).is_empty());
    extension.model.unlock_vnode(directory);
    until("the directory to answer again", || {
        (extension.read_link(link, who).as_deref() == Ok("/net/gone")).then_some(())
    });
}

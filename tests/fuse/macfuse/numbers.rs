//! Node ids never take one item for another; inode numbers are of 32 bits.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use mach_procfs::fuse::{LINUX, Limits, MACFUSE};
use mach_procfs::kernel::xnu::{FileInfo, OpenFile, PortStatus, ThreadInfo, VnodeInfo};
use mach_procfs::model::Pid;
use mach_procfs::recording::{record, replay};
use xnu_model::{FileDetail, ModelFile, ModelPort, ModelProcess, Vnode, World, XnuModel};

use super::extension::{Extension, Set};
use super::worlds::{TARGET, begin, macfuse, on, root, serve, world};

/// Items that differ from one another by every power of two.
fn apart(first: u64, bits: u32) -> impl Iterator<Item = u64> {
    std::iter::once(first).chain((20..bits).map(move |bit| first + (1 << bit)))
}

fn many_items() -> World {
    let mut world = world();
    let pid = TARGET.cast_signed();
    let threads: Vec<(u64, ThreadInfo)> = apart(42, 40)
        .map(|id| {
            let name = format!("t{id}");
            (id, ThreadInfo { name: name.as_str().into(), ..ThreadInfo::default() })
        })
        .collect();
    let files: Vec<ModelFile> = apart(5, 24)
        .map(|number| {
            let info = VnodeInfo { kind: 1, nlink: 1, ino: number, ..VnodeInfo::default() };
            let path = format!("/file/{number}").into_bytes();
            let vnode = world.vnode(Vnode { info, path, ..Vnode::default() });
            let descriptor = i32::try_from(number).unwrap();
            ModelFile { descriptor, detail: FileDetail::Vnode(vnode, FileInfo::default()) }
        })
        .collect();
    let process = world.process_mut(pid).unwrap();
    process.threads = threads;
    process.files = files;
    // Each holds another number of messages.
    let ports = apart(0x307, 32).zip(1..).map(|(name, messages)| {
        let mut port = ModelPort::receiving(u32::try_from(name).unwrap());
        port.status = port.status.map(|status| PortStatus { messages, ..status });
        port
    });
    process.facts.ports = ports.collect();
    world
}

#[test]
fn threads_descriptors_and_ports_far_apart_show_their_own_data() {
    for rules in [LINUX, MACFUSE] {
        check_own_data(&serve(many_items(), &on(rules)));
    }
}

#[test]
fn threads_descriptors_and_ports_far_apart_show_their_own_data_in_a_replay() {
    let live = Arc::new(XnuModel::new(many_items()));
    let recording = record(&live, &[Pid::new(TARGET).unwrap()]);
    for rules in [LINUX, MACFUSE] {
        let replayed = replay(recording.clone(), 0, 0);
        let model = Arc::new(XnuModel::default());
        check_own_data(&Extension::over_kernel(replayed, model, &on(rules)));
    }
}

fn check_own_data(extension: &Extension) {
    let who = root(60);
    // All are looked up before the first is read.
    let threads: Vec<(u64, u64)> = apart(42, 40)
        .map(|id| (id, extension.node(&format!("500/task/{id}/comm"), who).unwrap()))
        .collect();
    for (id, node) in &threads {
        let handle = extension.open(*node, who).unwrap();
        let text = extension.read(*node, handle, who, 0, 4096).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), format!("t{id}\n"));
    }
    let links: Vec<(u64, u64)> = apart(5, 24)
        .map(|number| (number, extension.node(&format!("500/fd/{number}"), who).unwrap()))
        .collect();
    for (number, node) in &links {
        assert_eq!(extension.read_link(*node, who).unwrap(), format!("/file/{number}"));
    }
    let mut ids: HashSet<u64> = threads.iter().chain(&links).map(|(_, node)| *node).collect();
    assert_eq!(ids.len(), threads.len() + links.len());
    let ports = extension.node("500/task/ports", who).unwrap();
    let ports: Vec<u64> = apart(0x307, 32)
        .map(|name| extension.look_up(ports, &format!("{name:x}"), who).unwrap().0)
        .collect();
    for (port, messages) in ports.into_iter().zip(1..) {
        assert!(ids.insert(port));
        let file = extension.look_up(port, "msgcount", who).unwrap().0;
        let handle = extension.open(file, who).unwrap();
        let text = extension.read(file, handle, who, 0, 4096).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), format!("{messages}\n"));
    }
}

#[test]
fn a_node_of_an_item_is_gone_with_its_process_also_where_the_pid_is_used_again() {
    let extension = serve(many_items(), &macfuse());
    let who = root(1);
    let thread = extension.node("500/task/42", who).unwrap();
    let comm = extension.look_up(thread, "comm", who).unwrap().0;
    // Of the next process with this pid the thread has the same number.
    extension.model.world(|world| {
        let mut successor = world.process(TARGET.cast_signed()).unwrap().clone();
        // No low bits of the identity change.
        successor.unique.id_version += 1 << 20;
        world.reuse(TARGET.cast_signed(), successor);
    });
    assert_eq!(extension.attributes(thread, who), Err(libc::ENOENT));
    assert_eq!(extension.look_up(thread, "comm", who).unwrap_err(), libc::ENOENT);
    assert!(extension.open(comm, who).is_err());
    assert_ne!(extension.node("500/task/42", who).unwrap(), thread);
}

#[test]
fn an_item_keeps_its_number_until_all_its_look_ups_are_forgotten() {
    let extension = serve(many_items(), &macfuse());
    let who = begin(&extension, 0, 60);
    let task = extension.node("500/task", who).unwrap();
    let look_up = || extension.look_up(task, "42", who).unwrap().0;
    let thread = look_up();
    assert_eq!(look_up(), thread);
    extension.forget(thread, 1);
    assert!(extension.attributes(thread, who).is_ok());
    extension.forget(thread, 1);
    assert_eq!(extension.attributes(thread, who), Err(libc::ENOENT));
    assert_ne!(look_up(), thread, "no number comes twice");
}

#[test]
fn items_that_are_never_forgotten_are_bounded_and_those_of_the_dead_leave_first() {
    let mut world = many_items();
    for pid in [600, 601] {
        let mut process = ModelProcess::new(pid, "target").owned_by(0, 0);
        process.threads = (0..8).map(|id| (id, ThreadInfo::default())).collect();
        world.spawn(process);
    }
    let limits = Limits { items: 12, ..Limits::default() };
    let extension = serve(world, &Set { limits, ..macfuse() });
    let who = begin(&extension, 0, 60);
    let look_up = |pid, id| extension.node(&format!("{pid}/task/{id}"), who).unwrap();
    let is_known = |node: &u64| extension.attributes(*node, who).is_ok();
    let dead: Vec<u64> = (0..8).map(|id| look_up(600, id)).collect();
    let living: Vec<u64> = (0..4).map(|id| look_up(601, id)).collect();
    assert!(dead.iter().chain(&living).all(is_known));
    extension.model.world(|world| world.reap(600));
    let next = look_up(601, 4);
    assert!(living.iter().chain([&next]).all(is_known));

    // Where all live the oldest leave, but for what is open.
    let file = extension.node("601/task/0/stat", who);
    let file = file.or_else(|_| extension.node("601/task/0/comm", who)).unwrap();
    let handle = extension.open(file, who).unwrap();
    let text = extension.read(file, handle, who, 0, 4096).unwrap();
    let many: Vec<u64> = apart(42, 40).map(|id| look_up(TARGET, id)).collect();
    assert!(is_known(many.last().unwrap()));
    assert!(many.iter().filter(|node| is_known(node)).count() <= 12);
    assert!(living.iter().all(|node| !is_known(node)));
    assert!(is_known(&file));
    assert_eq!(extension.read(file, handle, who, 0, 4096).unwrap(), text);
}

/// What `find` and `ls -i` compare: the number in a listing, in `stat`, and those of the path above.
fn check_numbers(extension: &Extension, node: u64, above: &[u64], seen: &mut usize) {
    let who = root(60);
    let own = extension.attributes(node, who).unwrap().inode;
    assert!(own != 0 && u32::try_from(own).is_ok() && !above.contains(&own), "{own:x}");
    let path = [above, &[own]].concat();
    let Ok(entries) = extension.list(node, who) else { return };
    let mut here = HashMap::new();
    for entry in entries {
        assert!(entry.inode != 0 && u32::try_from(entry.inode).is_ok(), "{}", entry.name);
        match entry.name.as_str() {
            "." => assert_eq!(entry.inode, own),
            ".." => assert_eq!(entry.inode, above.last().copied().unwrap_or(own)),
            name => {
                let Ok((below, found)) = extension.look_up(node, name, who) else { continue };
                *seen += 1;
                let shown = extension.attributes(below, who).unwrap().inode;
                assert_eq!(shown, entry.inode, "{name}");
                assert!(!path.contains(&shown), "{name}");
                let before = here.insert(shown, name.to_owned());
                assert_eq!(before, None, "{name} has the number of another name here");
                if found.mode & libc::S_IFMT == libc::S_IFDIR {
                    check_numbers(extension, below, &path, seen);
                }
            }
        }
    }
}

#[test]
fn inode_numbers_are_of_32_bits_and_the_same_in_listings_and_attributes() {
    for rules in [LINUX, MACFUSE] {
        let extension = serve(many_items(), &on(rules));
        begin(&extension, 0, 60);
        let mut seen = 0;
        check_numbers(&extension, 1, &[], &mut seen);
        assert!(seen > 300, "{seen}");
    }
}

#[test]
fn a_number_that_was_forgotten_leads_nowhere_and_does_not_come_again() {
    const ITEMS: i32 = 1000;
    let mut world = world();
    let process = world.process_mut(TARGET.cast_signed()).unwrap();
    process.files = (0..ITEMS)
        .map(|descriptor| {
            let detail = FileDetail::Other(OpenFile::KQUEUE);
            ModelFile { descriptor, detail }
        })
        .collect();
    let extension = serve(world, &macfuse());
    let who = begin(&extension, 0, 60);
    let fd = extension.node("500/fd", who).unwrap();
    let mut last = 0;
    for descriptor in (0..ITEMS).chain(0..ITEMS) {
        let (node, _) = extension.look_up(fd, &descriptor.to_string(), who).unwrap();
        assert!(node > last);
        last = node;
        extension.forget(node, 1);
    }
    assert_eq!(extension.attributes(last, who), Err(libc::ENOENT));
}

//! Descriptors on files of our own mount. XNU asks the file system for their attributes, and the
//! extension holds the lock of a vnode while the request about it is served: an answer that waits for
//! this lock waits for itself, until the time that a client waits at most is over: it gets EIO then.

use mach_procfs::kernel::xnu::{FileInfo, VnodeInfo};
use mach_procfs::tree::Caller;
use xnu_model::{Call, FileDetail, ModelFile, Vnode, VnodeId};

use super::extension::Extension;
use super::worlds::{begin, macfuse, serve, world};

/// A process with descriptors on these paths of the mount, whose vnodes are tied to their nodes.
fn with_open(extension: &Extension, who: Caller, paths: &[&str]) -> Vec<VnodeId> {
    let vnodes = paths.iter().zip(3..).map(|(path, descriptor)| {
        let node = extension.node(path, who).unwrap();
        let vnode = extension.model.world(|world| {
            let info = VnodeInfo { dev: 9, ino: node, nlink: 1, kind: 2, ..VnodeInfo::default() };
            let path = format!("/proc/{path}").into_bytes();
            let vnode = world.vnode(Vnode { info, path, ..Vnode::default() });
            let process = world.process_mut(who.pid.cast_signed()).unwrap();
            process.files.push(ModelFile {
                descriptor,
                detail: FileDetail::Vnode(vnode, FileInfo { open_flags: 1, ..FileInfo::default() }),
            });
            vnode
        });
        extension.tie(node, vnode);
        vnode
    });
    vnodes.collect()
}

#[test]
fn ls_l_of_the_own_descriptors_answers_at_once() {
    let extension = serve(world(), &macfuse());
    let ls = begin(&extension, 501, 60);
    // ls has the directory open that it lists.
    with_open(&extension, ls, &["60/fd"]);
    let own = extension.look_up(1, "self", ls).unwrap().0;
    assert_eq!(extension.read_link(own, ls).unwrap(), "60");
    let fd = extension.node("60/fd", ls).unwrap();
    let names = extension.list(fd, ls).unwrap();
    assert_eq!(names.iter().filter(|entry| entry.name == "3").count(), 1);
    for entry in names.iter().filter(|entry| !entry.name.starts_with('.')) {
        let (link, found) = extension.look_up(fd, &entry.name, ls).unwrap();
        assert_eq!(found.mode & 0o777, 0o700);
        assert_eq!(extension.attributes(link, ls).unwrap().inode, entry.inode);
        let target = extension.read_link(link, ls).unwrap();
        // A busy machine may let the deadline pass.
        crate::common::until("the name of a file that answers", || {
            let again = || extension.read_link(link, ls).unwrap() == "/proc/60/fd";
            (target == "/proc/60/fd" || again()).then_some(())
        });
    }
}

#[test]
fn cat_of_the_own_fds_shows_the_file_that_is_read_without_its_name() {
    let extension = serve(world(), &macfuse());
    let cat = begin(&extension, 501, 60);
    with_open(&extension, cat, &["60/fds", "60/maps"]);
    let read = || String::from_utf8(extension.cat("60/fds", cat).unwrap()).unwrap();
    let text = read();
    assert!(text.lines().any(|line| line.contains("vnode:[unknown]")), "{text}");
    // A busy machine may let the deadline of the other file pass, too.
    crate::common::until("the name of a file that answers", || {
        let text = read();
        assert!(text.lines().any(|line| line.contains("vnode:[unknown]")), "{text}");
        text.contains("/proc/60/maps").then_some(())
    });
}

#[test]
fn walks_through_the_own_directory_answer_at_once() {
    // find and tar hold the directories above what they look at open, cp -r the file that it copies.
    let extension = serve(world(), &macfuse());
    let who = begin(&extension, 501, 60);
    let directories = ["60", "60/task", "60/fd", "60/fdinfo"];
    let files = ["60/fds", "60/maps", "60/comm", "60/stat"];
    with_open(&extension, who, &directories);
    with_open(&extension, who, &files);
    extension.model.world(|world| {
        let process = world.process_mut(60).unwrap();
        process.paths.current_path = "/proc/60".into();
    });
    let mut waits = 0;
    for directory in directories {
        let node = extension.node(directory, who).unwrap();
        for entry in extension.list(node, who).unwrap() {
            if entry.name.starts_with('.') {
                continue;
            }
            let (below, found) = extension.look_up(node, &entry.name, who).unwrap();
            extension.attributes(below, who).unwrap();
            match found.mode & libc::S_IFMT {
                libc::S_IFLNK => {
                    let target = extension.read_link(below, who);
                    assert_ne!(target, Err(libc::EIO), "{directory}/{}", entry.name);
                }
                libc::S_IFREG => {
                    let handle = extension.open(below, who).unwrap();
                    let read = extension.read_to_end(below, handle, who, 4096);
                    assert_ne!(read, Err(libc::EIO), "{directory}/{}", entry.name);
                    extension.close(below, handle, who);
                    waits += usize::from(entry.name == "fds");
                }
                _ => {}
            }
        }
    }
    assert_eq!(waits, 1);
}

#[test]
fn a_link_whose_file_never_answers_leads_nowhere_but_is_read_at_once() {
    let extension = serve(world(), &macfuse());
    let who = begin(&extension, 501, 60);
    let stuck = with_open(&extension, who, &["60/maps"])[0];
    extension.model.lock_vnode(stuck);
    let link = extension.node("60/fd/3", who).unwrap();
    let asked = || extension.model.count(Call::VnodeFile);
    let before = asked();
    for _ in 0..10 {
        assert_eq!(extension.read_link(link, who).unwrap(), "vnode:[unknown]");
    }
    // So many threads may be left behind; then no further one waits.
    assert_eq!(asked() - before, 4);
    extension.model.unlock_vnode(stuck);
    crate::common::until("the file to answer again", || {
        (extension.read_link(link, who).unwrap() == "/proc/60/maps").then_some(())
    });
}

//! The links to mapped files, of the tree over the Linux source, against the kernel's own.

use crate::common;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use common::target::Target;
use mach_procfs::kernel::linux::LinuxKernel;
use mach_procfs::model::{ErrorKind, Result};
use mach_procfs::tree::{Caller, Node, NodeType, Tree};

fn tree() -> Arc<Tree> {
    Tree::new(Arc::new(LinuxKernel::new().unwrap()), 0, 0)
}

fn caller() -> Caller {
    let uid = nix::unistd::geteuid().as_raw();
    let gid = nix::unistd::getegid().as_raw();
    Caller { uid, gid, pid: std::process::id() }
}

/// Mode, owner and text of each link, by its name.
type Links = BTreeMap<OsString, (u32, u32, u32, Vec<u8>)>;

fn kernels(pid: u32) -> Links {
    let directory = std::fs::read_dir(format!("/proc/{pid}/map_files")).unwrap();
    let link = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let stat = std::fs::symlink_metadata(&path).unwrap();
        let text = std::fs::read_link(&path).unwrap().into_os_string().into_vec();
        (path.file_name().unwrap().to_owned(), (stat.mode(), stat.uid(), stat.gid(), text))
    };
    directory.map(link).collect()
}

fn directory(tree: &Tree, pid: u32) -> Result<Node> {
    let path = format!("{pid}/map_files");
    tree.resolve(Path::new(&path), &caller()).map(|found| found.node)
}

fn ours(tree: &Tree, pid: u32) -> Links {
    let directory = directory(tree, pid).unwrap();
    let entries = tree.list(directory, &caller()).unwrap();
    assert!(entries.windows(2).all(|pair| pair[0].cookie < pair[1].cookie));
    let link = |entry: &mach_procfs::tree::Entry| {
        let name = OsStr::from_bytes(&entry.name.as_bytes()).to_owned();
        let found = tree.lookup(directory, &name, &caller()).unwrap();
        assert_eq!((found.node.inode(), found.node_type), (entry.inode, NodeType::Link));
        assert_eq!(found.node.parent(), directory);
        let stat = tree.attributes(found.node).unwrap();
        assert_eq!(stat.mode, found.mode);
        let text = tree.read_link(found.node, &caller()).unwrap();
        (name, (0o120_000 | u32::from(stat.mode), stat.owner.uid, stat.owner.gid, text))
    };
    entries.iter().map(link).collect()
}

fn assert_same(pid: u32) -> Links {
    let ours = ours(&tree(), pid);
    assert_eq!(ours, kernels(pid));
    ours
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.kind,
    }
}

#[test]
fn files_of_all_kinds() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, [0; 4 * 4096]).unwrap();
    let shown = path.display();
    let mut target = Target::stopped(&format!(
        "map file file {shown};map shared-file shared-file {shown};map anonymous shared;\
         map touched touched;stop;map more file /etc/passwd;stop"
    ));
    let odd = directory.path().join(OsStr::from_bytes(b"a (deleted)\n\\012\xff"));
    std::fs::rename(&path, &odd).unwrap();
    let all = assert_same(target.pid());
    let of = |links: &Links, label: &str| {
        let start = format!("{:x}-", target.places[label]);
        let link = links.iter().find(|(name, _)| name.as_bytes().starts_with(start.as_bytes()));
        link.map(|(_, (mode, _, _, text))| (*mode, text.clone()))
    };
    let named = odd.as_os_str().as_bytes().to_vec();
    assert_eq!(of(&all, "file"), Some((0o120_400, named.clone())));
    assert_eq!(of(&all, "shared-file"), Some((0o120_400, named.clone())));
    assert_eq!(of(&all, "anonymous"), Some((0o120_600, b"/dev/zero (deleted)".to_vec())));
    assert_eq!(of(&all, "touched"), None);
    std::fs::remove_file(&odd).unwrap();
    let all = assert_same(target.pid());
    let deleted = [named.as_slice(), b" (deleted)"].concat();
    assert_eq!(of(&all, "file"), Some((0o120_400, deleted)));
    target.next();
    assert_eq!(assert_same(target.pid()).len(), all.len() + 1);
}

#[test]
fn thousands_of_them() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), [0; 4096]).unwrap();
    let target = Target::stopped(&format!("mixed 10000 {};stop", file.path().display()));
    assert!(assert_same(target.pid()).len() > 4_000);
}

/// A region's name is that of its exact range, as the kernel writes it.
#[test]
fn other_names_lead_nowhere() {
    let target = Target::stopped("map file file /etc/passwd;map touched touched;stop;stop");
    let (tree, pid) = (tree(), target.pid());
    let directory = directory(&tree, pid).unwrap();
    let look = |name: &str| tree.lookup(directory, OsStr::new(name), &caller());
    let (file, touched) = (target.places["file"], target.places["touched"]);
    let end = |start: u64| start + 4 * 4096;
    assert!(look(&format!("{file:x}-{:x}", end(file))).is_ok());
    for name in [
        format!("{:x}-{:x}", file, end(file) + 4096),
        format!("{:x}-{:x}", file + 4096, end(file)),
        format!("0{file:x}-{:x}", end(file)),
        format!("{file:x}"),
        format!("{:x}-{:x}", touched, end(touched)),
        "0-1000".to_owned(),
        format!("{:x}-{:x}", u64::MAX - 1, u64::MAX),
        format!("{:x}-{:x}", end(file), file),
    ] {
        assert_eq!(kind(look(&name)), ErrorKind::NoSuchName, "{name}");
        assert!(std::fs::symlink_metadata(format!("/proc/{pid}/map_files/{name}")).is_err());
    }
}

/// A name that was looked up leads to nothing once its region is gone.
#[test]
fn what_was_unmapped_is_gone() {
    let mut target = Target::stopped("stop;exec sleep");
    let (tree, pid) = (tree(), target.pid());
    let directory = directory(&tree, pid).unwrap();
    let program = std::env::current_exe().unwrap().into_os_string().into_vec();
    let (name, _) = kernels(pid).into_iter().find(|(_, link)| link.3 == program).unwrap();
    let node = tree.lookup(directory, &name, &caller()).unwrap().node;
    assert_eq!(tree.read_link(node, &caller()), Ok(program));
    target.next_image();
    assert_eq!(kind(tree.attributes(node)), ErrorKind::NoSuchName);
    assert_eq!(kind(tree.read_link(node, &caller())), ErrorKind::NoSuchName);
    assert_same(pid);
}

#[test]
fn a_zombie_maps_nothing_and_what_is_gone_is_no_process() {
    let target = Target::stopped("stop");
    let (tree, pid) = (tree(), target.pid());
    let all = ours(&tree, pid);
    let node = directory(&tree, pid).unwrap();
    let (name, _) = all.first_key_value().unwrap();
    target.kill();
    // The directory of a zombie is root's.
    if nix::unistd::geteuid().is_root() {
        assert!(assert_same(pid).is_empty());
        assert_eq!(kind(tree.lookup(node, name, &caller())), ErrorKind::NoSuchName);
    }
    target.reap();
    assert_eq!(kind(tree.list(node, &caller())), ErrorKind::NoSuchProcess);
    assert_eq!(kind(tree.lookup(node, name, &caller())), ErrorKind::NoSuchProcess);
}

const NOBODY: u32 = 65534;

/// The daemon of a user without rights does not show a process as one that maps no files.
#[test]
fn a_user_is_refused() {
    if !common::is_root() {
        return;
    }
    let target = Target::stopped("stop");
    let refused = "refused as it should be";
    common::program::passes_as_nobody(module_path!(), NOBODY, target.pid(), refused);
}

#[test]
#[ignore = "started by the test above, as another user"]
fn as_nobody() {
    let Ok(target) = std::env::var("TARGET") else { return };
    let (tree, pid) = (tree(), target.parse::<u32>().unwrap());
    let root = Caller { uid: 0, gid: 0, pid: 1 };
    let node = tree.resolve(Path::new(&format!("{pid}/map_files")), &root).unwrap().node;
    for asker in [root, caller()] {
        assert_eq!(kind(tree.list(node, &asker)), ErrorKind::Denied);
        assert_eq!(kind(tree.lookup(node, OsStr::new("0-1000"), &asker)), ErrorKind::Denied);
    }
    // Its own process.
    assert_same(std::process::id());
    eprintln!("refused as it should be");
}

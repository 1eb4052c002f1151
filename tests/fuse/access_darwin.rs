//! Who sees what by Darwin's rule, over the model of XNU; and the adapter as macFUSE uses it, one
//! handle for all readers, on a real mount.

use crate::common;

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use common::served::{Served, five_regions};
use mach_procfs::fuse::MACFUSE;
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::xnu::ShortBsdInfo;
use mach_procfs::model::ErrorKind;
use mach_procfs::tree::{Caller, Tree};
use xnu_model::{ModelProcess, World, XnuModel};

const FILES: [&str; 3] = ["maps", "task/vmmap", "task/vmmap_r"];

/// What becomes of a process after its files were opened.
type Change = fn(&mut World);

fn with_ids(world: &mut World, uid: u32) {
    let process = world.process_mut(500).unwrap();
    *process = process.clone().owned_by(uid, uid);
    process.info.flags |= ShortBsdInfo::CHANGED_IDS;
}

fn exec(world: &mut World) {
    world.exec(500);
    five_regions(world, 500);
}

fn exec_set_uid(world: &mut World) {
    exec(world);
    let process = world.process_mut(500).unwrap();
    (process.info.uid, process.info.svuid) = (0, 0);
    process.info.flags |= ShortBsdInfo::CHANGED_IDS;
}

#[test]
fn who_sees_what_is_as_xnu_has_it() {
    let callers = [
        ("root", Caller { uid: 0, gid: 0, pid: 1 }, true),
        ("owner", Caller { uid: 501, gid: 501, pid: 1 }, true),
        ("owner of another group", Caller { uid: 501, gid: 20, pid: 1 }, true),
        ("other", Caller { uid: 502, gid: 502, pid: 1 }, false),
        ("other of the same group", Caller { uid: 502, gid: 501, pid: 1 }, false),
    ];
    // Change, whether the owner may see it after, and whether it is another image.
    let changes: [(&str, Change, bool, bool); 5] = [
        ("nothing", |_| (), true, false),
        ("changed its ids and back", |world| with_ids(world, 501), false, false),
        ("became another's", |world| with_ids(world, 502), false, false),
        ("executed", exec, true, true),
        ("executed a set-uid program", exec_set_uid, false, true),
    ];
    let mut cells = 0;
    for (change_name, change, owner_after, another) in changes {
        for (caller_name, caller, is_owner) in callers {
            for file in FILES {
                let cell = format!("{caller_name}, {change_name}, {file}");
                let mut world = World::default();
                world.spawn(ModelProcess::new(500, "target"));
                five_regions(&mut world, 500);
                let model = Arc::new(XnuModel::new(world));
                let tree = Tree::new(Arc::new(MachKernel::new(Arc::clone(&model))), 0, 0);
                let path = format!("500/{file}");
                let open = || {
                    let node = tree.resolve(Path::new(&path), &caller)?.node;
                    tree.open(node, &caller)
                };
                let early = open();
                let begun = open().map(|mut source| {
                    let mut text = Vec::new();
                    assert!(source.fill(&mut text, 1).unwrap());
                    (source, text)
                });
                assert_eq!(early.is_ok(), is_owner, "{cell}");
                model.world(change);

                let sees = caller.uid == 0 || (is_owner && owner_after);
                let mut late = Vec::new();
                let result = open().and_then(|mut source| source.fill(&mut late, usize::MAX));
                assert_eq!(result.is_ok(), sees, "{cell}");
                assert_eq!(late.is_empty(), !sees, "{cell}");
                let failed = |kind| matches!(kind, ErrorKind::Denied | ErrorKind::Vanished);
                if let Ok(mut source) = early {
                    let mut text = Vec::new();
                    // Opened and never read, it shows no other image either.
                    match source.fill(&mut text, usize::MAX) {
                        Ok(_) => assert!(sees && !another && text == late, "{cell}"),
                        Err(error) => assert!(failed(error.kind) && text.is_empty(), "{cell}"),
                    }
                }
                if let Ok((mut source, mut text)) = begun {
                    let before = text.clone();
                    match source.fill(&mut text, usize::MAX) {
                        Ok(_) => assert!(!another && text.starts_with(&before), "{cell}"),
                        Err(error) => assert!(failed(error.kind) && text == before, "{cell}"),
                    }
                }
                cells += 3;
            }
        }
    }
    assert_eq!(cells, 5 * 5 * 3 * 3);
}

/// A process of this user reads an open file that it has inherited.
fn read_as(user: u32, file: &File) -> Output {
    let file = file.try_clone().unwrap();
    Command::new("cat").stdin(file).uid(user).gid(user).current_dir("/").output().unwrap()
}

#[test]
fn one_handle_for_all_readers_shows_each_what_is_his() {
    if !common::is_root() {
        return;
    }
    let mut world = World::default();
    world.spawn(ModelProcess::new(500, "target"));
    five_regions(&mut world, 500);
    let Some(served) = Served::over(world, |options| options.rules = MACFUSE) else {
        return;
    };
    for name in FILES {
        let path = served.directory.path().join("500").join(name);
        // Each reader below is a process of its own and starts at the open file's position, which
        // they share: at its start, since each is shown all or nothing.
        let open = || File::open(&path).unwrap();
        let file = open();
        let owner = read_as(501, &file);
        assert!(owner.status.success(), "{owner:?}");
        assert_eq!(owner.stdout.split(|byte| *byte == b'\n').count(), 6);
        let file = open();
        let other = read_as(502, &file);
        assert!(!other.status.success() && other.stdout.is_empty(), "{name}: {other:?}");
        assert!(String::from_utf8_lossy(&other.stderr).contains("Permission denied"));
        // The refused one has moved nothing.
        assert!(read_as(501, &file).stdout == owner.stdout, "{name}");

        // Two readers of one handle, between whom the process maps more: each has its own content.
        use std::os::unix::fs::FileExt;
        let file = open();
        let mut mine = vec![0; 4096];
        let length = file.read_at(&mut mine, 0).unwrap();
        assert!(mine[..length] == owner.stdout[..], "{name}");
        served.model.world(|world| {
            let entry = xnu_model::Entry::new(0x2_0000_0000, 0x4000);
            world.enter(500, entry);
        });
        let later = read_as(501, &file);
        assert_eq!(later.stdout.split(|byte| *byte == b'\n').count(), 7, "{name}: {later:?}");
        let again = file.read_at(&mut mine[..10], 5).unwrap();
        assert!(mine[..again] == owner.stdout[5..15], "what one has read does not change");

        // It becomes somebody else's: nothing more of it, though the handle is open.
        let file = open();
        served.model.world(|world| with_ids(world, 502));
        let none = read_as(501, &file);
        assert!(!none.status.success() && none.stdout.is_empty(), "{name}: {none:?}");
        served.model.world(|world| {
            let process = world.process_mut(500).unwrap();
            *process = process.clone().owned_by(501, 501);
            process.info.flags &= !ShortBsdInfo::CHANGED_IDS;
            world.exec(500);
            five_regions(world, 500);
        });
    }
}

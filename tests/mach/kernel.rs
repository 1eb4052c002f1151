//! Processes and names from the Mach source.

use crate::common::mach as mach_common;

use std::time::{Duration, UNIX_EPOCH};

use mach_common::{PID, names, over, pid, regions, world};
use mach_procfs::kernel::xnu::{Errno, ShortBsdInfo, VnodeInfo};
use mach_procfs::kernel::{Callers, Detail, Kernel, OwnerKind, System};
use mach_procfs::model::{
    BackingKind, Code, Credentials, Device, ErrorKind, Ids, Pid, Region, Sharing,
};
use xnu_model::{Call, Entry, Fault, Mapped, ModelProcess, Vnode, World};

const PAGE: u64 = 16_384;

// ---- Processes ---------------------------------------------------------------------------------

fn numbers(pids: Vec<Pid>) -> Vec<u32> {
    pids.into_iter().map(Pid::number).collect()
}

#[test]
fn processes_ascend_with_zombies_and_the_kernel_among_them() {
    let mut world = world();
    world.spawn(ModelProcess::new(300, "c"));
    world.spawn(ModelProcess::new(400, "d"));
    world.become_zombie(400);
    let (_, kernel) = over(world);
    assert_eq!(numbers(kernel.processes().unwrap()), [0, 1, 300, 400, 500]);
}

#[test]
fn list_that_was_cut_off_silently_is_asked_for_again_with_more_room() {
    let (model, kernel) = over(world());
    // Many processes start between the estimate and the list.
    model.change_at(Call::ListAllPids, 2, |world| {
        for number in 1000..3000 {
            world.spawn(ModelProcess::new(number, "crowd"));
        }
    });
    assert_eq!(kernel.processes().unwrap().len(), 2003);
    assert!(model.count(Call::ListAllPids) <= 9);
}

#[test]
fn list_names_a_process_once_even_if_the_kernel_names_it_twice() {
    let mut world = world();
    world.spawn(ModelProcess::new(500, "again"));
    let (_, kernel) = over(world);
    assert_eq!(numbers(kernel.processes().unwrap()), [0, 1, 500]);
}

#[test]
fn list_without_memory_is_exhausted_and_any_other_failure_a_failure() {
    for (errno, kind) in [(Errno::NOMEM, ErrorKind::ResourceLimit), (Errno(5), ErrorKind::Failed)] {
        for number in [1, 2] {
            let (model, kernel) = over(world());
            model.at(Call::ListAllPids, number..=number, Fault::Errno(errno));
            let error = kernel.processes().unwrap_err();
            assert_eq!((error.kind, error.code), (kind, Code::Errno(errno.0)));
        }
    }
}

fn all(id: u32) -> Ids {
    Ids { real: id, effective: id, saved: id }
}

#[test]
fn process_owner_and_credentials() {
    let mut world = world();
    let target = world.process_mut(PID).unwrap();
    target.info.start_seconds = 1_700_000_000;
    target.info.start_microseconds = 250_000;
    target.info.ruid = 502;
    target.info.svgid = 20;
    target.info.flags |= ShortBsdInfo::CHANGED_IDS;
    let (_, kernel) = over(world);
    let started = UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
    let credentials = Credentials {
        uid: Ids { real: 502, ..all(501) },
        gid: Ids { saved: 20, ..all(501) },
        memory_owner: Some(501),
        changed_ids: true,
        ..Credentials::default()
    };
    assert_eq!(kernel.credentials(pid()).unwrap().1, credentials);
    let process = kernel.process(pid()).unwrap();
    assert_eq!((process.pid, process.parent, process.name), (pid(), 1, b"target".to_vec()));
    assert_eq!((process.started, process.credentials), (started, credentials));
    for owned in [OwnerKind::Process, OwnerKind::Memory] {
        let owner = kernel.owner(pid(), owned).unwrap();
        assert_eq!((owner.1.uid, owner.1.gid, owner.1.since), (501, 501, started));
    }
    assert_eq!(kernel.identity(pid()).unwrap().number(), 500);
    assert_eq!(kernel.system(), System::Darwin);
    assert!(kernel.metadata_may_sleep());
}

#[test]
fn another_users_process_is_described_too_but_for_its_start() {
    let mut world = world();
    world.caller.uid = 502;
    let (_, kernel) = over(world);
    let process = kernel.process(pid()).unwrap();
    assert_eq!((process.name, process.started), (b"target".to_vec(), UNIX_EPOCH));
    assert_eq!(process.credentials.uid, all(501));
    assert_eq!(kernel.owner(pid(), OwnerKind::Process).unwrap().1.uid, 501);
    assert_eq!(kernel.credentials(pid()).unwrap().1.uid, all(501));
    assert_eq!(kernel.identity(pid()).unwrap().number(), 500);
}

/// Root and the process's user get both by one call. Others need three, since the first is refused.
#[test]
fn identity_and_owner_are_one_call() {
    let started = UNIX_EPOCH + Duration::from_secs(3600);
    for (uid, calls, since) in [(0, 1, started), (501, 1, started), (502, 3, UNIX_EPOCH)] {
        let mut world = world();
        world.caller.uid = uid;
        let (model, kernel) = over(world);
        let before = model.count_all();
        let (identity, owner) = kernel.owner(pid(), OwnerKind::Process).unwrap();
        assert_eq!(model.count_all() - before, calls, "{uid}");
        assert_eq!(identity, kernel.identity(pid()).unwrap());
        assert_eq!((owner.uid, owner.gid, owner.since), (501, 501, since), "{uid}");
    }
}

#[test]
fn zombies_and_the_kernel_are_described() {
    let mut world = world();
    world.become_zombie(PID);
    let (_, kernel) = over(world);
    for (number, uid) in [(0, 0), (500, 501)] {
        let pid = Pid::new(number).unwrap();
        assert_eq!(kernel.process(pid).unwrap().credentials.uid, all(uid));
        assert_eq!(kernel.owner(pid, OwnerKind::Memory).unwrap().1.uid, uid);
        assert_eq!(kernel.credentials(pid).unwrap().1.uid, all(uid));
        assert!(kernel.identity(pid).is_ok());
    }
}

#[test]
fn free_pid_is_no_such_process_everywhere() {
    let mut world = world();
    world.caller.pid = 1;
    let (_, kernel) = over(world);
    let free = Pid::new(77).unwrap();
    let errors = [
        kernel.identity(free).map(|_| ()),
        kernel.owner(free, OwnerKind::Process).map(|_| ()),
        kernel.credentials(free).map(|_| ()),
        kernel.process(free).map(|_| ()),
        kernel.process_of_caller(77).map(|_| ()),
    ];
    for error in errors {
        let error = error.unwrap_err();
        assert_eq!((error.kind, error.pid), (ErrorKind::NoSuchProcess, Some(free)));
    }
}

#[test]
fn negative_idversion_is_an_identity_of_32_bits() {
    let mut world = world();
    world.process_mut(PID).unwrap().unique.id_version = -1;
    let (_, kernel) = over(world);
    assert_eq!(kernel.identity(pid()).unwrap().number(), u64::from(u32::MAX));
}

#[test]
fn caller_is_its_own_number_if_there_is_such_a_process() {
    let mut world = world();
    world.caller.pid = 1;
    let (_, kernel) = over(world);
    assert_eq!(kernel.process_of_caller(500).unwrap(), pid());
    for number in [0, 77, u32::MAX] {
        let error = kernel.process_of_caller(number).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NoSuchProcess);
    }
}

#[test]
fn alias_scan_is_switched_off_once_and_a_kernel_without_the_switch_serves_as_well() {
    let (model, _) = over(world());
    assert_eq!(model.count(Call::SetRegionInfoFlags), 1);
    let model = std::sync::Arc::new(xnu_model::XnuModel::new(world()));
    model.at(Call::SetRegionInfoFlags, 1..=1, Fault::Errno(Errno(2)));
    let kernel = mach_procfs::kernel::mach::MachKernel::new(model);
    assert!(regions(&kernel, Detail::Map).unwrap().is_empty());
}

// ---- Names -------------------------------------------------------------------------------------

fn tagged(page: u64, pages: u64, user_tag: u32, protection: u32) -> Entry {
    Entry { user_tag, protection, ..Entry::new(page * PAGE, pages * PAGE) }
}

fn named(world: World) -> Vec<String> {
    let (_, kernel) = over(world);
    let by_map = regions(&kernel, Detail::Map).unwrap();
    for region in &by_map {
        let kind = region.backing.kind;
        assert_eq!(kind == BackingKind::Anonymous, region.backing.name.is_empty());
        assert_eq!((region.backing.device, region.backing.inode), (Device::default(), 0));
        assert_eq!(region.backing.link_count, None);
    }
    names(&by_map)
}

#[test]
fn heap_is_writable_memory_of_malloc_realloc_and_sbrk() {
    let mut world = world();
    let tags = [1, 9, 10, 11, 13, 14];
    for (at, tag) in (1..).zip(tags) {
        world.enter(PID, tagged(2 * at, 1, tag, 3));
        world.enter(PID, tagged(2 * at + 1, 1, tag, 1));
    }
    let expected = [
        ["[heap]", "[anon:MALLOC]"],
        ["[heap]", "[anon:MALLOC_LARGE_REUSED]"],
        ["[anon:ANALYSIS_TOOL]", "[anon:ANALYSIS_TOOL]"],
        ["[heap]", "[anon:MALLOC_NANO]"],
        ["[heap]", "[anon:MALLOC_PROB_GUARD]"],
        ["[anon:14]", "[anon:14]"],
    ];
    assert_eq!(named(world), expected.concat());
}

#[test]
fn stack_is_what_stands_on_a_guard_of_a_mebibyte_at_least() {
    let stacks = |guard_pages: u64, gap: u64, guard_protection: u32| {
        let mut world = world();
        world.enter(PID, tagged(0x1000, guard_pages, 30, guard_protection));
        world.enter(PID, tagged(0x1000 + guard_pages + gap, 4, 30, 3));
        named(world)
    };
    let mebibyte = (1 << 20) / PAGE;
    assert_eq!(stacks(mebibyte, 0, 0), ["[anon:STACK]", "[stack]"]);
    assert_eq!(stacks(3000, 0, 0), ["[anon:STACK]", "[stack]"]);
    for none in [stacks(mebibyte - 1, 0, 0), stacks(mebibyte, 1, 0), stacks(mebibyte, 0, 1)] {
        assert_eq!(none, ["[anon:STACK]", "[anon:STACK]"]);
    }
}

/// libpthread wipes the string with the stack's place; and if it did not, it would not be read: it
/// costs a copy of the arguments at every walk.
#[test]
fn stack_is_not_looked_for_among_the_arguments() {
    let mut world = world();
    world.enter(PID, tagged(0x1000, 64, 30, 0));
    world.enter(PID, tagged(0x1040, 4, 30, 3));
    let (model, kernel) = over(world);
    assert_eq!(names(&regions(&kernel, Detail::Map).unwrap()), ["[anon:STACK]", "[stack]"]);
    assert_eq!(model.count(Call::ProcessArguments), 0);
}

#[test]
fn stack_of_the_own_process_is_where_the_kernel_says() {
    let mut world = world();
    world.enter(PID, tagged(0x1000, 1, 30, 0));
    world.enter(PID, tagged(0x1001, 4, 30, 3));
    world.enter(PID, tagged(0x2000, 64, 30, 0));
    world.enter(PID, tagged(0x2040, 4, 30, 3));
    world.caller.stack_top = Some(0x1005 * PAGE);
    let anonymous = "[anon:STACK]";
    // Another process's own answer says nothing about this one.
    let other = named(world.clone());
    assert_eq!(other, [anonymous, anonymous, anonymous, "[stack]"]);
    world.caller.pid = PID;
    assert_eq!(named(world.clone()), [anonymous, "[stack]", anonymous, anonymous]);
    // A kernel that does not say: back to the guard.
    world.caller.stack_top = None;
    assert_eq!(named(world), other);
}

#[test]
fn stack_rule_forgets_the_guard_when_the_walk_restarts() {
    let mut world = world();
    world.enter(PID, tagged(0x1000, 64, 30, 0));
    world.enter(PID, tagged(0x1040, 1, 30, 3));
    let (model, kernel) = over(world);
    let mut walk = mach_common::walk(&kernel, Detail::Map).unwrap();
    walk.next_region().unwrap();
    model.world(|world| world.unmap(PID, 0, 0x1040 * PAGE));
    walk.restart().unwrap();
    assert_eq!(walk.next_region().unwrap().unwrap().backing.name, b"[anon:STACK]");
}

#[test]
fn shared_cache_is_a_submap_tagged_32_or_35_and_no_other() {
    let mut world = world();
    let map = world.submap([Entry::new(0, PAGE)]);
    let mapped = Mapped::Submap { map, nested: true };
    for (at, tag) in (1..).zip([32, 35, 0, 1]) {
        let entry = Entry { mapped, inheritance: 0, ..tagged(2 * at, 1, tag, 3) };
        world.enter(PID, entry);
    }
    world.enter(PID, Entry { inheritance: 0, ..tagged(20, 1, 32, 3) });
    let (_, kernel) = over(world.clone());
    let found = regions(&kernel, Detail::Map).unwrap();
    // A submap is inherited by sharing, and all the same what is written there is one's own.
    let sharing: Vec<Sharing> = found.iter().map(|region| region.sharing).collect();
    assert_eq!(sharing[..4], [Sharing::Private; 4]);
    assert_eq!(sharing[4], Sharing::Shared);
    let expected =
        ["[dyld_shared_cache]", "[dyld_shared_cache]", "", "[anon:MALLOC]", "[anon:SHARED_PMAP]"];
    assert_eq!(named(world), expected);
}

#[test]
fn tags_without_a_constant_are_numbers() {
    let mut world = world();
    for (at, tag) in (1..).zip([22, 59, 107, 256, 4095]) {
        world.enter(PID, tagged(2 * at, 1, tag, 3));
    }
    let expected = ["[anon:22]", "[anon:59]", "[anon:107]", "[anon:256]", "[anon:4095]"];
    assert_eq!(named(world), expected);
}

fn file_region(vnode: Vnode, entry: Entry) -> Region {
    let mut world = world();
    let file = world.vnode(vnode);
    world.map_file(PID, entry, file);
    let (_, kernel) = over(world);
    regions(&kernel, Detail::Map).unwrap().remove(0)
}

#[test]
fn file_has_its_path_device_inode_and_offset_whatever_its_tag() {
    let info =
        VnodeInfo { dev: 0x0112_3456, ino: 1 << 61, nlink: 1, kind: 1, ..VnodeInfo::default() };
    let vnode = Vnode { info, path: b"/a b\n(deleted)".to_vec(), ..Vnode::default() };
    let entry = Entry { user_tag: 1, offset: 3 * PAGE, ..Entry::new(PAGE, PAGE) };
    let found = file_region(vnode, entry);
    assert_eq!(found.backing.kind, BackingKind::File);
    assert_eq!(found.backing.name, b"/a b\n(deleted)");
    assert_eq!(found.backing.device, Device { major: 1, minor: 0x12_3456 });
    assert_eq!((found.backing.inode, found.offset), (1 << 61, 3 * PAGE));
    assert!(!found.backing.is_deleted());
}

#[test]
fn deleted_file_keeps_its_path_and_a_denied_stat_deletes_nothing() {
    let named = |nlink, kind| {
        let info = VnodeInfo { dev: 1, ino: 5, nlink, kind, ..VnodeInfo::default() };
        let path = b"/f".to_vec();
        file_region(Vnode { info, path, ..Vnode::default() }, Entry::new(PAGE, PAGE)).backing
    };
    assert_eq!(named(0, 1).link_count, Some(0));
    assert_eq!(named(2, 1).link_count, Some(2));
    assert_eq!(named(0, 0).link_count, None);
    let denied = Vnode { path: b"/f".to_vec(), ..Vnode::default() };
    let denied = file_region(denied, Entry::new(PAGE, PAGE)).backing;
    assert_eq!((denied.kind, denied.name.as_slice()), (BackingKind::File, &b"/f"[..]));
    assert_eq!((denied.inode, denied.link_count), (0, None));
}

#[test]
fn file_without_path_is_a_file_by_its_numbers() {
    let info = VnodeInfo { dev: 0x0100_000f, ino: 9, nlink: 1, kind: 1, ..VnodeInfo::default() };
    let found = file_region(Vnode { info, ..Vnode::default() }, Entry::new(PAGE, PAGE));
    assert_eq!((found.backing.kind, found.backing.name.len()), (BackingKind::File, 0));
    assert_eq!(found.backing.inode, 9);
}

#[test]
fn path_of_more_than_1023_bytes_is_cut_by_the_kernel_and_kept_as_it_comes() {
    let info = VnodeInfo { ino: 9, nlink: 1, kind: 1, ..VnodeInfo::default() };
    let path = vec![b'\xff'; 2000];
    let found = file_region(Vnode { info, path, ..Vnode::default() }, Entry::new(PAGE, PAGE));
    assert_eq!(found.backing.name, vec![b'\xff'; 1023]);
}

#[test]
fn names_of_one_region_do_not_stick_to_the_next() {
    let mut world = world();
    let info = VnodeInfo { dev: 3, ino: 9, nlink: 0, kind: 1, ..VnodeInfo::default() };
    let file = world.vnode(Vnode { info, path: b"/long/path".to_vec(), ..Vnode::default() });
    world.map_file(PID, Entry { inheritance: 0, ..Entry::new(PAGE, PAGE) }, file);
    world.enter(PID, Entry::new(2 * PAGE, PAGE));
    world.enter(PID, tagged(3, 1, 21, 3));
    world.enter(PID, Entry::new(4 * PAGE, PAGE));
    let (_, kernel) = over(world);
    let found = regions(&kernel, Detail::Map).unwrap();
    assert_eq!(names(&found), ["/long/path", "", "[anon:IOKIT]", ""]);
    assert!(found[1].backing == found[3].backing && found[1].backing.link_count.is_none());
}

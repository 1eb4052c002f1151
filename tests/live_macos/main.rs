//! On a Mac only: the walk over real processes, held against other descriptions of the same memory.
//! Needs no root, and macFUSE only where it is built to mount. Elsewhere `scripts/dev/check-darwin`
//! compiles and links it.
#![cfg(target_os = "macos")]
#![allow(unsafe_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod child;
mod facts;
mod limits;
mod witness;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::sync::Arc;

use mach_procfs::kernel::{self, Detail, Kernel, OwnerKind, Walk};
use mach_procfs::model::{ErrorKind, Pid, Protection, Region, Sharing};

use child::{Mapped, MappedChild};
use witness::Row;

fn xnu() -> Arc<dyn Kernel> {
    kernel::host().unwrap()
}

fn pid_of(number: u32) -> Pid {
    Pid::new(number).unwrap()
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
}

fn walk(kernel: &dyn Kernel, pid: Pid, detail: Detail) -> Box<dyn Walk> {
    kernel.regions(pid, kernel.identity(pid).unwrap(), detail).unwrap()
}

/// All regions, which must ascend and not overlap.
fn regions(kernel: &dyn Kernel, pid: Pid, detail: Detail) -> Vec<Region> {
    let mut walk = walk(kernel, pid, detail);
    let mut all: Vec<Region> = Vec::new();
    while let Some(region) = walk.next_region().unwrap() {
        assert!(region.start < region.end, "{region:?}");
        if let Some(last) = all.last() {
            assert!(last.end <= region.start, "{last:?} {region:?}");
        }
        all.push(region.clone());
    }
    all
}

fn within<'a>(regions: &'a [Region], mapped: &Mapped) -> Vec<&'a Region> {
    regions.iter().filter(|r| r.start < mapped.end && mapped.start < r.end).collect()
}

/// This program maps and unmaps memory while it looks at itself. What the witness sees in the
/// same way before and after was there in between, and the walk must have it.
#[test]
fn own_regions_are_what_mach_vm_region_says() {
    let kernel = xnu();
    let before: BTreeSet<Row> = witness::rows().into_iter().collect();
    let seen = regions(&*kernel, Pid::this(), Detail::Attributes);
    let after: BTreeSet<Row> = witness::rows().into_iter().collect();
    let seen: BTreeSet<Row> = seen.iter().map(Row::of_region).collect();
    let steady: Vec<&Row> = before.intersection(&after).collect();
    assert!(steady.len() > 10, "{} steady regions", steady.len());
    for row in steady {
        assert!(seen.contains(row), "not in the walk: {row:x?}");
    }
}

#[test]
fn own_walk_enters_the_shared_cache() {
    let kernel = xnu();
    let leaves = regions(&*kernel, Pid::this(), Detail::Pages);
    assert!(leaves.iter().any(|region| region.depth > 0), "no region inside a submap");
    assert!(leaves.iter().all(|region| !region.submap), "a submap that was not entered");
    let top_level = regions(&*kernel, Pid::this(), Detail::Attributes);
    assert!(top_level.iter().any(|region| region.submap), "no submap");
}

/// A library that is in the shared cache only: dyld says of an address in it what `maps` says.
#[test]
fn own_map_names_the_libraries_of_the_shared_cache() {
    let kernel = xnu();
    let regions = regions(&*kernel, Pid::this(), Detail::Map);
    assert!(regions.iter().all(|region| !region.submap), "a submap that was not entered");
    let code = libc::getpid as *const () as u64;
    let found = regions.iter().find(|region| (region.start..region.end).contains(&code)).unwrap();
    assert!(found.protection.contains(Protection::READ.union(Protection::EXECUTE)), "{found:?}");
    assert_eq!(found.backing.name, b"/usr/lib/system/libsystem_kernel.dylib");
    assert_eq!(found.backing.link_count, None);
    let named = regions
        .iter()
        .filter(|region| region.depth > 0 && region.backing.name.starts_with(b"/usr/lib/"));
    assert!(named.count() > 10, "libSystem alone has more libraries");
}

/// Without a task port: a function of libSystem is at the same address in a child.
#[test]
fn the_shared_cache_names_libsystem_in_this_process_and_in_a_child() {
    let kernel = xnu();
    let code = libc::getpid as *const () as u64;
    let child = MappedChild::start();
    // On Intel nothing shows that the child has the same version of the cache.
    let others = if cfg!(target_arch = "aarch64") { vec![child.pid()] } else { vec![] };
    for pid in [Pid::this()].into_iter().chain(others) {
        let mut walk =
            kernel.darwin().unwrap().libraries(pid, kernel.identity(pid).unwrap()).unwrap();
        let mut found = None;
        while let Some(piece) = walk.next_region().unwrap() {
            assert!(!piece.submap || piece.backing.is_shared_cache(), "{piece:?}");
            if (piece.start..piece.end).contains(&code) {
                found = Some(piece.clone());
            }
        }
        walk.confirm().unwrap();
        let found = found.unwrap();
        assert_eq!(found.backing.name, b"/usr/lib/system/libsystem_kernel.dylib", "{pid}");
        assert!(
            found.protection.contains(Protection::READ.union(Protection::EXECUTE)),
            "{found:?}"
        );
    }
}

#[test]
fn own_code_and_stack_are_named() {
    let kernel = xnu();
    let regions = regions(&*kernel, Pid::this(), Detail::Map);
    let program = std::env::current_exe().unwrap().canonicalize().unwrap();
    let code = own_code_and_stack_are_named as *const () as u64;
    let found = regions.iter().find(|region| (region.start..region.end).contains(&code)).unwrap();
    assert!(found.protection.contains(Protection::READ.union(Protection::EXECUTE)), "{found:?}");
    assert_eq!(found.backing.name, program.as_os_str().as_encoded_bytes());
    assert_eq!(found.backing.inode, program.metadata().unwrap().ino());
    let stacks = regions.iter().filter(|region| region.backing.name == b"[stack]").count();
    assert_eq!(stacks, 1);
}

#[test]
fn a_child_s_file_is_told_with_offset_device_and_inode() {
    let kernel = xnu();
    let child = MappedChild::start();
    let mapped = &child.mapped("file");
    let regions = regions(&*kernel, child.pid(), Detail::Map);
    let [found] = within(&regions, mapped)[..] else { panic!("one region of {mapped:x?}") };
    let meta = child.file().metadata().unwrap();
    assert_eq!((found.start, found.end), (mapped.start, mapped.end));
    assert_eq!(found.protection, Protection::READ);
    assert_eq!(found.sharing, Sharing::Private);
    assert_eq!(found.offset, child::page());
    assert_eq!(found.backing.name, child.file().as_os_str().as_encoded_bytes());
    assert_eq!(found.backing.inode, meta.ino());
    let device = found.backing.device;
    assert_eq!(u64::from(device.major << 24 | device.minor), meta.dev() & 0xFFFF_FFFF);
    assert_eq!(found.backing.link_count, Some(1));
}

#[test]
fn a_child_s_deleted_file_keeps_its_name() {
    let kernel = xnu();
    let child = MappedChild::start();
    let regions = regions(&*kernel, child.pid(), Detail::Map);
    let [found] = within(&regions, &child.mapped("deleted"))[..] else { panic!("{regions:?}") };
    assert!(found.backing.is_deleted(), "{found:?}");
    assert!(found.backing.name.ends_with(b"/deleted"), "{found:?}");
}

#[test]
fn a_child_s_shared_memory_is_shared() {
    let kernel = xnu();
    let child = MappedChild::start();
    let mapped = child.mapped("shared");
    let regions = regions(&*kernel, child.pid(), Detail::Map);
    let found = within(&regions, &mapped);
    assert!(!found.is_empty());
    assert!(found.iter().all(|region| region.sharing == Sharing::Shared), "{found:?}");
}

#[test]
fn a_child_s_guard_page_is_a_region_without_access() {
    let kernel = xnu();
    let child = MappedChild::start();
    let mapped = child.mapped("guard");
    let regions = regions(&*kernel, child.pid(), Detail::Map);
    let found = within(&regions, &mapped);
    let read_write = Protection::READ.union(Protection::WRITE);
    let protections: Vec<Protection> = found.iter().map(|region| region.protection).collect();
    assert_eq!(protections, [read_write, Protection::NONE, read_write]);
    assert_eq!(found[1].start, mapped.start + child::page());
    assert_eq!(found[1].size(), child::page());
    assert!(found.iter().all(|r| r.backing.name == b"[anon:APPLICATION_SPECIFIC_1]"), "{found:?}");
}

#[test]
fn a_child_s_70_000_regions_are_all_there() {
    let kernel = xnu();
    let child = MappedChild::start();
    let mapped = child.mapped("many");
    let regions = regions(&*kernel, child.pid(), Detail::Attributes);
    let found = within(&regions, &mapped);
    assert_eq!(found.len(), child::MANY);
    for (region, index) in found.iter().zip(0u64..) {
        let expected = if index % 2 == 0 { Protection::READ } else { Protection::NONE };
        assert_eq!(region.start, mapped.start + index * child::page());
        assert_eq!((region.size(), region.protection), (child::page(), expected));
    }
}

#[test]
fn cat_prints_a_child_s_map() {
    let child = MappedChild::start();
    let output = program().arg("cat").arg(format!("{}/maps", child.pid())).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let many = child.mapped("many");
    let lines: Vec<&[u8]> = output.stdout.split(|byte| *byte == b'\n').collect();
    let starts = lines.iter().filter_map(|line| {
        let start = line.split(|byte| *byte == b'-').next()?;
        u64::from_str_radix(str::from_utf8(start).ok()?, 16).ok()
    });
    assert_eq!(starts.filter(|start| (many.start..many.end).contains(start)).count(), child::MANY);
    let file = child.file();
    assert!(lines.iter().any(|line| line.ends_with(file.as_os_str().as_encoded_bytes())));
    assert!(lines.iter().any(|line| line.ends_with(b"/deleted (deleted)")));
}

/// A mount that ends with its test.
struct Mount(tempfile::TempDir);

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = program().arg("umount").arg(self.0.path()).status();
    }
}

#[test]
#[cfg_attr(not(feature = "mount"), ignore = "needs macFUSE, and the feature `mount`")]
fn a_mount_serves_what_cat_prints() {
    let child = MappedChild::start();
    let mount = Mount(tempfile::tempdir().unwrap());
    assert!(program().arg("mount").arg(mount.0.path()).status().unwrap().success());
    for file in ["maps", "task/vmmap"] {
        let path = format!("{}/{file}", child.pid());
        let mounted = std::fs::read(mount.0.path().join(&path)).unwrap();
        let printed = program().arg("cat").arg(&path).output().unwrap().stdout;
        assert!(mounted == printed, "{path}: {} and {} bytes", mounted.len(), printed.len());
    }
}

#[test]
fn a_process_is_described() {
    let kernel = xnu();
    let pid = Pid::this();
    let process = kernel.process(pid).unwrap();
    // SAFETY: takes nothing and cannot fail.
    let (uid, gid) = unsafe { (libc::getuid(), libc::getgid()) };
    assert_eq!(process.parent, std::os::unix::process::parent_id());
    assert_eq!((process.credentials.uid.real, process.credentials.gid.real), (uid, gid));
    assert!(!process.credentials.changed_ids);
    assert_eq!(
        kernel.owner(pid, OwnerKind::Memory).unwrap().1.uid,
        process.credentials.uid.effective
    );
    assert!(process.started.elapsed().is_ok());
    let pids = kernel.processes().unwrap();
    assert!(pids.is_sorted() && pids.contains(&pid) && pids.contains(&pid_of(1)));
}

/// Apple's own programs are protected from task ports, not from `proc_info`.
#[test]
fn an_exec_ends_the_walk_of_an_apple_program() {
    let kernel = xnu();
    let mut shell = Command::new("/bin/sh")
        .args(["-c", "echo ready; read line; exec /bin/cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = pid_of(shell.id());
    let mut input = shell.stdin.take().unwrap();
    let mut output = BufReader::new(shell.stdout.take().unwrap()).lines();
    assert_eq!(output.next().unwrap().unwrap(), "ready");
    let identity = kernel.identity(pid).unwrap();
    let mut walk = kernel.regions(pid, identity, Detail::Map).unwrap();
    assert!(walk.next_region().unwrap().is_some());

    // What cat writes back, it writes after the exec.
    input.write_all(b"go\nback\n").unwrap();
    assert_eq!(output.next().unwrap().unwrap(), "back");
    assert_ne!(kernel.identity(pid).unwrap(), identity);
    let stale = kernel.regions(pid, identity, Detail::Map).map(|_| ()).unwrap_err();
    assert_eq!(stale.kind, ErrorKind::Replaced);
    let ended = loop {
        match walk.next_region() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("rows of two images as one map"),
            Err(error) => break error,
        }
    };
    assert_eq!(ended.kind, ErrorKind::Vanished, "{ended}");
    drop(input);
    shell.wait().unwrap();
}

#[test]
fn a_death_ends_the_walk_and_leaves_a_zombie_without_regions() {
    let kernel = xnu();
    let mut child = MappedChild::start();
    let pid = child.pid();
    let mut walk = walk(&*kernel, pid, Detail::Map);
    assert!(walk.next_region().unwrap().is_some());
    child.kill_and_leave_zombie();
    let ended = walk.next_region().map(|_| ()).unwrap_err();
    assert_eq!(ended.kind, ErrorKind::Vanished, "{ended}");
    assert!(regions(&*kernel, pid, Detail::Map).is_empty());
    child.reap();
    assert_eq!(kernel.identity(pid).unwrap_err().kind, ErrorKind::NoSuchProcess);
}

/// Root sees every process but the kernel; anybody else only their own.
#[test]
fn launchd_is_root_s() {
    let kernel = xnu();
    let answer = kernel
        .regions(pid_of(1), kernel.identity(pid_of(1)).unwrap(), Detail::Map)
        .and_then(|mut walk| walk.next_region().map(|region| region.is_some()));
    // SAFETY: takes nothing and cannot fail.
    if unsafe { libc::geteuid() } == 0 {
        assert!(answer.unwrap());
    } else {
        assert_eq!(answer.unwrap_err().kind, ErrorKind::Denied);
    }
}

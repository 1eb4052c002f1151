//! The Linux source's answers about open files and links, against the kernel's own.

use crate::common;

use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use common::target::{Started, Target};
use mach_procfs::kernel::{Kernel, LinkTo, linux::LinuxKernel};
use mach_procfs::model::{Descriptor, DescriptorKind, Error, ErrorKind, Extent, Pid, Visibility};

const NOBODY: u32 = 65534;
const LINKS: [(LinkTo, &str); 3] =
    [(LinkTo::Executable, "exe"), (LinkTo::Current, "cwd"), (LinkTo::Root, "root")];

fn kernel() -> LinuxKernel {
    LinuxKernel::new().unwrap()
}

fn pid(target: &Target) -> Pid {
    Pid::new(target.pid()).unwrap()
}

fn own_link(path: &str) -> Vec<u8> {
    std::fs::read_link(format!("/proc/{path}")).unwrap().as_os_str().as_bytes().to_vec()
}

/// As the kernel's own files describe it.
fn own(target: &Target, number: u32) -> Descriptor {
    let info = std::fs::read_to_string(format!("/proc/{}/fdinfo/{number}", target.pid())).unwrap();
    let value = |key: &str| info.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim();
    let path = own_link(&format!("{}/fd/{number}", target.pid()));
    let kind = match &path {
        path if path.starts_with(b"/") => DescriptorKind::Vnode,
        path if path.starts_with(b"socket:") => DescriptorKind::Socket,
        path if path.starts_with(b"pipe:") => DescriptorKind::Pipe,
        _ => DescriptorKind::Other,
    };
    Descriptor {
        number,
        kind,
        target: path,
        flags: Some(u32::from_str_radix(value("flags:"), 8).unwrap()),
        offset: Some(value("pos:").parse().unwrap()),
        detail: Vec::new(),
    }
}

fn assert_all_the_same(target: &Target) -> Vec<Descriptor> {
    let directory = std::fs::read_dir(format!("/proc/{}/fd", target.pid())).unwrap();
    let number = |name: std::ffi::OsString| -> u32 { name.to_str().unwrap().parse().unwrap() };
    let mut theirs: Vec<u32> = directory.map(|entry| number(entry.unwrap().file_name())).collect();
    theirs.sort_unstable();
    let numbers = kernel().descriptors(pid(target)).unwrap();
    assert_eq!(numbers, theirs);
    let one = |number| {
        let descriptor = kernel().descriptor(pid(target), number).unwrap();
        assert_eq!(descriptor, own(target, number));
        descriptor
    };
    numbers.into_iter().map(one).collect()
}

#[test]
fn files_of_every_kind() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, [0; 1000]).unwrap();
    let shown = path.display();
    let target = Target::stopped(&format!(
        "keep file {shown};keep gone {shown};keep directory /;pipe pipe;socket socket;\
         epoll epoll;keep namespace /proc/self/ns/mnt;stop"
    ));
    let odd = directory.path().join(std::ffi::OsStr::from_bytes(b"a (deleted)\n\xff"));
    std::fs::rename(&path, &odd).unwrap();
    let all = assert_all_the_same(&target);
    let kind = |label: &str| {
        let number = u32::try_from(target.places[label]).unwrap();
        all.iter().find(|descriptor| descriptor.number == number).unwrap().kind
    };
    assert_eq!((kind("file"), kind("directory")), (DescriptorKind::Vnode, DescriptorKind::Vnode));
    assert_eq!((kind("pipe"), kind("socket")), (DescriptorKind::Pipe, DescriptorKind::Socket));
    assert_eq!((kind("epoll"), kind("namespace")), (DescriptorKind::Other, DescriptorKind::Other));
    std::fs::remove_file(&odd).unwrap();
    let all = assert_all_the_same(&target);
    assert!(all.iter().any(|descriptor| descriptor.target.ends_with(b"\n\xff (deleted)")));
}

/// A target has nothing open that the tests have inherited from what started them.
#[test]
fn a_target_inherits_nothing() {
    // A copy is not close-on-exec.
    let inherited = nix::unistd::dup(std::fs::File::open("/").unwrap()).unwrap();
    let target = Target::stopped("stop");
    drop(inherited);
    assert_eq!(kernel().descriptors(pid(&target)).unwrap(), [0, 1, 2]);
}

#[test]
fn a_thousand_of_them() {
    let target = Target::stopped("descriptors 990;stop");
    assert!(assert_all_the_same(&target).len() > 990);
}

#[test]
fn links_lead_where_the_kernels_do() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("a program)");
    common::program::copy("/bin/sleep", &program);
    let child = Started::new(Command::new(&program).arg("1000").current_dir(directory.path()));
    let pid = Pid::new(child.pid()).unwrap();
    let check = || {
        for (to, name) in LINKS {
            let link = kernel().link(pid, to).unwrap();
            assert_eq!(link, own_link(&format!("{pid}/{name}")), "{name}");
        }
    };
    check();
    drop(directory);
    check();
    assert!(kernel().link(pid, LinkTo::Executable).unwrap().ends_with(b"/a program) (deleted)"));
    assert!(kernel().link(pid, LinkTo::Current).unwrap().ends_with(b" (deleted)"));
}

fn kind<T>(result: Result<T, Error>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.kind,
    }
}

#[test]
fn what_is_closed_or_of_a_zombie_has_no_name_and_what_is_gone_is_no_process() {
    let kernel = kernel();
    let target = Target::stopped("stop");
    let pid = pid(&target);
    assert_eq!(kind(kernel.descriptor(pid, 1_000_000)), ErrorKind::NoSuchName);
    assert_eq!(kind(kernel.descriptor(pid, u32::MAX)), ErrorKind::NoSuchName);
    target.kill();
    for (to, _) in LINKS {
        assert_eq!(kind(kernel.link(pid, to)), ErrorKind::NoSuchName);
    }
    // The directory of a zombie is root's, and root's alone to enter.
    if nix::unistd::geteuid().is_root() {
        assert!(kernel.descriptors(pid).unwrap().is_empty());
        assert_eq!(kind(kernel.descriptor(pid, 0)), ErrorKind::NoSuchName);
    } else {
        assert_eq!(kind(kernel.descriptors(pid)), ErrorKind::Denied);
        assert_eq!(kind(kernel.descriptor(pid, 0)), ErrorKind::Denied);
    }
    target.reap();
    for (to, _) in LINKS {
        assert_eq!(kind(kernel.link(pid, to)), ErrorKind::NoSuchProcess);
    }
    assert_eq!(kind(kernel.descriptors(pid)), ErrorKind::NoSuchProcess);
    assert_eq!(kind(kernel.descriptor(pid, 0)), ErrorKind::NoSuchProcess);
}

/// A daemon of a user without rights is refused by the kernel, and says so.
#[test]
fn a_user_is_refused() {
    if !common::is_root() {
        return;
    }
    let target = Target::stopped("stop");
    common::program::passes_as_nobody(
        module_path!(),
        NOBODY,
        target.pid(),
        "refused as it should be",
    );
}

#[test]
#[ignore = "started by the test above, as another user"]
fn as_nobody() {
    let Ok(target) = std::env::var("TARGET") else { return };
    let pid = Pid::from_name(target.as_bytes()).unwrap();
    let kernel = kernel();
    for (to, _) in LINKS {
        assert_eq!(kind(kernel.link(pid, to)), ErrorKind::Denied);
    }
    assert_eq!(kind(kernel.descriptors(pid)), ErrorKind::Denied);
    assert_eq!(kind(kernel.descriptor(pid, 0)), ErrorKind::Denied);
    let account = kernel.process_info(pid, Visibility::Full, Extent::Whole).unwrap();
    assert_eq!(account.wait_channel, None);
    let arguments = kernel.arguments(pid, Visibility::Full).unwrap();
    assert!(!arguments.arguments.is_empty() && arguments.environment.is_empty());
    eprintln!("refused as it should be");
}

/// Those of one opened with `O_PATH` or with access mode 3 allow nothing.
#[test]
fn links_have_the_permissions_of_the_kernels() {
    use nix::fcntl::{OFlag, open};
    use nix::sys::stat::Mode;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    let file = tempfile::NamedTempFile::new().unwrap();
    let three = OFlag::from_bits_retain(3);
    for (flags, expected) in [
        (OFlag::O_RDONLY, 0),
        (OFlag::O_WRONLY, 1),
        (OFlag::O_RDWR, 2),
        (OFlag::O_PATH, 3),
        (three, 3),
    ] {
        let opened = open(file.path(), flags | OFlag::O_CLOEXEC, Mode::empty()).unwrap();
        let number = u32::try_from(opened.as_raw_fd()).unwrap();
        assert_eq!(kernel().descriptor_flags(Pid::this(), number), Ok(Some(expected)));
        let tree = mach_procfs::tree::Tree::new(std::sync::Arc::new(kernel()), 0, 0);
        let path = format!("{}/fd/{number}", std::process::id());
        let root = mach_procfs::tree::Caller { uid: 0, gid: 0, pid: std::process::id() };
        let uid = nix::unistd::geteuid().as_raw();
        let caller =
            mach_procfs::tree::Caller { uid, gid: nix::unistd::getegid().as_raw(), ..root };
        let mode = tree.resolve(std::path::Path::new(&path), &caller).unwrap().mode;
        let kernels = std::fs::symlink_metadata(format!("/proc/{path}")).unwrap().mode();
        assert_eq!(u32::from(mode), kernels & 0o777, "{flags:?}");
    }
}

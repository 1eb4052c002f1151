//! Paths on the command line: links, and paths of mounts and of `/proc`.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Command, Output, Stdio};

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::common::program::{err, out, run};
use super::common::target::Target;

const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/arm64.json");

fn text(output: &Output) -> String {
    assert!(output.status.success() && output.stderr.is_empty(), "{}", err(output));
    out(output)
}

fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    err(output)
}

/// `cat self/fd/0` with this as standard input.
fn cat_own_input(input: impl Into<Stdio>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
        .args(["cat", "self/fd/0"])
        .stdin(input)
        .output()
        .unwrap()
}

#[test]
fn a_link_out_of_the_tree_says_where_it_leads() {
    let target = Target::stopped("stop");
    let program = std::env::current_exe().unwrap();
    assert_eq!(
        refusal(&run(&["cat", &format!("{}/exe", target.pid())])),
        format!("mach-procfs: {}/exe: is a link to {}\n", target.pid(), program.display())
    );
    assert_eq!(
        refusal(&run(&["cat", "--replay", RECORDING, "500/cwd"])),
        "mach-procfs: 500/cwd: is a link to /Users/Shared/two words\n"
    );
    let null = refusal(&cat_own_input(Stdio::null()));
    assert_eq!(null, "mach-procfs: self/fd/0: is a link to /dev/null\n");
    let pipe = refusal(&cat_own_input(Stdio::piped()));
    assert!(pipe.starts_with("mach-procfs: self/fd/0: is a link to pipe:["), "{pipe}");
    assert_eq!(refusal(&run(&["cat", "self"])), "mach-procfs: self: is a directory\n");
}

#[test]
fn a_link_into_the_tree_prints_the_text_of_its_target() {
    let target = Target::stopped("stop");
    let comm = format!("/proc/{}/comm", target.pid());
    let expected = std::fs::read_to_string(&comm).unwrap();
    assert_eq!(text(&cat_own_input(File::open(&comm).unwrap())), expected);
    let directory = File::open(format!("/proc/{}", target.pid())).unwrap();
    assert_eq!(refusal(&cat_own_input(directory)), "mach-procfs: self/fd/0: is a directory\n");
}

#[test]
fn links_in_a_circle_are_refused() {
    let slot = OwnedFd::from(File::open("/dev/null").unwrap());
    let of_slot = format!("{}/fd/{}", std::process::id(), slot.as_raw_fd());
    // A descriptor of the link itself, at the very place that the link is about.
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let link = open(format!("/proc/{of_slot}").as_str(), flags, Mode::empty()).unwrap();
    let mut slot = slot;
    nix::unistd::dup3(&link, &mut slot, OFlag::O_CLOEXEC).unwrap();
    assert_eq!(
        refusal(&run(&["cat", &of_slot])),
        format!("mach-procfs: {of_slot}: too many links\n")
    );
}

#[test]
fn a_path_below_proc_is_one_of_the_tree() {
    let target = Target::stopped("stop");
    let pid = target.pid();
    let comm = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    for path in [format!("/proc/{pid}/comm"), format!("//usr/../proc/./{pid}/task/../comm")] {
        assert_eq!(text(&run(&["cat", &path])), comm, "{path}");
    }
    let relative = Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
        .args(["cat", &format!("proc/{pid}/comm")])
        .current_dir("/")
        .output()
        .unwrap();
    assert_eq!(text(&relative), comm);
    let [here, there] = ["", "/proc/"].map(|root| format!("{root}{pid}/ucred"));
    assert_eq!(text(&run(&["ls", &there])), text(&run(&["ls", &here])));
    assert!(text(&run(&["ls", "/proc"])).starts_with("self\n"));
    assert_eq!(
        refusal(&run(&["cat", "/proc/4194303/maps", "/proc/self/maps/", "/proc/nope"])),
        "mach-procfs: /proc/4194303/maps: no such process\n\
         mach-procfs: /proc/self/maps/: not a directory\n\
         mach-procfs: /proc/nope: no such file or process\n"
    );
    let replayed = |path: &str| text(&run(&["cat", "--replay", RECORDING, path]));
    assert_eq!(replayed("/proc/500/maps"), replayed("500/maps"));
}

#[test]
fn a_path_of_another_file_system_gets_a_hint() {
    let target = Target::stopped("stop");
    let pid = target.pid();
    let neither = "neither in the tree nor below a mount of it";
    let general = "paths begin at the root of the tree, as in PID/maps";
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path().display();
    let cases = [
        (format!("{here}/{pid}/comm"), format!("{neither}; try {pid}/comm")),
        (format!("{here}/proc/{pid}/fd/"), format!("{neither}; try {pid}/fd")),
        ("/etc/passwd".to_owned(), format!("{neither}; {general}")),
        (format!("{here}/4194303/maps"), format!("{neither}; {general}")),
        ("nope/maps".to_owned(), "no such file or process".to_owned()),
    ];
    for (path, reason) in cases {
        for command in ["cat", "ls"] {
            let said = refusal(&run(&[command, &path]));
            assert_eq!(said, format!("mach-procfs: {path}: {reason}\n"));
        }
    }
    std::fs::write(directory.path().join("notes"), "").unwrap();
    let relative = Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
        .args(["cat", "notes"])
        .current_dir(&directory)
        .output()
        .unwrap();
    assert_eq!(refusal(&relative), format!("mach-procfs: notes: {neither}; {general}\n"));
    assert_eq!(
        refusal(&run(&["cat", "--replay", RECORDING, "/mnt/500/maps"])),
        format!("mach-procfs: /mnt/500/maps: {neither}; try 500/maps\n")
    );
}

#[cfg(feature = "mount")]
#[test]
fn a_path_below_a_mount_is_one_of_the_tree() {
    use super::common::mount::{Mount, unmount};
    use nix::sys::signal::Signal;

    let Some(mut mount) = Mount::new() else { return };
    let target = Target::stopped("stop");
    let pid = target.pid();
    let expected = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    let links = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(mount.root(), links.path().join("link")).unwrap();
    let of_mount = mount.of(pid, "comm");
    let of_link = links.path().join(format!("link/{pid}/comm"));
    assert_eq!(text(&cat_own_input(File::open(&of_mount).unwrap())), expected);
    let check = || {
        for path in [&of_mount, &of_link] {
            let path = path.to_str().unwrap();
            assert_eq!(text(&run(&["cat", path])), expected, "{path}");
        }
        let relative = Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
            .args(["cat", of_mount.file_name().unwrap().to_str().unwrap()])
            .arg(of_mount.strip_prefix("/").unwrap())
            .current_dir("/")
            .output()
            .unwrap();
        assert_eq!(out(&relative), expected);
    };
    check();
    // Nothing below the mount is asked for: its daemon may be dead.
    mount.signal(Signal::SIGKILL);
    check();
    unmount(mount.root());
}

//! Real programs that look at themselves, on a mount whose vnodes are locked while requests about them
//! are served. One that waited for itself would get EIO from the watchdog at last.

use std::path::Path;
use std::sync::Arc;

use xnu_model::{Entry, XnuModel};

use super::relay::Relay;
use super::worlds::{macfuse, world};

/// What a program says that looks at itself, with its pid: it works in its own directory of the mount
/// and has mapped its own `maps`. `$1` in the script is the mount point.
fn run(relay: &Relay, script: &str) -> (u32, String) {
    let program = relay.program(script);
    let (pid, number) = (program.pid, program.pid.cast_signed());
    let (_, directory) = relay.vnode(&pid.to_string());
    let (maps, _) = relay.vnode(&format!("{pid}/maps"));
    let path = relay.path(&pid.to_string());
    relay.model.world(|world| {
        let paths = &mut world.process_mut(number).unwrap().paths;
        paths.current = directory;
        paths.current_path = path.to_str().unwrap().into();
        world.map_file(number, Entry::new(0x1_0000_0000, 0x4000), maps);
    });
    let output = program.run();
    // What a program had open when it listed its descriptors may be closed when it looks there, as on
    // any procfs. Nothing else may fail.
    let said = String::from_utf8_lossy(&output.stderr);
    let is_closed = |line: &&str| {
        let descriptor = line.contains("/fd/") || line.contains("/fdinfo/");
        descriptor && line.ends_with("No such file or directory")
    };
    let (closed, other): (Vec<&str>, Vec<&str>) = said.lines().partition(is_closed);
    assert!(output.status.success() || !closed.is_empty(), "{script}: {output:?}");
    let tar = "tar: Exiting with failure status due to previous errors";
    assert!(other.iter().all(|line| *line == tar), "{script}: {output:?}");
    relay.model.world(|world| world.reap(number));
    (pid, String::from_utf8(output.stdout).unwrap())
}

fn relay() -> Option<Relay> {
    Relay::over(Arc::new(XnuModel::new(world())), &macfuse())
}

#[test]
fn ls_l_of_the_own_descriptors() {
    let Some(relay) = relay() else { return };
    let (pid, text) = run(&relay, "cd \"$1/self\" && exec ls -l \"$1/self/fd/\"");
    let open = relay.path(&format!("{pid}/fd"));
    assert!(text.contains(&format!(" 3 -> {}\n", open.display())), "{text}");
    let (pid, text) = run(&relay, "exec ls -l \"$1/self/\"");
    let current = relay.path(&pid.to_string());
    assert!(text.contains(&format!(" cwd -> {}\n", current.display())), "{text}");
}

#[test]
fn cat_of_the_own_fds_and_maps() {
    let Some(relay) = relay() else { return };
    let (_, text) = run(&relay, "exec cat \"$1/self/fds\"");
    assert!(text.contains("vnode:[unknown]"), "its own vnode is locked while it is read: {text}");
    let (pid, text) = run(&relay, "exec cat \"$1/self/maps\"");
    let maps = relay.path(&format!("{pid}/maps"));
    assert!(text.ends_with(&format!(" {}\n", maps.display())), "{text}");
    assert!(text.contains(" 00:00 0 "), "{text}");
}

/// The files that a walk through a process's directory finds.
fn check_copy(copy: &Path) {
    let read = |file: &str| std::fs::read_to_string(copy.join(file)).unwrap();
    assert!(read("fds").contains("vnode:[unknown]"), "{}", read("fds"));
    assert!(read("maps").contains(" 00:00 0 "), "{}", read("maps"));
    assert!(read("task/vmmap").contains("100000000-"), "{}", read("task/vmmap"));
}

#[test]
fn find_cp_and_tar_of_oneself() {
    let Some(relay) = relay() else { return };
    let (_, text) = run(&relay, "exec find \"$1/self/\" -printf '%P %y %i %l\\n'");
    let has = |start: &str| text.lines().any(|line| line.starts_with(start));
    assert!(has("fds f ") && has("fd d ") && has("fd/3 l ") && has("cwd l "), "{text}");

    let copies = tempfile::tempdir().unwrap();
    let place = copies.path().display();
    let copy = copies.path().join("cp");
    run(&relay, &format!("exec cp -r \"$1/self/\" '{place}/cp'"));
    check_copy(&copy);
    assert!(std::fs::read_to_string(copy.join("stat")).unwrap().contains("(tool)"));

    // GNU tar does not open what all may read and what is empty before it is opened.
    run(&relay, &format!("exec tar -C \"$1/self/\" -cf '{place}/tar' ."));
    let unpacked = copies.path().join("tar.d");
    std::fs::create_dir(&unpacked).unwrap();
    let mut tar = std::process::Command::new("tar");
    tar.arg("-xf").arg(copies.path().join("tar")).arg("-C").arg(&unpacked);
    assert!(tar.status().unwrap().success());
    check_copy(&unpacked);
}

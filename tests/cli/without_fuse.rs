//! What a program that was built without FUSE says of the commands that it lacks.

use std::os::unix::process::CommandExt;
use std::process::Command;

use super::common::program::{err, out, run};

#[test]
fn what_needs_fuse_says_why_it_is_missing() {
    for arguments in [
        &["mount", "/mnt"][..],
        &["mount"],
        &["mount", "-f", "-o", "allow_other", "--replay", "x.json", "/mnt"],
        &["mount", "--help"],
        &["umount", "--lazy", "/mnt"],
        &["unmount", "/mnt"],
        &["doctor"],
        &["doctor", "/mnt"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let command = if arguments[0] == "unmount" { "umount" } else { arguments[0] };
        let expected = format!(
            "mach-procfs: {command}: this program was built without FUSE (--no-default-features), \
             so it has cat, ls and record only; `cargo build --release` in its source builds it \
             with FUSE\n"
        );
        assert_eq!((out(&output), err(&output)), (String::new(), expected));
    }
    let help = out(&run(&["--help"]));
    for command in ["mount", "umount", "doctor"] {
        assert!(!help.contains(&format!("\n  {command} ")), "{help}");
        assert!(!help.contains(&format!("mach-procfs {command}")), "{help}");
    }
}

#[test]
fn the_mount_helper_says_why_it_cannot_mount() {
    let output = Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
        .arg0("/sbin/mount.fuse.mach-procfs")
        .args(["mach-procfs", "/mnt", "-o", "ro"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(32), "{output:?}");
    assert!(err(&output).starts_with("mach-procfs: mount: this program was built without FUSE"));
}

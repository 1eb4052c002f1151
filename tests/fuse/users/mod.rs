//! Several users, and mounts in namespaces of their own: what takes root to test.

use crate::common;

mod whose;

use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

use common::mount::{Mount, can_mount_apart};
use common::program::ToEnd;
use common::target::Target;

const NOBODY: u32 = 65534;

/// Runs a shell script, as this user.
fn shell(user: u32, script: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).uid(user).gid(user).current_dir("/").stdin(Stdio::null()).to_end()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn nobody_sees_their_own_maps_and_not_roots() {
    if !common::is_root() {
        return;
    }
    let Some(mount) = Mount::new() else { return };
    let roots = Target::stopped("stop");
    let own = Target::stopped_as("stop", Some(NOBODY));
    let files = ["maps", "task/vmmap", "task/vmmap_r"];
    for file in files {
        let path = mount.of(roots.pid(), file);
        let path = path.display();
        let refused = shell(NOBODY, &format!("cat {path}"));
        assert!(!refused.status.success() && refused.stdout.is_empty());
        assert!(text(&refused.stderr).contains("Permission denied"), "{refused:?}");
        assert!(!shell(NOBODY, &format!("test -r {path}")).status.success());
        assert!(shell(NOBODY, &format!("test -e {path}")).status.success());
        assert!(shell(0, &format!("cat {path} && test -r {path}")).status.success());

        let path = mount.of(own.pid(), file);
        let path = path.display();
        let seen = shell(NOBODY, &format!("test -r {path} && cat {path}"));
        assert!(seen.status.success(), "{seen:?}");
        assert!(!seen.stdout.is_empty());
        assert!(shell(0, &format!("cat {path}")).status.success());
        assert!(!shell(NOBODY - 1, &format!("cat {path}")).status.success());
    }
    let theirs = std::fs::read(format!("/proc/{}/maps", own.pid())).unwrap();
    let maps = mount.of(own.pid(), "maps");
    assert!(shell(NOBODY, &format!("cat {}", maps.display())).stdout == theirs);
    let link = shell(NOBODY, &format!("cat {}/self/maps", mount.root().display()));
    assert!(text(&link.stdout).contains("/cat\n"), "{link:?}");
}

#[test]
fn an_owners_mount_is_the_owners_alone() {
    if !common::is_root() {
        return;
    }
    let Some(mount) = Mount::with(&["-o", "noallow_other"]) else { return };
    let root = mount.root().display();
    assert!(shell(0, &format!("ls {root}")).status.success());
    let refused = shell(NOBODY, &format!("ls {root}"));
    assert!(text(&refused.stderr).contains("Permission denied"), "{refused:?}");
}

#[test]
fn with_default_permissions_the_answers_are_the_same() {
    if !common::is_root() {
        return;
    }
    let Some(mount) = Mount::with(&["-o", "default_permissions,fsname=maps"]) else { return };
    let own = Target::stopped_as("stop", Some(NOBODY));
    let path = mount.of(own.pid(), "maps");
    let path = path.display();
    assert!(shell(NOBODY, &format!("test -r {path} && cat {path} >/dev/null")).status.success());
    assert!(!shell(NOBODY - 1, &format!("test -r {path} || cat {path}")).status.success());
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let line = table.lines().find(|line| line.contains(mount.root().to_str().unwrap())).unwrap();
    assert!(line.contains(" - fuse.mach-procfs maps ro,"), "{line}");
    assert!(line.contains("default_permissions"), "{line}");
}

/// A script in a mount namespace of its own, with `$PROGRAM` and `$DIR`, an empty directory.
fn in_namespace(script: &str) -> Output {
    let directory = tempfile::Builder::new().prefix("mach-procfs-").tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(directory.path(), open).unwrap();
    // Where cargo builds need not be open to other users.
    let program = directory.path().join("program");
    common::program::copy(env!("CARGO_BIN_EXE_mach-procfs"), &program);
    let place = directory.path().join("mount");
    std::fs::create_dir(&place).unwrap();
    std::os::unix::fs::chown(&place, Some(NOBODY), Some(NOBODY)).unwrap();
    // `set -e` lets a negated command pass; this does not.
    let script = format!("set -e; not() {{ if \"$@\"; then exit 9; fi; }}; {script}");
    Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", &script])
        .env("PROGRAM", &program)
        .env("DIR", &place)
        .stdin(Stdio::null())
        .to_end()
}

/// A private /dev whose /dev/fuse has this mode.
fn device(mode: &str) -> String {
    format!(
        "mount -t tmpfs none /mnt; mknod /mnt/fuse c 10 229; chmod {mode} /mnt/fuse; \
         mount --bind /mnt/fuse /dev/fuse; \
         user() {{ setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups \"$@\"; }}; "
    )
}

#[test]
fn a_user_without_rights_mounts_for_themselves() {
    if !can_mount_apart() {
        return;
    }
    let script = device("666")
        + "user $PROGRAM mount $DIR; \
           user sh -c 'cat $DIR/self/maps' | grep -q /cat; \
           not user cat $DIR/$$/maps 2>$DIR.err; grep -q 'Permission denied' $DIR.err; \
           not ls $DIR 2>/dev/null; \
           grep -q \"$DIR fuse.mach-procfs\" /proc/self/mounts; \
           user $PROGRAM umount $DIR; \
           not grep -q $DIR /proc/self/mounts; \
           user $PROGRAM mount $DIR; for p in /proc/[0-9]*; do \
           if tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q -- \"report -- $DIR\"; then \
           kill -KILL ${p#/proc/}; fi; done; \
           user $PROGRAM mount $DIR 2>/dev/null; user ls $DIR/self/maps; \
           user $PROGRAM umount $DIR; \
           not user $PROGRAM mount -o allow_other $DIR";
    let output = in_namespace(&script);
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stderr).contains("user_allow_other"), "{output:?}");
}

#[test]
fn over_proc_itself() {
    if !can_mount_apart() {
        return;
    }
    let script = "$PROGRAM mount /proc; \
        cat /proc/self/maps | grep -q /cat; \
        test -e /proc/self/task/vmmap; \
        for i in 1 2 3 4 5 6 7 8; do cat /proc/*/maps /proc/*/task/vmmap >/dev/null 2>&1 & done; wait; \
        $PROGRAM umount /proc; \
        test -e /proc/self/mountinfo; \
        not grep -q '/proc fuse.mach-procfs' /proc/self/mounts";
    let output = in_namespace(script);
    assert!(output.status.success(), "{output:?}");
    // The same, ended by a signal while somebody is inside.
    let script = "$PROGRAM mount --foreground --report /proc >$DIR/said & D=$!; \
        until grep -q ready $DIR/said; do kill -0 $D; done; \
        test -e /proc/self/task/vmmap; exec 5</proc/self; \
        kill $D; wait $D; test -e /proc/self/mountinfo; not grep -q '/proc fuse.mach-procfs' /proc/self/mounts";
    let output = in_namespace(script);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_dead_mount_over_proc_is_cleared() {
    if !can_mount_apart() {
        return;
    }
    let start = ": >$DIR/said; $PROGRAM mount --foreground --report /proc >$DIR/said & D=$!; \
        until grep -q ready $DIR/said; do kill -0 $D; done; ";
    let kill = "kill -KILL $D; wait $D || true; not ls /proc/self 2>/dev/null; ";
    let script = format!(
        "{start}{kill}$PROGRAM umount /proc; test -e /proc/self/mountinfo; \
         {start}{kill}$PROGRAM mount /proc 2>/dev/null; test -e /proc/self/maps; \
         test -e /proc/self/task/vmmap; \
         not $PROGRAM mount /proc 2>$DIR/again; grep -q 'has a mach-procfs already' $DIR/again; \
         not $PROGRAM cat self/maps 2>$DIR/cat; grep -q 'unmount that first' $DIR/cat; \
         not $PROGRAM mount $DIR 2>$DIR/other; grep -q 'unmount that first' $DIR/other; \
         $PROGRAM umount /proc; test -e /proc/self/mountinfo"
    );
    let output = in_namespace(&script);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn over_proc_the_daemon_keeps_no_other_mount_in_use() {
    if !can_mount_apart() {
        return;
    }
    let script = "mkdir $DIR/stick $DIR/proc; mount --make-rshared /; \
        mount -t tmpfs stick $DIR/stick; mount -t proc proc $DIR/proc; \
        $PROGRAM mount --foreground --report /proc >$DIR/said & D=$!; \
        until grep -q ready $DIR/said; do kill -0 $D; done; \
        grep -q $DIR/stick $DIR/proc/$D/mountinfo; umount $DIR/stick; \
        not grep -q $DIR/stick $DIR/proc/$D/mountinfo; kill $D; wait $D; test -e /proc/self/mountinfo";
    let output = in_namespace(script);
    assert!(output.status.success(), "{output:?}");
}

/// Runs a script with `$MOUNT`.
fn asked(script: &str, mount: &Mount) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).env("MOUNT", mount.root()).stdin(Stdio::null()).to_end()
}

/// Whether the kernel, and whether the mount, show a target to one who asks, both told as a shell
/// command that begins the process. The two must agree.
fn assert_agreed(mount: &Mount, target: &str, asker: &str, expected: bool) {
    let script = format!(
        "{target} sleep 1000 & T=$!; trap 'kill $T' EXIT; \
         until grep -q sleep /proc/$T/comm; do kill -0 $T || exit 9; done; \
         {asker} cat /proc/$T/maps >/dev/null 2>&1; echo kernel $?; \
         {asker} cat $MOUNT/$T/maps >/dev/null 2>&1; echo mount $?; \
         {asker} cat $MOUNT/$T/task/vmmap_r >/dev/null 2>&1; echo mount $?"
    );
    let output = asked(&script, mount);
    let status = i32::from(!expected);
    let lines = format!("kernel {status}\nmount {status}\nmount {status}\n");
    assert_eq!(text(&output.stdout), lines, "{target} asked by {asker}: {output:?}");
}

#[test]
fn capabilities_and_namespaces_count_as_they_do_for_the_kernel() {
    if !common::is_root() {
        return;
    }
    let Some(mount) = Mount::new() else { return };
    let nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";
    let bare = "--bounding-set=-all --inh-caps=-all";
    let plain = format!("{nobody} {bare}");
    let agreed =
        |target: &str, asker: &str, expected| assert_agreed(&mount, target, asker, expected);
    agreed(&plain, &plain, true);
    // A capability that the one who asks does not have, as services with AmbientCapabilities do.
    let able = format!("{nobody} --inh-caps +net_raw --ambient-caps +net_raw");
    agreed(&able, &plain, false);
    // Root that may not, as in a container.
    agreed("env", &format!("setpriv {bare}"), false);
    agreed("env", "env", true);
    // Another user namespace.
    if !common::has_user_namespaces() {
        return;
    }
    agreed(&format!("{plain} unshare --user"), &plain, true);
    agreed("env", "unshare --user --map-root-user", false);
}

#[test]
fn one_sees_oneself_whatever_one_is() {
    if !common::is_root() {
        return;
    }
    let Some(mount) = Mount::new() else { return };
    let mut askers = vec!["setpriv --bounding-set=-all --inh-caps=-all", "env"];
    if common::has_user_namespaces() {
        askers.push("unshare --user --map-root-user");
    }
    for asker in askers {
        let script = format!("{asker} cat $MOUNT/self/maps");
        let output = asked(&script, &mount);
        assert!(text(&output.stdout).contains("/cat\n"), "{asker}: {output:?}");
    }
}

#[test]
fn who_may_open_a_users_mount_to_others_is_said_in_fuse_conf() {
    if !can_mount_apart() {
        return;
    }
    // The daemon itself may not see another user's processes, nor root's.
    let allowed = device("666")
        + "echo user_allow_other >$DIR.conf; \
           mount --bind $DIR.conf /etc/fuse.conf; \
           user $PROGRAM mount -o allow_other $DIR; \
           ls $DIR >/dev/null; ls $DIR/self/maps >/dev/null; \
           setpriv --reuid 65533 --regid 65533 --clear-groups ls $DIR >/dev/null; \
           not setpriv --reuid 65533 --regid 65533 --clear-groups cat $DIR/self/maps; \
           not cat $DIR/$$/maps; \
           user $PROGRAM umount $DIR";
    let output = in_namespace(&allowed);
    assert!(output.status.success(), "{output:?}");
    let refused = device("666")
        + "echo >$DIR.conf; mount --bind $DIR.conf /etc/fuse.conf; \
           not user $PROGRAM mount -o allow_other $DIR";
    let output = in_namespace(&refused);
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stderr).contains("user_allow_other"), "{output:?}");
}

#[test]
fn a_users_daemon_unmounts_at_a_signal_with_the_helpers_help() {
    if !can_mount_apart() {
        return;
    }
    let script = device("666")
        + "setpriv --reuid 65534 --regid 65534 --clear-groups \
           $PROGRAM mount --foreground --report $DIR >$DIR.said 2>/dev/null & D=$!; \
           trap 'kill $D' EXIT; \
           until grep -q ready $DIR.said; do kill -0 $D; done; \
           grep -q 'CapPrm:.0000000000000000' /proc/$D/status; \
           grep -q 'NoNewPrivs:.0' /proc/$D/status; \
           kill $D; wait $D; trap - EXIT; not grep -q \"$DIR fuse.mach-procfs\" /proc/self/mounts";
    let output = in_namespace(&script);
    assert!(output.status.success(), "{output:?}");
}

//! Who may mount and end what, and the messages for users who may not.

use crate::common;

use super::{device, in_namespace, text};

/// How a script runs the program as the user `nobody`.
const USER: &str = "setpriv --reuid 65534 --regid 65534 --clear-groups";

#[test]
fn root_ends_a_users_mount_alive_or_dead() {
    if !common::mount::can_mount_apart() {
        return;
    }
    let kill_it = "for p in /proc/[0-9]*; do if tr '\\0' ' ' <$p/cmdline 2>/dev/null | \
        grep -q -- \"report -- $DIR\"; then kill -KILL ${p#/proc/}; fi; done; ";
    for ending in ["$PROGRAM umount $DIR", "$PROGRAM umount --lazy $DIR"] {
        let script = format!(
            "{}user $PROGRAM mount $DIR; {ending}; not grep -q $DIR /proc/self/mounts; \
             user $PROGRAM mount $DIR; {kill_it}{ending}; not grep -q $DIR /proc/self/mounts",
            device("666")
        );
        let output = in_namespace(&script);
        assert!(output.status.success(), "{ending}: {output:?}");
    }
    // Root may not look whether it lives, so another mount over it is refused with the command.
    let over = device("666")
        + "user $PROGRAM mount $DIR; not $PROGRAM mount $DIR 2>$DIR.said; cat $DIR.said; \
           $PROGRAM doctor $DIR | grep 'mount point'; $PROGRAM umount $DIR";
    let output = in_namespace(&over);
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    for words in [
        "it has a mach-procfs already of the user nobody; to end that one:\n  /",
        "which only that user may look into -- /",
    ] {
        let command = said.split(words).nth(1).unwrap_or_else(|| panic!("{said}"));
        assert!(command.lines().next().unwrap().contains("/program umount /"), "{said}");
    }
}

#[test]
fn a_user_who_tries_to_end_roots_mount_is_told_whose_it_is() {
    if !common::mount::can_mount_apart() {
        return;
    }
    for options in ["allow_other", "noallow_other"] {
        let script = format!(
            "{}$PROGRAM mount -o {options} $DIR; not user $PROGRAM umount $DIR; \
             not user $PROGRAM umount --lazy $DIR 2>$DIR.said; cat $DIR.said >&2; \
             tail -1 $DIR.said >$DIR.sh; sh $DIR.sh; not grep -q \"$DIR fuse\" /proc/self/mounts",
            device("666")
        );
        let output = in_namespace(&script);
        assert!(output.status.success(), "{output:?}");
        let said = text(&output.stderr);
        let line = "it is a mount of root; only that user and root may end it:\n  s";
        assert_eq!(said.matches(line).count(), 2, "{said}");
    }
}

#[test]
fn without_mtab_a_users_umount_says_what_it_takes() {
    if !common::mount::can_mount_apart() {
        return;
    }
    let script = device("666")
        + "mkdir /mnt/up /mnt/work; \
           mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/up,workdir=/mnt/work /etc; \
           rm -f /etc/mtab; user $PROGRAM mount $DIR; user ls $DIR/self/maps >/dev/null; \
           user $PROGRAM doctor; not user $PROGRAM umount $DIR 2>$DIR.said; cat $DIR.said; \
           tail -1 $DIR.said >$DIR.sh; sh $DIR.sh; user $PROGRAM umount $DIR; \
           not grep -q \"$DIR fuse\" /proc/self/mounts";
    let output = in_namespace(&script);
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    let advice = "without /etc/mtab fusermount3 cannot end a user's mount";
    assert_eq!(said.matches(advice).count(), 2, "{said}");
    let command = said.trim_end().rsplit("make it:\n  ").next().unwrap();
    assert!(command.contains("ln -sf /proc/self/mounts /etc/mtab"), "{said}");
    assert!(said.contains("warn  unmounting"), "{said}");
    assert!(said.contains(&format!("-- make it: {command}\n")), "{said}");
}

#[test]
fn root_of_a_user_namespace_mounts_without_a_helper() {
    if !common::mount::can_mount_apart() || !common::has_user_namespaces() {
        return;
    }
    // No helper is to be found, and the kernel allows it by itself.
    let script = device("666")
        + "export FUSERMOUNT_PATH=/nowhere; \
           user unshare -Urm sh -c 'set -e; $PROGRAM mount $DIR; cat $DIR/self/maps | grep -q /cat; \
           grep -q \"$DIR fuse.mach-procfs ro,nosuid,nodev,noexec\" /proc/self/mounts; \
           $PROGRAM umount $DIR; ! grep -q \"$DIR fuse\" /proc/self/mounts'";
    let output = in_namespace(&script);
    assert!(output.status.success(), "{output:?}");
}

/// A mount that came from outside is locked in the namespace: the kernel's own error, not the helper's.
#[test]
fn a_mount_that_the_kernel_does_not_end_says_why() {
    if !common::mount::can_mount_apart() || !common::has_user_namespaces() {
        return;
    }
    let script = "$PROGRAM mount $DIR; not unshare -Urm $PROGRAM umount $DIR; $PROGRAM umount $DIR";
    let output = in_namespace(script);
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.ends_with("umount: Invalid argument\n"), "{said}");
}

#[test]
fn root_that_may_not_mount_is_told_so() {
    if !common::mount::can_mount_apart() {
        return;
    }
    let bounded = "setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin $PROGRAM mount $DIR";
    for helper in ["", "export FUSERMOUNT_PATH=/nowhere; "] {
        let output = in_namespace(&format!("{helper}{bounded}"));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stderr);
        assert!(said.contains("this root lacks CAP_SYS_ADMIN; start the container"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn the_helpers_own_words_are_in_the_message() {
    if !common::mount::can_mount_apart() {
        return;
    }
    let fake = |script: &str| {
        format!(
            "{}printf '#!/bin/sh\\n{script}\\n' >$DIR.helper; chmod 755 $DIR.helper; \
             export FUSERMOUNT_PATH=$DIR.helper; cd /; {USER} $PROGRAM mount $DIR",
            device("666")
        )
    };
    for (script, words) in [
        ("echo fusermount3: too many FUSE filesystems mounted >&2; exit 1", "too many FUSE file"),
        ("exit 1", "it does not say why (status 1)"),
        ("kill -KILL $$", "it does not say why (SIGKILL)"),
        ("exit 0", "it does not say why (status 0)"),
    ] {
        let output = in_namespace(&fake(script));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stderr);
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn what_is_missing_for_a_mount_is_named() {
    if !common::mount::can_mount_apart() {
        return;
    }
    // Root runs the command that a user is given, with sudo on the PATH and without.
    let sudo = "mkdir $DIR.bin; printf '#!/bin/sh\nexec \"$@\"\n' >$DIR.bin/sudo; \
        chmod 755 $DIR.bin/sudo; PATH=$DIR.bin:$PATH; ";
    let no_sudo = "mkdir $DIR.bin; for it in fusermount3 su setpriv sh tail chmod; do \
        ln -s $(command -v $it) $DIR.bin; done; PATH=$DIR.bin; ";
    for (path, command) in
        [(sudo, "sudo chmod 666 /dev/fuse"), (no_sudo, "su -c 'chmod 666 /dev/fuse'")]
    {
        let script = "user $PROGRAM mount $DIR 2>$DIR.said && exit 9 || true; \
            tail -2 $DIR.said; tail -1 $DIR.said >$DIR.sh; sh $DIR.sh; user $PROGRAM mount $DIR; \
            user $PROGRAM umount $DIR";
        let closed = in_namespace(&(device("600") + path + script));
        assert!(closed.status.success(), "{closed:?}");
        let said = text(&closed.stdout);
        assert!(said.contains("/dev/fuse is closed to this user"), "{said}");
        assert!(said.ends_with(&format!(":\n  {command}\n")), "{said}");
    }
    // The helper's place, as fuser and libfuse have it.
    let helper = device("666") + "export FUSERMOUNT_PATH=/nowhere; user $PROGRAM mount $DIR";
    let helper = in_namespace(&helper);
    assert_eq!(helper.status.code(), Some(1));
    assert!(text(&helper.stderr).contains("install the package fuse3"), "{helper:?}");
    let none = in_namespace(
        "mount -t tmpfs none /dev; mknod /dev/null c 1 3; if $PROGRAM mount $DIR 2>&1; then exit 9; else test $? = 1; fi",
    );
    assert!(none.status.success(), "{none:?}");
    assert!(text(&none.stdout).contains("/dev/fuse is missing"), "{none:?}");
    assert!(text(&none.stdout).ends_with(":\n  modprobe fuse\n"), "{none:?}");
}

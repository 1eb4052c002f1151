//! `doctor` in each state that can be made here, and the mount helper under a real mount(8): in
//! mount namespaces of their own, whose `/sbin`, `/dev` and `/etc` hide nothing outside.

use crate::common;

mod agrees;

use std::process::{Command, Output};

use common::mount::{Mount, can_mount_apart};
use mach_procfs::mount::quote;

const NOBODY: u32 = 65534;

/// Runs a script in a mount and pid namespace of its own, so that no daemon outlives it; with
/// `$DIR`, an empty directory, `$PROGRAM`, and `user`, which runs a command as the user `nobody`.
/// None where that cannot be done here.
fn in_namespace(script: &str) -> Option<Output> {
    if !can_mount_apart() {
        return None;
    }
    let directory = tempfile::Builder::new().prefix("mach-procfs-").tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open).unwrap();
    let program = directory.path().join("mach-procfs");
    common::program::copy(env!("CARGO_BIN_EXE_mach-procfs"), &program);
    let place = directory.path().join("place");
    std::fs::create_dir(&place).unwrap();
    std::os::unix::fs::chown(&place, Some(NOBODY), Some(NOBODY)).unwrap();
    // Copies of the mounts of tests that run meanwhile are none of a doctor's business. They may
    // go by themselves meanwhile, when their directories do.
    let script = format!(
        "set -e; umount -a -l -t fuse.mach-procfs 2>/dev/null || true; not() {{ if \"$@\"; then exit 9; fi; }}; \
         user() {{ setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups \"$@\"; }}; {script}"
    );
    let output = Command::new("timeout")
        .args([
            "60",
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "--pid",
            "--fork",
            "--kill-child",
        ])
        .args(["--mount-proc", "sh", "-c", &script])
        .env_remove("RUST_LOG")
        .env("PROGRAM", &program)
        .env("DIR", &place)
        .output();
    Some(output.unwrap())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a doctor said in a broken state: its status, and the one line with this beginning.
#[track_caller]
fn assert_said(script: &str, status: i32, line: &str, parts: &[&str]) {
    let Some(output) = in_namespace(script) else { return };
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let words: Vec<&str> = line.splitn(2, ' ').collect();
    let found = said.lines().find(|it| {
        it.starts_with(words[0]) && it[words[0].len()..].trim_start().starts_with(words[1])
    });
    let found = found.unwrap_or_else(|| panic!("no line '{line}' in:\n{said}"));
    for part in parts {
        assert!(found.contains(part), "'{part}' in: {found}");
    }
    for line in said.lines() {
        let verdict = line.split(' ').next().unwrap();
        assert!(["ok", "warn", "fail"].contains(&verdict), "{line}");
        assert_eq!(line.contains(" -- "), verdict != "ok", "what to do, where there is: {line}");
    }
}

/// A private /dev with /dev/fuse of this mode.
fn device(mode: &str) -> String {
    format!(
        "mount -t tmpfs none /mnt; mknod /mnt/fuse c 10 229; chmod {mode} /mnt/fuse; \
         mount --bind /mnt/fuse /dev/fuse; "
    )
}

/// A file of /etc as it should read in the namespace.
fn etc(name: &str, content: &str) -> String {
    format!(
        "touch $DIR.{name}; printf '{content}' >$DIR.{name}; test -e /etc/{name}; \
         mount --bind $DIR.{name} /etc/{name}; "
    )
}

#[test]
fn a_machine_that_can_mount() {
    assert_said("$PROGRAM doctor", 0, "ok FUSE", &["can be opened"]);
    assert_said("$PROGRAM doctor $DIR", 0, "ok mount point", &["is an empty directory"]);
    assert_said("$PROGRAM doctor", 0, "ok own map", &["regions"]);
    assert_said("$PROGRAM doctor", 0, "ok mounting", &["root"]);
    assert_said("$PROGRAM doctor", 0, "ok rights", &["all processes"]);
}

#[test]
fn a_user_without_rights() {
    let user = device("666") + &etc("fuse.conf", "#user_allow_other\\n") + "user $PROGRAM doctor";
    assert_said(&user, 0, "ok mounting", &["fusermount3 mounts for this user"]);
    assert_said(&user, 0, "warn other users", &["user_allow_other"]);
    assert_said(&user, 0, "warn rights", &["own processes", "as root"]);
    let allowed = device("666") + &etc("fuse.conf", "user_allow_other\\n") + "user $PROGRAM doctor";
    assert_said(&allowed, 0, "ok other users", &["-o allow_other"]);
}

#[test]
fn no_device_or_a_closed_one() {
    let none = "mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3; $PROGRAM doctor";
    assert_said(none, 1, "fail FUSE", &["/dev/fuse is missing", "modprobe fuse"]);
    let closed = device("600") + "user $PROGRAM doctor";
    assert_said(&closed, 1, "fail FUSE", &["closed to this user", "chmod 666"]);
}

#[test]
fn no_helper_or_one_without_rights() {
    let none = device("666")
        + "export PATH=/nowhere:$PATH; export FUSERMOUNT_PATH=; \
        T=$(command -v setpriv); PATH=/nowhere \
        $T --reuid 65534 --regid 65534 --clear-groups $PROGRAM doctor";
    assert_said(&none, 1, "fail mounting", &["not on the PATH", "fuse3"]);
    let plain = device("666")
        + "F=$(readlink -f $(command -v fusermount3)); cp $F $DIR.helper; chmod 755 $DIR.helper; \
           mount --bind $DIR.helper $F; user $PROGRAM doctor";
    assert_said(&plain, 1, "fail mounting", &["no rights of root's", "chmod u+s"]);
}

#[test]
fn a_root_that_may_not_mount() {
    let bounded = "setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin $PROGRAM doctor";
    assert_said(bounded, 1, "fail mounting", &["CAP_SYS_ADMIN", "--cap-add"]);
}

#[test]
fn a_proc_that_hides_or_is_not_there() {
    let hides = device("666") + "mount -o remount,hidepid=2 /proc; user $PROGRAM doctor";
    assert_said(&hides, 0, "warn rights", &["hidepid"]);
    let none = "mount -t tmpfs none /proc; $PROGRAM doctor";
    assert_said(none, 1, "fail own map", &["/proc"]);
}

#[test]
fn mount_points_that_do_not_serve() {
    assert_said(
        "$PROGRAM doctor $DIR/no",
        1,
        "fail mount point",
        &["make it first", "-- mkdir -p /"],
    );
    assert_said("$PROGRAM doctor $PROGRAM", 1, "fail mount point", &["not a directory"]);
    let full = "touch $DIR/x; $PROGRAM doctor $DIR";
    assert_said(full, 0, "warn mount point", &["is not empty"]);
    let roots = device("666") + "mkdir $DIR.root; user $PROGRAM doctor $DIR.root";
    assert_said(&roots, 1, "fail mount point", &["may not write to it", "mount as root"]);
    let own = device("666") + "user $PROGRAM doctor $DIR";
    assert_said(&own, 0, "ok mount point", &["is an empty directory"]);
}

#[test]
fn mounts_that_live_and_dead_ones() {
    let start = ": >$DIR.said; $PROGRAM mount --foreground --report $DIR >$DIR.said & D=$!; \
        until grep -q ready $DIR.said; do kill -0 $D; done; ";
    let alive = format!("{start}$PROGRAM doctor");
    assert_said(&alive, 0, "ok mount point", &["that answers"]);
    let dead = format!("{start}kill -KILL $D; {{ wait $D || true; }} 2>/dev/null; $PROGRAM doctor");
    assert_said(&dead, 1, "fail mount point", &["dead mount", "mach-procfs umount"]);
    let named = format!("{dead} $DIR");
    assert_said(&named, 1, "fail mount point", &["dead mount", "mach-procfs umount"]);
}

// --- the mount helper --------------------------------------------------------------------------

/// A private /sbin with the helper beside what is there, and this line in a private /etc/fstab.
fn with_helper(fstab: &str) -> String {
    "S=$(readlink -f /sbin); mkdir $DIR.up $DIR.work; \
     mount -t tmpfs none $DIR.up; mkdir $DIR.up/up $DIR.up/work; \
     mount -t overlay overlay -o lowerdir=$S,upperdir=$DIR.up/up,workdir=$DIR.up/work $S; \
     ln -s $PROGRAM $S/mount.fuse.mach-procfs; "
        .to_owned()
        + &format!(
            "touch $DIR.fstab; echo \"{fstab}\" >$DIR.fstab; mount --bind $DIR.fstab /etc/fstab; "
        )
}

#[track_caller]
fn assert_works(script: &str) {
    let Some(output) = in_namespace(script) else { return };
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_line_of_fstab_mounts() {
    let options = "rw,nofail,_netdev,noatime,user,x-systemd.after=network.target,allow_other";
    let fstab = format!("mach-procfs $DIR fuse.mach-procfs {options} 0 0");
    assert_works(
        &(with_helper(&fstab)
            + "findmnt --verify --tab-file /etc/fstab >&2; \
               mount $DIR; cat $DIR/self/maps | grep -q /cat; \
               findmnt -n -o SOURCE,FSTYPE $DIR | grep -q '^mach-procfs *fuse.mach-procfs$'; \
               findmnt -n -o OPTIONS $DIR | grep -q '^ro,nosuid,nodev,noexec'; \
               umount $DIR; not mountpoint -q $DIR; \
               mount -a -t fuse.mach-procfs; mountpoint -q $DIR; umount $DIR"),
    );
}

#[test]
fn mount_takes_the_type() {
    assert_works(
        &(with_helper("")
            + "mount -t fuse.mach-procfs -o ro,dev,suid,noexec,defaults source $DIR; \
               findmnt -n -o SOURCE $DIR | grep -qx source; test -e $DIR/self/maps; umount $DIR; \
               mount -v -n -t fuse.mach-procfs none $DIR 2>$DIR.log; umount $DIR; \
               grep -q 'mounted on' $DIR.log; \
               mount -f -t fuse.mach-procfs none $DIR; not mountpoint -q $DIR; \
               mount -s -t fuse.mach-procfs -o frob none $DIR; umount $DIR; \
               mount -t fuse.mach-procfs -o frob none $DIR 2>$DIR.err && exit 9 || test $? = 32; \
               grep -q \"unknown mount option 'frob'\" $DIR.err; \
               mount -t fuse.mach-procfs none $DIR/no 2>$DIR.err && exit 9 || true; \
               cp $PROGRAM $S/mount.mach-procfs; \
               mount -t mach-procfs none $DIR; test -e $DIR/self/maps; umount $DIR"),
    );
}

#[test]
fn a_user_mounts_what_fstab_allows() {
    let fstab = "mach-procfs $DIR fuse.mach-procfs noauto,user 0 0";
    assert_works(
        &(with_helper(fstab)
            + &device("666")
            + "user mount $DIR; user sh -c 'cat $DIR/self/maps' | grep -q /cat; \
               not ls $DIR 2>/dev/null; user umount $DIR; not mountpoint -q $DIR"),
    );
}

#[test]
fn an_fstab_line_for_a_machine_without_systemd() {
    // As scripts/install prints it.
    let script = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/install"));
    let script = script.unwrap();
    let line = script.lines().find(|line| line.contains(" fuse.mach-procfs ")).unwrap().trim();
    let fstab = line.replace("/run/mach-procfs", "$DIR/made");
    assert_works(
        &(with_helper(&fstab)
            + "mount -a -t fuse.mach-procfs; test -e $DIR/made/self/maps; umount $DIR/made"),
    );
}

// --- the service -------------------------------------------------------------------------------

/// The value of a setting of the unit.
fn setting(name: &str) -> String {
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/packaging/mach-procfs.service");
    let unit = std::fs::read_to_string(unit).unwrap();
    let value = unit.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("{name} in the unit")).to_owned()
}

#[test]
fn with_the_units_capabilities_all_is_served() {
    let start = setting("ExecStart");
    let start = start.strip_prefix("@PREFIX@/bin/mach-procfs ").unwrap();
    assert!(start.ends_with(" /run/mach-procfs"));
    let start = start.replace("/run/mach-procfs", "$DIR").replace("--foreground", "-f --report");
    let kept =
        setting("CapabilityBoundingSet").replace("CAP_", "").to_lowercase().replace(' ', "|");
    let stop = setting("ExecStopPost");
    let stop = stop
        .strip_prefix("-@PREFIX@/bin/mach-procfs ")
        .unwrap()
        .replace("/run/mach-procfs", "$DIR");
    let limited = "setpriv --no-new-privs --bounding-set=$DROP --inh-caps=-all";
    assert_works(&format!(
        "DROP=$(setpriv --list-caps | grep -vxE '{kept}' | sed 's/^/-/' | paste -sd,); \
         umask {}; {limited} $PROGRAM {start} >$DIR.said & D=$!; umask 022; \
         until grep -q ready $DIR.said; do kill -0 $D; done; \
         cat $DIR/$$/maps | grep -q sh; test -s $DIR.said; \
         user sh -c 'cat $DIR/self/maps $DIR/self/task/vmmap_r' | grep -q cat; \
         setpriv --reuid 65534 --regid 65534 --clear-groups sleep 1000 & U=$!; until grep -q sleep /proc/$U/comm; do kill -0 $U; done; \
         for f in maps task/vmmap task/vmmap_r; do cat $DIR/$U/$f >$DIR.out; test -s $DIR.out; done; \
         setpriv --reuid 1 --clear-groups --inh-caps +net_raw --ambient-caps +net_raw sleep 1000 & \
         C=$!; until grep -q sleep /proc/$C/comm; do kill -0 $C; done; \
         cat $DIR/$C/maps | grep -q sleep; not user cat $DIR/$C/maps 2>/dev/null; \
         kill $D; wait $D; not mountpoint -q $DIR; \
         : >$DIR.said; {limited} $PROGRAM {start} >$DIR.said & D=$!; \
         until grep -q ready $DIR.said; do kill -0 $D; done; \
         kill -KILL $D; {{ wait $D || true; }} 2>/dev/null; \
         $PROGRAM {stop}; not mountpoint -q $DIR",
        setting("UMask"),
    ));
}

#[test]
fn a_service_manager_is_told_when_the_mount_is_served() {
    let Some(mut mount) = Mount::new() else { return };
    mount.signal(nix::sys::signal::Signal::SIGTERM);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let mut daemon = common::mount::program()
        .args(["mount", "--foreground"])
        .arg(mount.root())
        .env("NOTIFY_SOCKET", &path)
        .spawn()
        .unwrap();
    let mut bytes = [0; 100];
    let got = socket.recv(&mut bytes);
    let is_served = mount.path("self/maps").exists();
    let pid = nix::unistd::Pid::from_raw(daemon.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert_eq!(daemon.wait().unwrap().code(), Some(0));
    assert_eq!(&bytes[..got.unwrap()], b"READY=1\n");
    assert!(is_served);
}

/// The whole installation for real: as root, into a private /etc, /usr/local and /sbin, with a
/// service manager that only says what it was asked.
#[test]
fn installed_started_and_taken_away_again() {
    let script = format!(
        "cd {}; S=$(readlink -f /sbin); mount -t tmpfs none /mnt; \
         for d in /etc /usr/local $S; do n=$(echo $d | tr / _); mkdir -p /mnt/$n/up /mnt/$n/work; \
         mount -t overlay overlay -o lowerdir=$d,upperdir=/mnt/$n/up,workdir=/mnt/$n/work $d; done; \
         mkdir -p /mnt/bin /mnt/machine/run/systemd/system /mnt/machine/etc; \
         cp /etc/os-release /mnt/machine/etc/; \
         printf '#!/bin/sh\\necho \"$@\" >>/mnt/log\\n' >/mnt/bin/systemctl; chmod 755 /mnt/bin/systemctl; \
         PATH=/mnt/bin:$PATH; export MACH_PROCFS_MACHINE=/mnt/machine; \
         scripts/install --program $PROGRAM >/mnt/out 2>&1; \
         test -x /usr/local/bin/mach-procfs; /usr/local/bin/mach-procfs doctor >/mnt/out; \
         mount -t fuse.mach-procfs none $DIR; test -e $DIR/self/maps; umount $DIR; \
         scripts/install --uninstall >/mnt/out 2>&1; cat /mnt/log; \
         find /mnt/_*/up ! -type d",
        quote(env!("CARGO_MANIFEST_DIR").as_ref())
    );
    let Some(output) = in_namespace(&script) else { return };
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        text(&output.stdout),
        "daemon-reload\nenable mach-procfs.service\nrestart mach-procfs.service\n\
         disable --now mach-procfs.service\n"
    );
}

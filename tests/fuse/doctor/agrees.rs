//! What doctor says is what mount then does, and its commands work.

use super::{assert_said, device, in_namespace, text};

/// For a user, whom fusermount3 asks for more than the kernel asks root.
#[test]
fn doctor_and_mount_agree_on_each_place() {
    let set_up = "mkdir -p $DIR.home; chown 65534 $DIR.home; export HOME=$DIR.home; \
        own() { mkdir \"$HOME/$1\"; chown 65534 \"$HOME/$1\"; chmod $2 \"$HOME/$1\"; }; \
        own plain 755; own unwritable 555; own unentered 600; own closed 000; own \"it's a\" 700; \
        own parent 755; own parent/x 755; chmod 0 $HOME/parent; \
        mkdir -m 755 $HOME/roots; mkdir -m 1777 $HOME/sticky; mkdir -m 777 $HOME/open; \
        mkdir -m 700 $HOME/secret $HOME/secret/x; touch $HOME/file; ";
    let each = "cd /; for place in $HOME/plain $HOME/unwritable $HOME/unentered $HOME/closed \
        \"$HOME/it's a\" $HOME/parent/x $HOME/roots $HOME/sticky $HOME/open $HOME/secret/x \
        $HOME/file $HOME/file/x $HOME/new $HOME/new/new $HOME/roots/new $HOME/secret/new \
        $DIR.elsewhere /nowhere/x; do \
        d=0; user $PROGRAM doctor \"$place\" >$DIR.said || d=1; \
        m=0; user $PROGRAM mount \"$place\" 2>$DIR.why || m=1; \
        test $m = 1 || user $PROGRAM umount \"$place\"; \
        echo \"$d $m ${place#$DIR}\"; \
        case ${place##*/} in unentered | unwritable | sticky) \
        sed -n 's/.*  //; $p' $DIR.said >&2; cat $DIR.why >&2;; esac; \
        test $d = $m || { cat $DIR.said $DIR.why; exit 9; }; done";
    let Some(output) = in_namespace(&(device("666") + set_up + each)) else { return };
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    let works: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("0 0 ")).collect();
    let expected = [".home/plain", ".home/it's a", ".home/open", ".home/new", ".home/new/new"];
    assert_eq!(works, expected, "{said}");
    assert_eq!(said.lines().count(), 18, "{said}");
    let why = text(&output.stderr);
    let why: Vec<&str> = why.lines().collect();
    let advice = "name a directory of your own, or mount as root";
    let reasons = [
        ("unwritable", "this user may not write to it"),
        ("unentered", "this user may not enter it"),
        ("sticky", "it is another user's, and has the sticky bit"),
    ];
    assert_eq!(why.len(), 2 * reasons.len(), "{why:?}");
    for (lines, (place, reason)) in why.chunks(2).zip(reasons) {
        assert!(lines[0].ends_with(&format!("/{place}: {reason} -- {advice}")), "{lines:?}");
        let mount = format!("/{place}: mount: Operation not permitted; fusermount3: ");
        assert!(lines[1].contains(&mount), "{lines:?}");
        assert!(lines[1].ends_with(&format!(": {reason}; {advice}")), "{lines:?}");
    }
}

/// Also where the user may not make it, and where a link or a dash is at the beginning.
#[test]
fn the_command_that_makes_a_missing_directory_is_one_for_doctor_and_mount_and_works() {
    let script = "mkdir $DIR.work; chown 65534 $DIR.work; cd $DIR.work; export HOME=/nowhere; \
        ln -s -- \"-target's\" link; ln -s -- nowhere/it -link; \
        for place in link -link -x \"it's new/x\" ../there \"$DIR.it's/there\"; do \
        user $PROGRAM doctor -- \"$place\" >$DIR.said && exit 9 || true; \
        user $PROGRAM mount -- \"$place\" 2>$DIR.why && exit 9 || true; \
        sed -n '$s/^  //p' $DIR.why >$DIR.sh; cat $DIR.sh; \
        grep -q -F -- \" -- $(cat $DIR.sh)\" $DIR.said; \
        if grep -q ^mkdir $DIR.sh; then user sh $DIR.sh; else sh $DIR.sh; fi; \
        user $PROGRAM doctor -- \"$place\" >&2; \
        user $PROGRAM mount -- \"$place\"; user $PROGRAM umount -- \"$place\"; done";
    let Some(output) = in_namespace(&(device("666") + script)) else { return };
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    let by_user = said.lines().filter(|line| line.starts_with("mkdir -p ")).count();
    let by_root =
        said.lines().filter(|line| line.contains("install -d -o 65534 -g 65534 ")).count();
    assert_eq!((by_user, by_root, said.lines().count()), (4, 2, 6), "{said}");
}

#[test]
fn commands_that_doctor_names_can_be_pasted() {
    let odd = "\"$DIR/it's a b\"";
    let missing = format!(
        "$PROGRAM doctor {odd} | sed -n 's/.* -- //p' | grep mkdir >$DIR.sh || true; \
        sh $DIR.sh; test -d {odd}; $PROGRAM doctor {odd}"
    );
    assert_said(&missing, 0, "ok mount point", &["it's a b is an empty directory"]);
    let dead = format!(
        "mkdir {odd}; : >$DIR.said; $PROGRAM mount --foreground --report {odd} >$DIR.said & D=$!; \
         until grep -q ready $DIR.said; do kill -0 $D; done; kill -KILL $D; {{ wait $D || true; }} 2>/dev/null; \
         $PROGRAM doctor {odd} | sed -n 's/.* -- \\(.* umount .*\\), or.*/\\1/p' >$DIR.sh; \
         sh $DIR.sh; $PROGRAM doctor {odd}"
    );
    assert_said(&dead, 0, "ok mount point", &["it's a b is an empty directory"]);
}

/// As sshfs when its server hangs: whatever asks the daemon waits until the test's watchdog ends it.
#[test]
fn a_mount_of_another_program_that_hangs_is_asked_nothing() {
    let hangs = "exec 9<>/dev/fuse; mount -i -t fuse.sshfs \
        -o fd=9,rootmode=40000,user_id=0,group_id=0 me@host:/home $DIR; ";
    let volume = "me@host:/home of type fuse.sshfs";
    assert_said(&format!("{hangs}$PROGRAM doctor $DIR"), 1, "fail mount point", &[volume]);
    let each = format!(
        "{hangs}ln -s $DIR $DIR.link; cd ${{DIR%/*}}; \
         for place in $DIR $DIR/ place $DIR.link; do \
         for command in umount 'umount --lazy' mount 'mount -f'; do \
         $PROGRAM $command $place 2>&1 && exit 9 || test $? = 1; done; done; \
         grep -q \"$DIR .* fuse.sshfs me@host:/home \" /proc/self/mountinfo"
    );
    let Some(output) = in_namespace(&each) else { return };
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    let [ended, mounted] = ["no mach-procfs is mounted there, but", "it has"]
        .map(|words| said.matches(&format!("{words} {volume}")).count());
    assert_eq!((ended, mounted, said.lines().count()), (8, 8, 16), "{said}");
}

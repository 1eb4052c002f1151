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
        test $d = $m || { cat $DIR.said $DIR.why; exit 9; }; done";
    let Some(output) = in_namespace(&(device("666") + set_up + each)) else { return };
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    let works: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("0 0 ")).collect();
    let expected = [".home/plain", ".home/it's a", ".home/open", ".home/new", ".home/new/new"];
    assert_eq!(works, expected, "{said}");
    assert_eq!(said.lines().count(), 18, "{said}");
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

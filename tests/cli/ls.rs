//! `ls`: names, attributes and options as ls(1) has them.

use super::common::program::{err, out, run};
use super::common::target::Target;
use super::common::{rows_of, threads};

fn ls(arguments: &[&str]) -> String {
    let output = run(&[&["ls"], arguments].concat());
    assert!(output.status.success() && output.stderr.is_empty(), "{}", err(&output));
    out(&output)
}

#[test]
fn ls_lists_names() {
    let target = Target::stopped("stop");
    let pid = target.pid().to_string();
    let root = run(&["ls"]);
    assert!(root.status.success());
    let text = out(&root);
    let names: Vec<&str> = text.lines().collect();
    assert_eq!(names[0], "self");
    assert!(names.contains(&pid.as_str()));
    let lines = |rows: &[&str]| -> String { rows.iter().map(|row| format!("{row}\n")).collect() };
    let task: String = threads(target.pid()).iter().map(|thread| format!("{thread}\n")).collect();
    assert_eq!(out(&run(&["ls", &format!("{pid}/task")])), task);
    assert_eq!(out(&run(&["ls", &format!("{pid}/maps")])), format!("{pid}/maps\n"));
    assert_eq!(
        out(&run(&["ls", &pid, &format!("{pid}/task")])),
        format!("{pid}:\n{}\n{pid}/task:\n{task}", lines(&rows_of("PID")))
    );
    let long = out(&run(&["ls", "-l", &pid]));
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name;
    let line = |name: &str| long.lines().find(|line| line.ends_with(&format!(" {name}"))).unwrap();
    let links = 2 + threads(target.pid()).len();
    assert!(line("task").starts_with(&format!("dr-xr-xr-x  {links} ")), "{long}");
    assert!(line("fd").starts_with(&format!("dr-x------  2 {user} ")), "{long}");
    assert!(line("maps").starts_with(&format!("-r--------  1 {user} ")), "{long}");
    assert!(line("stat").starts_with(&format!("-r--r--r--  1 {user} ")), "{long}");
    assert!(long.lines().any(|line| line.contains(" exe -> /")), "{long}");
    let own = out(&run(&["ls", "-l"]));
    assert!(own.lines().next().unwrap().contains(" self -> "), "{own}");
    let failed = run(&["ls", "nope", &pid]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(out(&failed).contains(&lines(&rows_of("PID"))));
}

#[test]
fn a_file_and_a_directory_print_as_ls_prints_them() {
    let target = Target::stopped("stop");
    let pid = target.pid();
    let [comm, ucred, pcred] = ["comm", "ucred", "pcred"].map(|name| format!("{pid}/{name}"));
    let names: String = rows_of("PID/ucred").iter().map(|row| format!("{row}\n")).collect();
    assert_eq!(ls(&[&ucred, &comm]), format!("{comm}\n\n{ucred}:\n{names}"));
    assert_eq!(ls(&[&comm, &comm]), format!("{comm}\n{comm}\n"));
    assert_eq!(
        ls(&[&ucred, &comm, &pcred]),
        format!("{comm}\n\n{ucred}:\n{names}\n{pcred}:\n{names}")
    );
    let partly = run(&["ls", &ucred, "nope", "4194303"]);
    assert_eq!(partly.status.code(), Some(1));
    assert_eq!(out(&partly), format!("{ucred}:\n{names}"));
    assert_eq!(
        err(&partly),
        "mach-procfs: nope: no such file or process\nmach-procfs: 4194303: no such process\n"
    );
}

#[test]
fn options_mean_what_they_mean_to_ls() {
    let target = Target::stopped("stop");
    let ucred = format!("{}/ucred", target.pid());
    let names: String = rows_of("PID/ucred").iter().map(|row| format!("{row}\n")).collect();
    assert_eq!(ls(&["-1", &ucred]), names);
    assert_eq!(ls(&["-a", &ucred]), format!(".\n..\n{names}"));
    assert_eq!(ls(&["-a1d", &ucred]), format!("{ucred}\n"));
    assert_eq!(ls(&["-d"]), ".\n");
    assert_eq!(ls(&["-d", &ucred, "self"]), format!("{ucred}\nself\n"));
    let long = ls(&["-la", &ucred]);
    let lines: Vec<&str> = long.lines().collect();
    assert!(lines[0].starts_with("dr-xr-xr-x  2 ") && lines[0].ends_with(" ."), "{long}");
    assert!(lines[1].starts_with("dr-xr-xr-x  ") && lines[1].ends_with(" .."), "{long}");
    assert_eq!(lines.len(), 2 + rows_of("PID/ucred").len());
    let itself = ls(&["-ld", &ucred]);
    assert!(itself.starts_with("dr-xr-xr-x  2 ") && itself.ends_with(&format!(" {ucred}\n")));
    let (above, root) = (ls(&["-ld", "/"]), ls(&["-la"]));
    assert_eq!(above.lines().count(), 1);
    assert!(root.lines().nth(1).unwrap().ends_with(" .."), "the root is above itself");
}

#[test]
fn a_link_is_followed_where_ls_follows_it() {
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/arm64.json");
    let replay = |arguments: &[&str]| ls(&[&["--replay", recording], arguments].concat());
    let listed = replay(&["500"]);
    assert_eq!(replay(&["byname/demo"]), listed);
    assert_eq!(replay(&["-l", "byname/demo/"]), replay(&["-l", "500"]));
    for (options, end) in [("-l", " byname/demo -> ../500\n"), ("-ld", " byname/demo -> ../500\n")]
    {
        let link = replay(&[options, "byname/demo"]);
        assert!(link.starts_with("lrwxrwxrwx  1 ") && link.ends_with(end), "{link}");
    }
    assert_eq!(replay(&["-d", "byname/demo"]), "byname/demo\n");
    assert!(replay(&["-ld", "byname/demo/."]).starts_with("dr-xr-xr-x "));
    assert!(ls(&["-l", "self"]).contains(" self -> "));
}

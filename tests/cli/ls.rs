//! `ls`: names, attributes and options as ls(1) has them.

#[cfg(feature = "mount")]
use super::common::mount::Mount;
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
        format!("{comm}\n\n{pcred}:\n{names}\n{ucred}:\n{names}")
    );
    let partly = run(&["ls", &ucred, "nope", "4194303"]);
    assert_eq!(partly.status.code(), Some(1));
    assert_eq!(out(&partly), format!("{ucred}:\n{names}"));
    assert_eq!(
        err(&partly),
        "mach-procfs: nope: no such file or process\nmach-procfs: 4194303: no such process\n"
    );
}

/// Blocks of a listing: the names of files, or the head of a directory before what is in it, which a
/// plain ls sorts.
#[cfg(feature = "mount")]
fn blocks(listing: &str) -> Vec<Vec<String>> {
    let block = |block: &str| {
        let mut lines: Vec<String> = block.lines().map(str::to_owned).collect();
        if lines[0].ends_with(':') {
            lines[1..].sort_unstable();
        }
        lines
    };
    listing.trim_end().split("\n\n").map(block).collect()
}

#[cfg(feature = "mount")]
#[test]
fn several_paths_are_in_the_order_of_ls() {
    let Some(mount) = Mount::new() else { return };
    let (one, two) = (Target::stopped("stop"), Target::stopped("stop"));
    let of = |target: &Target, name: &str| format!("{}/{name}", target.pid());
    let paths = [
        of(&two, "ucred"),
        "version".to_owned(),
        of(&one, "ucred"),
        of(&one, "pcred"),
        format!("./{}", of(&one, "task")),
        of(&two, "comm"),
        of(&one, "comm"),
        of(&one, "ucred/"),
        "system".to_owned(),
        of(&one, "comm"),
        of(&two, "stat"),
        of(&two, ""),
    ];
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let real = |arguments: &[&str]| {
        let mut command = std::process::Command::new("ls");
        command.args(arguments).current_dir(mount.root()).env("LC_ALL", "C");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        out(&output)
    };
    for paths in [&paths[..], &paths[..2], &paths[2..5], &paths[8..]] {
        let listing = ls(paths);
        assert_eq!(blocks(&listing), blocks(&real(paths)), "{paths:?}");
        let itself = [&["-d"], paths].concat();
        assert_eq!(ls(&itself), real(&itself));
    }
    assert_eq!(blocks(&ls(&paths)).len(), 8);
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

/// The listing's own descriptor is closed when its attributes are asked for.
#[test]
fn what_vanishes_while_it_is_listed_is_passed_over() {
    for directory in ["self/fd", "self/fdinfo", "self/task"] {
        let long = ls(&["-l", directory]);
        assert!(long.lines().all(|line| line.contains(" 20")), "{long}");
        let names = ls(&[directory]);
        assert!(names.lines().count() >= long.lines().count(), "{names}{long}");
    }
    let links = ls(&["-l", "self/fd"]);
    assert!(links.lines().count() >= 3 && links.lines().all(|line| line.contains(" -> ")));
}

#[test]
fn sizes_that_are_known_are_printed() {
    use std::os::unix::fs::MetadataExt;
    let target = Target::stopped("stop");
    let fd = format!("{}/fd", target.pid());
    let size = std::fs::metadata(format!("/proc/{fd}")).unwrap().size();
    let long = ls(&["-ld", &fd]);
    assert_eq!(long.split_whitespace().nth(4), Some(size.to_string().as_str()), "{long}");
    let maps = ls(&["-l", &format!("{}/maps", target.pid())]);
    assert_eq!(maps.split_whitespace().nth(4), Some("0"), "{maps}");
}

/// The recording of a Mac, with the name of its process 500 and its working directory replaced.
fn hostile_recording(directory: &std::path::Path, name: &str) -> String {
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/arm64.json");
    let text = std::fs::read_to_string(recording).unwrap();
    let home = text.split("\"current_path\": \"/Users/").nth(1).unwrap().split('"').next().unwrap();
    assert!(text.contains("\"comm\": \"demo\""));
    let home = home.to_owned();
    let text = text.replace("\"comm\": \"demo\"", &format!("\"comm\": \"{name}\""));
    let text = text.replace(
        &format!("\"current_path\": \"/Users/{home}\""),
        &format!("\"current_path\": \"/Users/{name}\""),
    );
    let file = directory.join("hostile.json");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn names_forge_no_line_and_command_no_terminal() {
    use std::io::Read;
    let directory = tempfile::tempdir().unwrap();
    let file = hostile_recording(directory.path(), "a\\u001b[2J\\n501\\rb");
    // A program reads the bytes that there are, on one line.
    let names = ls(&["--replay", &file, "byname"]);
    assert!(names.lines().any(|line| line == "a\u{1b}[2J\\n501\\rb"), "{names:?}");
    let long = ls(&["--replay", &file, "-l", "byname", "500/"]);
    assert!(long.lines().any(|line| line.ends_with(" a\u{1b}[2J\\n501\\rb -> ../500")), "{long:?}");
    assert!(
        long.lines().any(|line| line.contains(" cwd -> /Users/a\u{1b}[2J\\n501\\rb")),
        "{long:?}"
    );
    // On a terminal nothing is left that commands it.
    let terminal = nix::pty::openpty(None, None).unwrap();
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
        .args(["ls", "--replay", &file, "-l", "byname", "500/"])
        .stdin(std::process::Stdio::null())
        .stdout(terminal.slave)
        .status()
        .unwrap();
    assert!(status.success());
    let mut shown = Vec::new();
    // Without a writer left, reading a terminal ends in an error.
    let _ = std::fs::File::from(terminal.master).read_to_end(&mut shown);
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains(r" a\u{1b}[2J\n501\rb -> ../500"), "{shown:?}");
    assert!(shown.contains(r" cwd -> /Users/a\u{1b}[2J\n501\rb"), "{shown:?}");
    assert!(!shown.contains('\u{1b}') && !shown.replace("\r\n", "").contains('\r'), "{shown:?}");
}

/// The same names in the same order, in every directory of a recorded Mac, and of a process here.
#[test]
#[cfg(feature = "mount")]
fn ls_lists_what_a_mount_lists() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    fn compare(mount: &Path, path: &Path, source: &[&str]) -> usize {
        let rooted = format!("/{}", path.display());
        let output = run(&[&["ls"], source, &[&rooted]].concat());
        let Ok(entries) = std::fs::read_dir(mount.join(path)) else {
            assert_eq!(output.status.code(), Some(1), "{rooted}");
            return 1;
        };
        let entries: Vec<_> = entries.map(|entry| entry.unwrap()).collect();
        let names: Vec<_> = entries.iter().map(|entry| entry.file_name()).collect();
        let listed = output.stdout.strip_suffix(b"\n").unwrap_or(b"");
        let lines = listed.split(|byte| *byte == b'\n').map(OsStr::from_bytes);
        let lines: Vec<&OsStr> = lines.filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, names, "{rooted}: {}", err(&output));
        let below = entries.iter().filter(|entry| entry.file_type().unwrap().is_dir());
        1 + below.map(|entry| compare(mount, &path.join(entry.file_name()), source)).sum::<usize>()
    }
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/arm64.json");
    let Some(replay) = Mount::with(&["--replay", recording]) else { return };
    let compared = compare(&replay.path(""), Path::new(""), &["--replay", recording]);
    assert!(compared > 50, "{compared} directories");
    let Some(live) = Mount::new() else { return };
    let target = Target::stopped("stop");
    let of_target = target.pid().to_string();
    assert!(compare(&live.path(""), Path::new(&of_target), &[]) > 5);
}

//! Recordings of Macs on this machine: printed, listed, mounted, and recorded again.

use crate::common;

use common::golden::assert_golden;
use common::program::{err, out, run};

const RECORDINGS: [&str; 3] = ["arm64", "intel", "translated"];

/// Of which the map is what matters.
const MAPS: [&str; 3] = ["macos12", "forked", "zsh"];

const FILES: [(&str, &str); 7] = [
    ("maps", "maps"),
    ("smaps", "smaps"),
    ("smaps_rollup", "smaps_rollup"),
    ("task/vmmap", "vmmap"),
    ("task/vmmap_r", "vmmap_r"),
    ("task/vmmap.json", "vmmap_json"),
    ("task/vmmap.svg", "vmmap_svg"),
];

fn recording(name: &str) -> String {
    format!("{}/tests/recordings/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

/// The pid, in all recordings, whose map the golden files show.
const SHOWN: &str = "500";

#[test]
fn cat_prints_the_goldens() {
    for name in RECORDINGS {
        for (file, golden) in FILES {
            let path = format!("{}/{file}", SHOWN);
            let output = run(&["cat", "--replay", &recording(name), &path]);
            assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
            assert_golden(&format!("mach_{name}_{golden}.txt"), &output.stdout);
        }
    }
}

/// The commands in a text that replay a recording: words up to two spaces, a comment, a quote or a pipe.
fn replays_in(text: &str) -> Vec<String> {
    let commands = text.split("mach-procfs ").skip(1).map(|rest| {
        let end = rest.find(['\n', '#', '`', '|']).unwrap_or(rest.len());
        rest[..end].split("  ").next().unwrap().trim().to_owned()
    });
    commands.filter(|command| command.contains("--replay")).collect()
}

#[test]
fn every_documented_replay_prints_something_of_each_recording() {
    let read = |path: &str| {
        std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let mut texts = vec![read("README.md"), read("docs/recording.md")];
    texts.extend(["cat", "ls", "record"].map(|command| out(&run(&[command, "--help"]))));
    let is_with_mount = |command: &String| command.starts_with("mount ");
    let mut commands: Vec<String> = texts.iter().flat_map(|text| replays_in(text)).collect();
    commands.retain(|command| !is_with_mount(command) && !command.contains("FILE"));
    assert!(commands.len() >= 6, "{commands:?}");
    assert!(commands.iter().any(|command| command.contains("tests/recordings/")));
    for command in commands {
        for name in RECORDINGS {
            let file = recording(name);
            let words = command.split(' ').map(|word| match word {
                "tests/recordings/arm64.json" | "mac.json" => &file,
                word => word,
            });
            let output = run(&words.collect::<Vec<_>>());
            assert!(output.status.success() && output.stderr.is_empty(), "{command}: {output:?}");
            assert!(!output.stdout.is_empty(), "{command} prints nothing");
        }
    }
}

#[test]
fn cat_prints_the_maps_of_the_others() {
    for name in MAPS {
        let file = recording(name);
        for (path, golden) in [("500/maps", "maps"), ("500/smaps_rollup", "smaps_rollup")] {
            let output = run(&["cat", "--replay", &file, path]);
            assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
            assert_golden(&format!("mach_{name}_{golden}.txt"), &output.stdout);
        }
    }
    let child = run(&["cat", "--replay", &recording("forked"), "501/maps"]);
    assert_golden("mach_forked_child_maps.txt", &child.stdout);
}

#[test]
fn a_recording_of_a_replay_is_the_file() {
    for name in RECORDINGS.into_iter().chain(MAPS) {
        let file = recording(name);
        let names = out(&run(&["ls", "--replay", &file]));
        let mut arguments = vec!["record", "--all", "--replay", &file];
        arguments.extend(names.lines().filter(|name| name.parse::<u32>().is_ok()));
        let again = run(&arguments);
        assert!(again.status.success(), "{}", err(&again));
        assert!(again.stdout == std::fs::read(&file).unwrap(), "{name}");
    }
}

/// Whichever processes a recording has.
#[test]
fn links_in_the_root_of_a_recording_lead_somewhere() {
    let directory = tempfile::tempdir().unwrap();
    for name in RECORDINGS {
        let file = recording(name);
        let recorded = run(&["record", "--all", "--replay", &file, SHOWN]);
        assert!(recorded.status.success(), "{}", err(&recorded));
        let part = directory.path().join(name);
        std::fs::write(&part, recorded.stdout).unwrap();
        let part = part.to_str().unwrap();
        assert!(!out(&run(&["ls", "--replay", part])).lines().any(|name| name == "1"));
        for (link, target) in [("net/tcp", "1/net/tcp"), ("mtab", "mounts")] {
            let wanted = run(&["cat", "--replay", &file, target]);
            assert!(!wanted.stdout.is_empty(), "{wanted:?}");
            for recording in [&file, part] {
                let shown = run(&["cat", "--replay", recording, link]);
                assert!(shown.status.success() && shown.stdout == wanted.stdout, "{shown:?}");
            }
        }
    }
}

/// A recording is sent to others: what may hold a password is in it only where that was asked for.
#[test]
fn arguments_and_registers_are_recorded_only_of_all() {
    let file = recording("arm64");
    let all = std::fs::read_to_string(&file).unwrap();
    let part = out(&run(&["record", "--replay", &file, SHOWN]));
    for secret in ["\"arguments\":", "\"flavor\":", "HOME="] {
        assert!(all.contains(secret) && !part.contains(secret), "{secret}");
    }
    assert!(part.contains("\"files\":") && part.contains("\"threads\":"));
}

/// With whom a process is connected is as private as the network of the machine. Ports say what a
/// descriptor is for.
#[test]
fn addresses_and_paths_of_sockets_are_recorded_only_of_all() {
    let directory = tempfile::tempdir().unwrap();
    let part = directory.path().join("part.json");
    let part = part.to_str().unwrap();
    for name in RECORDINGS {
        let file = recording(name);
        let sockets = |recording: &str| -> Vec<String> {
            let text = out(&run(&["cat", "--replay", recording, &format!("{SHOWN}/fds")]));
            let lines = text.lines().filter_map(|line| line.split_once("socket "));
            lines.map(|(_, ends)| ends.trim().to_owned()).collect()
        };
        let recorded = run(&["record", "--replay", &file, SHOWN]);
        std::fs::write(part, &recorded.stdout).unwrap();
        let all = [
            "tcp 127.0.0.1:8080 -> 127.0.0.1:54321 ESTABLISHED",
            "tcp [::]:8080 LISTEN",
            "udp [fe80::1]:5353",
            "unix -> /private/var/run/demo.sock",
            "unix /private/var/run/demo.sock",
            "family 32 type 2",
        ];
        assert_eq!(sockets(&file), all, "{name}");
        let without = [
            "tcp 0.0.0.0:8080 -> 0.0.0.0:54321 ESTABLISHED",
            "tcp [::]:8080 LISTEN",
            "udp [::]:5353",
            "unix",
            "unix",
            "family 32 type 2",
        ];
        assert_eq!(sockets(part), without, "{name}");
        // Nor in a part that `fds` does not show.
        let text = out(&recorded);
        for private in ["7f000001", "fe80", "demo.sock"] {
            assert!(!text.contains(private), "{private}");
        }
    }
}

#[test]
fn a_replay_has_no_self_and_belongs_to_who_replays_it() {
    let file = recording("arm64");
    assert!(!out(&run(&["ls", "--replay", &file])).contains("self"));
    let none = run(&["cat", "--replay", &file, "self/maps"]);
    assert_eq!(none.status.code(), Some(1));
    assert_eq!(err(&none), "mach-procfs: self/maps: no such file or process\n");
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name;
    let long = out(&run(&["ls", "-l", "--replay", &file, SHOWN]));
    assert!(long.lines().all(|line| line.split_whitespace().nth(2) == Some(&user)), "{long}");
}

#[test]
fn what_cannot_be_recorded_or_replayed_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let broken = directory.path().join("broken.json");
    let whole = std::fs::read_to_string(recording("arm64")).unwrap();
    std::fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
    let broken = broken.to_str().unwrap();
    let missing = directory.path().join("missing.json");
    let missing = missing.to_str().unwrap();
    let cases = [
        (
            vec!["cat", "--replay", broken, "1/maps"],
            "broken.json: not a recording: EOF while parsing",
        ),
        (vec!["ls", "--replay", missing], "missing.json: No such file"),
        (vec!["record", "1"], "only macOS can be recorded"),
        (vec!["record", "--replay", "x", "self"], "'self' is no pid"),
        (vec!["mount", "--replay", missing, directory.path().to_str().unwrap()], "No such file"),
    ];
    for (arguments, reason) in cases {
        if arguments[0] == "mount" && !cfg!(feature = "mount") {
            continue;
        }
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(err(&output).contains(reason), "{}", err(&output));
        assert_eq!(err(&output).lines().count(), 1, "{}", err(&output));
    }
    let file = recording("arm64");
    let partly = run(&["record", "--replay", &file, "4194303", SHOWN]);
    assert_eq!(partly.status.code(), Some(1));
    assert_eq!(err(&partly), "mach-procfs: 4194303: no such process\n");
    assert!(out(&partly).starts_with("{"));
}

#[cfg(feature = "mount")]
mod mounted {
    use super::*;
    use common::mount::{Mount, Place};
    use std::collections::BTreeSet;
    use std::os::unix::fs::MetadataExt;
    use std::process::Command;

    #[test]
    fn a_mounted_replay_serves_the_goldens() {
        for name in RECORDINGS {
            let Some(mount) = Mount::with(&["--replay", &recording(name)]) else { return };
            let pid: u32 = SHOWN.parse().unwrap();
            for (file, golden) in FILES {
                let cat = Command::new("cat").arg(mount.of(pid, file)).output().unwrap();
                assert!(cat.status.success(), "{cat:?}");
                assert_golden(&format!("mach_{name}_{golden}.txt"), &cat.stdout);
                let tac = Command::new("tac").arg(mount.of(pid, file)).output().unwrap();
                assert_eq!(tac.stdout.len(), cat.stdout.len(), "{file} backwards");
            }
            let names = Command::new("ls").arg(mount.root()).output().unwrap();
            let listed = out(&run(&["ls", "--replay", &recording(name)]));
            let set =
                |names: &str| -> BTreeSet<String> { names.lines().map(str::to_owned).collect() };
            assert_eq!(set(&out(&names)), set(&listed));
            let of_processes = ["-maxdepth", "2", "-name", "maps"];
            let find = Command::new("find").arg(mount.root()).args(of_processes).output().unwrap();
            assert_eq!(out(&find).lines().count(), common::pids(out(&names).lines()).len());
        }
    }

    #[test]
    fn errors_of_a_mounted_replay_are_those_of_a_live_kernel() {
        let Some(mount) = Mount::with(&["--replay", &recording("arm64")]) else { return };
        let errno = |result: std::io::Result<()>| result.unwrap_err().raw_os_error();
        for missing in ["self", "4194303", "nope"] {
            assert_eq!(errno(std::fs::metadata(mount.path(missing)).map(drop)), Some(libc::ENOENT));
        }
        let maps = mount.path(SHOWN).join("maps");
        assert_eq!(errno(std::fs::write(&maps, "")), Some(libc::EROFS));
        let stat = std::fs::metadata(&maps).unwrap();
        assert_eq!((stat.mode(), stat.uid()), (0o100_400, nix::unistd::geteuid().as_raw()));
        assert_eq!(std::fs::read(mount.path("0/maps")).unwrap(), b"", "the kernel's own process");
    }

    #[test]
    fn a_replay_can_be_mounted_in_the_background() {
        let Some(place) = Place::new() else { return };
        // Cargo runs tests at the top of the source tree.
        let mounted = place.run("mount", &["--replay", "tests/recordings/intel.json"]);
        assert!(mounted.status.success(), "{mounted:?}");
        let text = std::fs::read(place.path().join(SHOWN).join("maps"));
        place.unmount();
        assert_golden("mach_intel_maps.txt", &text.unwrap());
    }
}

//! Recordings of processes that earlier versions showed wrongly, each one shown through
//! `cat --replay`. Each is `tests/recordings/arm64.json`, cut to one process and changed in one
//! place.

use crate::common;

use std::process::Output;

use common::program::{err, out, run};
use serde_json::{Value, json};

const ARM64: &str = include_str!("../recordings/arm64.json");

/// What `cat` prints of these files of process 500 in the changed recording.
fn cat(files: &[&str], change: impl FnOnce(&mut Value)) -> Output {
    let mut recording: Value = serde_json::from_str(ARM64).unwrap();
    recording["processes"].as_array_mut().unwrap().retain(|process| process["pid"] == 500);
    change(&mut recording);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("recording.json");
    std::fs::write(&path, recording.to_string()).unwrap();
    let files: Vec<String> = files.iter().map(|file| format!("500/{file}")).collect();
    let mut arguments = vec!["cat", "--replay", path.to_str().unwrap()];
    arguments.extend(files.iter().map(String::as_str));
    run(&arguments)
}

/// All that it prints, which must be without an error.
fn shown(files: &[&str], change: impl Fn(&mut Value)) -> String {
    let output = cat(files, change);
    assert!(output.status.success() && output.stderr.is_empty(), "{files:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The first region of the process alone, with these values in place of some of its own.
fn one_region(recording: &mut Value, changes: Value) {
    let process = &mut recording["processes"][0];
    let mut row = process["regions"][0].clone();
    let row = row.as_object_mut().unwrap();
    row.retain(|key, _| key == "region");
    row["region"].as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    process["regions"] = json!([row]);
}

/// The path of 10 bytes is followed by its NUL, by five of alignment, and by the one that ends the
/// empty argument.
#[test]
fn an_empty_first_argument_does_not_move_the_environment() {
    let area = "\u{2}\0\0\0/bin/sleep\0\0\0\0\0\0\x00100\0SECRET=hunter2\0HOME=/Users/demo\0\0\0\0\
                pfz=0xffffffff0\0stack_guard=0x1\0";
    let of = |file| shown(&[file], |it| it["processes"][0]["arguments"] = json!({ "ok": area }));
    assert_eq!(of("cmdline"), "\x00100\0");
    assert_eq!(of("environ"), "SECRET=hunter2\0HOME=/Users/demo\0");
}

/// `EIO`: the kernel cannot read the process's stack. `EINVAL`: the process is in its exit.
#[test]
fn arguments_that_cannot_be_read_are_empty() {
    for errno in [5, 22] {
        let change = |it: &mut Value| it["processes"][0]["arguments"] = json!({ "errno": errno });
        assert_eq!(shown(&["cmdline", "environ"], change), "", "{errno}");
    }
}

/// The kernel cuts a name after 15 bytes, within a character; the field has room for 16.
#[test]
fn a_name_ends_at_the_end_of_a_character() {
    let cut = json!({ "hex": "70726f636573732d6e616d652d74c3" });
    for comm in [cut, json!("process-name-tö")] {
        let change = |it: &mut Value| {
            for info in ["short_info", "bsd_info"] {
                it["processes"][0]["answers"][info]["ok"]["comm"] = comm.clone();
            }
        };
        assert_eq!(shown(&["comm"], change), "process-name-t\n", "{comm}");
        assert!(shown(&["stat"], change).starts_with("500 (process-name-t) "), "{comm}");
        assert!(shown(&["status"], change).starts_with("Name:\tprocess-name-t\n"), "{comm}");
    }
}

/// Without the machine, its page size is unknown, and the name port alone has the process's.
#[test]
fn a_name_port_gives_the_size_of_a_page() {
    let change = |recording: &mut Value| {
        recording.as_object_mut().unwrap().remove("machine");
        let pages = json!({ "pages_resident": 2, "size": "0x10000", "share_mode": 2 });
        one_region(recording, pages);
        let process = &mut recording["processes"][0];
        let refused = json!({ "errno": 1 });
        process["task_ports"] = json!({
            "control": { "kern_return": 5 }, "read": refused, "inspect": refused, "name": "given"
        });
        (process["leaves"], process["leaves_end"]) = (json!([]), Value::Null);
    };
    let smaps = shown(&["smaps"], change);
    let rss = smaps.lines().find(|line| line.starts_with("Rss:")).unwrap();
    assert_eq!(rss.split_whitespace().collect::<Vec<_>>(), ["Rss:", "32", "kB"]);
    assert!(shown(&["task/vmmap.json"], change).contains("\"page_size\":16384,"));
}

/// A submap without a tag, of which the kernel counts no pages.
#[test]
fn the_commpage_has_its_own_colour_and_is_not_counted() {
    let change = |recording: &mut Value| {
        let commpage = json!({
            "address": "0x7fffffe00000", "size": "0x1000", "protection": 1, "max_protection": 1,
            "inheritance": 0, "flags": 1, "user_tag": 0, "share_mode": 3, "pages_resident": 0
        });
        one_region(recording, commpage);
    };
    assert!(shown(&["maps"], change).ends_with(" [commpage]\n"));
    let picture = shown(&["task/vmmap.svg"], change);
    let (_, row) = picture.split_once("<g><title>7fffffe00000-7fffffe01000\n").unwrap();
    let (row, rest) = row.split_once("</g>").unwrap();
    assert!(!rest.contains("<g>"), "one row: {rest}");
    for part in ["<rect class=\"k6\"", "<rect class=\"u\"", "not counted", ">[commpage]</text>"] {
        assert!(row.contains(part), "{part}: {row}");
    }
}

#[test]
fn a_list_in_place_of_an_object_is_refused_with_its_place() {
    let output = cat(&["maps"], |recording| {
        let region = &mut recording["processes"][0]["regions"][0]["region"];
        let values = region.as_object().unwrap().values().cloned().collect();
        *region = Value::Array(values);
    });
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(1), ""));
    let said = err(&output);
    assert!(
        said.contains("invalid type: sequence") && said.contains("at line 1 column "),
        "{said}"
    );
}

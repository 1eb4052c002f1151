//! The programs in `examples` show what they say.

use std::process::{Command, Output};

/// Runs an example, which Cargo builds before where it is not built.
fn example(name: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--locked", "--package", "mach-procfs", "--example", name, "--"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

fn shown(name: &str, arguments: &[&str]) -> String {
    let output = example(name, arguments);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {err}");
    String::from_utf8(output.stdout).unwrap()
}

fn this_program() -> String {
    std::env::current_exe().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn every_example_is_run_here() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["all_processes", "library_of_address", "own_map", "process_map"]);
}

#[test]
fn the_readme_shows_own_map() {
    let text = |name| std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR")));
    let readme = text("README.md").unwrap();
    let shown = readme.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(shown.starts_with("fn main") && text("examples/own_map.rs").unwrap().ends_with(shown));
}

#[test]
fn own_map_marks_the_region_of_main() {
    let text = shown("own_map", &[]);
    let marked: Vec<&str> = text.lines().filter(|line| line.ends_with("  <- main")).collect();
    let [line] = marked.as_slice() else { panic!("{text}") };
    assert!(line.contains(" r-xp ") && line.contains("/examples/own_map"), "{line}");
}

#[test]
fn process_map_shows_another_process() {
    let text = shown("process_map", &[&std::process::id().to_string()]);
    let code = text.lines().find(|line| line.contains(" r-xp ") && line.ends_with(&this_program()));
    let (resident, _) = code.expect(&text).trim_start().split_once(' ').unwrap();
    assert!(resident.parse::<u64>().unwrap() > 0, "{text}");
    let output = example("process_map", &["4194304"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no system has such a pid"));
}

#[test]
fn all_processes_lists_this_one() {
    let text = shown("all_processes", &[]);
    let pid = std::process::id().to_string();
    let own = text.lines().find(|line| line.split_whitespace().next() == Some(&pid));
    let columns: Vec<&str> = own.expect(&text).split_whitespace().collect();
    let [_, count, kibibytes] = columns.as_slice() else { panic!("{columns:?}") };
    assert!(count.parse::<u64>().unwrap() > 5 && kibibytes.parse::<u64>().unwrap() > 100, "{text}");
}

#[test]
fn library_of_address_names_the_file() {
    let pid = std::process::id().to_string();
    let address = format!("{:#x}", this_program as fn() -> String as usize);
    let text = shown("library_of_address", &[&pid, &address]);
    let (path, offset) = text.trim_end().rsplit_once(" + 0x").expect(&text);
    assert_eq!(path, this_program());
    assert!(u64::from_str_radix(offset, 16).is_ok());
    let output = example("library_of_address", &[&pid, "0"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing is mapped there"));
}

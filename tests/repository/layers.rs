//! The layers: who imports whom, where unsafe code and `cfg(target_os)` may stand, who prints.

use std::path::{Path, PathBuf};

use super::code::code_of;

/// What each layer may import of this crate. All layers import `model`.
const MAY_IMPORT: [(&str, &[&str]); 9] = [
    ("model", &["model"]),
    ("api", &["model", "kernel", "format", "api"]),
    ("kernel", &["model", "kernel"]),
    ("recording", &["model", "kernel", "recording"]),
    ("format", &["model", "format"]),
    ("tree", &["model", "kernel", "format", "tree"]),
    ("fuse", &["model", "tree", "fuse"]),
    // On macOS the kernel reports the mounts.
    ("mount", &["model", "kernel", "tree", "fuse", "mount"]),
    ("cli", &["model", "kernel", "recording", "tree", "mount", "cli", "format"]),
];

/// Files with unsafe code: for Mach calls, three of `sys`.
const UNSAFE: [&str; 5] = [
    "src/fuse/host/memory.rs",
    "src/kernel/linux/ioctl.rs",
    "src/kernel/xnu/sys/functions.rs",
    "src/kernel/xnu/sys/images.rs",
    "src/kernel/xnu/sys/mod.rs",
];

/// Files whose code depends on the system.
const PICKS_SYSTEM: [&str; 9] = [
    "src/kernel/mod.rs",
    "src/kernel/xnu/mod.rs",
    "src/kernel/xnu/sys/functions.rs",
    "src/recording/mod.rs",
    "src/fuse/host/mod.rs",
    "src/fuse/adapter.rs",
    "src/fuse/unsupported.rs",
    "src/mount/mod.rs",
    "src/mount/macos/mod.rs",
];

/// The most lines of a file below `src`.
const LONGEST: usize = 350;

struct Source {
    /// From the top of the project.
    path: String,
    layer: String,
    lines: usize,
    /// By [`code_of`].
    code: Vec<(usize, String)>,
}

fn sources() -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    collect(&top.join("src"), &mut found);
    let sources: Vec<Source> = found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            let inside = path.strip_prefix("src/").unwrap();
            let layer = inside.split(['/', '.']).next().unwrap().to_owned();
            let code = code_of(&text);
            Source { path, layer, lines: text.lines().count(), code }
        })
        .collect();
    // A test that looked at nothing would pass.
    for (layer, _) in MAY_IMPORT {
        assert!(sources.iter().any(|source| source.layer == layer), "no files of {layer}");
    }
    assert!(sources.len() >= 30, "only {} files", sources.len());
    sources
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Files that no module names, so that the compiler never sees them.
fn in_no_module(sources: &[Source]) -> Vec<String> {
    let is_named = |source: &&Source| {
        let path = source.path.strip_suffix(".rs").unwrap();
        let Some((folder, name)) = path.trim_end_matches("/mod").rsplit_once('/') else {
            return false;
        };
        let parents = match folder {
            "src" if ["lib", "main"].contains(&name) => return true,
            "src" => ["src/lib.rs".to_owned(), "src/main.rs".to_owned()],
            _ => [format!("{folder}.rs"), format!("{folder}/mod.rs")],
        };
        let names = |line: &str| line.trim().rsplit(' ').next() == Some(&format!("{name};"));
        let parents = sources.iter().filter(|source| parents.contains(&source.path));
        let mut lines = parents.flat_map(|parent| &parent.code);
        lines.any(|(_, line)| format!(" {line}").contains(" mod ") && names(line))
    };
    let lost = sources.iter().filter(|source| !is_named(source));
    lost.map(|source| source.path.clone()).collect()
}

/// The layers that a line names, as `crate::LAYER`, in the program as `mach_procfs::LAYER`.
fn named_layers(line: &str) -> Vec<&str> {
    ["crate::", "mach_procfs::"]
        .iter()
        .flat_map(|root| line.split(root).skip(1))
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap())
        .filter(|name| MAY_IMPORT.iter().any(|(layer, _)| layer == name))
        .collect()
}

fn wrong_imports(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(layer, _)| *layer == source.layer) else {
            continue;
        };
        for (number, line) in &source.code {
            for name in named_layers(line) {
                if !allowed.contains(&name) {
                    wrong
                        .push(format!("{}:{number}: {} imports {name}", source.path, source.layer));
                }
            }
        }
    }
    wrong
}

/// Lines with one of these words, in files that are not on the list.
fn outside(sources: &[Source], words: &[&str], allowed: impl Fn(&str) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|source| !allowed(&source.path)) {
        for (number, line) in &source.code {
            if words.iter().any(|word| line.contains(word)) {
                wrong.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    wrong
}

fn too_long(sources: &[Source]) -> Vec<String> {
    let long = sources.iter().filter(|source| source.lines > LONGEST);
    long.map(|source| format!("{}: {} lines", source.path, source.lines)).collect()
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn imports_go_one_way() {
    assert_none(&wrong_imports(&sources()));
}

#[test]
fn every_file_is_in_a_module() {
    assert_none(&in_no_module(&sources()));
}

#[test]
fn the_tree_knows_the_kernels_trait_only() {
    let sources = sources();
    let trees: Vec<Source> = sources.into_iter().filter(|source| source.layer == "tree").collect();
    assert_none(&outside(&trees, &["kernel::linux", "kernel::mach", "fuser"], |_| false));
}

/// Neither the code that asks them nor what a recording makes of them.
#[test]
fn the_calls_of_xnu_know_nothing_above_them() {
    let sources = sources();
    let is_xnu = |source: &Source| source.path.starts_with("src/kernel/xnu/");
    let calls: Vec<Source> = sources.into_iter().filter(is_xnu).collect();
    assert!(calls.len() > 10);
    let words = ["crate::model", "kernel::mach", "kernel::linux", "crate::kernel::{"];
    assert_none(&outside(&calls, &words, |_| false));
}

/// Only these files have such words, and each of them has one.
fn assert_only_in(files: &[&str], words: &[&str]) {
    let sources = sources();
    assert_none(&outside(&sources, words, |path| files.contains(&path)));
    for file in files {
        let others = |path: &str| path != *file;
        assert!(!outside(&sources, words, others).is_empty(), "none in {file}");
    }
}

#[test]
fn unsafe_code_stands_in_its_files_only() {
    assert_only_in(&UNSAFE, &["unsafe ", "unsafe{", "allow(unsafe_code)"]);
}

#[test]
fn systems_are_told_apart_in_their_files_only() {
    assert_only_in(&PICKS_SYSTEM, &["target_os", "cfg(unix)", "target_vendor"]);
}

#[test]
fn only_the_command_line_prints_and_exits() {
    let words = ["println!", "eprint", "print!", "process::exit", "stdout()", "stderr()"];
    let may = |path: &str| path == "src/main.rs" || path.starts_with("src/cli/");
    assert_none(&outside(&sources(), &words, may));
}

/// Each is linked by itself, with all that it uses.
#[test]
fn there_are_few_test_programs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_program = |path: &PathBuf| path.is_file() || path.join("main.rs").exists();
    let programs: Vec<PathBuf> = entries.filter(is_program).collect();
    assert!((1..=8).contains(&programs.len()), "{programs:?}");
}

#[test]
fn no_file_is_long() {
    assert_none(&too_long(&sources()));
}

#[test]
fn the_checks_can_fail() {
    let wrong = |path: &str, layer: &str, text: &str| Source {
        path: path.to_owned(),
        layer: layer.to_owned(),
        lines: text.lines().count(),
        code: code_of(text),
    };
    let bad = [
        wrong("src/model/x.rs", "model", "use crate::tree::Tree;"),
        wrong("src/api/x.rs", "api", "use crate::recording::Recording;"),
        wrong("src/format/x.rs", "format", "let x = crate::kernel::host();"),
        wrong("src/fuse/x.rs", "fuse", "use crate::kernel::Kernel; // crate::tree"),
    ];
    assert_eq!(wrong_imports(&bad).len(), 4);
    let lines = |count| [wrong("src/tree/x.rs", "tree", &"\n".repeat(count))];
    assert_eq!([too_long(&lines(LONGEST)).len(), too_long(&lines(LONGEST + 1)).len()], [0, 1]);
    let fine = [wrong("src/tree/x.rs", "tree", "// use crate::fuse\nuse crate::kernel::Kernel;")];
    assert!(wrong_imports(&fine).is_empty());
    let hidden = [wrong("src/tree/x.rs", "tree", "let x = unsafe { y() };")];
    assert_eq!(outside(&hidden, &["unsafe "], |_| false).len(), 1);
    assert_eq!(outside(&hidden, &["unsafe "], |path| path == "src/tree/x.rs").len(), 0);
    let files = [
        wrong("src/lib.rs", "lib", "pub mod tree;"),
        wrong("src/tree/mod.rs", "tree", "mod x;\npub(super) mod y;\n// mod z;"),
        wrong("src/tree/x.rs", "tree", "mod z;"),
        wrong("src/tree/y.rs", "tree", ""),
        wrong("src/tree/z.rs", "tree", ""),
        wrong("src/tree/x/z.rs", "tree", ""),
    ];
    assert_eq!(in_no_module(&files), ["src/tree/z.rs"]);
}

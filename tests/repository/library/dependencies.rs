//! What a program takes in with the library: the packages without the features `cli` and `mount`.

use std::collections::BTreeSet;
use std::process::Command;

const EVERYWHERE: [&str; 6] = ["bitflags", "cfg-if", "libc", "log", "memchr", "nix"];

/// XNU's structs are read from bytes by `zerocopy`, whose macros need the other packages to build.
const MACOS: [&str; 7] =
    ["mach2", "proc-macro2", "quote", "syn", "unicode-ident", "zerocopy", "zerocopy-derive"];

const SERDE: [&str; 7] =
    ["proc-macro2", "quote", "serde", "serde_core", "serde_derive", "syn", "unicode-ident"];

/// The names of the packages that a build with these features takes, without the library itself.
fn packages(target: &str, features: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--package", "mach-procfs", "--edges", "normal"])
        .args(["--prefix", "none", "--format", "{p}", "--target", target])
        .args(["--no-default-features", "--features", features])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{err}");
    let names = out.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned);
    names.filter(|name| name != "mach-procfs").collect()
}

fn named(lists: &[&[&str]]) -> BTreeSet<String> {
    lists.iter().copied().flatten().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_library_alone_depends_on_few_packages() {
    let linux = "x86_64-unknown-linux-gnu";
    assert_eq!(packages(linux, ""), named(&[&EVERYWHERE]));
    assert_eq!(packages(linux, "serde"), named(&[&EVERYWHERE, &SERDE]));
    for target in ["aarch64-apple-darwin", "x86_64-apple-darwin"] {
        assert_eq!(packages(target, ""), named(&[&EVERYWHERE, &MACOS]));
    }
    assert!(packages(linux, "cli").contains("clap") && packages(linux, "mount").contains("fuser"));
}

//! Each system, from nothing and where the script may not install.

use std::fs;

use super::machine::Machine;
use super::{BREW, RUSTUP};

#[test]
fn debian_as_root_takes_the_newer_of_its_cargos() {
    Machine::new("debian")
        .root()
        .candidate("cargo", "0.66.0+ds1-1")
        .candidate("cargo-web", "1.96.0+dfsg1-1~deb12u2")
        .sets_up_with(&[
            "root: apt-get update",
            "root: apt-get install -y --no-install-recommends gcc libc6-dev fuse3 cargo-web ca-certificates",
        ]);
}

#[test]
fn ubuntu_and_its_derivatives_with_sudo() {
    for system in ["ubuntu", "mint"] {
        Machine::new(system).sudo("free").candidate("cargo", "1.91.1ubuntu1").sets_up_with(&[
            "root: apt-get update",
            "root: apt-get install -y --no-install-recommends gcc libc6-dev fuse3 cargo ca-certificates",
        ]);
    }
}

#[test]
fn fedora_as_root_and_with_sudo() {
    for machine in [Machine::new("fedora").root(), Machine::new("fedora").sudo("free")] {
        machine.sets_up_with(&["root: dnf install -y gcc fuse3 cargo"]);
    }
}

#[test]
fn arch_as_root_and_with_sudo() {
    for machine in [Machine::new("arch").root(), Machine::new("arch").sudo("free")] {
        machine.sets_up_with(&["root: pacman -S --needed --noconfirm gcc fuse3 rust"]);
    }
}

#[test]
fn macos_with_homebrew() {
    let machine = Machine::new("macos");
    fs::create_dir_all(machine.path("machine/Library/Filesystems/macfuse.fs")).unwrap();
    machine.sets_up_with(&["user: brew install rust"]);
}

#[test]
fn a_mac_without_macfuse_shows_what_needs_no_mount() {
    let machine = Machine::new("macos");
    let outcome = machine.script("scripts/run", &[]);
    outcome.succeeded().did(&["user: brew install rust", "cargo build --release"]);
    assert!(!machine.path("home/proc").exists(), "nothing is made to mount on");
    let (head, rest) = outcome.stdout.trim_start().split_once('\n').unwrap();
    let process = head.strip_prefix("mach-procfs cat ").unwrap().split_once('/').unwrap().0;
    assert!(process.parse::<u32>().is_ok(), "{head}");
    assert_eq!(head, format!("mach-procfs cat {process}/maps, of this shell (process {process}):"));
    let twelve = |of: &str| (1..=12).map(|n| format!("{of} region {n}\n")).collect::<String>();
    let release = machine.path("repo/target/release");
    assert_eq!(
        rest,
        format!(
            "{}\nmach-procfs cat {process}/task/vmmap, of this shell (process {process}):\n{}\n\
             macFUSE is not installed, so nothing was mounted. Without a mount:\n  \
               export PATH={}:$PATH\n  mach-procfs cat $$/maps\n  mach-procfs ls $$\n\
             To mount, install macFUSE, allow its kernel extension in System Settings, Privacy & \
             Security,\nrestart, and run scripts/run again:\n  brew install --cask macfuse\n",
            twelve("maps"),
            twelve("task/vmmap"),
            release.display(),
        )
    );
    machine.file("fail-cat", "");
    let failed = machine.script("scripts/run", &[]);
    assert_eq!(failed.status, 1);
    assert!(failed.stderr.contains("mach-procfs: no such process\n"), "{}", failed.stderr);
    assert!(failed.stderr.ends_with("/maps is empty\n"), "{}", failed.stderr);
}

#[test]
fn only_what_is_missing_is_installed() {
    let machine = Machine::new("debian").root().with(&["cc"]).rust("1.95.0");
    machine.sets_up_with(&[
        "root: apt-get update",
        "root: apt-get install -y --no-install-recommends fuse3",
    ]);
}

#[test]
fn nothing_is_installed_where_nothing_is_missing() {
    for system in ["debian", "ubuntu", "fedora", "arch", "alpine", "macos"] {
        for machine in [Machine::complete(system), Machine::complete(system).root()] {
            machine.sets_up_with(&[]);
        }
    }
}

#[test]
fn without_root_the_message_has_the_command() {
    let cases = [
        (
            "debian",
            format!(
                "sudo apt-get update && sudo apt-get install -y --no-install-recommends gcc libc6-dev fuse3 && {RUSTUP}"
            ),
        ),
        ("fedora", "sudo dnf install -y gcc fuse3 cargo".to_owned()),
        ("arch", "sudo pacman -S --needed --noconfirm gcc fuse3 rust".to_owned()),
    ];
    for (system, command) in cases {
        Machine::new(system).sudo("asks").script("scripts/run", &[]).did(&[]).advised("scripts/run: missing: cc, fusermount3, cargo 1.88 or newer. Run this, then scripts/run again", &command);
    }
}

#[test]
fn without_any_sudo_the_command_is_for_su() {
    let cases = [
        (
            "ubuntu",
            "su -c 'apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev fuse3 cargo ca-certificates'",
        ),
        ("fedora", "su -c 'dnf install -y gcc fuse3 cargo'"),
        ("arch", "su -c 'pacman -S --needed --noconfirm gcc fuse3 rust'"),
    ];
    for (system, command) in cases {
        let machine = Machine::new(system).candidate("cargo", "1.91");
        machine.file("lists", "");
        machine.script("scripts/run", &[]).did(&[]).advised("scripts/run: missing: cc, fusermount3, cargo 1.88 or newer. Run this, then scripts/run again", command);
    }
}

/// A user's fusermount3 unmounts by it; root needs neither, but the tests mount as other users.
#[test]
fn a_missing_mtab_is_made_by_root() {
    let machine = |system: &str| {
        let machine = Machine::complete(system);
        fs::remove_file(machine.path("machine/etc/mtab")).unwrap();
        machine
    };
    let missing = "scripts/run: missing: /etc/mtab. Run this, then scripts/run again";
    let link = "ln -sf /proc/self/mounts /etc/mtab";
    for (machine, command) in [
        (machine("debian"), format!("su -c '{link}'")),
        (machine("fedora").sudo("asks"), format!("sudo {link}")),
    ] {
        machine.script("scripts/run", &[]).did(&[]).advised(missing, &command);
    }
    let with_package = "su -c 'apt-get update && apt-get install -y --no-install-recommends fuse3 && ln -sf /proc/self/mounts /etc/mtab'";
    machine("debian").without("fusermount3").script("scripts/run", &[]).did(&[]).advised(
        "scripts/run: missing: fusermount3, /etc/mtab. Run this, then scripts/run again",
        with_package,
    );
    assert!(machine("debian").root().script("scripts/run", &[]).stderr.find("mtab").is_none());
    let root = machine("debian").root();
    root.fake("bin/ln", r#"echo "ln $*" >>"$here/log"; : >"$here/machine/etc/mtab""#);
    root.script("scripts/test", &[]).succeeded().did(&[link, "cargo test"]);
    machine("debian").script("scripts/test", &[]).did(&[]).advised(
        "scripts/test: missing: /etc/mtab. Run this, then scripts/test again",
        &format!("su -c '{link}'"),
    );
}

#[test]
fn an_unknown_system_is_told_what_it_needs() {
    for root in [false, true] {
        let machine = Machine::new("alpine").rust("1.95.0");
        let machine = if root { machine.root() } else { machine };
        machine.script("scripts/run", &[]).did(&[]).failed(
            "scripts/run: missing: cc, fusermount3. Install with your package manager: gcc fuse3. Then run scripts/run again.",
        );
    }
}

#[test]
fn macos_without_homebrew_without_compiler_or_as_root() {
    let all = "cc, cargo 1.88 or newer";
    let machine = Machine::new("macos").sudo("free").without("brew");
    fs::remove_file(machine.path("xcode")).unwrap();
    machine.script("scripts/run", &[]).did(&[]).advised(
        &format!("scripts/run: missing: {all}. Run this, then scripts/run again"),
        &format!("{BREW} && brew install rust && xcode-select --install"),
    );

    Machine::new("macos").root().script("scripts/run", &[]).did(&[]).advised("scripts/run: missing: cargo 1.88 or newer. Run this as yourself (Homebrew refuses root), then scripts/run again", "brew install rust");
}

#[test]
fn a_package_manager_that_fails_ends_it() {
    let cases = [
        ("fedora", "dnf", "dnf install -y gcc fuse3"),
        ("arch", "pacman", "pacman -S --needed --noconfirm gcc fuse3"),
        ("macos", "brew", "brew install rust"),
    ];
    for (system, manager, command) in cases {
        let machine = Machine::new(system).sudo("free");
        let machine = if system == "macos" { machine } else { machine.rust("1.95.0") };
        machine.file(&format!("fail-{manager}"), "");
        machine.script("scripts/run", &[]).failed(&format!("scripts/run: failed: {command}"));
    }
}

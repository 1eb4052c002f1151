//! Which Rust is taken, and where from.

use super::RUSTUP;
use super::machine::Machine;

#[test]
fn a_cargo_too_old_is_replaced_by_the_systems() {
    for old in ["1.87.0", "0.99.0", "1.9.0"] {
        let machine = Machine::complete("fedora").root().rust(old);
        machine.sets_up_with(&["root: dnf install -y cargo"]);
    }
}

#[test]
fn a_cargo_new_enough_is_kept() {
    for new in ["1.88.0", "1.100.0-nightly", "2.0.0"] {
        Machine::complete("fedora").root().rust(new).sets_up_with(&[]);
    }
}

#[test]
fn a_rustup_is_asked_to_update() {
    for system in ["debian", "fedora", "arch", "macos"] {
        let machine = Machine::complete(system).sudo("free").rust("1.80.1").with(&["rustup"]);
        let outcome = machine.script("scripts/test", &[]);
        outcome.advised(
            "scripts/test: missing: cargo 1.88 or newer. Run this, then scripts/test again",
            "rustup update stable && rustup default stable",
        );
        assert!(
            !outcome.log.iter().any(|command| command.contains("install")),
            "{:?}",
            outcome.log
        );
    }
}

#[test]
fn a_cargo_without_its_rustc_is_not_enough() {
    let machine = Machine::complete("arch").root().without("rustc");
    machine.sets_up_with(&["root: pacman -S --needed --noconfirm rust"]);
}

#[test]
fn an_installed_debian_cargo_is_not_pushed_out() {
    let machine = Machine::complete("debian")
        .root()
        .rust("0.66.0")
        .candidate("cargo", "0.66.0+ds1-1")
        .candidate("cargo-web", "1.96.0+dfsg1-1~deb12u2");
    machine.script("scripts/run", &[]).did(&["root: apt-get update"]).advised(
        "scripts/run: missing: cargo 1.88 or newer. Run this, then scripts/run again",
        RUSTUP,
    );
}

#[test]
fn where_the_system_has_no_new_cargo_the_rest_is_installed_and_rustup_named() {
    let machine = Machine::new("ubuntu").root().without("curl").candidate("cargo", "1.75.0+dfsg0");
    machine
        .script("scripts/run", &[])
        .did(&[
            "root: apt-get update",
            "root: apt-get install -y --no-install-recommends gcc libc6-dev fuse3 curl ca-certificates",
        ])
        .advised("scripts/run: missing: cargo 1.88 or newer. Run this, then scripts/run again", RUSTUP);

    // A system whose own cargo turns out too old only once it is there.
    let machine = Machine::complete("fedora").root().without("cargo");
    machine.file("packaged", "1.79.0");
    machine.script("scripts/run", &[]).did(&["root: dnf install -y cargo"]).advised(
        "scripts/run: missing: cargo 1.88 or newer. Run this, then scripts/run again",
        RUSTUP,
    );
}

#[test]
fn a_rustup_not_yet_on_the_path_is_found() {
    Machine::complete("debian")
        .without("cargo")
        .without("rustc")
        .rust_in("home/.cargo/bin", "1.95.0")
        .sets_up_with(&[]);
}

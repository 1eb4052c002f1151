//! `scripts/install`: what it makes is read by real parsers, and `--uninstall` leaves nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use super::machine::{Machine, Outcome, real};
use crate::common::skip;

// Of st_mode; libc's have another width on macOS.
const TYPE: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;

const LABEL: &str = "io.github.mach-procfs";

/// A machine with what an installation needs, and the directory `dest`, which is to be `/`.
fn machine(system: &str) -> Machine {
    let machine = Machine::complete(system);
    for tool in ["ln", "readlink"] {
        symlink(real(tool), machine.path("bin").join(tool)).unwrap();
    }
    fs::create_dir(machine.path("dest")).unwrap();
    machine
}

fn install(machine: &Machine, arguments: &[&str]) -> Outcome {
    let dest = machine.path("dest");
    let environment = [("DESTDIR", dest.to_str().unwrap())];
    machine.script_with("home", "../repo/scripts/install".into(), arguments, &environment)
}

/// All there is below a directory: mode, and content or target.
fn tree(top: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut left = vec![top.to_owned()];
    while let Some(path) = left.pop() {
        let data = fs::symlink_metadata(&path).unwrap();
        let content = if data.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            Vec::new()
        } else if data.is_symlink() {
            fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else {
            fs::read(&path).unwrap()
        };
        let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
        found.insert(name, (data.mode(), content));
    }
    found
}

/// The paths that are no directories.
fn files(top: &Path) -> Vec<String> {
    let is_file = |mode: u32| mode & TYPE != DIRECTORY;
    tree(top).into_iter().filter(|(_, (mode, _))| is_file(*mode)).map(|(name, _)| name).collect()
}

const COMMON: [&str; 6] = [
    "usr/local/bin/mach-procfs",
    "usr/local/share/bash-completion/completions/mach-procfs",
    "usr/local/share/fish/vendor_completions.d/mach-procfs.fish",
    "usr/local/share/mach-procfs/installed",
    "usr/local/share/man/man1/mach-procfs.1",
    "usr/local/share/zsh/site-functions/_mach-procfs",
];

/// Of the LaunchDaemon: its program, the rotation of its log, and its property list.
const DAEMON: [&str; 3] = [
    "Library/PrivilegedHelperTools/io.github.mach-procfs",
    "etc/newsyslog.d/io.github.mach-procfs.conf",
    "Library/LaunchDaemons/io.github.mach-procfs.plist",
];

#[test]
fn what_is_installed_once_and_twice_and_taken_away() {
    for system in ["debian", "fedora", "arch", "macos"] {
        let machine = machine(system);
        let dest = machine.path("dest");
        let before = tree(&dest);
        let first = install(&machine, &[]);
        first.succeeded().did(&["cargo build --release"]);
        let helpers = if Path::new("/sbin").is_symlink() { "usr/sbin" } else { "sbin" };
        let helper = format!("{helpers}/mount.fuse.mach-procfs");
        let mut expected: Vec<&str> = COMMON.to_vec();
        if system == "macos" {
            expected.extend(DAEMON);
            expected.push("etc/synthetic.conf");
        } else {
            expected.extend(["etc/systemd/system/mach-procfs.service", &helper]);
        }
        expected.sort_unstable();
        assert_eq!(files(&dest), expected, "{system}");
        let once = tree(&dest);
        for (name, (mode, _)) in &once {
            let is_program = name.ends_with("bin/mach-procfs") || name == DAEMON[0];
            let wanted = match mode & TYPE {
                REGULAR if !is_program => 0o644,
                REGULAR | DIRECTORY => 0o755,
                _ => continue,
            };
            if !name.is_empty() && !name.ends_with("/installed") {
                assert_eq!(mode & 0o777, wanted, "{name}");
            }
        }
        assert_eq!(once["usr/local/share/man/man1/mach-procfs.1"].1, b"the man of mach-procfs\n");
        if system != "macos" {
            assert_eq!(once[helper.as_str()].1, b"/usr/local/bin/mach-procfs");
        }
        install(&machine, &[]).succeeded();
        assert!(tree(&dest) == once, "{system}: twice is once");
        install(&machine, &["--uninstall"]).succeeded();
        assert!(tree(&dest) == before, "{system}: {:?}", tree(&dest).keys());
        install(&machine, &["--uninstall"]).failed(&format!(
            "scripts/install: nothing is installed in {}/usr/local",
            dest.display()
        ));
    }
}

#[test]
fn a_dry_run_says_what_and_does_nothing() {
    for system in ["debian", "macos"] {
        let machine = machine(system);
        let dest = machine.path("dest");
        let before = tree(&dest);
        let dry = install(&machine, &["--dry-run"]);
        let said = dry.succeeded().did(&[]).stdout.clone();
        assert!(tree(&dest) == before);
        install(&machine, &[]).succeeded();
        for file in files(&dest).iter().filter(|file| !file.ends_with("/installed")) {
            assert!(said.contains(&format!("{}/{file}", dest.display())), "{file} in {said}");
        }
        let installed = tree(&dest);
        let dry = install(&machine, &["--uninstall", "--dry-run"]);
        assert!(dry.succeeded().stdout.contains("would remove "));
        assert!(tree(&dest) == installed);
    }
}

#[test]
fn the_line_of_synthetic_conf_is_there_once_and_the_rest_stays() {
    let cases = [
        ("", "proc\n"),
        ("# mine\nnix\n", "# mine\nnix\nproc\n"),
        ("nix\tSystem/Volumes/Nix", "nix\tSystem/Volumes/Nix\nproc\n"),
        ("nix\n\n\n", "nix\n\n\nproc\n"),
        ("process\n# proc\n", "process\n# proc\nproc\n"),
        ("proc\nnix\n", "proc\nnix\n"),
        ("proc\tSystem/Volumes/Data/proc\n", "proc\tSystem/Volumes/Data/proc\n"),
    ];
    for (before, after) in cases {
        let machine = machine("macos");
        fs::create_dir(machine.path("dest/etc")).unwrap();
        machine.file("dest/etc/synthetic.conf", before);
        let path = machine.path("dest/etc/synthetic.conf");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let whole = tree(&machine.path("dest"));
        for _ in 0..2 {
            install(&machine, &[]).succeeded();
            assert_eq!(fs::read_to_string(&path).unwrap(), after, "{before:?}");
        }
        install(&machine, &["--uninstall"]).succeeded();
        assert!(tree(&machine.path("dest")) == whole, "{before:?}");
    }
}

#[test]
fn what_was_added_to_synthetic_conf_since_stays() {
    let machine = machine("macos");
    install(&machine, &[]).succeeded();
    machine.file("dest/etc/synthetic.conf", "proc\nnix\n");
    install(&machine, &["--uninstall"]).succeeded();
    let path = machine.path("dest/etc/synthetic.conf");
    assert_eq!(fs::read_to_string(path).unwrap(), "nix\n");
}

#[test]
fn the_property_list_is_one() {
    let machine = machine("macos");
    install(&machine, &["--prefix", "/opt/homebrew"]).succeeded();
    let plist = machine.path("dest").join(DAEMON[2]);
    let script = "import json, plistlib, sys; \
                  print(json.dumps(plistlib.load(open(sys.argv[1], 'rb')), sort_keys=True))";
    let Ok(output) = Command::new("python3").args(["-c", script]).arg(plist).output() else {
        return skip("python3 is not installed");
    };
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap().trim(),
        format!(
            "{{\"KeepAlive\": {{\"Crashed\": true}}, \"Label\": \"{LABEL}\", \
             \"ProcessType\": \"Interactive\", \"ProgramArguments\": [\"/{}\", \"mount\", \
             \"--foreground\", \"--log\", \"/var/log/mach-procfs.log\", \"/proc\"], \"RunAtLoad\": true, \
             \"StandardErrorPath\": \"/var/log/mach-procfs.log\", \
             \"StandardOutPath\": \"/var/log/mach-procfs.log\"}}",
            DAEMON[0]
        )
    );
}

#[test]
fn the_unit_is_one() {
    let machine = machine("debian");
    install(&machine, &[]).succeeded();
    let unit = fs::read_to_string(machine.path("dest/etc/systemd/system/mach-procfs.service"));
    let unit = unit.unwrap();
    assert!(unit.contains("\nExecStart=/usr/local/bin/mach-procfs mount --foreground /run/mach-"));
    assert!(!unit.contains("@PREFIX@"));
    // It wants to find the program, and the man page without DESTDIR is not there.
    let dest = machine.path("dest");
    let local = format!("{}/usr/local", dest.display());
    let unit = unit.replace("/usr/local", &local);
    let unit: String =
        unit.split_inclusive('\n').filter(|line| !line.starts_with("Documentation=")).collect();
    machine.file("mach-procfs.service", &unit);
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(machine.path("mach-procfs.service"))
        .output();
    match verify {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let about: Vec<&str> = said.lines().filter(|it| it.contains("mach-procfs")).collect();
            assert!(output.status.success() && about.is_empty(), "{said}");
        }
        Err(_) => skip("systemd-analyze is not installed"),
    }
}

#[test]
fn what_others_have_put_there_is_not_replaced() {
    let machine = machine("debian");
    fs::create_dir_all(machine.path("dest/usr/local/bin")).unwrap();
    machine.file("dest/usr/local/bin/mach-procfs", "mine");
    let before = tree(&machine.path("dest"));
    let place = machine.path("dest/usr/local/bin/mach-procfs");
    install(&machine, &[]).did(&[]).failed(&format!(
        "scripts/install: {} is there and was not made by this script; move it away first",
        place.display()
    ));
    assert!(tree(&machine.path("dest")) == before);
}

#[test]
fn without_root_it_goes_to_the_home() {
    let machine = machine("debian");
    let run = |arguments: &[&str]| machine.script("scripts/install", arguments);
    let first = run(&[]);
    let home = machine.path("home/.local");
    let bin = home.join("bin");
    let (bin, script) = (bin.display(), machine.path("repo/scripts/install"));
    assert_eq!(
        first.succeeded().stdout,
        format!(
            "To call it by its name in this shell:\n  export PATH={bin}:$PATH\n\
             To mount it:\n  {bin}/mach-procfs mount ~/proc\n\
             For a mount that is there after every start, for all users:\n  \
               su -c '{} --program {bin}/mach-procfs'\n\
             To see whether all is well:\n  {bin}/mach-procfs doctor\n",
            script.display()
        )
    );
    let wanted: Vec<String> =
        COMMON.iter().map(|it| it.strip_prefix("usr/local/").unwrap().to_owned()).collect();
    assert_eq!(files(&home), wanted);
    run(&["--uninstall"]).succeeded();
    assert!(!home.exists());
}

#[test]
fn what_it_takes_is_installed_first() {
    let machine = machine("debian").without("cc").without("fusermount3");
    machine.script("scripts/install", &[]).did(&[]).advised(
        "scripts/install: missing: cc, fusermount3. Run this, then scripts/install again",
        "su -c 'apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev fuse3'",
    );
    // Files for another place, and a program that is there, take no FUSE here.
    install(&machine.with(&["cc"]), &[]).succeeded().did(&["cargo build --release"]);
}

#[test]
fn by_sudo_the_caller_builds() {
    let machine = machine("debian").without("cargo").without("rustc").by_sudo();
    let machine = machine.rust_in("home-1000/.cargo/bin", "1.95.0");
    let dest = machine.path("dest");
    let sudo = |arguments: &[&str]| {
        let environment = [("DESTDIR", dest.to_str().unwrap()), ("SUDO_UID", "1000")];
        machine.script_with("home", "../repo/scripts/install".into(), arguments, &environment)
    };
    sudo(&[]).succeeded().did(&["uid 1000: cargo build --release"]);
    assert!(dest.join("usr/local/bin/mach-procfs").exists());
    let program = machine.path("fakes/mach-procfs");
    sudo(&["--program", program.to_str().unwrap()]).succeeded().did(&[]);
    machine.file("fail-cargo", "");
    sudo(&[]).failed("scripts/install: cargo build --release failed");
}

#[test]
fn by_sudo_a_missing_cargo_is_installed_or_named() {
    let machine = machine("debian").without("cargo").without("rustc").by_sudo();
    let machine = machine.candidate("cargo", "0.66.0").with(&["curl"]);
    let dest = machine.path("dest");
    let sudo = || {
        let environment = [("DESTDIR", dest.to_str().unwrap()), ("SUDO_UID", "1000")];
        machine.script_with("home", "../repo/scripts/install".into(), &[], &environment)
    };
    sudo().did(&["root: apt-get update"]).advised(
        "scripts/install: missing: cargo 1.88 or newer. Run this, then scripts/install again",
        super::RUSTUP,
    );
    machine.file("candidate-cargo-web", "1.96.0");
    let package = "root: apt-get install -y --no-install-recommends cargo-web ca-certificates";
    sudo().succeeded().did(&["root: apt-get update", package, "uid 1000: cargo build --release"]);
}

#[test]
fn root_builds_nothing_in_another_users_tree() {
    let machine = machine("debian").by_sudo();
    let outcome = install(&machine, &[]); // by su, so that no caller is known
    outcome.did(&[]).advised(
        "scripts/install: Then run this",
        "scripts/install --program target/release/mach-procfs",
    );
    let first = format!(
        "scripts/install: {} belongs to another user, who has to build the program:\n  \
           cargo build --release\n",
        machine.path("repo").display()
    );
    assert!(outcome.stderr.starts_with(&first), "{}", outcome.stderr);
}

const SERVICE: [(&str, &str); 2] =
    [("debian", "etc/systemd/system/mach-procfs.service"), ("macos", DAEMON[2])];

fn install_below(machine: &Machine, prefix: &str, task: &[&str]) {
    install(machine, &[&["--prefix", prefix], task].concat()).succeeded();
}

#[test]
fn a_second_prefix_takes_over_what_is_shared() {
    for (system, service) in SERVICE {
        for order in [["/usr/local", "/opt/b"], ["/opt/b", "/usr/local"]] {
            let machine = machine(system);
            let dest = machine.path("dest");
            let before = tree(&dest);
            install_below(&machine, "/usr/local", &[]);
            install_below(&machine, "/opt/b", &[]);
            let text = fs::read_to_string(dest.join(service)).unwrap();
            assert!(text.contains("/opt/b") && !text.contains("/usr/local"));

            install_below(&machine, order[0], &["--uninstall"]);
            assert_eq!(dest.join(service).exists(), order[0] == "/usr/local", "{system} {order:?}");
            let left = dest.join(order[1].trim_start_matches('/')).join("bin/mach-procfs");
            assert!(left.exists(), "{system} {order:?}");
            install_below(&machine, order[1], &["--uninstall"]);
            assert!(tree(&dest) == before, "{system} {order:?}: {:?}", tree(&dest).keys());
        }
    }
}

#[test]
fn the_first_prefix_takes_it_over_again() {
    for (system, service) in SERVICE {
        let machine = machine(system);
        let dest = machine.path("dest");
        install_below(&machine, "/usr/local", &[]);
        let alone = files(&dest);
        install_below(&machine, "/opt/b", &[]);
        install_below(&machine, "/usr/local", &[]);
        install_below(&machine, "/opt/b", &["--uninstall"]);
        assert_eq!(files(&dest), alone, "{system}");
        let text = fs::read_to_string(dest.join(service)).unwrap();
        assert!(text.contains("/usr/local") && !text.contains("/opt/b"), "{text}");
    }
}

#[test]
fn a_service_of_unknown_origin_is_not_taken_over() {
    let machine = machine("debian");
    let unit = "dest/etc/systemd/system/mach-procfs.service";
    fs::create_dir_all(machine.path("dest/etc/systemd/system")).unwrap();
    machine.file(unit, "[Service]\nExecStart=/opt/a/bin/mach-procfs mount /run/mach-procfs\n");
    install(&machine, &[]).did(&[]).failed(&format!(
        "scripts/install: {} is there and was not made by this script; move it away first",
        machine.path(unit).display()
    ));
}

#[test]
fn wrong_arguments_install_nothing() {
    let machine = machine("debian");
    let before = tree(&machine.path("dest"));
    for (arguments, message) in [
        (&["--frob"][..], "no such argument: --frob (see --help)"),
        (&["--prefix"], "--prefix takes an argument (see --help)"),
        (&["--prefix", "usr"], "usr is no absolute path"),
        (&["--prefix", "/a b"], "unusual letters in the path /a b"),
        (&["--program", "/nonexistent"], "/nonexistent is no program"),
    ] {
        install(&machine, arguments).did(&[]).failed(&format!("scripts/install: {message}"));
    }
    assert!(tree(&machine.path("dest")) == before);
    let help = install(&machine, &["--help"]);
    assert!(help.succeeded().stdout.starts_with("usage: [DESTDIR=DIR] scripts/install "));
}

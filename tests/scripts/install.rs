//! `scripts/install`: what it makes is read by real parsers, and `--uninstall` leaves nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use crate::machine::{Machine, Outcome, real};

// Of st_mode; libc's have another width on macOS.
const TYPE: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;

const LABEL: &str = "mach-procfs";

/// A machine with what an installation needs, and the directory `dest`, which is to be `/`.
fn machine(system: &str) -> Machine {
    let machine = Machine::complete(system);
    for tool in ["grep", "ln", "readlink"] {
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
            expected.extend(["Library/LaunchDaemons/mach-procfs.plist", "etc/synthetic.conf"]);
        } else {
            expected.extend(["etc/systemd/system/mach-procfs.service", &helper]);
        }
        expected.sort_unstable();
        assert_eq!(files(&dest), expected, "{system}");
        let once = tree(&dest);
        for (name, (mode, _)) in &once {
            let is_program = name.ends_with("bin/mach-procfs");
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
    let plist = machine.path("dest/Library/LaunchDaemons/mach-procfs.plist");
    let script = "import json, plistlib, sys; \
                  print(json.dumps(plistlib.load(open(sys.argv[1], 'rb')), sort_keys=True))";
    let Ok(output) = Command::new("python3").args(["-c", script]).arg(plist).output() else {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI must have python3");
        eprintln!("SKIPPED: no python3");
        return;
    };
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap().trim(),
        format!(
            "{{\"KeepAlive\": {{\"SuccessfulExit\": false}}, \"Label\": \"{LABEL}\", \
             \"ProgramArguments\": [\"/opt/homebrew/bin/mach-procfs\", \"mount\", \
             \"--foreground\", \"/proc\"], \"RunAtLoad\": true, \
             \"StandardErrorPath\": \"/var/log/mach-procfs.log\", \
             \"StandardOutPath\": \"/var/log/mach-procfs.log\", \"ThrottleInterval\": 30}}"
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
    assert!(!unit.contains('@') || !unit.contains("@BIN@"));
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
        Err(error) => eprintln!("SKIPPED: systemd-analyze: {error}"),
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
    assert!(first.succeeded().stdout.contains("mach-procfs mount ~/mach-proc"), "{}", first.stdout);
    assert!(first.stdout.contains("sudo scripts/install"), "{}", first.stdout);
    let wanted: Vec<String> =
        COMMON.iter().map(|it| it.strip_prefix("usr/local/").unwrap().to_owned()).collect();
    assert_eq!(files(&home), wanted);
    run(&["--uninstall"]).succeeded();
    assert!(!home.exists());
}

#[test]
fn a_mac_without_macfuse_is_told_how_to_get_it() {
    let machine = machine("macos");
    fs::remove_file(machine.path("machine/usr/local/lib/pkgconfig/fuse.pc")).unwrap();
    let outcome = install(&machine, &[]);
    assert_eq!((outcome.status, outcome.did(&[]).stdout.as_str()), (1, ""));
    for part in ["brew install --cask macfuse", "System Settings", "--no-default-features"] {
        assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
    }
    // A program that is there already was built where macFUSE was.
    let program = machine.path("fakes/mach-procfs");
    install(&machine, &["--program", program.to_str().unwrap()]).succeeded().did(&[]);
}

#[test]
fn a_mac_is_told_of_the_restart() {
    let machine = machine("macos");
    let said = install(&machine, &[]).succeeded().stdout.clone();
    for part in ["apfs.util -t", "launchctl bootstrap system", "Reduced Security", "doctor"] {
        assert!(said.contains(part), "{said}");
    }
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

//! A faked machine: what is on its PATH, and what a script did there.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The real tools that the scripts and the fakes use.
const REAL: &[&str] = &[
    "bash", "basename", "cat", "chmod", "cp", "dirname", "env", "grep", "ls", "mkdir", "mktemp",
    "mv", "rm", "rmdir", "sed", "tail", "true",
];

const MANAGER: &str = r#"
name=${0##*/} who=user
if [ "$(id -u)" = 0 ]; then who=root; fi
echo "$who: $name $*" >>"$here/log"
echo "noise of $name, which is no output of the script"
if [ -e "$here/fail-$name" ]; then exit 100; fi
case $name:$who in brew:root | apt-get:user | dnf:user | pacman:user) echo "wrong user" >&2; exit 96 ;; esac
if [ "$name" = apt-get ] && [ "${DEBIAN_FRONTEND:-}" != noninteractive ]; then exit 95; fi
if [ "$1" = update ]; then : >"$here/lists"; exit; fi
give() { cp "$here/fakes/nothing" "$here/bin/$1"; }
for word; do
    case $word in
        gcc)
            give cc
            if [ "$name" = pacman ]; then give c++; fi
            ;;
        g++ | gcc-c++) give c++ ;;
        fuse3) give fusermount3 ;;
        util-linux) give unshare ;;
        procps | procps-ng) give ps ;;
        dpkg-dev) give dpkg-shlibdeps ;;
        python3-psutil | python-psutil) : >"$here/psutil" ;;
        less | lsof | curl | shellcheck) give "$word" ;;
        ShellCheck) give shellcheck ;;
        cargo | cargo-web | rust)
            cp "$here/fakes/cargo" "$here/bin/cargo"
            cp "$here/fakes/cargo" "$here/bin/rustc"
            cp "$here/packaged" "$here/rust" ;;
    esac
done
"#;

const CARGO: &str = r#"
case $* in
    --version) echo "${0##*/} $(cat "$here/rust") (0123456789 2026-01-01)"; exit ;;
    'fuzz --version') [ -e "$here/cargo-fuzz" ]; exit ;;
esac
echo "${FAKE_UID:+uid $FAKE_UID: }${MACH_PROCFS_SECONDS:+for $MACH_PROCFS_SECONDS s: }${MACH_PROCFS_LOOKUPS:+$MACH_PROCFS_LOOKUPS look-ups: }cargo $*" >>"$here/log"
if [ -e "$here/fail-cargo" ]; then echo 'error: could not compile' >&2; exit 101; fi
case $1 in
    build) mkdir -p target/release; cp "$here/fakes/mach-procfs" target/release/mach-procfs ;;
    test)
        echo 'test result: ok. 3 passed; 0 failed'
        [ ! -e "$here/skipped" ] || cat "$here/skipped" >>"$MACH_PROCFS_SKIPPED" ;;
    install) : >"$here/cargo-fuzz" ;;
esac
if [ "$1 $2" = 'fuzz run' ]; then
    [ -d "$TMPDIR" ] && [ -d "$6" ] || exit 94
    echo "noise of libFuzzer"
    if [ -e "$here/fail-$5" ]; then
        echo "artifact_prefix='/a b/'; Test unit written to /a b/crash-1"
        exit 77
    fi
    echo '#9	DONE   cov: 7'
fi
"#;

const MACH_PROCFS: &str = r#"
if [ "$1 $2" = 'generate all' ]; then
    while read -r path mode what; do
        case $path in '#'*) continue ;; esac
        mkdir -p "$3/${path%/*}"
        [ "$what" = program ] || echo "the $what of mach-procfs" >"$3/$path"
    done <"$here/repo/src/cli/installed.txt"
    exit
fi
if [ "$1" = cat ]; then
    [ ! -e "$here/fail-cat" ] || { echo 'mach-procfs: no such process' >&2; exit 1; }
    for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do echo "${2#*/} region $n"; done
    exit
fi
echo "mach-procfs $*" >>"$here/log"
[ "$1" = mount ] || exit 0
if [ -e "$here/fail-mount" ]; then echo 'mach-procfs: cannot open /dev/fuse' >&2; exit 1; fi
mkdir -p "$2/self/task"
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do
    echo "region $n" >>"$2/self/maps"
    echo "vm region $n" >>"$2/self/task/vmmap"
done
case $(uname -s) in
    Darwin) echo "mach-procfs@macfuse0 on $2 (macfuse, nodev, nosuid)" ;;
    *) echo "mach-procfs on $2 type fuse.mach-procfs (ro,nosuid,nodev)" ;;
esac >>"$here/mounts"
"#;

/// Fakes that are on every machine's PATH.
const ALWAYS: &[(&str, &str)] = &[
    ("uname", r#"cat "$here/uname""#),
    ("id", r#"if [ -n "${FAKE_UID:-}" ]; then echo "$FAKE_UID"; else cat "$here/uid"; fi"#),
    ("mount", r#"cat "$here/mounts""#),
    ("curl", "exit 1"),
];

const APT_CACHE: &str = r#"
if [ -e "$here/lists" ] && [ -e "$here/candidate-$2" ]; then
    printf '%s:\n  Installed: (none)\n  Candidate: %s\n' "$2" "$(cat "$here/candidate-$2")"
fi"#;
const SUDO: &str = r#"
if [ "$1" != -n ]; then echo 'sudo would ask' >&2; exit 97; fi
shift
if [ "$(cat "$here/sudo")" != free ]; then echo 'sudo: a password is required' >&2; exit 1; fi
if [ "$1 $2 $4" = '-H -u --' ]; then # as another user, whose home is there
    uid=${3#\#}
    shift 4
    FAKE_UID=$uid HOME=$here/home-$uid exec "$@"
fi
FAKE_UID=0 exec "$@"
"#;

pub(crate) struct Machine {
    dir: tempfile::TempDir,
}

pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// What the fakes were asked in this run.
    pub(crate) log: Vec<String>,
}

impl Outcome {
    #[track_caller]
    pub(crate) fn succeeded(&self) -> &Self {
        assert_eq!(self.status, 0, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// It ended with status 1, this last line on standard error, and nothing on standard output.
    #[track_caller]
    pub(crate) fn failed(&self, message: &str) -> &Self {
        assert_eq!(self.stderr.lines().last(), Some(message), "all of it:\n{}", self.stderr);
        assert_eq!(self.status, 1);
        assert_eq!(self.stdout, "");
        self
    }

    /// It ended with status 1, nothing on standard output, and these last two lines on standard error:
    /// a message, and a command that stands alone on its line.
    #[track_caller]
    pub(crate) fn advised(&self, message: &str, command: &str) -> &Self {
        let whole = format!("{message}:\n  {command}\n");
        assert!(self.stderr.ends_with(&whole), "not the end:\n{whole}all of it:\n{}", self.stderr);
        assert_eq!(self.status, 1);
        assert_eq!(self.stdout, "");
        self
    }

    /// Exactly these commands were given, in this order.
    #[track_caller]
    pub(crate) fn did(&self, commands: &[&str]) -> &Self {
        assert_eq!(self.log, commands, "stderr:\n{}", self.stderr);
        self
    }
}

pub(crate) fn real(tool: &str) -> PathBuf {
    std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|dir| dir.join(tool))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no {tool} on this machine"))
}

impl Machine {
    /// A bare machine with an ordinary user, without sudo.
    pub(crate) fn new(system: &str) -> Self {
        let machine = Self { dir: tempfile::tempdir().unwrap() };
        for dir in [
            "bin",
            "fakes",
            "home",
            "repo/src/cli",
            "repo/scripts/dev",
            "repo/scripts/packaging/debian",
            "machine/etc",
        ] {
            fs::create_dir_all(machine.path(dir)).unwrap();
        }
        for tool in REAL {
            symlink(real(tool), machine.path("bin").join(tool)).unwrap();
        }
        for (name, body) in ALWAYS {
            machine.fake(&format!("bin/{name}"), body);
        }
        machine.fake("fakes/nothing", "");
        fs::create_dir_all(machine.path("machine/usr/bin")).unwrap();
        machine.fake(
            "machine/usr/bin/python3",
            r#"[ "$*" = '-c import psutil' ] && [ -e "$here/psutil" ]"#,
        );
        machine.fake("fakes/cargo", CARGO);
        machine.fake("fakes/mach-procfs", MACH_PROCFS);

        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in [
            "run",
            "test",
            "dev/bench",
            "dev/check-darwin",
            "dev/fuzz",
            "dev/load.sh",
            "dev/reader-suites",
            "dev/soak",
            "dev/storm",
            "install",
            "package",
            "build.sh",
            "files.sh",
            "install.sh",
            "lib.sh",
            "macos.sh",
            "mountpoint.sh",
            "packaging/mach-procfs.newsyslog",
            "packaging/mach-procfs.service",
            "packaging/mach-procfs.plist",
            "packaging/debian/control",
            "packaging/debian/copyright",
            "packaging/debian/postinst",
            "packaging/debian/postrm",
            "packaging/debian/prerm",
            "../src/cli/installed.txt",
        ] {
            let to = machine.path("repo/scripts").join(name);
            fs::copy(source.join("scripts").join(name), to).unwrap();
        }
        // The scripts read the Rust version from Cargo.toml; here it must not change under tests.
        machine.file("repo/Cargo.toml", "[package]\nrust-version = \"1.88\"\n");

        let (os_release, manager) = match system {
            "debian" => ("ID=debian\n", "apt-get"),
            "ubuntu" => ("NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n", "apt-get"),
            "mint" => ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", "apt-get"),
            "fedora" => ("ID=fedora\n", "dnf"),
            "arch" => ("ID=arch\n", "pacman"),
            "alpine" => ("ID=alpine\n", "apk"),
            "macos" => ("", "brew"),
            other => panic!("{other}?"),
        };
        machine.file("machine/etc/os-release", os_release);
        machine.fake(&format!("bin/{manager}"), MANAGER);
        machine.file("uname", if system == "macos" { "Darwin\n" } else { "Linux\n" });
        if manager == "apt-get" {
            machine.fake("bin/apt-cache", APT_CACHE);
        }
        if system == "macos" {
            machine.fake("bin/xcode-select", r#"[ -e "$here/xcode" ]"#);
            machine.file("xcode", "");
        } else {
            for dir in ["dev", "proc/self"] {
                fs::create_dir_all(machine.path("machine").join(dir)).unwrap();
            }
            machine.file("machine/dev/fuse", "");
            machine.file("machine/etc/mtab", "");
            machine.file("machine/proc/self/status", "Name:\tsed\nCapEff:\t000001ffffffffff\n");
        }
        machine.file("packaged", "1.95.0");
        machine.file("mounts", "proc on /proc type proc (rw,nosuid,nodev,noexec,relatime)\n");
        machine.file("uid", "1000\n");
        machine.file("log", "");
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        // The mount table has no links in it; on macOS the temporary directory lies behind one.
        self.dir.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn fake(&self, name: &str, body: &str) {
        let bash = real("bash");
        let here = self.path("");
        self.file(name, &format!("#!{}\nhere='{}'\n{body}\n", bash.display(), here.display()));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn root(self) -> Self {
        self.file("uid", "0\n");
        self
    }

    /// With a sudo that needs no password (`free`), or one that would ask for it.
    pub(crate) fn sudo(self, kind: &str) -> Self {
        self.fake("bin/sudo", SUDO);
        self.file("sudo", kind);
        self
    }

    /// What apt knows: package and version; known before `apt-get update` if `lists` is there.
    pub(crate) fn candidate(self, package: &str, version: &str) -> Self {
        self.file(&format!("candidate-{package}"), version);
        self
    }

    /// Root by sudo, called by user 1000, whose source tree it is.
    pub(crate) fn by_sudo(self) -> Self {
        let machine = self.root().sudo("free");
        fs::create_dir(machine.path("home-1000")).unwrap();
        fs::remove_file(machine.path("bin/ls")).unwrap();
        let real = real("ls").display().to_string();
        machine.fake(
            "bin/ls",
            &format!(
                r#"if [ "$1" = -ldn ]; then echo "-rw-r--r-- 1 1000 1000 9 Jan 1 00:00 $2"; exit; fi
                exec {real} "$@""#
            ),
        );
        machine
    }

    pub(crate) fn with(self, tools: &[&str]) -> Self {
        for tool in tools {
            self.fake(&format!("bin/{tool}"), "");
        }
        self
    }

    pub(crate) fn without(self, tool: &str) -> Self {
        fs::remove_file(self.path("bin").join(tool)).unwrap();
        self
    }

    pub(crate) fn rust(self, version: &str) -> Self {
        self.rust_in("bin", version)
    }

    pub(crate) fn rust_in(self, dir: &str, version: &str) -> Self {
        fs::create_dir_all(self.path(dir)).unwrap();
        self.fake(&format!("{dir}/cargo"), CARGO);
        self.fake(&format!("{dir}/rustc"), CARGO);
        self.file("rust", version);
        self
    }

    /// A machine on which nothing is missing.
    pub(crate) fn complete(system: &str) -> Self {
        let machine = Self::new(system)
            .with(&["cc", "c++", "fusermount3", "less", "unshare", "ps", "lsof"])
            .rust("1.88.0");
        if system == "macos" {
            fs::create_dir_all(machine.path("machine/Library/Filesystems/macfuse.fs")).unwrap();
        }
        machine.file("psutil", "");
        machine.file("cargo-fuzz", "");
        machine
    }

    pub(crate) fn script(&self, script: &str, args: &[&str]) -> Outcome {
        self.script_from("home", Path::new("../repo").join(script), args)
    }

    pub(crate) fn script_from(&self, dir: &str, script: PathBuf, args: &[&str]) -> Outcome {
        self.script_with(dir, script, args, &[])
    }

    /// The same with more in its environment.
    pub(crate) fn script_with(
        &self,
        dir: &str,
        script: PathBuf,
        args: &[&str],
        environment: &[(&str, &str)],
    ) -> Outcome {
        self.file("log", "");
        let output = Command::new(real("bash"))
            .arg(script)
            .args(args)
            .current_dir(self.path(dir))
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("HOME", self.path("home"))
            .env("MACH_PROCFS_MACHINE", self.path("machine"))
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Outcome {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            log: fs::read_to_string(self.path("log")).unwrap().lines().map(Into::into).collect(),
        }
    }

    /// The commands of a run that mounts on the default mount point, after `installing`.
    pub(crate) fn mounts_after(&self, installing: &[&str]) -> Vec<String> {
        let mount = format!("mach-procfs mount {}", self.path("home/proc").display());
        let built = ["cargo build --release".to_owned(), mount];
        installing.iter().map(|&command| command.to_owned()).chain(built).collect()
    }

    /// `scripts/run` does all of it, and once more with nothing left to install or mount.
    #[track_caller]
    pub(crate) fn sets_up_with(&self, installing: &[&str]) {
        let first = self.script("scripts/run", &[]);
        assert_eq!(first.succeeded().log, self.mounts_after(installing));
        assert!(!first.stdout.contains("noise"), "{}", first.stdout);
        self.script("scripts/run", &[]).succeeded().did(&["cargo build --release"]);
    }
}

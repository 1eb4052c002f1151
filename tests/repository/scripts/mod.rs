//! The scripts on machines that are not at hand: each system, with and without root or sudo, with tools present, missing or too old.
//!
//! A [`Machine`] is a temporary directory with a copy of the scripts and a PATH of its own. On
//! that PATH are a few real tools (cat, sed, …) and fakes of all that asks about the system or
//! changes it. The fakes are small shell scripts that write what they were asked into a log, and a
//! fake package manager makes the tool that its package would bring. So a test states the exact
//! commands, the status and the message. What is real here is bash and the scripts; that the
//! package names are right on Fedora, Arch and macOS is not shown.

// clippy.toml allows these in `#[test]` functions only; the helpers are test code as well.

#[cfg(target_os = "linux")]
mod ci;
mod first_mac;
mod install;
mod launchd;
mod load;
mod machine;
mod names;
mod odd_names;
#[cfg(target_os = "linux")] // it takes md5sum and other tools of GNU
mod package;
mod refusals;
mod release;
mod run;
mod rust;
mod skips;
mod systems;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

const RUSTUP: &str = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";
const BREW: &str = r#"/bin/bash -c "$(curl -fsSL https://raw.githubusercontent.com/Homebrew/install/HEAD/install.sh)""#;

#[test]
fn the_scripts_can_be_started() {
    for script in [
        "scripts/run",
        "scripts/test",
        "scripts/dev/fuzz",
        "scripts/dev/bench",
        "scripts/dev/soak",
        "scripts/dev/storm",
        "scripts/install",
        "scripts/package",
        "scripts/dev/check-darwin",
        "scripts/dev/bare-root",
        "scripts/dev/reader-suites",
        "scripts/dev/first-mac",
        "scripts/packaging/archive",
        "scripts/packaging/formula",
        ".ci/run",
        ".ci/in-clone",
        ".ci/leaves-nothing",
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o111, 0o111, "{script}");
    }
}

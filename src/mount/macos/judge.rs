//! macOS: the checks of `doctor`, from facts, so that they are tested without a Mac. What most facts
//! mean was read and not seen, which the findings say.

use nix::errno::Errno;

use crate::mount::doctor::{Check, MOUNT_POINT};

/// The facts about a Mac.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) is_root: bool,
    /// The output of `sw_vers -productVersion`.
    pub(super) system: Option<String>,
    /// The version of the installed macFUSE.
    pub(super) macfuse: Option<String>,
    /// Whether osxfuse, the predecessor of macFUSE, is installed.
    pub(super) has_osxfuse: bool,
    /// Whether fuse-t is installed.
    pub(super) has_fuse_t: bool,
    /// Whether Rosetta translates this program.
    pub(super) is_translated: bool,
    /// Whether its kernel extension was loaded since the last start.
    pub(super) is_loaded: bool,
    /// The output of `csrutil status`.
    pub(super) protection: Option<String>,
    /// Whether `/proc` exists.
    pub(super) has_proc: bool,
    /// The text of `/etc/synthetic.conf` and of the files in `/etc/synthetic.d`.
    pub(super) synthetic: String,
}

pub(super) fn judge(facts: &Facts) -> Vec<Check> {
    let mut checks = vec![system(facts)];
    checks.extend(facts.is_translated.then(|| untested(rosetta())));
    checks.extend([macfuse(facts), extension(facts), proc(facts)].map(untested));
    checks.extend([rights(facts), untested(submaps(facts))]);
    checks
}

/// A check that rests on reading alone.
fn untested(mut check: Check) -> Check {
    check.finding.push_str(" (untested on macOS)");
    check
}

fn system(facts: &Facts) -> Check {
    match &facts.system {
        Some(version) => Check::fine("system", format!("macOS {version}")),
        None => Check::warning("system", "sw_vers does not tell the version", "is this macOS?"),
    }
}

fn rosetta() -> Check {
    Check::warning(
        "processor",
        "Rosetta translates this program: times and amounts of memory have wrong units",
        "install the build for Apple silicon",
    )
}

/// The newest version whose sources and issues were read.
const READ: (u32, u32) = (5, 4);

/// From this version on a look-up that waits does not delay others.
const PARALLEL: (u32, u32) = (4, 3);

fn macfuse(facts: &Facts) -> Check {
    let subject = "macFUSE";
    let install = "brew install --cask macfuse, or https://macfuse.github.io";
    let Some(version) = &facts.macfuse else {
        let finding = if facts.has_osxfuse {
            "osxfuse 3 is installed, which is too old"
        } else if facts.has_fuse_t {
            "fuse-t is installed instead, which does not say which process reads and shows files of \
             size 0 empty"
        } else {
            "it is not installed"
        };
        return Check::failure(subject, finding, install);
    };
    let mut numbers = version.split('.').map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        let finding = format!("'{version}' is installed, which is no version that is known");
        return Check::warning(subject, finding, "mount, and report what it says");
    };
    match (major, minor) {
        (..4, _) => Check::failure(subject, format!("{version} is too old"), install),
        known if known < PARALLEL => Check::warning(
            subject,
            format!("{version}: one look-up that waits holds up all others"),
            "4.3 or newer serves them side by side",
        ),
        known if known <= READ => {
            Check::fine(subject, format!("{version}: how it mounts was read in the sources of 5.4"))
        }
        _ => Check::warning(
            subject,
            format!("{version}: newer than the 5.4 that was read"),
            "mount, and report what it says",
        ),
    }
}

/// The first mount after a start loads it, so an extension that is not loaded may mean nothing.
fn extension(facts: &Facts) -> Check {
    let subject = "extension";
    match (facts.is_loaded, &facts.macfuse) {
        (true, _) => Check::fine(subject, "macFUSE's kernel extension is loaded"),
        (false, None) => Check::failure(
            subject,
            "macFUSE's kernel extension is not there",
            "install macFUSE first",
        ),
        (false, Some(_)) => Check::warning(
            subject,
            "macFUSE's kernel extension is not loaded: not yet, since the first mount loads it, or \
             not approved, which cannot be told apart here",
            "mount; if that shows an alert or waits, the extension is not approved: System Settings, \
             Privacy & Security, where it also says what else your Mac asks for",
        ),
    }
}

/// The result of reading a file of a mount that answers.
pub(super) fn mounted(shown: &str, opened: Result<(), Errno>) -> Check {
    untested(match opened {
        Ok(()) => Check::fine(MOUNT_POINT, format!("{shown} has a mach-procfs that answers")),
        // macOS takes a volume of macFUSE for a network volume.
        Err(Errno::EPERM) => Check::failure(
            MOUNT_POINT,
            format!("{shown} has a mach-procfs whose files can be seen but not read from here"),
            "allow network volumes, or full disk access, to the program that you run this in: \
             System Settings, Privacy & Security",
        ),
        Err(errno) => Check::failure(
            MOUNT_POINT,
            format!("{shown} has a mach-procfs that does not answer: {}", errno.desc()),
            "unmount it and mount again",
        ),
    })
}

fn proc(facts: &Facts) -> Check {
    let subject = "/proc";
    // A line is a name, or a name, a tab and the target of a link (synthetic.conf(5)).
    let is_named = facts.synthetic.lines().any(|line| line.split('\t').next() == Some("proc"));
    match (facts.has_proc, is_named) {
        (true, _) => Check::fine(subject, "it is there to be mounted on"),
        (false, true) => Check::warning(
            subject,
            "/etc/synthetic.conf names it, but it is not there yet",
            "restart this Mac",
        ),
        (false, false) => Check::warning(
            subject,
            "it is not there, and nothing can be made on the sealed system volume",
            "sudo scripts/install adds it to /etc/synthetic.conf; or mount on a directory of your own",
        ),
    }
}

fn rights(facts: &Facts) -> Check {
    if facts.is_root {
        Check::fine("rights", "the maps of all processes")
    } else {
        Check::warning(
            "rights",
            "the maps of this user's own processes",
            "mount as root to see those of all",
        )
    }
}

fn submaps(facts: &Facts) -> Check {
    let subject = "SIP";
    let is_on = match &facts.protection {
        Some(said) if said.contains("disabled") => false,
        Some(said) if said.contains("enabled") => true,
        _ => {
            return Check::warning(
                subject,
                "csrutil does not tell whether System Integrity Protection is on",
                "csrutil status",
            );
        }
    };
    match (is_on, facts.is_root) {
        (true, _) => Check::warning(
            subject,
            "System Integrity Protection is on: task/vmmap_r of Apple's own programs shows their \
             submaps as one row",
            "nothing needs to be done: maps and task/vmmap do not depend on it",
        ),
        (false, true) => Check::fine(subject, "off: task/vmmap_r looks inside all submaps"),
        (false, false) => Check::warning(
            subject,
            "off, but only root gets the task ports that task/vmmap_r looks inside submaps with",
            "mount as root",
        ),
    }
}

/// The short version string in the text of a property list.
pub(super) fn version_in(plist: &str) -> Option<String> {
    let behind = plist.split("<key>CFBundleShortVersionString</key>").nth(1)?;
    let value = behind.split("<string>").nth(1)?.split("</string>").next()?;
    Some(value.trim().to_owned())
}

#[cfg(test)]
mod tests;

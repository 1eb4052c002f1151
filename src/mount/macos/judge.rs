//! macOS: what `doctor` says of what it has found. Facts in, checks out, so that it is tested
//! where there is no Mac.

use nix::errno::Errno;

use crate::mount::doctor::{Check, MOUNT_POINT};

/// What was found on a Mac.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) is_root: bool,
    /// As `sw_vers -productVersion` tells it.
    pub(super) system: Option<String>,
    /// The version of the macFUSE that is installed.
    pub(super) macfuse: Option<String>,
    /// Whether osxfuse, its predecessor, is installed.
    pub(super) has_osxfuse: bool,
    /// Whether fuse-t is installed.
    pub(super) has_fuse_t: bool,
    /// Whether Rosetta translates this program.
    pub(super) is_translated: bool,
    /// Whether its kernel extension has been loaded since the last start.
    pub(super) is_loaded: bool,
    /// As `csrutil status` tells it.
    pub(super) protection: Option<String>,
    /// Whether `/proc` is there.
    pub(super) has_proc: bool,
    /// `/etc/synthetic.conf` and what is in `/etc/synthetic.d`.
    pub(super) synthetic: String,
}

pub(super) fn judge(facts: &Facts) -> Vec<Check> {
    let mut checks = vec![system(facts)];
    checks.extend(facts.is_translated.then(rosetta));
    checks.extend([macfuse(facts), extension(facts), proc(facts), rights(facts), submaps(facts)]);
    checks
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
        "Rosetta translates this program: its own map and registers are those of the translation",
        "install the build for Apple silicon",
    )
}

/// The newest version whose sources and issues were read.
const READ: (u32, u32) = (5, 4);

/// From this version on a look-up that waits does not stop the others.
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
            format!("{version}: untested; one look-up that waits holds up all others"),
            "4.3 or newer serves them side by side",
        ),
        known if known <= READ => Check::fine(
            subject,
            format!("{version}: untested; how it mounts was read in the sources of 5.4"),
        ),
        _ => Check::warning(
            subject,
            format!("{version}: untested, and newer than the 5.4 that was read"),
            "mount, and report what it says",
        ),
    }
}

/// It is loaded by the first mount after a start, so that it is not loaded may mean nothing.
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
            "macFUSE's kernel extension is not loaded; the first mount loads it",
            "if mounting then shows an alert or waits, the extension is not approved: System \
             Settings, Privacy & Security, where it also says what else your Mac asks for",
        ),
    }
}

/// What reading a file of a mount that answers has given.
pub(super) fn mounted(shown: &str, opened: Result<(), Errno>) -> Check {
    match opened {
        Ok(()) => Check::fine(MOUNT_POINT, format!("{shown} has a mach-procfs that answers")),
        // To macOS a volume of macFUSE is a network volume.
        Err(Errno::EPERM) => Check::failure(
            MOUNT_POINT,
            format!("{shown} has a mach-procfs whose files can be seen but not read from here"),
            "allow network volumes, or full disk access, to the program that you run this in: \
             System Settings, Privacy & Security (untested)",
        ),
        Err(errno) => Check::failure(
            MOUNT_POINT,
            format!("{shown} has a mach-procfs that does not answer: {}", errno.desc()),
            "unmount it and mount again",
        ),
    }
}

fn proc(facts: &Facts) -> Check {
    let subject = "/proc";
    // A name, or a name, a tab and what it links to (synthetic.conf(5)).
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
mod tests {
    use super::*;
    use crate::mount::doctor::Verdict;

    fn good() -> Facts {
        Facts {
            is_root: true,
            system: Some("15.5".to_owned()),
            macfuse: Some("5.4.0".to_owned()),
            has_osxfuse: false,
            has_fuse_t: false,
            is_translated: false,
            is_loaded: true,
            protection: Some("System Integrity Protection status: disabled.".to_owned()),
            has_proc: true,
            synthetic: "proc\n".to_owned(),
        }
    }

    /// What is said of one subject.
    #[track_caller]
    fn said(facts: &Facts, subject: &str) -> (Verdict, String) {
        let check = judge(facts).into_iter().find(|check| check.subject == subject).unwrap();
        assert!(!check.finding.contains('\n'));
        assert_eq!(check.verdict == Verdict::Fine, check.advice.is_none());
        (check.verdict, format!("{}: {}", check.finding, check.advice.unwrap_or_default()))
    }

    #[test]
    fn a_mac_that_has_all_is_fine() {
        assert!(judge(&good()).iter().all(|check| check.verdict == Verdict::Fine));
    }

    #[test]
    fn a_new_mac_lacks_macfuse_and_proc() {
        let facts = Facts::default();
        assert_eq!(said(&facts, "macFUSE").0, Verdict::Failure);
        assert_eq!(said(&facts, "extension").0, Verdict::Failure);
        assert!(said(&facts, "macFUSE").1.contains("brew install --cask macfuse"));
        assert_eq!(said(&facts, "/proc").0, Verdict::Warning);
        assert!(said(&facts, "/proc").1.contains("synthetic.conf"));
        assert_eq!(said(&facts, "SIP").0, Verdict::Warning);
        assert_eq!(said(&facts, "system").0, Verdict::Warning);
    }

    #[test]
    fn an_extension_that_was_not_approved() {
        let facts = Facts { is_loaded: false, ..good() };
        let (verdict, text) = said(&facts, "extension");
        assert_eq!(verdict, Verdict::Warning);
        assert!(text.contains("not approved: System Settings"), "{text}");
    }

    #[test]
    fn versions_of_macfuse() {
        let of =
            |version: &str| said(&Facts { macfuse: Some(version.to_owned()), ..good() }, "macFUSE");
        for (version, verdict, words) in [
            ("3.11.2", Verdict::Failure, "too old"),
            ("4.2.5", Verdict::Warning, "holds up all others"),
            ("4.10.2", Verdict::Fine, "untested"),
            ("5.4.0", Verdict::Fine, "untested"),
            ("5.5.0", Verdict::Warning, "newer"),
            ("6.0", Verdict::Warning, "newer"),
            ("five", Verdict::Warning, "no version"),
        ] {
            let (found, text) = of(version);
            assert_eq!(found, verdict, "{version}");
            assert!(text.contains(words), "{text}");
        }
        let none = Facts { macfuse: None, ..good() };
        for (facts, words) in [
            (Facts { has_osxfuse: true, ..none.clone() }, "osxfuse 3"),
            (Facts { has_fuse_t: true, ..none }, "fuse-t is installed instead"),
        ] {
            let (verdict, text) = said(&facts, "macFUSE");
            assert_eq!(verdict, Verdict::Failure);
            assert!(text.contains(words) && text.contains("brew install"), "{text}");
        }
    }

    #[test]
    fn rosetta_is_named_only_where_it_translates() {
        let subjects = |facts: &Facts| -> Vec<&str> {
            judge(facts).iter().map(|check| check.subject).collect()
        };
        assert!(!subjects(&good()).contains(&"processor"));
        let translated = Facts { is_translated: true, ..good() };
        assert!(said(&translated, "processor").1.contains("Rosetta"));
    }

    #[test]
    fn files_that_can_be_seen_and_not_read() {
        assert_eq!(mounted("/proc", Ok(())).verdict, Verdict::Fine);
        let refused = mounted("/proc", Err(Errno::EPERM));
        assert!(refused.advice.unwrap().contains("network volumes"));
        let silent = mounted("/proc", Err(Errno::ETIMEDOUT));
        assert!(silent.finding.contains("does not answer"), "{}", silent.finding);
    }

    /// Startup security is changed in Recovery mode: a step that only macOS itself may ask for.
    #[test]
    fn no_check_leads_to_recovery_mode() {
        let with = |change: fn(&mut Facts)| {
            let mut facts = good();
            change(&mut facts);
            facts
        };
        let states = [
            Facts::default(),
            good(),
            with(|it| it.is_loaded = false),
            with(|it| it.macfuse = None),
            with(|it| it.is_root = false),
            with(|it| it.has_proc = false),
            with(|it| it.protection = Some("enabled".to_owned())),
            with(|it| it.is_translated = true),
        ];
        let checks = states.iter().flat_map(judge);
        for check in checks.chain([mounted("/proc", Err(Errno::EPERM))]) {
            let text = format!("{} {}", check.finding, check.advice.unwrap_or_default());
            for word in ["Recovery", "recovery", "Reduced Security", "startup options"] {
                assert!(!text.contains(word), "{text}");
            }
        }
    }

    #[test]
    fn proc_needs_its_line_and_then_a_restart() {
        let named = |synthetic: &str| {
            let facts = Facts { has_proc: false, synthetic: synthetic.to_owned(), ..good() };
            said(&facts, "/proc").1.contains("restart")
        };
        assert!(named("# mine\nproc\n"));
        assert!(named("proc\tSystem/Volumes/Data/proc\n"));
        assert!(!named("# proc\nprocess\nnix\tproc\n"));
    }

    #[test]
    fn what_integrity_protection_keeps_from_whom() {
        let on = Some("System Integrity Protection status: enabled.".to_owned());
        let facts = Facts { protection: on, ..good() };
        assert!(said(&facts, "SIP").1.contains("one row"));
        let user = Facts { is_root: false, ..good() };
        assert!(said(&user, "SIP").1.contains("only root"));
        assert_eq!(said(&user, "rights").0, Verdict::Warning);
    }

    #[test]
    fn the_version_of_a_bundle() {
        let plist = "<dict>\n<key>CFBundleShortVersionString</key>\n\t<string>5.0.6</string>\n\
                     <key>CFBundleVersion</key><string>1</string></dict>";
        assert_eq!(version_in(plist).as_deref(), Some("5.0.6"));
        assert_eq!(version_in("bplist00"), None);
    }
}

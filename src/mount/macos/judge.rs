//! macOS: what `doctor` says of what it has found. Facts in, checks out, so that it is tested
//! where there is no Mac.

use crate::fuse::doctor::Check;

/// What was found on a Mac.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) is_root: bool,
    pub(super) is_apple_silicon: bool,
    /// As `sw_vers -productVersion` tells it.
    pub(super) system: Option<String>,
    /// The version of the macFUSE that is installed.
    pub(super) macfuse: Option<String>,
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
    vec![
        system(facts),
        macfuse(facts),
        extension(facts),
        proc(facts),
        rights(facts),
        submaps(facts),
    ]
}

fn system(facts: &Facts) -> Check {
    match &facts.system {
        Some(version) => Check::fine("system", format!("macOS {version}")),
        None => Check::warning("system", "sw_vers does not tell the version", "is this macOS?"),
    }
}

fn macfuse(facts: &Facts) -> Check {
    match &facts.macfuse {
        Some(version) => Check::fine("macFUSE", format!("{version} is installed")),
        None => Check::failure(
            "macFUSE",
            "it is not installed",
            "brew install --cask macfuse, or https://macfuse.github.io",
        ),
    }
}

/// It is loaded by the first mount after a start, so that it is not loaded may mean nothing.
fn extension(facts: &Facts) -> Check {
    let subject = "extension";
    let silicon = if facts.is_apple_silicon {
        "; on Apple silicon the startup options must have Reduced Security with extensions of \
         identified developers first"
    } else {
        ""
    };
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
            format!(
                "if mounting fails, allow it in System Settings, Privacy & Security, and restart{silicon}"
            ),
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
    use crate::fuse::doctor::Verdict;

    fn good() -> Facts {
        Facts {
            is_root: true,
            is_apple_silicon: true,
            system: Some("15.5".to_owned()),
            macfuse: Some("5.0.6".to_owned()),
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
        let facts = Facts { is_apple_silicon: true, ..Facts::default() };
        assert_eq!(said(&facts, "macFUSE").0, Verdict::Failure);
        assert_eq!(said(&facts, "extension").0, Verdict::Failure);
        assert!(said(&facts, "macFUSE").1.contains("brew install --cask macfuse"));
        assert_eq!(said(&facts, "/proc").0, Verdict::Warning);
        assert!(said(&facts, "/proc").1.contains("synthetic.conf"));
        assert_eq!(said(&facts, "SIP").0, Verdict::Warning);
        assert_eq!(said(&facts, "system").0, Verdict::Warning);
    }

    #[test]
    fn an_extension_that_was_not_allowed() {
        let facts = Facts { is_loaded: false, ..good() };
        let (verdict, text) = said(&facts, "extension");
        assert_eq!(verdict, Verdict::Warning);
        assert!(text.contains("System Settings") && text.contains("Reduced Security"), "{text}");
        let intel = Facts { is_apple_silicon: false, ..facts };
        assert!(!said(&intel, "extension").1.contains("Reduced Security"));
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

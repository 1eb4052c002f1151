//! The checks on Macs in various states.

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

/// The findings about one subject.
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
    assert!(text.contains("not yet") && text.contains("cannot be told apart"), "{text}");
}

/// The checks of a Mac in states that take each branch.
fn all_checks() -> Vec<Check> {
    let with = |change: fn(&mut Facts)| {
        let mut facts = good();
        change(&mut facts);
        facts
    };
    let states = [
        Facts::default(),
        good(),
        with(|it| it.system = None),
        with(|it| it.is_loaded = false),
        with(|it| it.macfuse = None),
        with(|it| (it.macfuse, it.has_osxfuse) = (None, true)),
        with(|it| (it.macfuse, it.has_fuse_t) = (None, true)),
        with(|it| it.macfuse = Some("3.11.2".to_owned())),
        with(|it| it.macfuse = Some("4.2.5".to_owned())),
        with(|it| it.macfuse = Some("6.0".to_owned())),
        with(|it| it.macfuse = Some("five".to_owned())),
        with(|it| it.is_root = false),
        with(|it| it.has_proc = false),
        with(|it| (it.has_proc, it.synthetic) = (false, String::new())),
        with(|it| it.protection = Some("enabled".to_owned())),
        with(|it| it.is_translated = true),
    ];
    let answers = [Ok(()), Err(Errno::EPERM), Err(Errno::ETIMEDOUT)];
    let mounts = answers.map(|opened| mounted("/proc", opened));
    states.iter().flat_map(judge).chain(mounts).collect()
}

/// All but the version and the user, which are no matter of reading.
#[test]
fn each_finding_that_rests_on_reading_says_so() {
    for check in all_checks() {
        let is_known = ["system", "rights"].contains(&check.subject);
        let count = check.finding.matches("untested on macOS").count();
        assert_eq!(count, usize::from(!is_known), "{check:?}");
    }
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
    let subjects =
        |facts: &Facts| -> Vec<&str> { judge(facts).iter().map(|check| check.subject).collect() };
    assert!(!subjects(&good()).contains(&"processor"));
    let translated = Facts { is_translated: true, ..good() };
    let finding = said(&translated, "processor").1;
    assert!(finding.contains("Rosetta") && finding.contains("units"), "{finding}");
}

#[test]
fn files_that_can_be_seen_and_not_read() {
    assert_eq!(mounted("/proc", Ok(())).verdict, Verdict::Fine);
    let refused = mounted("/proc", Err(Errno::EPERM));
    assert!(refused.advice.unwrap().contains("network volumes"));
    let silent = mounted("/proc", Err(Errno::ETIMEDOUT));
    assert!(silent.finding.contains("does not answer"), "{}", silent.finding);
}

/// Startup security is changed in Recovery mode: a step that only macOS itself may request.
#[test]
fn no_check_leads_to_recovery_mode() {
    for check in all_checks() {
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

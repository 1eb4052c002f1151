//! A test that cannot run here: what is printed, and where it is a failure.

use std::process::{Command, Stdio};

use crate::common::program::{ToEnd as _, err, out, test_of};
use crate::common::skip;

const WHY: &str = "a tool is not installed";

#[test]
#[ignore = "run by the test below"]
fn one_that_is_skipped() {
    skip(WHY);
}

#[test]
fn a_test_that_is_skipped_fails_in_ci_but_for_the_reasons_that_are_allowed() {
    let name = test_of(module_path!(), "one_that_is_skipped");
    let line = format!("SKIPPED repository::{name}: {WHY}\n");
    let others = format!("another reason\n{WHY}\nneeds root");
    for (ci, allowed, passes) in [
        (None, None, true),
        (Some("false"), None, true),
        (Some("true"), None, false),
        (Some("true"), Some(""), false),
        (Some("true"), Some("another reason"), false),
        (Some("true"), Some("a tool is not installed here"), false),
        (Some("true"), Some("a tool"), false),
        (Some("true"), Some(WHY), true),
        (Some("true"), Some(others.as_str()), true),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let summary = directory.path().join("summary");
        let mut test = Command::new(std::env::current_exe().unwrap());
        test.args(["--ignored", "--exact", &name]).stdin(Stdio::null());
        for (variable, value) in [("CI", ci), ("MACH_PROCFS_MAY_SKIP", allowed)] {
            match value {
                Some(value) => test.env(variable, value),
                None => test.env_remove(variable),
            };
        }
        let output = test.env("MACH_PROCFS_SKIPPED", &summary).to_end();
        let case = format!("CI={ci:?} {allowed:?}: {output:?}");
        assert_eq!(output.status.success(), passes, "{case}");
        let listed = std::fs::read_to_string(&summary).unwrap_or_default();
        if passes {
            assert!(out(&output).contains(" 1 passed"), "{case}");
            assert!(err(&output).ends_with(&line), "{case}");
            assert_eq!(listed, line, "{case}");
        } else {
            assert!(out(&output).contains(&format!("CI must not skip: {WHY}")), "{case}");
            assert_eq!(listed, "", "{case}");
        }
    }
}

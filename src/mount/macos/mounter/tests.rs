//! The helper's call, and errors in words.

use super::*;
use crate::mount::system::System;

fn mac() -> Mac<Nothing> {
    Mac {
        volumes: Nothing,
        helper: "/helper".into(),
        osxfuse: PathBuf::new(),
        fuse_t: PathBuf::new(),
        within: Duration::from_secs(1),
    }
}

#[derive(Clone)]
struct Nothing;

impl Volumes for Nothing {
    fn mounted(&self) -> Result<Vec<Entry>, String> {
        Ok(Vec::new())
    }
    fn unmount(&self, _: &Path, _: bool) -> Result<(), Errno> {
        Err(Errno::EINVAL)
    }
}

#[test]
fn a_refused_allow_other_is_explained_to_users() {
    let said = |allow_other, is_root, errno| {
        let options = Options { allow_other, ..Options::for_user(501) };
        let stopped = Stopped::Refused(errno);
        let error = explain(&mac(), Path::new("/p"), &options, &stopped, "no", is_root);
        (error.to_string(), error.command().map(str::to_owned))
    };
    let (reason, command) = said(true, false, Errno::EPERM);
    assert!(reason.starts_with("/p: mount: Operation not permitted: no; allow_other is for"));
    assert!(reason.contains("group admin"), "{reason}");
    assert_eq!(command, Some(for_root(ALLOW_OTHER)));
    let plain = ("/p: mount: Operation not permitted: no".to_owned(), None);
    assert_eq!(said(true, true, Errno::EPERM), plain);
    assert_eq!(said(false, false, Errno::EPERM), plain);
    assert_eq!(said(true, false, Errno::EIO).1, None);
}

#[test]
fn the_helpers_words_are_in_each_message() {
    let said = |stopped| {
        let options = Options::for_user(501);
        explain(&mac(), Path::new("/p"), &options, &stopped, "it waits", false).to_string()
    };
    for (stopped, reason) in [
        (Stopped::Broken("it sent no descriptor".to_owned()), "it sent no descriptor"),
        (Stopped::Deadline(Duration::from_secs(2)), "does not answer within 2 s"),
        (Stopped::Refused(Errno::EACCES), "mount: Permission denied"),
    ] {
        let said = said(stopped);
        assert!(said.contains(&format!("{reason}: it waits")), "{said}");
    }
}

/// Content holds no descriptor on macOS, so its low limit of descriptors must not lower that of
/// open files.
#[test]
fn open_files_are_not_limited_by_descriptors() {
    const { assert!(!<Mac<Nothing> as System>::FILES_HOLD_DESCRIPTORS) };
}

#[test]
fn what_the_helper_is_called_with() {
    let mac = mac();
    let mut options = Options::for_user(501);
    let arguments = |options: &Options| {
        let call = call(&mac, Path::new("/a b,c"), options);
        assert_eq!(call.program, Path::new("/helper"));
        assert!(call.environment.contains(&("_FUSE_COMMVERS", "2".into())));
        assert!(call.environment.contains(&("_FUSE_CALL_BY_LIB", "1".into())));
        call.arguments
    };
    let quiet = arguments(&options);
    assert_eq!(quiet[0], "-o");
    assert_eq!(quiet[2..], ["-q", "/a b,c"]);
    let list = quiet[1].to_str().unwrap();
    let words: Vec<&str> = list.split(',').collect();
    for word in ["fsname=mach-procfs", "ro", "nosuid", "nobrowse", "default_permissions"] {
        assert!(words.contains(&word), "{list}");
    }
    assert!(!words.contains(&"local") && !words.contains(&"allow_other"), "{list}");
    options.quiet = false;
    options.allow_other = true;
    let heard = arguments(&options);
    assert_eq!(heard[2..], ["/a b,c"]);
    assert!(heard[1].to_str().unwrap().ends_with(",allow_other"));
}

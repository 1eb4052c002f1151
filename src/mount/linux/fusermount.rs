//! The set-uid helper of libfuse, which mounts and unmounts for users.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::unistd::geteuid;

use super::unmount::clear;
use super::{place, problem};
use crate::model::error_words;
use crate::mount::HELPER_WITHIN;
use crate::mount::error::MountError;
use crate::mount::helper::stopped::ending;
use crate::mount::helper::{Call, Helper, Stopped};
use crate::mount::options::{Options, escape};
use crate::mount::system::Signals;

/// Where the helper is: named by a variable, as for fuser and libfuse, or on the PATH.
pub(super) fn program() -> PathBuf {
    match std::env::var_os("FUSERMOUNT_PATH") {
        Some(path) if !path.is_empty() => path.into(),
        _ => "fusermount3".into(),
    }
}

/// Mounts through the helper where mount(2) was refused with this errno.
pub(super) fn mount(
    place: &Path,
    options: &Options,
    refused: Errno,
    signals: &dyn Signals,
) -> Result<OwnedFd, MountError> {
    let mut words = vec![
        "ro,nosuid,nodev,noexec,subtype=mach-procfs".to_owned(),
        format!("fsname={}", escape(&options.source)),
    ];
    words.extend(options.allow_other.then(|| "allow_other".to_owned()));
    words.extend(options.default_permissions.then(|| "default_permissions".to_owned()));
    let call = Call {
        program: program(),
        arguments: vec!["-o".into(), words.join(",").into(), "--".into(), place.into()],
        environment: Vec::new(),
        within: HELPER_WITHIN,
    };
    let mut helper =
        Helper::start(&call).map_err(|stopped| explain(place, options, refused, &stopped, ""))?;
    let mounted = helper.connection(signals).and_then(|connection| {
        helper.wait(signals, None)?;
        helper.exit().map(|()| connection)
    });
    mounted.map_err(|stopped| {
        let error = explain(place, options, refused, &stopped, &helper.words());
        // It may have mounted before it failed. With the helper and the message dropped, the last
        // descriptor of such a mount is closed, so that it is dead.
        drop(helper);
        if let Some(left) = place::look(place)
            && place::state(place) == place::State::Stale
            && let Err(error) = clear(place, left.owner)
        {
            log::error!("{error}");
        }
        error
    })
}

fn explain(
    place: &Path,
    options: &Options,
    refused: Errno,
    stopped: &Stopped,
    said: &str,
) -> MountError {
    let is_root = geteuid().is_root();
    let root = || (is_root && !problem::may_mount_directly()).then(problem::root_without_rights);
    let (reason, known) = match stopped {
        Stopped::NotStarted(error) if is_root => (error_words(error), root()),
        Stopped::NotStarted(_) => return problem::no_helper().error(place),
        Stopped::Ended(status) => {
            let known = if options.allow_other && said.contains("user_allow_other") {
                Some(problem::alone())
            } else {
                root().or_else(|| problem::of_place(place))
            };
            let silence = || format!("it does not say why ({})", ending(status));
            (if said.is_empty() { silence() } else { said.to_owned() }, known)
        }
        Stopped::Signal(_) => return MountError::at(place, stopped.reason("fusermount3", said)),
        stopped => {
            let reason = stopped.reason("fusermount3", said);
            return MountError::at(place, format!("mount: {}; {reason}", refused.desc()));
        }
    };
    let reason = format!("mount: {}; fusermount3: {reason}", refused.desc());
    match known {
        Some(problem) => problem.after(&reason).error(place),
        None => MountError::at(place, reason),
    }
}

/// Unmounts through the helper. The error has its name.
pub(super) fn unmount(place: &Path, lazy: bool) -> Result<(), String> {
    let mut command = Command::new(program());
    command.arg("-u").args(lazy.then_some("-z")).arg("--").arg(place);
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        format!("only root unmounts without fusermount3 (package fuse3): {}", error_words(&error))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().trim_start_matches("fusermount3: ").replace('\n', "; ");
    Err(format!("fusermount3: {said}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use nix::sys::signal::Signal;

    use super::*;

    #[test]
    fn the_errno_and_the_helpers_words_are_in_each_message() {
        let said = |stopped| {
            let options = Options::for_user(1000);
            let place = Path::new("/p");
            explain(place, &options, Errno::EPERM, &stopped, "it waits").to_string()
        };
        let refused = "/p: mount: Operation not permitted; fusermount3";
        let late = said(Stopped::Deadline(Duration::from_secs(2)));
        assert_eq!(late, format!("{refused} does not answer within 2 s: it waits"));
        let broken = said(Stopped::Broken("it sent no descriptor".to_owned()));
        assert_eq!(broken, format!("{refused}: it sent no descriptor: it waits"));
        let signal = said(Stopped::Signal(Signal::SIGINT));
        assert_eq!(signal, "/p: not mounted: SIGINT came first: it waits");
    }
}

//! Ends a mount by its path: for the command `umount`, and to clear a mount of a killed daemon.

use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MntFlags, umount2};
use nix::unistd::geteuid;

use super::place::{State, look, others, resolve, state};
use super::{fusermount, problem};
use crate::mount::command::{own, own_for_root};
use crate::mount::error::MountError;
use crate::mount::quote::quote;

/// Ends a mount of ours, also a dead one: by umount2, or for a user through the helper.
pub(in crate::mount) fn unmount(path: &Path, lazy: bool) -> Result<(), MountError> {
    let place = &resolve(path)?;
    let Some(ours) = look(place) else {
        let instead = others(place).map_or(String::new(), |volume| format!(", but {volume}"));
        let reason = format!("no mach-procfs is mounted there{instead}");
        return Err(MountError::at(place, reason));
    };
    end(place, ours.owner, lazy)
}

/// Detaches a dead mount.
pub(super) fn clear(place: &Path, owner: Option<u32>) -> Result<(), MountError> {
    end(place, owner, true).map_err(|error| {
        let message = error.to_string();
        let reason = message.strip_prefix(&format!("{}: ", place.display())).unwrap_or(&message);
        let reason = format!("a dead mount is in the way and cannot be cleared: {reason}");
        let blocked = MountError::at(place, reason);
        match error.command() {
            Some(command) => blocked.with_command(command),
            None => blocked,
        }
    })
}

fn end(place: &Path, owner: Option<u32>, lazy: bool) -> Result<(), MountError> {
    let flags = if lazy { MntFlags::MNT_DETACH } else { MntFlags::empty() };
    let reason = match umount2(place, flags | MntFlags::UMOUNT_NOFOLLOW) {
        Ok(()) => return Ok(()),
        Err(Errno::EPERM) if is_others(owner) => {
            let reason =
                format!("it is a mount{}; only that user and root may end it:", whose(owner));
            return Err(MountError::at(place, reason).with_command(command_for(owner, place)));
        }
        Err(Errno::EPERM) => match fusermount::unmount(place, lazy) {
            Ok(()) => return Ok(()),
            Err(reason) => reason,
        },
        Err(errno) => format!("umount: {}", errno.desc()),
    };
    if reason.ends_with("busy") {
        // A dead mount gives its users nothing but errors.
        if !lazy && state(place) == State::Stale {
            return end(place, owner, true);
        }
        let hint = "with --lazy it is detached now and ends when its last user is done:";
        let command = own(&format!("umount --lazy {}", quote(place)));
        return Err(MountError::at(place, format!("{reason}; {hint}")).with_command(command));
    }
    match problem::mtab() {
        Some(problem) if reason.contains("mtab") => Err(problem.after(&reason).error(place)),
        _ => Err(MountError::at(place, reason)),
    }
}

fn is_others(owner: Option<u32>) -> bool {
    owner.is_some_and(|owner| owner != geteuid().as_raw())
}

/// The owner of a mount, if it is not this user.
pub(super) fn whose(owner: Option<u32>) -> String {
    match owner.filter(|_| is_others(owner)) {
        None => String::new(),
        Some(0) => " of root".to_owned(),
        Some(user) => match nix::unistd::User::from_uid(user.into()) {
            Ok(Some(user)) => format!(" of the user {}", user.name),
            _ => format!(" of the user {user}"),
        },
    }
}

/// The command that ends a mount.
pub(super) fn command_for(owner: Option<u32>, place: &Path) -> String {
    let arguments = format!("umount {}", quote(place));
    if is_others(owner) { own_for_root(&arguments) } else { own(&arguments) }
}

//! Names of users and groups, as this machine's own databases have them.

use nix::unistd::{Gid, Group, Uid, User};

/// A user's name.
pub(super) fn user(uid: u32) -> Option<String> {
    Some(User::from_uid(Uid::from_raw(uid)).ok()??.name)
}

/// A group's name.
pub(super) fn group(gid: u32) -> Option<String> {
    Some(Group::from_gid(Gid::from_raw(gid)).ok()??.name)
}

//! Names of users and groups, as this machine's user database has them.

use nix::unistd::{Gid, Group, Uid, User};

/// A user's name.
pub(super) fn user(uid: u32) -> Option<Vec<u8>> {
    Some(User::from_uid(Uid::from_raw(uid)).ok()??.name.into_bytes())
}

/// A group's name.
pub(super) fn group(gid: u32) -> Option<Vec<u8>> {
    Some(Group::from_gid(Gid::from_raw(gid)).ok()??.name.into_bytes())
}

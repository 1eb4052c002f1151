//! `PID/{ucred,pcred}/{groups,rgid,ruid,svgid,svuid,uid}`: numbers and names of users and groups.

use super::super::escaped;
use super::super::line::put;
use crate::model::ProcessInfo;

/// Looks up the names of users and groups; `None` for an id without a name.
pub struct Names<'a> {
    /// The name of the user of this number.
    pub user: &'a dyn Fn(u32) -> Option<Vec<u8>>,
    /// The name of the group of this number.
    pub group: &'a dyn Fn(u32) -> Option<Vec<u8>>,
}

/// Appends ids and their names as text.
pub type Ids = fn(&ProcessInfo, &Names<'_>, &mut Vec<u8>);

/// `uid`: the effective user.
pub fn user(account: &ProcessInfo, names: &Names<'_>, out: &mut Vec<u8>) {
    line(account.process.credentials.uid.effective, names.user, out);
}

/// `ruid`: the real user.
pub fn real_user(account: &ProcessInfo, names: &Names<'_>, out: &mut Vec<u8>) {
    line(account.process.credentials.uid.real, names.user, out);
}

/// `svuid`: the saved user.
pub fn saved_user(account: &ProcessInfo, names: &Names<'_>, out: &mut Vec<u8>) {
    line(account.process.credentials.uid.saved, names.user, out);
}

/// `rgid`: the real group.
pub fn real_group(account: &ProcessInfo, names: &Names<'_>, out: &mut Vec<u8>) {
    line(account.process.credentials.gid.real, names.group, out);
}

/// `svgid`: the saved group.
pub fn saved_group(account: &ProcessInfo, names: &Names<'_>, out: &mut Vec<u8>) {
    line(account.process.credentials.gid.saved, names.group, out);
}

/// `groups`: the effective group, which is XNU's first (`cr_groups[0]`), and the others, a space
/// after each.
pub fn groups(account: &ProcessInfo, names: &Names<'_>, out: &mut Vec<u8>) {
    let effective = account.process.credentials.gid.effective;
    let others = account.groups.iter().flatten().copied().filter(|group| *group != effective);
    for group in std::iter::once(effective).chain(others) {
        one(group, names.group, out);
        out.push(b' ');
    }
    out.push(b'\n');
}

fn line(id: u32, name: &dyn Fn(u32) -> Option<Vec<u8>>, out: &mut Vec<u8>) {
    one(id, name, out);
    out.push(b'\n');
}

/// Writes `-2(nobody)`: the original prints ids as signed numbers.
fn one(id: u32, name: &dyn Fn(u32) -> Option<Vec<u8>>, out: &mut Vec<u8>) {
    put(out, format_args!("{}(", id as i32));
    escaped(name(id).as_deref().unwrap_or(b"?"), out);
    out.push(b')');
}

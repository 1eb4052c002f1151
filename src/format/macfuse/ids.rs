//! `PID/{ucred,pcred}/{groups,rgid,ruid,svgid,svuid,uid}`: numbers and names of users and groups.

use super::super::escaped;
use super::super::line::put;
use crate::model::ProcessInfo;

/// What users and groups are called, where they have a name.
pub struct Names<'a> {
    /// The name of the user of this number.
    pub user: &'a dyn Fn(u32) -> Option<Vec<u8>>,
    /// The name of the group of this number.
    pub group: &'a dyn Fn(u32) -> Option<Vec<u8>>,
}

impl Names<'_> {
    /// A line with the number and the name of a user.
    pub fn user_line(&self, uid: u32, out: &mut Vec<u8>) {
        one(uid, self.user, out);
        out.push(b'\n');
    }

    /// A line with the number and the name of a group.
    pub fn group_line(&self, gid: u32, out: &mut Vec<u8>) {
        one(gid, self.group, out);
        out.push(b'\n');
    }
}

/// Turns ids and their names into text, at the end of a vector.
pub type Ids = fn(&ProcessInfo, &Names<'_>, &mut Vec<u8>);

/// `groups`: the effective group, which is XNU's first (`cr_groups[0]`), and the others, each with
/// a space behind it.
pub fn groups(account: &ProcessInfo, names: &Names<'_>, out: &mut Vec<u8>) {
    let effective = account.process.credentials.gid.effective;
    let others = account.groups.iter().flatten().copied().filter(|group| *group != effective);
    for group in std::iter::once(effective).chain(others) {
        one(group, names.group, out);
        out.push(b' ');
    }
    out.push(b'\n');
}

/// `-2(nobody)`: the original prints ids as signed numbers.
fn one(id: u32, name: &dyn Fn(u32) -> Option<Vec<u8>>, out: &mut Vec<u8>) {
    put(out, format_args!("{}(", id as i32));
    escaped(name(id).as_deref().unwrap_or(b"?"), out);
    out.push(b')');
}

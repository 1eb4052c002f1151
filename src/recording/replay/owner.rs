//! The owner of the recorded processes.

use super::super::{Answer, Kept, RecordedProcess, Reply};
use crate::kernel::xnu::{AuditToken, BsdInfo, KinfoProc, Plain, SecurityToken, ShortBsdInfo};

/// Changes an answer.
fn change<T: Plain>(kept: &mut Kept<T>, change: impl FnOnce(&mut T)) {
    let mut value = kept.get();
    change(&mut value);
    *kept = Kept::from(&value);
}

/// Gives a process to a user and a group, in all its ids, and clears the mark that it has changed
/// them.
pub(super) fn hand_over(process: &mut RecordedProcess, uid: u32, gid: u32) {
    if let Some(Answer::Ok(info)) = &mut process.answers.short_info {
        change(info, |info: &mut ShortBsdInfo| {
            (info.uid, info.ruid, info.svuid) = (uid, uid, uid);
            (info.gid, info.rgid, info.svgid) = (gid, gid, gid);
            info.flags &= !ShortBsdInfo::CHANGED_IDS;
        });
    }
    if let Some(Answer::Ok(info)) = &mut process.answers.bsd_info {
        change(info, |info: &mut BsdInfo| {
            (info.uid, info.ruid, info.svuid) = (uid, uid, uid);
            (info.gid, info.rgid, info.svgid) = (gid, gid, gid);
            info.flags &= !ShortBsdInfo::CHANGED_IDS;
        });
    }
    if let Some(Answer::Ok(Some(info))) = &mut process.kinfo {
        change(info, |info: &mut KinfoProc| {
            (info.uid, info.real_uid, info.saved_uid) = (uid, uid, uid);
            (info.real_gid, info.saved_gid) = (gid, gid);
            (info.group_count, info.groups) = (1, [0; 16]);
            info.groups[0] = gid;
            info.flags &= !KinfoProc::CHANGED_IDS;
        });
    }
    if let Some(Reply::Ok(token)) = &mut process.task.security_token {
        change(token, |token: &mut SecurityToken| token.ids = [uid, gid]);
    }
    if let Some(Reply::Ok(token)) = &mut process.task.audit_token {
        change(token, |token: &mut AuditToken| {
            let [_, _, _, _, _, pid, session, version] = token.words;
            token.words = [uid, uid, gid, uid, gid, pid, session, version];
        });
    }
}

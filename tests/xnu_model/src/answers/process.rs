//! Answers about a process by its pid.

use super::super::super::calls::{Errno, KinfoProc, ProcessCalls, ShortBsdInfo};
use super::super::XnuModel;
use super::super::fault::Call;
use super::super::process::{ModelProcess, Slot};
use super::super::recorded;

impl ProcessCalls for XnuModel {
    fn executable_path(&self, pid: i32, path: &mut Vec<u8>) -> Result<(), Errno> {
        let (state, _) = self.bsd(Call::ExecutablePath)?;
        // libproc passes on what room it was given: here four times a path.
        path.clone_from(match state.world.admit(pid, 11, 4096)? {
            // The kernel has no executable.
            Slot::Described(_) if pid == 0 => return Err(Errno::SRCH),
            Slot::Described(process) => process.executable.as_ref().map_err(|errno| *errno)?,
            Slot::Recorded(process) => &recorded::part(process.executable.as_ref())?.0,
        });
        Ok(())
    }

    fn kinfo_proc(&self, pid: i32) -> Result<Option<KinfoProc>, Errno> {
        let (state, _) = self.bsd(Call::KinfoProc)?;
        match state.world.slot(pid) {
            Some(Slot::Described(process)) => Ok(Some(kinfo(process))),
            Some(Slot::Recorded(process)) => {
                let mut info = recorded::part(process.kinfo.as_deref())?.clone();
                if let Some(info) = &mut info {
                    hand_over(state.owner, info);
                }
                Ok(info)
            }
            None => Ok(None),
        }
    }
}

/// A recorded process belongs to whoever replays it.
fn hand_over(owner: Option<(u32, u32)>, info: &mut KinfoProc) {
    if let Some((uid, gid)) = owner {
        (info.uid, info.real_uid, info.saved_uid) = (uid, uid, uid);
        (info.real_gid, info.saved_gid) = (gid, gid);
        (info.group_count, info.groups) = (1, [0; 16]);
        info.groups[0] = gid;
        info.flags &= !KinfoProc::CHANGED_IDS;
    }
}

/// `fill_user64_proc`.
fn kinfo(process: &ModelProcess) -> KinfoProc {
    let info = &process.info;
    // `PROC_FLAG_*`, each with what it is called here.
    let flags = [
        (0x1, KinfoProc::SYSTEM),
        (0x2, KinfoProc::TRACED),
        (ShortBsdInfo::IN_EXIT, KinfoProc::IN_EXIT),
        (0x8, KinfoProc::PARENT_WAITS),
        (ShortBsdInfo::LP64, KinfoProc::LP64),
        (0x80, KinfoProc::HAS_TERMINAL),
        (ShortBsdInfo::CHANGED_IDS, KinfoProc::CHANGED_IDS),
        (0x4000, KinfoProc::EXECUTED),
        (ShortBsdInfo::TRANSLATED, KinfoProc::TRANSLATED),
    ];
    let known = flags.iter().filter(|(flag, _)| info.flags & flag != 0);
    let mut groups = [0; 16];
    let all = [info.gid].into_iter().chain(process.groups.iter().copied());
    let count = groups.iter_mut().zip(all).map(|(to, group)| *to = group).count();
    KinfoProc {
        flags: known.fold(0, |all, (_, flag)| all | flag),
        status: i8::try_from(info.status).unwrap_or(i8::MAX),
        job_control: i16::try_from(info.pjobc).unwrap_or(i16::MAX),
        terminal: info.tdev.cast_signed(),
        group: info.pgid.cast_signed(),
        terminal_group: info.tpgid.cast_signed(),
        wait_message: [0; 8],
        uid: info.uid,
        real_uid: info.ruid,
        saved_uid: info.svuid,
        real_gid: info.rgid,
        saved_gid: info.svgid,
        group_count: i16::try_from(count).unwrap_or(i16::MAX),
        groups,
    }
}

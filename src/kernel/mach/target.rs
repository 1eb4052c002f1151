//! The process of a walk, and the check that it still is that process.

use std::sync::Arc;

use super::failure;
use crate::kernel::xnu::{
    BsdInfo, Errno, IdentifiedInfo, PidInfo, ShortBsdInfo, Typed, UniqueInfo, XnuCalls,
};
use crate::model::{Error, ErrorKind, Identity, Pid, Result};

/// One image of one process, which must not change while its regions are shown.
pub(super) struct Target<C: XnuCalls> {
    pub(super) calls: Arc<C>,
    pub(super) pid: Pid,
    identity: Identity,
    /// `PROC_FLAG_*` at the beginning.
    flags: u32,
}

/// The subject of a walk.
pub(super) enum Found<C: XnuCalls> {
    /// A process with an address space.
    Living(Target<C>),
    /// A zombie, which has no address space.
    Zombie,
}

impl<C: XnuCalls> Clone for Target<C> {
    fn clone(&self) -> Self {
        Target { calls: Arc::clone(&self.calls), ..*self }
    }
}

impl<C: XnuCalls> Target<C> {
    /// The process with this pid, if it has this identity.
    pub(super) fn find(calls: &Arc<C>, pid: Pid, identity: Identity) -> Result<Found<C>> {
        let (info, found) = look(calls.as_ref(), pid)?;
        if found != identity {
            return Err(Error::new(ErrorKind::Replaced, IdentifiedInfo::CALL).pid(pid));
        }
        if info.status == ShortBsdInfo::ZOMBIE {
            return Ok(Found::Zombie);
        }
        let calls = Arc::clone(calls);
        Ok(Found::Living(Target { calls, pid, identity, flags: info.flags }))
    }

    /// The process that has this pid now.
    pub(super) fn now(calls: &Arc<C>, pid: Pid) -> Result<Self> {
        let (info, identity) = look(calls.as_ref(), pid)?;
        Ok(Target { calls: Arc::clone(calls), pid, identity, flags: info.flags })
    }

    /// Whether it is still the same process, with the same image, and not in its exit.
    ///
    /// XNU empties the map of a dying process before the process is a zombie, so an address space
    /// that ends may be one that is being torn down. This says that it was not, if called after
    /// that end was seen.
    pub(super) fn is_same(&self) -> Result<bool> {
        let (info, identity) = match look(self.calls.as_ref(), self.pid) {
            Ok(both) => both,
            Err(error) if error.kind == ErrorKind::NoSuchProcess => return Ok(false),
            Err(error) => return Err(error),
        };
        let ends = info.status == ShortBsdInfo::ZOMBIE || info.flags & ShortBsdInfo::IN_EXIT != 0;
        Ok(!ends && identity == self.identity)
    }

    /// The pid as the calls take it.
    pub(super) fn number(&self) -> i32 {
        number(self.pid)
    }

    /// Whether its code is of 64 bits.
    pub(super) fn is_64_bit(&self) -> bool {
        self.flags & ShortBsdInfo::LP64 != 0
    }

    /// Whether its code is for another processor than the machine's.
    pub(super) fn is_translated(&self) -> bool {
        self.flags & ShortBsdInfo::TRANSLATED != 0
    }
}

/// The pid as the calls take it: at most 22 bits, so the sign is never touched.
pub(super) fn number(pid: Pid) -> i32 {
    pid.number().cast_signed()
}

/// `p_idversion`, which changes at every fork and exec.
pub(super) fn identity_of(unique: &UniqueInfo) -> Identity {
    Identity::new(u64::from(unique.id_version.cast_unsigned()))
}

/// What a flavor of `proc_pidinfo` reports of a process, a zombie too.
pub(super) fn ask<C: XnuCalls, T: PidInfo>(calls: &C, pid: Pid) -> Result<T> {
    calls.pid(number(pid), 1).map_err(|errno| failure::of_process(T::CALL, errno, pid))
}

/// What the kernel reports of a process, and the process's identity, in this order: if the identity
/// is one that was known before, no other process can have had the pid in between, so the report is
/// of the same process.
///
/// One call has both. The kernel refuses it to a program of another user, and the recording of such
/// a program lacks it: then two calls that are for all users have the same but for the start, which
/// is the epoch.
pub(super) fn look<C: XnuCalls>(calls: &C, pid: Pid) -> Result<(BsdInfo, Identity)> {
    match calls.pid::<IdentifiedInfo>(number(pid), 1) {
        Ok(IdentifiedInfo { info, unique }) => Ok((info, identity_of(&unique))),
        Err(Errno::PERM | Errno::NOTSUP) => {
            let short: ShortBsdInfo = ask(calls, pid)?;
            Ok((short.into(), identity_of(&ask(calls, pid)?)))
        }
        Err(errno) => Err(failure::of_process(IdentifiedInfo::CALL, errno, pid)),
    }
}

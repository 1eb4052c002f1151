//! The process of a walk, and the check that it still is that process.

use std::sync::Arc;

use super::failure;
use crate::kernel::xnu::{Errno, ShortBsdInfo, Typed, UniqueInfo, XnuCalls};
use crate::model::{Error, ErrorKind, Identity, Pid, Result};

/// One image of one process, which must not change while its regions are shown.
pub(super) struct Target<C: XnuCalls> {
    pub(super) calls: Arc<C>,
    pub(super) pid: Pid,
    identity: Identity,
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
        let (short, unique) = look(calls.as_ref(), pid)?;
        if identity_of(&unique) != identity {
            return Err(Error::new(ErrorKind::Replaced, UNIQUE).pid(pid));
        }
        if short.status == ShortBsdInfo::ZOMBIE {
            return Ok(Found::Zombie);
        }
        let calls = Arc::clone(calls);
        Ok(Found::Living(Target { calls, pid, identity }))
    }

    /// The process with this pid, which was just confirmed.
    pub(super) fn of(calls: &Arc<C>, pid: Pid, unique: &UniqueInfo) -> Self {
        Target { calls: Arc::clone(calls), pid, identity: identity_of(unique) }
    }

    /// Whether it is still the same process, with the same image, and not in its exit.
    ///
    /// XNU empties the map of a dying process before the process is a zombie, so an address space
    /// that ends may be one that is being torn down. This says that it was not, if called after
    /// that end was seen.
    pub(super) fn is_same(&self) -> Result<bool> {
        let (short, unique) = match look(self.calls.as_ref(), self.pid) {
            Ok(both) => both,
            Err(error) if error.kind == ErrorKind::NoSuchProcess => return Ok(false),
            Err(error) => return Err(error),
        };
        let ends = short.status == ShortBsdInfo::ZOMBIE || short.flags & ShortBsdInfo::IN_EXIT != 0;
        Ok(!ends && identity_of(&unique) == self.identity)
    }

    /// The pid as the calls take it.
    pub(super) fn number(&self) -> i32 {
        number(self.pid)
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

/// Flavor 13, in errors.
pub(super) const SHORT: &str = "proc_pidinfo(PROC_PIDT_SHORTBSDINFO)";

/// Flavor 17, in errors.
pub(super) const UNIQUE: &str = "proc_pidinfo(PROC_PIDUNIQIDENTIFIERINFO)";

/// Flags and identity, in this order: if the identity is one that was known before, no other
/// process can have had the pid in between, so the flags are of the same process.
fn look<C: XnuCalls>(calls: &C, pid: Pid) -> Result<(ShortBsdInfo, UniqueInfo)> {
    let short = calls
        .pid::<ShortBsdInfo>(number(pid), 1)
        .map_err(|errno: Errno| failure::of_process(SHORT, errno, pid))?;
    let unique = calls
        .pid::<UniqueInfo>(number(pid), 1)
        .map_err(|errno: Errno| failure::of_process(UNIQUE, errno, pid))?;
    Ok((short, unique))
}

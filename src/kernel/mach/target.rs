//! The process that a walk is about, and whether it still is that process.

use std::sync::Arc;

use super::failure;
use crate::kernel::xnu::{Errno, ShortBsdInfo, Typed, UniqueInfo, XnuCalls};
use crate::model::{Error, ErrorKind, Identity, Pid, Result};

/// One image of one process: what must not change while its regions are shown.
pub(super) struct Target<C: XnuCalls> {
    pub(super) calls: Arc<C>,
    pub(super) pid: Pid,
    identity: Identity,
    /// `p_uniqueid`, which exec keeps.
    unique_id: u64,
    /// The effective uid that access was decided by.
    uid: u32,
}

/// What has become of the process of a [`Target`].
pub(super) enum State {
    /// It runs the same image.
    Same,
    /// It is the same process with another image.
    Executed(Successor),
    /// It has ended or is ending, and its pid may be another's.
    Gone,
}

/// The image that has taken the place of a target's.
pub(super) struct Successor {
    identity: Identity,
    /// Whether who might see the one may see the other too.
    same_access: bool,
}

/// What is to be walked.
pub(super) enum Found<C: XnuCalls> {
    /// A process with an address space.
    Living(Target<C>),
    /// A zombie, which has none.
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
        let (unique_id, uid) = (unique.unique_id, short.uid);
        Ok(Found::Living(Target { calls, pid, identity, unique_id, uid }))
    }

    /// What has become of it.
    ///
    /// XNU empties the map of a dying process before the process is a zombie, so an address space
    /// that ends may be one that is being torn down: `Same` says that it was not, when asked
    /// after that end was seen.
    pub(super) fn state(&self) -> Result<State> {
        let (short, unique) = match look(self.calls.as_ref(), self.pid) {
            Ok(both) => both,
            Err(error) if error.kind == ErrorKind::NoSuchProcess => return Ok(State::Gone),
            Err(error) => return Err(error),
        };
        if short.status == ShortBsdInfo::ZOMBIE || short.flags & ShortBsdInfo::IN_EXIT != 0 {
            return Ok(State::Gone);
        }
        let identity = identity_of(&unique);
        if identity == self.identity {
            return Ok(State::Same);
        }
        if unique.unique_id != self.unique_id {
            return Ok(State::Gone);
        }
        let same_access = short.uid == self.uid && short.flags & ShortBsdInfo::CHANGED_IDS == 0;
        Ok(State::Executed(Successor { identity, same_access }))
    }

    /// Takes the new image for the target, unless an exec that changes ids has put it out of the
    /// reach of who was allowed to see the old one.
    pub(super) fn follow(&mut self, successor: &Successor) -> bool {
        if successor.same_access {
            self.identity = successor.identity;
        }
        successor.same_access
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

/// Flags and identity, in this order: where the identity is one that was known before, nobody
/// else can have had the pid in between, so the flags are of the same process.
fn look<C: XnuCalls>(calls: &C, pid: Pid) -> Result<(ShortBsdInfo, UniqueInfo)> {
    let short = calls
        .pid::<ShortBsdInfo>(number(pid), 1)
        .map_err(|errno: Errno| failure::of_process(SHORT, errno, pid))?;
    let unique = calls
        .pid::<UniqueInfo>(number(pid), 1)
        .map_err(|errno: Errno| failure::of_process(UNIQUE, errno, pid))?;
    Ok((short, unique))
}

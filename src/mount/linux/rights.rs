//! The privileges that the daemon keeps once the mount is made.

use caps::errors::CapsError;
use caps::{CapSet, Capability, CapsHashSet};
use nix::sys::prctl;

use crate::model::error_words;

/// The capabilities to serve: other users' `maps` and links (`ptrace_may_access`), and files that
/// only their owner may open beside that, `environ` and the directories of descriptors.
const FOR_SERVING: [Capability; 2] = [Capability::CAP_SYS_PTRACE, Capability::CAP_DAC_READ_SEARCH];

/// The capabilities to unmount: umount2(2), and setns(2), which takes CAP_SYS_CHROOT too. The mount
/// point may be in a directory that only its owner can enter.
const FOR_UNMOUNTING: [Capability; 2] = [Capability::CAP_SYS_ADMIN, Capability::CAP_SYS_CHROOT];

/// Gives up all other capabilities, and uses only [`FOR_SERVING`]. To be called once the mount is
/// made and before any thread starts: capabilities belong to a thread, and its children inherit
/// them.
///
/// Where the daemon can unmount by itself, it also sets no_new_privs: no program that it executes
/// gets more privileges. An unprivileged daemon unmounts through fusermount3, which is set-uid.
pub(super) fn give_up_rights() {
    let give_up = || -> Result<(), String> {
        let has = caps::read(None, CapSet::Permitted).map_err(words)?;
        let keep: CapsHashSet = FOR_SERVING.into_iter().chain(FOR_UNMOUNTING).collect();
        let keep: CapsHashSet = keep.intersection(&has).copied().collect();
        let serve = FOR_SERVING.into_iter().filter(|it| keep.contains(it)).collect();
        if has.contains(&Capability::CAP_SETPCAP) {
            // A kernel that has fewer capabilities than the crate knows refuses the rest.
            if let Err(error) = caps::clear(None, CapSet::Bounding) {
                log::debug!("bounding set: {}", words(error));
            }
        }
        caps::clear(None, CapSet::Ambient).map_err(words)?;
        caps::clear(None, CapSet::Inheritable).map_err(words)?;
        caps::set(None, CapSet::Effective, &serve).map_err(words)?;
        caps::set(None, CapSet::Permitted, &keep).map_err(words)?;
        if keep.contains(&Capability::CAP_SYS_ADMIN) {
            prctl::set_no_new_privs().map_err(|errno| errno.desc().to_owned())?;
        }
        Ok(())
    };
    // On failure the daemon keeps privileges that it does not need, and works.
    if let Err(reason) = give_up() {
        log::warn!("the daemon keeps rights that it does not need: {reason}");
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn words(error: CapsError) -> String {
    error_words(&error)
}

/// While this lives, the thread, and threads that it starts, use all capabilities they have left.
pub(super) struct Raised(Option<CapsHashSet>);

impl Raised {
    pub(super) fn now() -> Self {
        let before = caps::read(None, CapSet::Effective).ok();
        let raised = caps::read(None, CapSet::Permitted)
            .and_then(|all| caps::set(None, CapSet::Effective, &all));
        if let Err(error) = raised {
            log::warn!("capabilities for unmounting: {}", words(error));
        }
        Raised(before)
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        if let Some(Err(error)) =
            self.0.take().map(|before| caps::set(None, CapSet::Effective, &before))
        {
            log::warn!("capabilities after unmounting: {}", words(error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a thread of its own, whose capabilities are its own.
    #[test]
    fn a_refusal_has_words_and_no_number() {
        let refused = std::thread::spawn(|| {
            caps::clear(None, CapSet::Effective).unwrap();
            caps::clear(None, CapSet::Permitted).unwrap();
            caps::set(None, CapSet::Effective, &[Capability::CAP_CHOWN].into()).map_err(words)
        });
        let said = refused.join().unwrap().unwrap_err();
        assert!(said.ends_with("Operation not permitted"), "{said}");
    }
}

//! What rights the daemon keeps once the mount is made.

use caps::{CapSet, Capability, CapsHashSet};
use nix::sys::prctl;

/// All that serving takes: other users' `maps` and links (`ptrace_may_access`); and what only its
/// owner may open beside that, `environ` and the directories of descriptors.
const FOR_SERVING: [Capability; 2] = [Capability::CAP_SYS_PTRACE, Capability::CAP_DAC_READ_SEARCH];

/// What unmounting takes beside it: umount2(2); and setns(2), which wants CAP_SYS_CHROOT too. The
/// mount point may lie in a directory that only its owner can enter.
const FOR_UNMOUNTING: [Capability; 2] = [Capability::CAP_SYS_ADMIN, Capability::CAP_SYS_CHROOT];

/// Gives up all capabilities but those, and uses only [`FOR_SERVING`]. To be called once the mount
/// is made and before any thread starts: capabilities belong to a thread, and its children get
/// them.
///
/// And no program that it executes gets more rights than it has (no_new_privs), where it can
/// unmount by itself; an unprivileged daemon does that through fusermount3, which is set-uid.
pub(super) fn give_up_rights() {
    let give_up = || -> Result<(), String> {
        let failed = |error: caps::errors::CapsError| error.to_string();
        let has = caps::read(None, CapSet::Permitted).map_err(failed)?;
        let keep: CapsHashSet = FOR_SERVING.into_iter().chain(FOR_UNMOUNTING).collect();
        let keep: CapsHashSet = keep.intersection(&has).copied().collect();
        let serve = FOR_SERVING.into_iter().filter(|it| keep.contains(it)).collect();
        if has.contains(&Capability::CAP_SETPCAP) {
            // A kernel that knows fewer capabilities than the crate refuses the rest.
            if let Err(error) = caps::clear(None, CapSet::Bounding) {
                log::debug!("bounding set: {error}");
            }
        }
        caps::clear(None, CapSet::Ambient).map_err(failed)?;
        caps::clear(None, CapSet::Inheritable).map_err(failed)?;
        caps::set(None, CapSet::Effective, &serve).map_err(failed)?;
        caps::set(None, CapSet::Permitted, &keep).map_err(failed)?;
        if keep.contains(&Capability::CAP_SYS_ADMIN) {
            prctl::set_no_new_privs().map_err(|errno| errno.desc().to_owned())?;
        }
        Ok(())
    };
    // It serves no worse with rights that it does not need.
    if let Err(reason) = give_up() {
        log::warn!("the daemon keeps rights that it does not need: {reason}");
    }
}

/// As long as this lives, the thread and those that it starts use all capabilities they have left.
pub(super) struct Raised(Option<CapsHashSet>);

impl Raised {
    pub(super) fn now() -> Self {
        let before = caps::read(None, CapSet::Effective).ok();
        let raised = caps::read(None, CapSet::Permitted)
            .and_then(|all| caps::set(None, CapSet::Effective, &all));
        if let Err(error) = raised {
            log::warn!("capabilities for unmounting: {error}");
        }
        Raised(before)
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        if let Some(Err(error)) =
            self.0.take().map(|before| caps::set(None, CapSet::Effective, &before))
        {
            log::warn!("capabilities after unmounting: {error}");
        }
    }
}

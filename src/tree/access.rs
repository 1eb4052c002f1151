//! Who may see a process's memory map: as the kernel itself would decide, from the ids of the
//! one who asks.

use crate::kernel::AccessRule;
use crate::model::Credentials;

/// The one who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// User id, as the kernel uses it for files (Linux: fsuid).
    pub uid: u32,
    /// Group id, likewise.
    pub gid: u32,
    /// The number of the process, on Linux of the thread, that asks; 0 where it has none here.
    pub pid: u32,
}

/// Whether this caller is root, whom both kernels show everything.
#[must_use]
pub(super) fn is_privileged(caller: &Caller) -> bool {
    caller.uid == 0
}

/// Whether the caller may see the memory map of a process with these credentials.
///
/// Linux: `__ptrace_may_access` with `PTRACE_MODE_READ_FSCREDS`, without capabilities: all the
/// target's user and group ids are the caller's, and the target is dumpable, which shows in the
/// owner of its memory files. Darwin: `proc_security_policy`, the target's effective uid; and
/// beyond it, as for its task port, a target that has changed its ids is shown to root only.
#[must_use]
pub(super) fn may_see_memory(rule: AccessRule, caller: &Caller, target: &Credentials) -> bool {
    if is_privileged(caller) {
        return true;
    }
    match rule {
        AccessRule::Linux => {
            target.uid.are_all(caller.uid)
                && target.gid.are_all(caller.gid)
                && target.memory_owner == caller.uid
        }
        AccessRule::Darwin => target.uid.effective == caller.uid && !target.changed_ids,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ids;

    const USER: Caller = Caller { uid: 1000, gid: 100, pid: 7 };

    fn all(id: u32) -> Ids {
        Ids { real: id, effective: id, saved: id }
    }

    fn own() -> Credentials {
        Credentials { uid: all(1000), gid: all(100), memory_owner: 1000, changed_ids: false }
    }

    #[test]
    fn linux_wants_every_id_and_a_dumpable_target() {
        let may = |target: Credentials| may_see_memory(AccessRule::Linux, &USER, &target);
        assert!(may(own()));
        for other in [
            Credentials { uid: Ids { real: 1, ..all(1000) }, ..own() },
            Credentials { uid: Ids { effective: 1, ..all(1000) }, ..own() },
            Credentials { uid: Ids { saved: 0, ..all(1000) }, ..own() },
            Credentials { gid: Ids { real: 1, ..all(100) }, ..own() },
            Credentials { gid: Ids { effective: 1, ..all(100) }, ..own() },
            Credentials { gid: Ids { saved: 1, ..all(100) }, ..own() },
            Credentials { memory_owner: 0, ..own() },
        ] {
            assert!(!may(other), "{other:?}");
            let root = Caller { uid: 0, gid: 0, pid: 1 };
            assert!(may_see_memory(AccessRule::Linux, &root, &other));
        }
    }

    #[test]
    fn darwin_wants_the_effective_uid_and_unchanged_ids() {
        let may = |target: Credentials| may_see_memory(AccessRule::Darwin, &USER, &target);
        assert!(may(Credentials { gid: all(5), memory_owner: 0, ..own() }));
        assert!(may(Credentials { uid: Ids { real: 0, ..all(1000) }, ..own() }));
        assert!(!may(Credentials { uid: Ids { effective: 0, ..all(1000) }, ..own() }));
        assert!(!may(Credentials { changed_ids: true, ..own() }));
    }
}

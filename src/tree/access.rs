//! Who may see a process's memory map: as the kernel itself would decide, from the ids of the
//! one who asks.

use crate::kernel::AccessRule;
use crate::model::{Credentials, Rights};

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

/// Whether the caller may see the memory map of a process with these credentials. (A process that
/// looks at itself is another matter: both kernels always let it.)
///
/// Linux: `__ptrace_may_access` with `PTRACE_MODE_READ_FSCREDS`. Either the caller has
/// `CAP_SYS_PTRACE`; or all the target's user and group ids are the caller's, the target is
/// dumpable, which shows in the owner of its memory files, and it is not above the caller
/// (`cap_ptrace_access_check`): in the same user namespace without a capability that the caller
/// lacks, or in one below that belongs to the caller. Darwin: `proc_security_policy`, root or the
/// target's effective uid; and beyond it, as for its task port, a target that has changed its ids
/// is shown to root only.
#[must_use]
pub(super) fn may_see_memory(
    rule: AccessRule,
    caller: &Caller,
    rights: &Rights,
    target: &Credentials,
) -> bool {
    match rule {
        AccessRule::Linux => {
            rights.sees_all
                || (target.uid.are_all(caller.uid)
                    && target.gid.are_all(caller.gid)
                    && is_dumpable(caller, target)
                    && is_within_reach(caller, rights, target))
        }
        AccessRule::Darwin => {
            caller.uid == 0 || (target.uid.effective == caller.uid && !target.changed_ids)
        }
    }
}

/// Memory files of a process that is not dumpable belong to root, and so do those of root's own:
/// they do not tell, so root needs the capability for other processes than its own.
fn is_dumpable(caller: &Caller, target: &Credentials) -> bool {
    caller.uid != 0 && target.memory_owner == caller.uid
}

fn is_within_reach(caller: &Caller, rights: &Rights, target: &Credentials) -> bool {
    if target.user_namespace.is_none() {
        return false;
    }
    if target.user_namespace == rights.user_namespace {
        return target.capabilities & !rights.capabilities == 0;
    }
    rights.in_own_namespace && target.namespace_owner == Some(caller.uid)
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
        Credentials {
            uid: all(1000),
            gid: all(100),
            memory_owner: 1000,
            user_namespace: Some(7),
            ..Credentials::default()
        }
    }

    fn plain() -> Rights {
        Rights { user_namespace: Some(7), in_own_namespace: true, ..Rights::default() }
    }

    #[test]
    fn linux_wants_every_id_a_dumpable_target_and_none_above_the_caller() {
        let may = |target: Credentials| may_see_memory(AccessRule::Linux, &USER, &plain(), &target);
        assert!(may(own()));
        for other in [
            Credentials { uid: Ids { real: 1, ..all(1000) }, ..own() },
            Credentials { uid: Ids { effective: 1, ..all(1000) }, ..own() },
            Credentials { uid: Ids { saved: 0, ..all(1000) }, ..own() },
            Credentials { gid: Ids { real: 1, ..all(100) }, ..own() },
            Credentials { gid: Ids { effective: 1, ..all(100) }, ..own() },
            Credentials { gid: Ids { saved: 1, ..all(100) }, ..own() },
            Credentials { memory_owner: 0, ..own() },
            Credentials { capabilities: 1 << 13, ..own() },
            Credentials { user_namespace: None, ..own() },
            Credentials { user_namespace: Some(8), ..own() },
            Credentials { user_namespace: Some(8), namespace_owner: Some(0), ..own() },
        ] {
            assert!(!may(other), "{other:?}");
            let all = Rights { sees_all: true, ..plain() };
            assert!(may_see_memory(AccessRule::Linux, &USER, &all, &other));
        }
    }

    #[test]
    fn linux_compares_capabilities_and_namespaces() {
        let may = |rights: Rights, target: Credentials| {
            may_see_memory(AccessRule::Linux, &USER, &rights, &target)
        };
        let able = Credentials { capabilities: 0b101, ..own() };
        assert!(may(Rights { capabilities: 0b111, ..plain() }, able));
        assert!(!may(Rights { capabilities: 0b110, ..plain() }, able));
        let below = Credentials {
            user_namespace: Some(8),
            namespace_owner: Some(1000),
            capabilities: u64::MAX,
            ..own()
        };
        assert!(may(plain(), below), "the owner of a namespace sees into it");
        let inside = Rights { user_namespace: Some(8), in_own_namespace: false, ..plain() };
        assert!(!may(inside, own()), "nobody sees out of one");
        assert!(!may(Rights { user_namespace: Some(9), ..inside }, below), "nor into another");
    }

    #[test]
    fn linux_shows_root_without_the_capability_nothing_of_others() {
        let root = Caller { uid: 0, gid: 0, pid: 7 };
        let target = Credentials { uid: all(0), gid: all(0), memory_owner: 0, ..own() };
        assert!(!may_see_memory(AccessRule::Linux, &root, &plain(), &target));
    }

    #[test]
    fn darwin_wants_the_effective_uid_and_unchanged_ids() {
        let as_caller = |caller: &Caller, target: Credentials| {
            may_see_memory(AccessRule::Darwin, caller, &Rights::default(), &target)
        };
        let may = |target| as_caller(&USER, target);
        assert!(may(Credentials { gid: all(5), memory_owner: 0, ..own() }));
        assert!(may(Credentials { uid: Ids { real: 0, ..all(1000) }, ..own() }));
        let others = Credentials { uid: Ids { effective: 0, ..all(1000) }, ..own() };
        let changed = Credentials { changed_ids: true, ..own() };
        let root = Caller { uid: 0, gid: 0, pid: 1 };
        for target in [others, changed] {
            assert!(!may(target) && as_caller(&root, target));
        }
    }
}

//! Who may see a process's memory map: as the kernel itself would decide, from the ids of the
//! one who asks.

use crate::kernel::System;
use crate::model::{CallerPrivileges, Credentials};

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

/// The one who asks, with what it may do beyond its ids: found out once, while it waits, since
/// later its number may be another's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    pub(super) caller: Caller,
    pub(super) privileges: CallerPrivileges,
}

impl Asker {
    /// Whether it is shown everything, so that nothing need be known of the target: XNU's root
    /// is, and Linux's where it has `CAP_SYS_PTRACE` where the daemon lives. A container's root
    /// mostly has not.
    #[must_use]
    pub(super) fn may_see_all(&self, rule: System) -> bool {
        match rule {
            System::Linux => self.may_trace() && self.privileges.in_own_namespace,
            System::Darwin => self.caller.uid == 0,
        }
    }

    /// Capabilities count for root only: access(2) asks in the name of the real user without
    /// them, which the ones that can be seen from outside do not tell.
    fn capabilities(&self) -> u64 {
        if self.caller.uid == 0 { self.privileges.capabilities } else { 0 }
    }

    fn may_trace(&self) -> bool {
        self.capabilities() & CallerPrivileges::SYS_PTRACE != 0
    }

    /// The namespace below which it may see dumpable processes of namespaces that it has made.
    pub(super) fn may_have_made(&self, target: &Credentials) -> Option<u64> {
        let above = self.privileges.user_namespace?;
        let dumpable = target.is_dumpable_for(target.uid.effective);
        (dumpable && target.user_namespace? != above).then_some(above)
    }

    /// Whether it may see the memory map of a process with these credentials.
    ///
    /// Linux: `__ptrace_may_access` with `PTRACE_MODE_READ_FSCREDS`: all the target's user and
    /// group ids are the caller's, the target is dumpable, which shows in the owner of its memory
    /// files, and it has no capability that the caller has not, in the same user namespace
    /// (`cap_ptrace_access_check`). Darwin: `proc_security_policy`, the target's effective uid;
    /// and beyond it, as for its task port, a target that has changed its ids is shown to root
    /// only.
    #[must_use]
    pub(super) fn may_see_memory(&self, rule: System, target: &Credentials) -> bool {
        let Caller { uid, gid, .. } = self.caller;
        if self.may_see_all(rule) {
            return true;
        }
        match rule {
            System::Linux => {
                let ours = self.privileges.user_namespace;
                let same_namespace = ours.is_some() && ours == target.user_namespace;
                let same_user = target.uid.are_all(uid)
                    && target.gid.are_all(gid)
                    && target.is_dumpable_for(uid)
                    && target.capabilities & !self.capabilities() == 0;
                same_namespace && (same_user || self.may_trace())
            }
            System::Darwin => target.uid.effective == uid && !target.changed_ids,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ids;

    const USER: Caller = Caller { uid: 1000, gid: 100, pid: 7 };
    const ROOT: Caller = Caller { uid: 0, gid: 0, pid: 1 };

    fn all(id: u32) -> Ids {
        Ids { real: id, effective: id, saved: id }
    }

    fn own() -> Credentials {
        Credentials {
            uid: all(1000),
            gid: all(100),
            memory_owner: Some(1000),
            user_namespace: Some(1),
            ..Credentials::default()
        }
    }

    fn asker(caller: Caller, capabilities: u64, user_namespace: Option<u64>) -> Asker {
        let in_own_namespace = user_namespace == Some(1);
        Asker {
            caller,
            privileges: CallerPrivileges { capabilities, user_namespace, in_own_namespace },
        }
    }

    #[test]
    fn linux_wants_every_id_and_a_dumpable_target_without_capabilities() {
        let user = asker(USER, 0, Some(1));
        let root = asker(ROOT, u64::MAX, Some(1));
        assert!(user.may_see_memory(System::Linux, &own()));
        for other in [
            Credentials { uid: Ids { real: 1, ..all(1000) }, ..own() },
            Credentials { uid: Ids { effective: 1, ..all(1000) }, ..own() },
            Credentials { uid: Ids { saved: 0, ..all(1000) }, ..own() },
            Credentials { gid: Ids { real: 1, ..all(100) }, ..own() },
            Credentials { gid: Ids { effective: 1, ..all(100) }, ..own() },
            Credentials { gid: Ids { saved: 1, ..all(100) }, ..own() },
            Credentials { memory_owner: Some(0), ..own() },
            Credentials { capabilities: 1 << 13, ..own() },
            Credentials { user_namespace: Some(2), ..own() },
            Credentials { user_namespace: None, ..own() },
        ] {
            assert!(!user.may_see_memory(System::Linux, &other), "{other:?}");
            assert!(root.may_see_memory(System::Linux, &other));
        }
        let zombie = Credentials { memory_owner: None, ..own() };
        assert!(user.may_see_memory(System::Linux, &zombie));
        let roots = Credentials { uid: all(0), ..zombie };
        assert!(!user.may_see_memory(System::Linux, &roots), "the ids count still");
        let stranger = asker(USER, 0, None);
        let unknown = Credentials { user_namespace: None, ..own() };
        assert!(!stranger.may_see_memory(System::Linux, &unknown), "unknown is not the same");
    }

    #[test]
    fn linux_roots_capabilities_count_where_they_hold() {
        let roots = |capabilities, user_namespace| Credentials {
            uid: all(0),
            gid: all(0),
            memory_owner: Some(0),
            capabilities,
            user_namespace,
            changed_ids: false,
        };
        let sees = |root: Asker, target: Credentials| root.may_see_memory(System::Linux, &target);
        let confined = |capabilities| asker(ROOT, capabilities, Some(1));
        assert!(!sees(confined(!CallerPrivileges::SYS_PTRACE), own()));
        assert!(sees(confined(3), roots(1, Some(1))));
        assert!(!sees(confined(3), roots(4, Some(1))));
        let elsewhere = asker(ROOT, u64::MAX, Some(2));
        assert!(!sees(elsewhere, own()));
        assert!(!sees(elsewhere, roots(0, Some(1))));
        assert!(sees(elsewhere, Credentials { user_namespace: Some(2), ..own() }));
        let user = asker(USER, u64::MAX, Some(1));
        assert!(!sees(user, roots(0, Some(1))), "only root's capabilities count");
    }

    #[test]
    fn darwin_wants_the_effective_uid_and_unchanged_ids() {
        let user = asker(USER, 0, None);
        let may = |target: Credentials| user.may_see_memory(System::Darwin, &target);
        assert!(may(Credentials { gid: all(5), memory_owner: Some(0), ..own() }));
        assert!(may(Credentials { uid: Ids { real: 0, ..all(1000) }, ..own() }));
        assert!(!may(Credentials { uid: Ids { effective: 0, ..all(1000) }, ..own() }));
        assert!(!may(Credentials { changed_ids: true, ..own() }));
        let root = asker(ROOT, 0, None);
        assert!(root.may_see_memory(System::Darwin, &Credentials { changed_ids: true, ..own() }));
    }
}

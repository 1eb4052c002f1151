//! Privileges of callers: capabilities, and the user namespaces in which they apply.

use std::os::fd::AsFd;

use nix::fcntl::AtFlags;
use nix::sys::stat::{fstat, fstatat};

use super::files::ProcPath;
use super::{LinuxKernel, ioctl};
use crate::kernel::{Callers, Kernel};
use crate::model::{CallerPrivileges, Identity, Pid, Result};

impl LinuxKernel {
    /// The user namespace of a process or thread. `None` if the kernel does not let this program
    /// see more of it than its name.
    pub(super) fn user_namespace_of(&self, pid: Pid) -> Option<u64> {
        if self.own_user_namespace.is_none() {
            return Some(0);
        }
        // A link of the kernel's own, which does not lead into a mount (`proc_ns_get_link`).
        let link = "ns/user";
        let stat = self.ask_kept(pid, |it| it.stat_behind(link)).or_else(|| {
            let path = ProcPath::of(pid, link);
            fstatat(self.root.as_fd(), path.as_bytes(), AtFlags::empty()).ok()
        });
        stat.map(|stat| stat.st_ino)
    }
}

impl Callers for LinuxKernel {
    fn process_of_caller(&self, caller: u32) -> Result<Pid> {
        self.process_of_thread(caller)
    }

    fn caller_identity(&self, caller: u32) -> Result<u64> {
        let pid = self.process_of_caller(caller)?;
        self.identity(pid).map(Identity::number)
    }

    fn privileges(&self, caller: u32) -> CallerPrivileges {
        let Some(own) = self.own_user_namespace else {
            let all = u64::MAX;
            return CallerPrivileges {
                capabilities: all,
                user_namespace: Some(0),
                in_own_namespace: true,
            };
        };
        let Some(thread) = Pid::new(caller).filter(|_| caller != 0) else {
            return CallerPrivileges::default();
        };
        let user_namespace = self.user_namespace_of(thread);
        CallerPrivileges {
            capabilities: ioctl::effective_capabilities(caller).unwrap_or(0),
            user_namespace,
            in_own_namespace: user_namespace == Some(own),
        }
    }

    fn namespace_maker(&self, pid: Pid, above: u64) -> Option<u32> {
        let mut namespace = self.open(&ProcPath::of(pid, "ns/user")).ok()?;
        // User namespaces nest at most 32 deep (`create_user_ns`).
        for _ in 0..=32 {
            let parent = ioctl::parent_of_namespace(namespace.as_fd()).ok()?;
            if fstat(&parent).ok()?.st_ino == above {
                return ioctl::owner_of_user_namespace(namespace.as_fd()).ok();
            }
            namespace = parent;
        }
        None
    }
}

//! Ports of tasks and threads: their kinds, and rights that are given back exactly once.

use std::fmt;
use std::sync::Arc;

use super::{KernReturn, PORT_DEAD, PORT_NULL, PortName, Refusal, XnuCalls};

/// The kinds of ports to a task, the strongest first. Each can do what the next one can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PortKind {
    /// `task_for_pid`: everything.
    ///
    /// Errors: [`KernReturn::FAILURE`] for pid 0, no such process and all refusals;
    /// [`KernReturn::PROTECTION_FAILURE`] and [`KernReturn::ABORTED`] from the upcall.
    Control,
    /// `task_read_for_pid`: reads memory, registers and the table of ports.
    ///
    /// Errors: [`Errno::PERM`](super::Errno::PERM) for pid 0 and all refusals;
    /// [`Errno::SRCH`](super::Errno::SRCH); [`Errno::ACCES`](super::Errno::ACCES) for a dead access
    /// server and a corpse; [`Errno::INTR`](super::Errno::INTR);
    /// [`Errno::NOSYS`](super::Errno::NOSYS) before macOS 11.
    Read,
    /// `task_inspect_for_pid`: looks at regions' and threads' numbers.
    ///
    /// Errors: those of [`Read`](Self::Read).
    Inspect,
    /// `task_name_for_pid`: the task's own numbers. Given to root, and to a caller with the target's
    /// effective and real uid (`kern_proc.c:task_name_for_pid`).
    ///
    /// Errors: [`KernReturn::FAILURE`] for no such process, a zombie and all refusals.
    Name,
}

impl PortKind {
    /// The call that gives such a port, for errors.
    #[must_use]
    pub fn call(self) -> &'static str {
        match self {
            PortKind::Control => "task_for_pid",
            PortKind::Read => "task_read_for_pid",
            PortKind::Inspect => "task_inspect_for_pid",
            PortKind::Name => "task_name_for_pid",
        }
    }
}

/// The right to ask about one task. Dropping it gives the right back.
pub struct TaskPort<C: XnuCalls> {
    calls: Arc<C>,
    name: PortName,
    /// Whether the name carries a reference of ours: `mach_task_self` gives none away.
    owned: bool,
}

impl<C: XnuCalls> TaskPort<C> {
    /// A port of this kind to the task of the process with this pid; `None` where the kernel says
    /// success and gives no right, because the process has no task yet or is losing it.
    ///
    /// # Errors
    /// As [`XnuCalls::port_for_pid`].
    pub fn for_pid(calls: &Arc<C>, kind: PortKind, pid: i32) -> Result<Option<Self>, Refusal> {
        let name = calls.port_for_pid(kind, pid)?;
        Ok(is_right(name).then(|| TaskPort { calls: Arc::clone(calls), name, owned: true }))
    }

    /// This program's own task.
    #[must_use]
    pub fn own(calls: &Arc<C>) -> Self {
        TaskPort { calls: Arc::clone(calls), name: calls.own_task(), owned: false }
    }

    /// The name to pass to calls; valid while `self` lives.
    #[must_use]
    pub fn name(&self) -> PortName {
        self.name
    }
}

impl<C: XnuCalls> Drop for TaskPort<C> {
    fn drop(&mut self) {
        if self.owned {
            // A dead name is released like any other. A failure leaves nothing to do.
            let _ = self.calls.release_port(self.name);
        }
    }
}

/// Whether a call that succeeded has given a right.
fn is_right(name: PortName) -> bool {
    name != PORT_NULL && name != PORT_DEAD
}

impl<C: XnuCalls> fmt::Debug for TaskPort<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskPort({:#x})", self.name)
    }
}

/// Rights to the threads of a task. Dropping them gives them all back.
pub struct ThreadPorts<C: XnuCalls> {
    calls: Arc<C>,
    names: Vec<PortName>,
}

impl<C: XnuCalls> ThreadPorts<C> {
    /// The threads of this task, but for those that are just ending.
    ///
    /// # Errors
    /// As [`XnuCalls::threads`].
    pub fn of(task: &TaskPort<C>) -> Result<Self, KernReturn> {
        Ok(Self::new(task, task.calls.threads(task.name)?))
    }

    /// Threads of this task, among which is the one with this id if there is one.
    ///
    /// # Errors
    /// As [`XnuCalls::threads`].
    pub fn with(task: &TaskPort<C>, id: u64) -> Result<Self, KernReturn> {
        match task.calls.thread_port(task.name, id)? {
            Some(name) => Ok(Self::new(task, vec![name])),
            None => Self::of(task),
        }
    }

    fn new(task: &TaskPort<C>, mut names: Vec<PortName>) -> Self {
        names.retain(|name| is_right(*name));
        ThreadPorts { calls: Arc::clone(&task.calls), names }
    }

    /// The names to pass to calls, in the task's order; valid while `self` lives.
    #[must_use]
    pub fn names(&self) -> &[PortName] {
        &self.names
    }
}

impl<C: XnuCalls> Drop for ThreadPorts<C> {
    fn drop(&mut self) {
        for name in &self.names {
            // As for a task's port.
            let _ = self.calls.release_port(*name);
        }
    }
}

impl<C: XnuCalls> fmt::Debug for ThreadPorts<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ThreadPorts({:#x?})", self.names)
    }
}

//! Ports of tasks and threads: their kinds, and rights that are released exactly once.

use std::fmt;
use std::sync::Arc;

use super::{KernReturn, PORT_DEAD, PORT_NULL, PortName, Refusal, XnuCalls};

/// Kinds of a task's port, the strongest first. Each permits all that the next one permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PortKind {
    /// `task_for_pid`: permits everything.
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
    /// `task_inspect_for_pid`: reads the numbers of regions and threads.
    ///
    /// Errors: those of [`Read`](Self::Read).
    Inspect,
    /// `task_name_for_pid`: reads the task's own numbers. It is for root, and for a caller with the
    /// target's effective and real uid (`kern_proc.c:task_name_for_pid`).
    ///
    /// Errors: [`KernReturn::FAILURE`] for no such process, a zombie and all refusals.
    Name,
}

impl PortKind {
    /// The call that returns such a port, for errors.
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

/// The right to ask about one task. Released on drop.
pub struct TaskPort<C: XnuCalls> {
    calls: Arc<C>,
    name: PortName,
    /// Whether the name has a reference of ours: `mach_task_self` gives none.
    owned: bool,
}

impl<C: XnuCalls> TaskPort<C> {
    /// A port of this kind to the task of the process with this pid. `None` if the kernel returns
    /// success without a right, because the process has no task yet or is losing it.
    ///
    /// # Errors
    /// Those of [`XnuCalls::port_for_pid`].
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
            // A dead name is released like any other. Nothing can be done about a failure.
            let _ = self.calls.release_port(self.name);
        }
    }
}

/// Whether a call that succeeded has returned a right.
fn is_right(name: PortName) -> bool {
    name != PORT_NULL && name != PORT_DEAD
}

impl<C: XnuCalls> fmt::Debug for TaskPort<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskPort({:#x})", self.name)
    }
}

/// Rights to the threads of a task. All are released on drop.
pub struct ThreadPorts<C: XnuCalls> {
    calls: Arc<C>,
    names: Vec<PortName>,
}

impl<C: XnuCalls> ThreadPorts<C> {
    /// The threads of this task, without those that are just ending.
    ///
    /// # Errors
    /// Those of [`XnuCalls::threads`].
    pub fn of(task: &TaskPort<C>) -> Result<Self, KernReturn> {
        Ok(Self::new(task, task.calls.threads(task.name)?))
    }

    /// Threads of this task, including the one with this id if there is one.
    ///
    /// # Errors
    /// Those of [`XnuCalls::threads`].
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
            // As for a task's port, nothing can be done about a failure.
            let _ = self.calls.release_port(*name);
        }
    }
}

impl<C: XnuCalls> fmt::Debug for ThreadPorts<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ThreadPorts({:#x?})", self.names)
    }
}

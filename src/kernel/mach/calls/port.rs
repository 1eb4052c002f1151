//! A right to a task's port, given back exactly once.

use std::fmt;
use std::sync::Arc;

use super::{KernReturn, PORT_DEAD, PORT_NULL, PortName, XnuCalls};

/// The right to ask about one task. Dropping it gives the right back.
pub struct TaskPort<C: XnuCalls> {
    calls: Arc<C>,
    name: PortName,
    /// Whether the name carries a reference of ours: `mach_task_self` gives none away.
    owned: bool,
}

impl<C: XnuCalls> TaskPort<C> {
    /// The port of the process with this pid; `None` where the kernel says success and gives no
    /// right, because the process has no task yet or is losing it.
    ///
    /// # Errors
    /// As [`XnuCalls::task_for_pid`].
    pub fn for_pid(calls: &Arc<C>, pid: i32) -> Result<Option<Self>, KernReturn> {
        let name = calls.task_for_pid(pid)?;
        if name == PORT_NULL || name == PORT_DEAD {
            return Ok(None);
        }
        Ok(Some(TaskPort { calls: Arc::clone(calls), name, owned: true }))
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
            // A dead name is released like any other; there is nobody to tell of a failure.
            let _ = self.calls.release_port(self.name);
        }
    }
}

impl<C: XnuCalls> fmt::Debug for TaskPort<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskPort({:#x})", self.name)
    }
}

//! What only Darwin's kernel reports.

use super::Walk;
use crate::model::{
    AuditToken, Identity, Interface, LocalSocket, Machine, Neighbour, Paging, Pid, Port,
    PortRefusal, Register, RegisterSet, Result, Route, SecurityToken, Socket, SwapFiles,
};

/// Mach's side of processes, and the machine as XNU describes it. Linux has files of its own for
/// the latter.
pub trait Darwin: Send + Sync {
    /// A walk over what this very process has of the system's shared cache of libraries, divided
    /// among them where it is known which is where.
    ///
    /// # Errors
    /// As [`Kernel::regions`](super::Kernel::regions).
    fn libraries(&self, pid: Pid, identity: Identity) -> Result<Box<dyn Walk>>;

    /// The platform that a process's program was built for, as a `PLATFORM_*` of Mach-O; `None`
    /// where a recording does not hold it.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn platform(&self, pid: Pid) -> Result<Option<u32>>;

    /// The role that a task's policy gives it, as a `task_role_t`.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn role(&self, pid: Pid) -> Result<i32>;

    /// The identity of a task in messages and for the audit system.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn audit_token(&self, pid: Pid) -> Result<AuditToken>;

    /// The user and group that a task's messages are from.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn security_token(&self, pid: Pid) -> Result<SecurityToken>;

    /// How often a task was suspended and not resumed.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn task_suspend_count(&self, pid: Pid) -> Result<u32>;

    /// How often a thread was suspended and not resumed.
    ///
    /// # Errors
    /// As [`Kernel::thread`](super::Kernel::thread).
    fn suspend_count(&self, pid: Pid, thread: u64) -> Result<u32>;

    /// The registers of a thread.
    ///
    /// # Errors
    /// As [`Kernel::thread`](super::Kernel::thread).
    fn registers(&self, pid: Pid, thread: u64, set: RegisterSet) -> Result<Vec<Register>>;

    /// The names of a task's ports, in ascending order.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn ports(&self, pid: Pid) -> Result<Vec<u32>>;

    /// Whether a task has a port of this name. Costs the same however many ports it has.
    ///
    /// # Errors
    /// As [`ports`](Self::ports).
    fn has_port(&self, pid: Pid, name: u32) -> Result<bool>;

    /// One of a task's ports.
    ///
    /// # Errors
    /// `NoSuchName` where the name is free; `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn port(&self, pid: Pid, name: u32) -> Result<Port>;

    /// Why the kernel gives this program no port to read a process's task by; `None` where it gives
    /// one.
    ///
    /// # Errors
    /// `NoSuchProcess`, `ResourceLimit` or `Failed`.
    fn port_refusal(&self, pid: Pid) -> Result<Option<PortRefusal>>;

    /// The machine's TCP sockets, of both families.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn tcp_sockets(&self) -> Result<Vec<Socket>>;

    /// The machine's UDP sockets, of both families.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn udp_sockets(&self) -> Result<Vec<Socket>>;

    /// The machine's `AF_UNIX` sockets.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn local_sockets(&self) -> Result<Vec<LocalSocket>>;

    /// The machine's network interfaces.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn interfaces(&self) -> Result<Vec<Interface>>;

    /// The machine's routes of IPv4.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn routes(&self) -> Result<Vec<Route>>;

    /// The machines on the interfaces' own networks whose hardware addresses are known or looked for.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn neighbours(&self) -> Result<Vec<Neighbour>>;

    /// The machine's swap files.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn swap_files(&self) -> Result<SwapFiles>;

    /// Counters of the machine's virtual memory.
    ///
    /// # Errors
    /// `Failed`.
    fn paging(&self) -> Result<Paging>;

    /// The arguments that the kernel was started with.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn boot_arguments(&self) -> Result<Vec<u8>>;

    /// A random UUID that stays until the machine is started again, in upper case.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn boot_id(&self) -> Result<Vec<u8>>;

    /// The lowest number that no process has as its pid.
    fn pid_limit(&self) -> u32;

    /// Bytes of the random number generator of the kernel that this program runs on, also in a
    /// replay: random numbers are not recorded.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn random(&self) -> Result<[u8; 16]>;

    /// The machine as a whole.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn machine(&self) -> Result<Machine>;
}

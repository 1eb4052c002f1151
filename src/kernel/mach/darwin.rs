//! What only Darwin reports.

use std::sync::Arc;

use super::libraries::LibraryWalk;
use super::target::{Found, Target};
use super::walk::EmptyWalk;
use super::{MachKernel, queries};
use crate::kernel::xnu::{PID_MAX, XnuCalls};
use crate::kernel::{Darwin, Walk};
use crate::model::{
    AuditToken, Identity, Interface, LocalSocket, Machine, Neighbour, Paging, Pid, Port,
    PortRefusal, Register, RegisterSet, Result, Route, SecurityToken, Socket, SwapFiles,
};

impl<C: XnuCalls> Darwin for MachKernel<C> {
    fn libraries(&self, pid: Pid, identity: Identity) -> Result<Box<dyn Walk>> {
        match Target::find(&self.calls, pid, identity)? {
            Found::Living(target) if pid.number() != 0 => {
                Ok(Box::new(LibraryWalk::new(target, Arc::clone(&self.own_cache))))
            }
            _ => Ok(Box::new(EmptyWalk)),
        }
    }

    fn platform(&self, pid: Pid) -> Result<Option<u32>> {
        queries::platform(self.calls.as_ref(), pid)
    }

    fn role(&self, pid: Pid) -> Result<i32> {
        queries::role(&self.calls, pid)
    }

    fn audit_token(&self, pid: Pid) -> Result<AuditToken> {
        queries::audit_token(&self.calls, pid)
    }

    fn security_token(&self, pid: Pid) -> Result<SecurityToken> {
        queries::security_token(&self.calls, pid)
    }

    fn task_suspend_count(&self, pid: Pid) -> Result<u32> {
        queries::task_suspend_count(&self.calls, pid)
    }

    fn suspend_count(&self, pid: Pid, thread: u64) -> Result<u32> {
        queries::suspend_count(&self.calls, &self.last_threads, pid, thread)
    }

    fn registers(&self, pid: Pid, id: u64, set: RegisterSet) -> Result<Vec<Register>> {
        queries::registers(&self.calls, &self.last_threads, pid, id, set)
    }

    fn ports(&self, pid: Pid) -> Result<Vec<u32>> {
        queries::ports(&self.calls, pid)
    }

    fn has_port(&self, pid: Pid, name: u32) -> Result<bool> {
        queries::has_port(&self.calls, pid, name)
    }

    fn port(&self, pid: Pid, name: u32) -> Result<Port> {
        queries::port(&self.calls, pid, name)
    }

    fn port_refusal(&self, pid: Pid) -> Result<Option<PortRefusal>> {
        queries::port_refusal(&self.calls, pid)
    }

    fn tcp_sockets(&self) -> Result<Vec<Socket>> {
        queries::net::tcp(self.calls.as_ref())
    }

    fn udp_sockets(&self) -> Result<Vec<Socket>> {
        queries::net::udp(self.calls.as_ref())
    }

    fn local_sockets(&self) -> Result<Vec<LocalSocket>> {
        queries::net::local(self.calls.as_ref())
    }

    fn interfaces(&self) -> Result<Vec<Interface>> {
        queries::net::interfaces(self.calls.as_ref())
    }

    fn routes(&self) -> Result<Vec<Route>> {
        queries::net::routes(self.calls.as_ref())
    }

    fn neighbours(&self) -> Result<Vec<Neighbour>> {
        queries::net::neighbours(self.calls.as_ref())
    }

    fn swap_files(&self) -> Result<SwapFiles> {
        queries::swap_files(self.calls.as_ref())
    }

    fn paging(&self) -> Result<Paging> {
        queries::paging(self.calls.as_ref())
    }

    fn boot_arguments(&self) -> Result<Vec<u8>> {
        queries::boot_arguments(self.calls.as_ref())
    }

    fn boot_id(&self) -> Result<Vec<u8>> {
        queries::boot_id(self.calls.as_ref())
    }

    fn pid_limit(&self) -> u32 {
        PID_MAX
    }

    fn random(&self) -> Result<[u8; 16]> {
        queries::random()
    }

    fn machine(&self) -> Result<Machine> {
        queries::machine(self.calls.as_ref())
    }
}

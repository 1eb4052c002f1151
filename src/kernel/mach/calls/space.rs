//! Calls about the ports that a task has.

use serde::{Deserialize, Serialize};

use super::{KernReturn, PortName};

/// A task's name space, by a port that may read the task (control or read).
///
/// A weaker port, and one whose task has ended, are [`KernReturn::INVALID_ARGUMENT`], a space
/// that is being torn down [`KernReturn::INVALID_TASK`], a dead name [`KernReturn::INVALID_DEST`].
pub trait SpaceCalls: Send + Sync + 'static {
    /// `mach_port_space_info`: the whole table of names, in its order, the entries in it that are
    /// free and the first, which is never used, among them: those have no type.
    ///
    /// `mach_port_names`, which tells less, needs a control port.
    ///
    /// # Errors
    /// As of the trait, and `KERN_RESOURCE_SHORTAGE` of a kernel without memory.
    fn space_info(&self, task: PortName) -> Result<Vec<SpaceEntry>, KernReturn>;

    /// `mach_port_get_attributes(MACH_PORT_LIMITS_INFO = 1)`: how many messages the port with this
    /// name in the task's space may hold. `None` where the kernel answers with no words, which it
    /// does for the names 0 and `u32::MAX`.
    ///
    /// # Errors
    /// As of the trait; [`KernReturn::INVALID_NAME`] for a name that names nothing,
    /// [`KernReturn::INVALID_RIGHT`] where the task does not receive from the port
    /// (`ipc_object.c:ipc_object_translate`).
    fn port_limit(&self, task: PortName, name: PortName) -> Result<Option<u32>, KernReturn>;

    /// `mach_port_get_attributes(MACH_PORT_RECEIVE_STATUS = 2)` of the port with this name in the
    /// task's space.
    ///
    /// # Errors
    /// As [`port_limit`](Self::port_limit), and [`KernReturn::INVALID_RIGHT`] for the names 0 and
    /// `u32::MAX`.
    fn port_status(&self, task: PortName, name: PortName) -> Result<PortStatus, KernReturn>;
}

/// `struct ipc_info_name`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceEntry {
    /// The name that the task has for the port.
    pub name: PortName,
    /// `MACH_PORT_TYPE_*` bits; 0 for an entry that is free.
    pub types: u32,
    /// How many references to the right the task has.
    pub references: u32,
    /// Hashed address of the port: equal in all tasks that have a right to it, within one boot.
    pub object: u32,
}

/// Bits of [`SpaceEntry::types`].
impl SpaceEntry {
    /// `MACH_PORT_TYPE_SEND`.
    pub const SEND: u32 = 1 << 16;
    /// `MACH_PORT_TYPE_RECEIVE`.
    pub const RECEIVE: u32 = 1 << 17;
    /// `MACH_PORT_TYPE_SEND_ONCE`.
    pub const SEND_ONCE: u32 = 1 << 18;
    /// `MACH_PORT_TYPE_PORT_SET`.
    pub const PORT_SET: u32 = 1 << 19;
    /// `MACH_PORT_TYPE_DEAD_NAME`.
    pub const DEAD_NAME: u32 = 1 << 20;
    /// `MACH_PORT_TYPE_DNREQUEST`: somebody wants to be told of its death.
    pub const DEAD_NAME_REQUEST: u32 = 1 << 31;
}

/// `struct mach_port_status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortStatus {
    /// How many port sets it is in.
    pub port_sets: u32,
    /// Sequence number of the next message.
    pub sequence: u32,
    /// Send rights made from the receive right.
    pub make_send_count: u32,
    /// How many messages it may hold.
    pub limit: u32,
    /// How many it holds.
    pub messages: u32,
    /// How many send-once rights there are.
    pub send_once_rights: u32,
    /// 1 where there are send rights.
    pub send_rights: i32,
    /// 1 where its death is to be told.
    pub death_request: i32,
    /// 1 where the end of its last send right is to be told.
    pub no_senders_request: i32,
    /// `MACH_PORT_STATUS_FLAG_*`.
    pub flags: u32,
}

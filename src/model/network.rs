//! Interfaces, routes and neighbours of the machine.

use std::net::Ipv4Addr;

/// A network interface and what went through it since it came up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its number, to which routes refer.
    pub index: u16,
    /// Its name.
    pub name: Vec<u8>,
    /// What came in.
    pub received: Traffic,
    /// What went out.
    pub sent: Traffic,
    /// Packets that collided.
    pub collisions: u64,
    /// Multicast packets that came in.
    pub multicasts: u64,
}

/// Packets of an interface in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes in all. macOS rounds them to KiB for programs that are not Apple's.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
    /// Packets with an error.
    pub errors: u64,
    /// Packets that were dropped.
    pub drops: u64,
}

/// A route of IPv4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The name of its interface.
    pub interface: Vec<u8>,
    /// Where it leads.
    pub destination: Ipv4Addr,
    /// The network mask, all ones for a single host.
    pub mask: Ipv4Addr,
    /// Who forwards, if the destination is not on the interface's own network.
    pub gateway: Option<Ipv4Addr>,
    /// `RTF_*`, of which the kernels have 1 up, 2 gateway, 4 host in common.
    pub flags: u32,
    /// How often it was used.
    pub uses: u32,
    /// Bytes of its largest packet, 0 for the interface's.
    pub mtu: u32,
}

/// A machine on an interface's own network, whose hardware address is known or looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The name of the interface.
    pub interface: Vec<u8>,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its hardware address, empty while it has not answered.
    pub hardware: Vec<u8>,
    /// Whether it stays when it is not used.
    pub is_permanent: bool,
}

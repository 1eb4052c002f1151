//! Sockets of the machine.

use std::net::{IpAddr, SocketAddr};

/// A TCP or UDP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Its own address and port, 0 where it is not bound.
    pub local: SocketAddr,
    /// The peer's, 0 where it has none.
    pub remote: SocketAddr,
    /// The connection's state; of UDP `Established` with a peer, else `Closed`.
    pub state: TcpState,
    /// Bytes received and not yet read.
    pub received: u32,
    /// Bytes written and not yet acknowledged.
    pub unsent: u32,
    /// The user who made it.
    pub uid: u32,
    /// The number that `fd/N` shows for it, 0 where the kernel reports none.
    pub inode: u64,
}

impl Socket {
    /// Whether it stands in the files of IPv6, as every socket of that family does, whatever
    /// addresses it has.
    #[must_use]
    pub fn is_v6(&self) -> bool {
        matches!(self.local.ip(), IpAddr::V6(_))
    }
}

/// The states of a TCP connection (RFC 793).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpState {
    /// No connection.
    Closed,
    /// Waits for connections.
    Listen,
    /// Has asked for a connection.
    SynSent,
    /// Was asked for one.
    SynReceived,
    /// Connected.
    Established,
    /// The peer has closed.
    CloseWait,
    /// Has closed.
    FinWait1,
    /// Both have closed at once.
    Closing,
    /// Has closed after the peer.
    LastAck,
    /// Has closed, which the peer has acknowledged.
    FinWait2,
    /// Late segments may still come.
    TimeWait,
}

/// A socket of the `AF_UNIX` family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalSocket {
    /// `SOCK_STREAM` 1, `SOCK_DGRAM` 2.
    pub kind: u16,
    /// Whether it waits for connections.
    pub is_listening: bool,
    /// Whether it has a peer.
    pub is_connected: bool,
    /// As [`Socket::inode`].
    pub inode: u64,
    /// The path it is bound to, if any.
    pub path: Vec<u8>,
}

//! The sockets of the machine: `net/tcp`, `net/tcp6`, `net/udp`, `net/udp6` and `net/unix`.
//!
//! What XNU does not report is 0: timers, retransmissions, references, drops. No address of kernel
//! memory is printed.

use std::net::{IpAddr, SocketAddr};

use super::super::line::put;
use crate::model::{LocalSocket, Socket, TcpState};

/// `get_tcp4_sock` of `net/ipv4/tcp_ipv4.c`.
pub fn tcp(sockets: &[Socket], out: &mut Vec<u8>) {
    internet(TCP, sockets, out);
}

/// `get_tcp6_sock` of `net/ipv6/tcp_ipv6.c`.
pub fn tcp6(sockets: &[Socket], out: &mut Vec<u8>) {
    internet(TCP6, sockets, out);
}

/// `udp4_format_sock` of `net/ipv4/udp.c`.
pub fn udp(sockets: &[Socket], out: &mut Vec<u8>) {
    internet(UDP, sockets, out);
}

/// `__ip6_dgram_sock_seq_show` of `net/ipv6/datagram.c`.
pub fn udp6(sockets: &[Socket], out: &mut Vec<u8>) {
    internet(UDP6, sockets, out);
}

/// One of the four files.
struct File {
    heading: &'static str,
    is_v6: bool,
    /// Columns of the number in front.
    number: usize,
    /// What follows the inode.
    rest: &'static str,
    /// Lines are padded to so many columns.
    width: usize,
}

const TCP: File = File {
    heading: "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  \
              timeout inode",
    is_v6: false,
    number: 4,
    rest: " 1 0000000000000000",
    width: 149,
};
const TCP6: File = File {
    heading: "  sl  local_address                         remote_address                        st \
              tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    is_v6: true,
    width: 0,
    ..TCP
};
const UDP: File = File {
    heading: "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  \
              timeout inode ref pointer drops",
    number: 5,
    rest: " 1 0000000000000000 0",
    width: 127,
    ..TCP
};
const UDP6: File = File {
    heading: "  sl  local_address                         remote_address                        st \
              tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops",
    is_v6: true,
    width: 0,
    ..UDP
};

fn internet(file: File, sockets: &[Socket], out: &mut Vec<u8>) {
    pad_line(file.heading.as_bytes(), file.width, out);
    let mut line = Vec::new();
    for (number, socket) in sockets.iter().filter(|it| it.is_v6() == file.is_v6).enumerate() {
        line.clear();
        put(&mut line, format_args!("{number:width$}: ", width = file.number));
        end(socket.local, &mut line);
        line.push(b' ');
        end(socket.remote, &mut line);
        let Socket { received, unsent, uid, inode, .. } = socket;
        put(
            &mut line,
            format_args!(
                " {:02X} {unsent:08X}:{received:08X} 00:00000000 00000000 {uid:5} {:8} {inode}{}",
                state(socket.state),
                0,
                file.rest,
            ),
        );
        pad_line(&line, file.width, out);
    }
}

fn pad_line(line: &[u8], width: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(line);
    out.extend(std::iter::repeat_n(b' ', width.saturating_sub(line.len())));
    out.push(b'\n');
}

/// Each word of an address in the machine's byte order, the port as a number.
fn end(end: SocketAddr, out: &mut Vec<u8>) {
    let word = |bytes: &[u8], out: &mut Vec<u8>| {
        let word = bytes.first_chunk().copied().map_or(0, u32::from_ne_bytes);
        put(out, format_args!("{word:08X}"));
    };
    match end.ip() {
        IpAddr::V4(address) => word(&address.octets(), out),
        IpAddr::V6(address) => address.octets().chunks(4).for_each(|bytes| word(bytes, out)),
    }
    put(out, format_args!(":{:04X}", end.port()));
}

/// `TCP_*` of Linux's `tcp_states.h`.
fn state(state: TcpState) -> u8 {
    match state {
        TcpState::Established => 1,
        TcpState::SynSent => 2,
        TcpState::SynReceived => 3,
        TcpState::FinWait1 => 4,
        TcpState::FinWait2 => 5,
        TcpState::TimeWait => 6,
        TcpState::Closed => 7,
        TcpState::CloseWait => 8,
        TcpState::LastAck => 9,
        TcpState::Listen => 10,
        TcpState::Closing => 11,
    }
}

/// `unix_seq_show` of `net/unix/af_unix.c`. A newline in a path is escaped, which Linux does not.
pub fn unix(sockets: &[LocalSocket], out: &mut Vec<u8>) {
    /// `__SO_ACCEPTCON`.
    const ACCEPTS: u32 = 1 << 16;
    out.extend_from_slice(b"Num       RefCount Protocol Flags    Type St Inode Path\n");
    for socket in sockets {
        let LocalSocket { kind, inode, .. } = socket;
        let flags = if socket.is_listening { ACCEPTS } else { 0 };
        // `SS_CONNECTED` and `SS_UNCONNECTED`.
        let state = if socket.is_connected { 3 } else { 1 };
        put(
            out,
            format_args!(
                "0000000000000000: 00000002 00000000 {flags:08X} {kind:04X} {state:02X} {inode:5}"
            ),
        );
        if !socket.path.is_empty() {
            out.push(b' ');
            super::super::line::in_octal(&socket.path, b"\n", out);
        }
        out.push(b'\n');
    }
}

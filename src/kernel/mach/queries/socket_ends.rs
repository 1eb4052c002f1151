//! The ends of a socket as text: the addresses of an internet socket, the paths of a local one.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::kernel::xnu::{Ends, InternetEnds, SocketFile, TcpEnds};

/// What a socket is connected to, in words.
pub(super) fn ends(socket: &SocketFile) -> Vec<u8> {
    match &socket.ends.get() {
        Ends::Other => format!("family {} type {}", socket.family, socket.kind).into_bytes(),
        Ends::Internet(ends) => {
            let protocol = if socket.protocol == 17 { "udp" } else { "ip" };
            internet(protocol, ends).into_bytes()
        }
        Ends::Tcp(TcpEnds { ends, state, .. }) => {
            let mut text = internet("tcp", ends);
            // Writing to a String cannot fail.
            let _ = write!(text, " {}", tcp_state(*state));
            text.into_bytes()
        }
        Ends::Unix(ends) => {
            let mut text = b"unix".to_vec();
            for (mark, path) in [(&b" "[..], ends.path.bytes()), (b" -> ", ends.peer_path.bytes())]
            {
                if !path.is_empty() {
                    text.extend_from_slice(mark);
                    text.extend_from_slice(path);
                }
            }
            text
        }
    }
}

fn internet(protocol: &str, ends: &InternetEnds) -> String {
    const VERSION_4: u8 = 1;
    let only_4 = ends.versions == VERSION_4;
    let address = |bytes: [u8; 16], port| {
        let [.., a, b, c, d] = bytes;
        let address = if only_4 {
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        } else {
            IpAddr::V6(Ipv6Addr::from(bytes))
        };
        SocketAddr::new(address, port)
    };
    let mut text = format!("{protocol} {}", address(ends.local, ends.local_port()));
    if ends.foreign_port != 0 {
        let _ = write!(text, " -> {}", address(ends.foreign, ends.foreign_port()));
    }
    text
}

fn tcp_state(state: i32) -> &'static str {
    const STATES: [&str; 11] = [
        "CLOSED",
        "LISTEN",
        "SYN_SENT",
        "SYN_RECEIVED",
        "ESTABLISHED",
        "CLOSE_WAIT",
        "FIN_WAIT_1",
        "CLOSING",
        "LAST_ACK",
        "FIN_WAIT_2",
        "TIME_WAIT",
    ];
    usize::try_from(state).ok().and_then(|state| STATES.get(state)).unwrap_or(&"UNKNOWN")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_in_words() {
        let mut local = [0; 16];
        local[12..].copy_from_slice(&[127, 0, 0, 1]);
        let ends = InternetEnds {
            versions: 1,
            local_port: i32::from(80u16.to_be()),
            local,
            ..InternetEnds::default()
        };
        assert_eq!(internet("tcp", &ends), "tcp 127.0.0.1:80");
        let ends = InternetEnds { versions: 2, foreign_port: i32::from(9u16.to_be()), ..ends };
        assert_eq!(internet("udp", &ends), "udp [::7f00:1]:80 -> [::]:9");
        assert_eq!(
            [tcp_state(4), tcp_state(-1), tcp_state(11)],
            ["ESTABLISHED", "UNKNOWN", "UNKNOWN"]
        );
    }
}

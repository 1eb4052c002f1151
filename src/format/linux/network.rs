//! Interfaces, routes and neighbours of the machine: `net/dev`, `net/route` and `net/arp`.
//!
//! What XNU does not report is 0.

use super::super::line::{in_octal, put};
use crate::model::{Interface, Neighbour, Route};

/// `dev_seq_show` of `net/core/net-procfs.c`.
pub fn dev(interfaces: &[Interface], out: &mut Vec<u8>) {
    out.extend_from_slice(
        b"Inter-|   Receive                                                |  Transmit\n \
          face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop \
          fifo colls carrier compressed\n",
    );
    for Interface { name, received, sent, collisions, multicasts, .. } in interfaces {
        let mut escaped = Vec::new();
        in_octal(name, b"\n", &mut escaped);
        out.extend(std::iter::repeat_n(b' ', 6_usize.saturating_sub(escaped.len())));
        out.extend_from_slice(&escaped);
        put(
            out,
            format_args!(
                ": {:7} {:7} {:4} {:4} {:4} {:5} {:10} {multicasts:9} {:8} {:7} {:4} {:4} {:4} \
                 {collisions:5} {:7} {:10}\n",
                received.bytes,
                received.packets,
                received.errors,
                received.drops,
                0,
                0,
                0,
                sent.bytes,
                sent.packets,
                sent.errors,
                sent.drops,
                0,
                0,
                0,
            ),
        );
    }
}

/// `fib_route_seq_show` of `net/ipv4/fib_trie.c`: each line is padded to 127 columns.
pub fn route(routes: &[Route], out: &mut Vec<u8>) {
    const WIDTH: usize = 127;
    let mut line = Vec::new();
    let mut end = |line: &mut Vec<u8>| {
        line.resize(line.len().max(WIDTH), b' ');
        line.push(b'\n');
        out.append(line);
    };
    line.extend_from_slice(
        b"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    );
    end(&mut line);
    for Route { interface, destination, mask, gateway, flags, uses, mtu } in routes {
        in_octal(interface, b"\t\n", &mut line);
        let word = |address: &std::net::Ipv4Addr| u32::from_ne_bytes(address.octets());
        let gateway = gateway.as_ref().map_or(0, word);
        put(
            &mut line,
            format_args!(
                "\t{:08X}\t{gateway:08X}\t{:04X}\t0\t{uses}\t0\t{:08X}\t{mtu}\t0\t0",
                word(destination),
                flags & COMMON_FLAGS,
                word(mask),
            ),
        );
        end(&mut line);
    }
}

/// `RTF_UP`, `RTF_GATEWAY`, `RTF_HOST`: the flags that have the same number in both kernels.
const COMMON_FLAGS: u32 = 7;

/// `arp_format_neigh_entry` of `net/ipv4/arp.c`. The hardware type is Ethernet's.
pub fn arp(neighbours: &[Neighbour], out: &mut Vec<u8>) {
    /// `ATF_COM` and `ATF_PERM`.
    const COMPLETE: u32 = 2;
    const PERMANENT: u32 = 4;
    out.extend_from_slice(
        b"IP address       HW type     Flags       HW address            Mask     Device\n",
    );
    for Neighbour { interface, address, hardware, is_permanent } in neighbours {
        let known = if hardware.is_empty() { 0 } else { COMPLETE };
        let flags = known | if *is_permanent { PERMANENT } else { 0 };
        let text = match hardware.as_slice() {
            [] => "00:00:00:00:00:00".to_owned(),
            bytes => bytes.iter().map(|it| format!("{it:02x}")).collect::<Vec<_>>().join(":"),
        };
        put(out, format_args!("{address:<16} 0x{:<10x}0x{flags:<10x}{text:<17}     *        ", 1));
        in_octal(interface, b"\n", out);
        out.push(b'\n');
    }
}

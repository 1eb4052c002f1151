//! The network that a process sees: on Linux that of its network namespace, on macOS the machine's.

use super::super::kind::{Kind, Public};
use super::{RowSpec, directory, row};
use crate::format::linux;
use crate::kernel::Darwin;
use crate::model::Result;

pub(super) const ROWS: &[RowSpec] = &[
    directory("PID/net", "the network that it sees"),
    // Addresses of its own memory in these Linux hides from this program, which lacks `CAP_SYSLOG`
    // (`%pK`).
    network(
        "PID/net/arp",
        "net/arp",
        |darwin, out| darwin.neighbours().map(|found| linux::arp(&found, out)),
        "hardware addresses of neighbours",
    ),
    network(
        "PID/net/dev",
        "net/dev",
        |darwin, out| darwin.interfaces().map(|found| linux::dev(&found, out)),
        "network devices, and how much they sent and received",
    ),
    network(
        "PID/net/route",
        "net/route",
        |darwin, out| darwin.routes().map(|found| linux::route(&found, out)),
        "routes of IPv4",
    ),
    network(
        "PID/net/tcp",
        "net/tcp",
        |darwin, out| darwin.tcp_sockets().map(|found| linux::tcp(&found, out)),
        "TCP sockets of IPv4",
    ),
    network(
        "PID/net/tcp6",
        "net/tcp6",
        |darwin, out| darwin.tcp_sockets().map(|found| linux::tcp6(&found, out)),
        "TCP sockets of IPv6",
    ),
    network(
        "PID/net/udp",
        "net/udp",
        |darwin, out| darwin.udp_sockets().map(|found| linux::udp(&found, out)),
        "UDP sockets of IPv4",
    ),
    network(
        "PID/net/udp6",
        "net/udp6",
        |darwin, out| darwin.udp_sockets().map(|found| linux::udp6(&found, out)),
        "UDP sockets of IPv6",
    ),
    network(
        "PID/net/unix",
        "net/unix",
        |darwin, out| darwin.local_sockets().map(|found| linux::unix(&found, out)),
        "local sockets",
    ),
];

const fn network(
    path: &'static str,
    own: &'static str,
    render: fn(&dyn Darwin, &mut Vec<u8>) -> Result<()>,
    doc: &'static str,
) -> RowSpec {
    row(path, Kind::Network(render), doc).own(own, Public::Whole)
}

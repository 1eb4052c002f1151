//! The network that a process sees: on Linux that of its network namespace, on macOS the machine's.

use super::super::kind::Public::Whole;
use super::{RowSpec, directory, from_darwin, linux_own};
use crate::format::linux;

pub(super) const ROWS: &[RowSpec] = &[
    directory("PID/net", "the network that it sees"),
    // Addresses of its own memory in these Linux hides from this program, which lacks `CAP_SYSLOG`
    // (`%pK`).
    from_darwin(
        "PID/net/arp",
        "net/arp",
        |darwin, out| darwin.neighbours().map(|found| linux::arp(&found, out)),
        "hardware addresses of neighbours",
    ),
    from_darwin(
        "PID/net/dev",
        "net/dev",
        |darwin, out| darwin.interfaces().map(|found| linux::dev(&found, out)),
        "network devices, and how much they sent and received",
    ),
    from_darwin(
        "PID/net/route",
        "net/route",
        |darwin, out| darwin.routes().map(|found| linux::route(&found, out)),
        "routes of IPv4",
    ),
    from_darwin(
        "PID/net/tcp",
        "net/tcp",
        |darwin, out| darwin.tcp_sockets().map(|found| linux::tcp(&found, out)),
        "TCP sockets of IPv4",
    ),
    from_darwin(
        "PID/net/tcp6",
        "net/tcp6",
        |darwin, out| darwin.tcp_sockets().map(|found| linux::tcp6(&found, out)),
        "TCP sockets of IPv6",
    ),
    from_darwin(
        "PID/net/udp",
        "net/udp",
        |darwin, out| darwin.udp_sockets().map(|found| linux::udp(&found, out)),
        "UDP sockets of IPv4",
    ),
    from_darwin(
        "PID/net/udp6",
        "net/udp6",
        |darwin, out| darwin.udp_sockets().map(|found| linux::udp6(&found, out)),
        "UDP sockets of IPv6",
    ),
    from_darwin(
        "PID/net/unix",
        "net/unix",
        |darwin, out| darwin.local_sockets().map(|found| linux::unix(&found, out)),
        "local sockets",
    ),
    linux_own("PID/net/if_inet6", "net/if_inet6", Whole, "addresses of IPv6"),
    linux_own("PID/net/netstat", "net/netstat", Whole, "further counters of TCP and IP"),
    linux_own("PID/net/snmp", "net/snmp", Whole, "counters of IP, ICMP, TCP and UDP"),
    linux_own("PID/net/snmp6", "net/snmp6", Whole, "counters of IPv6"),
    linux_own("PID/net/sockstat", "net/sockstat", Whole, "how many sockets there are, by protocol"),
    linux_own("PID/net/sockstat6", "net/sockstat6", Whole, "how many sockets of IPv6 there are"),
    linux_own("PID/net/softnet_stat", "net/softnet_stat", Whole, "packets that each CPU has taken"),
];

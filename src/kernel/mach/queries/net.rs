//! The network of the machine, as XNU reports it to any user: by sysctls of `net.*.pcblist_n`, and by
//! `sysctl` of `CTL_NET`, `PF_ROUTE`.

use std::ffi::CStr;
use std::net::Ipv4Addr;

use super::super::{failure, list};
use crate::kernel::xnu::pcb_list::{Pcb, pcbs};
use crate::kernel::xnu::route::{self, Gateway, NamedInterface, RouteAddresses};
use crate::kernel::xnu::{Errno, XnuCalls, routing, sockets as names};
use crate::model::{
    Error, ErrorKind, Interface, LocalSocket, Neighbour, Result, Route, Socket, TcpState, Traffic,
};

/// `RTF_LLINFO`: the route is to a neighbour.
const LINK_LAYER: i32 = 0x400;

/// `SS_ISCONNECTED` of `so_state`.
const CONNECTED: u16 = 2;

/// The TCP sockets of both families.
///
/// # Errors
/// `Failed` where the sysctl fails or its bytes are no list.
pub(in super::super) fn tcp<C: XnuCalls>(calls: &C) -> Result<Vec<Socket>> {
    sockets(calls, names::TCP, |pcb| state(pcb.tcp_state))
}

/// The UDP sockets of both families.
///
/// # Errors
/// As of [`tcp`].
pub(in super::super) fn udp<C: XnuCalls>(calls: &C) -> Result<Vec<Socket>> {
    let state = |pcb: &Pcb| {
        if pcb.state & CONNECTED == 0 { TcpState::Closed } else { TcpState::Established }
    };
    sockets(calls, names::UDP, state)
}

fn sockets<C: XnuCalls>(
    calls: &C,
    name: &CStr,
    state: impl Fn(&Pcb) -> TcpState,
) -> Result<Vec<Socket>> {
    let socket = |pcb: Pcb| {
        let (local, remote) = pcb.ends?;
        let Pcb { received, unsent, uid, handle: inode, .. } = pcb;
        Some(Socket { local, remote, state: state(&pcb), received, unsent, uid, inode })
    };
    Ok(list_of(calls, name)?.into_iter().filter_map(socket).collect())
}

/// The sockets of `AF_UNIX`, those of streams first.
///
/// # Errors
/// As of [`tcp`].
pub(in super::super) fn local<C: XnuCalls>(calls: &C) -> Result<Vec<LocalSocket>> {
    let mut all = list_of(calls, names::STREAM)?;
    all.append(&mut list_of(calls, names::DATAGRAM)?);
    let socket = |pcb: Pcb| LocalSocket {
        kind: pcb.kind,
        is_listening: pcb.options & Pcb::ACCEPTS != 0,
        is_connected: pcb.peer != 0,
        inode: pcb.handle,
        path: pcb.path,
    };
    Ok(all.into_iter().map(socket).collect())
}

fn list_of<C: XnuCalls>(calls: &C, name: &CStr) -> Result<Vec<Pcb>> {
    const CALL: &str = "sysctl(pcblist_n)";
    let bytes = list::sysctl_list(calls, name).map_err(|errno| failure::of_list(CALL, errno))?;
    pcbs(&bytes).ok_or(Error::new(ErrorKind::Failed, CALL))
}

/// `TCPS_*` of `bsd/netinet/tcp_fsm.h`.
fn state(number: u32) -> TcpState {
    match number {
        1 => TcpState::Listen,
        2 => TcpState::SynSent,
        3 => TcpState::SynReceived,
        4 => TcpState::Established,
        5 => TcpState::CloseWait,
        6 => TcpState::FinWait1,
        7 => TcpState::Closing,
        8 => TcpState::LastAck,
        9 => TcpState::FinWait2,
        10 => TcpState::TimeWait,
        _ => TcpState::Closed,
    }
}

/// The interfaces.
///
/// # Errors
/// `Failed` where the sysctl fails or its bytes are no messages.
pub(in super::super) fn interfaces<C: XnuCalls>(calls: &C) -> Result<Vec<Interface>> {
    let interface = |NamedInterface { name, message }| Interface {
        index: message.index,
        name,
        received: Traffic {
            bytes: message.bytes_received,
            packets: message.packets_received,
            errors: message.errors_received,
            drops: message.input_drops,
        },
        sent: Traffic {
            bytes: message.bytes_sent,
            packets: message.packets_sent,
            errors: message.errors_sent,
            drops: u64::try_from(message.send_drops).unwrap_or(0),
        },
        collisions: message.collisions,
        multicasts: message.multicasts_received,
    };
    Ok(named(calls)?.into_iter().map(interface).collect())
}

/// The routes of IPv4 that are no neighbours.
///
/// # Errors
/// As of [`interfaces`].
pub(in super::super) fn routes<C: XnuCalls>(calls: &C) -> Result<Vec<Route>> {
    let interfaces = named(calls)?;
    let route = |found: RouteAddresses| {
        let RouteAddresses { message, destination, mask, gateway } = found;
        let gateway = match gateway {
            Gateway::Internet(address) => Some(address),
            Gateway::Link(_) | Gateway::Other => None,
        };
        const HOST: i32 = 4;
        let whole =
            if message.flags & HOST != 0 { Ipv4Addr::BROADCAST } else { Ipv4Addr::UNSPECIFIED };
        Route {
            interface: name_of(&interfaces, message.index),
            destination,
            mask: mask.unwrap_or(whole),
            gateway,
            flags: message.flags.cast_unsigned(),
            uses: message.uses.cast_unsigned(),
            mtu: message.mtu,
        }
    };
    let all = messages(calls, &routing::ROUTES)?;
    Ok(all.into_iter().filter(|it| it.message.flags & LINK_LAYER == 0).map(route).collect())
}

/// The neighbours of IPv4.
///
/// # Errors
/// As of [`interfaces`].
pub(in super::super) fn neighbours<C: XnuCalls>(calls: &C) -> Result<Vec<Neighbour>> {
    let interfaces = named(calls)?;
    let neighbour = |found: RouteAddresses| {
        let Gateway::Link(hardware) = found.gateway else { return None };
        Some(Neighbour {
            interface: name_of(&interfaces, found.message.index),
            address: found.destination,
            hardware,
            is_permanent: found.message.expires == 0,
        })
    };
    Ok(messages(calls, &routing::NEIGHBOURS)?.into_iter().filter_map(neighbour).collect())
}

fn name_of(interfaces: &[NamedInterface], index: u16) -> Vec<u8> {
    let found = interfaces.iter().find(|it| it.message.index == index);
    found.map_or_else(|| b"*".to_vec(), |it| it.name.clone())
}

fn named<C: XnuCalls>(calls: &C) -> Result<Vec<NamedInterface>> {
    parsed(list::sysctl_by_number(calls, &routing::INTERFACES), route::interfaces)
}

fn messages<C: XnuCalls>(calls: &C, name: &[i32]) -> Result<Vec<RouteAddresses>> {
    parsed(list::sysctl_by_number(calls, name), route::routes)
}

fn parsed<T>(
    bytes: std::result::Result<Vec<u8>, Errno>,
    parse: impl Fn(&[u8]) -> Option<Vec<T>>,
) -> Result<Vec<T>> {
    const CALL: &str = "sysctl(net.route)";
    let bytes = bytes.map_err(|errno| failure::of_list(CALL, errno))?;
    parse(&bytes).ok_or(Error::new(ErrorKind::Failed, CALL))
}

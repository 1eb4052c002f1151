//! Messages about interfaces and routes, as `sysctl` of `CTL_NET`, `PF_ROUTE` gives them to any user
//! (`bsd/net/rtsock.c`): each has its length, version and type in front, a header by its type, and
//! socket addresses, each aligned to 4 bytes.
//!
//! The bytes may be a recording's, so they are taken for hostile: only what is inside of a message is
//! read, and no bytes make this loop.

use std::net::Ipv4Addr;

use super::structs::{InterfaceMessage, RouteMessage};

/// `RTM_GET` and `RTM_IFINFO2`.
const GET: u8 = 4;
const INTERFACE: u8 = 0x12;

/// `RTM_VERSION`.
const VERSION: u8 = 5;

/// `RTAX_*`: places of addresses whose bits in `rtm_addrs` say which there are.
const DESTINATION: u32 = 0;
const GATEWAY: u32 = 1;
const MASK: u32 = 2;
const INTERFACE_NAME: u32 = 4;

/// `AF_INET` and `AF_LINK`.
const INET: u8 = 2;
const LINK: u8 = 18;

/// An interface and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedInterface {
    /// `sdl_data`, as far as it is the name.
    pub name: Vec<u8>,
    /// What the message says.
    pub message: InterfaceMessage,
}

/// A route of IPv4 and its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteAddresses {
    /// What the message says.
    pub message: RouteMessage,
    /// Where it leads.
    pub destination: Ipv4Addr,
    /// The network mask, where there is one.
    pub mask: Option<Ipv4Addr>,
    /// Who forwards, or the neighbour's hardware address.
    pub gateway: Gateway,
}

/// The gateway of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// An address of IPv4.
    Internet(Ipv4Addr),
    /// A hardware address, empty where it is not known.
    Link(Vec<u8>),
    /// None, or of another family.
    Other,
}

/// The interfaces of `NET_RT_IFLIST2`, in the kernel's order. `None` where the bytes are no messages.
#[must_use]
pub fn interfaces(messages: &[u8]) -> Option<Vec<NamedInterface>> {
    let all = Messages(messages).filter(|it| it.as_ref().is_none_or(|it| it.kind == INTERFACE));
    all.map(|message| {
        let message = message?;
        let (head, addresses) = message.read::<InterfaceMessage>()?;
        let addresses = Addresses { bytes: addresses, present: head.addresses.cast_unsigned() };
        let name = addresses.get(INTERFACE_NAME).and_then(link_name).unwrap_or_default();
        Some(NamedInterface { name: name.to_vec(), message: head })
    })
    .collect()
}

/// The routes of IPv4 of `NET_RT_DUMP` or `NET_RT_FLAGS`, in the kernel's order. `None` where the
/// bytes are no messages.
#[must_use]
pub fn routes(messages: &[u8]) -> Option<Vec<RouteAddresses>> {
    let mut routes = Vec::new();
    for message in Messages(messages) {
        let message = message?;
        if message.kind != GET {
            continue;
        }
        let (head, addresses) = message.read::<RouteMessage>()?;
        let addresses = Addresses { bytes: addresses, present: head.addresses.cast_unsigned() };
        let destination = addresses.get(DESTINATION).filter(|it| it.get(1) == Some(&INET));
        let Some(destination) = destination.map(internet) else { continue };
        let gateway = match addresses.get(GATEWAY) {
            Some(address) if address.get(1) == Some(&INET) => Gateway::Internet(internet(address)),
            Some(address) if address.get(1) == Some(&LINK) => Gateway::Link(hardware(address)),
            _ => Gateway::Other,
        };
        let mask = addresses.get(MASK).map(internet);
        routes.push(RouteAddresses { message: head, destination, mask, gateway });
    }
    Some(routes)
}

/// The messages behind each other; a last `None` where one does not fit.
struct Messages<'a>(&'a [u8]);

struct Message<'a> {
    kind: u8,
    bytes: &'a [u8],
}

impl<'a> Iterator for Messages<'a> {
    type Item = Option<Message<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        const HEAD: usize = 4;
        if self.0.is_empty() {
            return None;
        }
        let message = || {
            let [low, high, version, kind] = *self.0.first_chunk::<HEAD>()?;
            let length = usize::from(u16::from_le_bytes([low, high]));
            let fits = version == VERSION && length >= HEAD;
            let (bytes, rest) = self.0.split_at_checked(length).filter(|_| fits)?;
            Some((Message { kind, bytes }, rest))
        };
        let message = message();
        self.0 = message.as_ref().map_or(&[], |(_, rest)| rest);
        Some(message.map(|(message, _)| message))
    }
}

impl<'a> Message<'a> {
    fn read<T: super::Plain>(&self) -> Option<(T, &'a [u8])> {
        T::read_from_prefix(self.bytes).ok()
    }
}

/// Socket addresses behind each other.
#[derive(Clone, Copy)]
struct Addresses<'a> {
    bytes: &'a [u8],
    /// `rtm_addrs`.
    present: u32,
}

impl<'a> Addresses<'a> {
    /// The address in this place, with its length and family in front. An address of no length takes
    /// one word (`ROUNDUP32`).
    fn get(self, place: u32) -> Option<&'a [u8]> {
        if self.present & (1 << place) == 0 {
            return None;
        }
        let mut rest = self.bytes;
        for _ in 0..(self.present & ((1 << place) - 1)).count_ones() {
            let length = usize::from(*rest.first()?).next_multiple_of(4).max(4);
            rest = rest.get(length..)?;
        }
        rest.get(..usize::from(*rest.first()?))
    }
}

/// `sin_addr` of a `struct sockaddr_in`, of which the zeros at the end may be missing (masks).
fn internet(address: &[u8]) -> Ipv4Addr {
    let mut bytes = [0; 4];
    bytes.iter_mut().zip(address.get(4..).unwrap_or_default()).for_each(|(to, from)| *to = *from);
    Ipv4Addr::from(bytes)
}

/// The name in a `struct sockaddr_dl`.
fn link_name(address: &[u8]) -> Option<&[u8]> {
    address.get(8..)?.get(..usize::from(*address.get(5)?))
}

/// The hardware address in a `struct sockaddr_dl`, behind the name.
fn hardware(address: &[u8]) -> Vec<u8> {
    let part = || {
        let (name, length) = (usize::from(*address.get(5)?), usize::from(*address.get(6)?));
        address.get(8 + name..)?.get(..length)
    };
    part().unwrap_or_default().to_vec()
}

//! The network as the kernel lists it: the bytes of the sysctls `net.*.pcblist_n` and of `PF_ROUTE`,
//! written field by field as `bsd/netinet/in_pcb.h`, `bsd/sys/socketvar.h`, `bsd/netinet/tcp_var.h`,
//! `bsd/sys/unpcb.h`, `bsd/net/if.h` and `bsd/net/route.h` declare them.

use std::net::{Ipv4Addr, SocketAddr};

/// A socket.
#[derive(Clone, Debug)]
pub struct ModelSocket {
    /// `xso_so`, 0 where it has no socket any more.
    pub handle: u64,
    /// `so_type`.
    pub kind: u16,
    /// `so_options`.
    pub options: u32,
    /// `so_state`.
    pub state: u16,
    /// `so_uid`.
    pub uid: u32,
    /// `sb_cc` of its buffers, received and to be sent.
    pub bytes: [u32; 2],
    /// What it is bound and connected to.
    pub ends: ModelEnds,
}

/// The ends of a [`ModelSocket`].
#[derive(Clone, Debug)]
pub enum ModelEnds {
    /// TCP with its `t_state`, or UDP without: family, `inp_vflag`, local and remote end.
    Internet(Option<u32>, u32, u8, SocketAddr, SocketAddr),
    /// `AF_UNIX`: `xunp_conn`, and `sun_path`, of as many bytes as `sun_len` says.
    Local(u64, Vec<u8>),
}

/// The network of a machine.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// TCP.
    pub tcp: Vec<ModelSocket>,
    /// UDP.
    pub udp: Vec<ModelSocket>,
    /// `AF_UNIX` of type `SOCK_STREAM`.
    pub streams: Vec<ModelSocket>,
    /// `AF_UNIX` of type `SOCK_DGRAM`.
    pub datagrams: Vec<ModelSocket>,
    /// Interfaces.
    pub interfaces: Vec<ModelInterface>,
    /// Routes of IPv4, those to neighbours with `RTF_LLINFO` 0x400 among them.
    pub routes: Vec<ModelRoute>,
}

impl Network {
    /// That of the fixtures, whose process has some of these sockets open.
    pub(super) fn small() -> Self {
        let [v4, v6] = [1, 2];
        let end = |address: [u8; 4], port| SocketAddr::from((address, port));
        let end6 = |address: [u16; 8], port| SocketAddr::from((address, port));
        let internet = |handle, tcp: Option<u32>, family, flags, local, remote| ModelSocket {
            handle,
            kind: if tcp.is_some() { 1 } else { 2 },
            options: 0,
            state: if tcp == Some(4) { 2 } else { 0 },
            uid: 501,
            bytes: if tcp == Some(4) { [17, 5] } else { [0, 0] },
            ends: ModelEnds::Internet(tcp, family, flags, local, remote),
        };
        let local = |handle, kind, listens, peer, path: &[u8]| ModelSocket {
            handle,
            kind,
            options: if listens { 2 } else { 0 },
            state: 0,
            uid: 0,
            bytes: [0, 0],
            ends: ModelEnds::Local(peer, path.to_vec()),
        };
        let (any, any6) = (end([0; 4], 0), end6([0; 8], 0));
        let link_local = end6([0xfe80, 4, 0, 0, 0, 0, 0, 1], 5353);
        let route = |flags, destination: [u8; 4], mask: Option<[u8; 4]>, gateway| ModelRoute {
            index: 4,
            flags,
            numbers: [12, 1500, if flags & 0x400 == 0 { 0 } else { 1200 }],
            destination: destination.into(),
            mask: mask.map(Ipv4Addr::from),
            gateway,
        };
        let (here, gateway) = (Err(Vec::new()), Ok(Ipv4Addr::new(10, 0, 0, 1)));
        Network {
            tcp: vec![
                internet(0x5551, Some(1), 30, v4 | v6, end6([0; 8], 8080), any6),
                internet(
                    0x5554,
                    Some(4),
                    2,
                    v4,
                    end([127, 0, 0, 1], 8080),
                    end([127, 0, 0, 1], 54_321),
                ),
                internet(0, Some(10), 2, v4, end([10, 0, 0, 7], 50_000), end([192, 0, 2, 1], 443)),
                internet(
                    0x5560,
                    Some(4),
                    30,
                    v4,
                    end([10, 0, 0, 7], 22),
                    end([10, 0, 0, 9], 40_000),
                ),
            ],
            udp: vec![
                internet(0x6666, None, 30, v6, link_local, any6),
                internet(0x6670, None, 2, v4, end([0; 4], 68), any),
            ],
            streams: vec![
                local(0x1111, 1, false, 0x22, b""),
                local(0x2222, 1, false, 0x11, b"/private/var/run/demo.sock"),
                local(0x8880, 1, true, 0, b"/var/run/two words"),
            ],
            datagrams: vec![local(0x8890, 2, false, 0, b"/var/run/syslog")],
            interfaces: vec![
                ModelInterface {
                    index: 1,
                    name: "lo0".to_owned(),
                    counters: [100, 0, 100, 0, 0, 20_480, 20_480, 3, 4, 0],
                    drops: 0,
                },
                ModelInterface {
                    index: 4,
                    name: "en0".to_owned(),
                    counters: [123_456, 1, 65_432, 2, 3, 987_654_144, 12_345_344, 55, 66, 7],
                    drops: 8,
                },
            ],
            routes: vec![
                route(0x803, [0; 4], Some([0; 4]), gateway),
                route(0x101, [10, 0, 0, 0], Some([255, 255, 255, 0]), here.clone()),
                route(0x405, [10, 0, 0, 1], None, Err(vec![0x02, 0, 0x5e, 0x10, 0, 1])),
                route(0x405, [10, 0, 0, 9], None, here),
            ],
        }
    }
}

/// Bytes of a struct under `#pragma pack(4)`.
struct Packed(Vec<u8>);

impl Packed {
    fn new(size: u32, kind: u32) -> Self {
        let mut bytes = Packed(Vec::new());
        bytes.put(size.to_le_bytes());
        bytes.put(kind.to_le_bytes());
        bytes
    }

    /// A number, aligned as its size, or to 4 bytes.
    fn put<const N: usize>(&mut self, number: [u8; N]) {
        self.part(N.min(4), &number);
    }

    fn part(&mut self, align: usize, bytes: &[u8]) {
        let start = self.0.len().next_multiple_of(align);
        self.0.resize(start, 0);
        self.0.extend_from_slice(bytes);
    }

    /// Zeros up to the end of the struct, and to the next record.
    fn end(mut self, list: &mut Vec<u8>) {
        let size = u32::from_le_bytes(*self.0.first_chunk().unwrap_or(&[0; 4])) as usize;
        assert!(self.0.len() <= size, "the size of a record is that of its fields");
        self.0.resize(size.next_multiple_of(8), 0);
        list.append(&mut self.0);
    }
}

/// The value of a sysctl `pcblist_n`.
#[must_use]
pub fn socket_list(sockets: &[ModelSocket]) -> Vec<u8> {
    let mut list = Vec::new();
    generation(sockets.len(), &mut list);
    for socket in sockets {
        match &socket.ends {
            ModelEnds::Internet(_, _, flags, local, remote) => {
                control_block(*flags, local, remote, &mut list);
            }
            ModelEnds::Local(peer, path) => local_control_block(*peer, path, &mut list),
        }
        socket_record(socket, &mut list);
        for (kind, bytes) in [(0x2, socket.bytes[0]), (0x4, socket.bytes[1])] {
            let mut buffer = Packed::new(32, if socket.handle == 0 { 0 } else { kind });
            buffer.put(bytes.to_le_bytes());
            buffer.end(&mut list);
        }
        // Four classes of traffic, four counters of 64 bits each.
        Packed::new(8 + 4 * 32, 0x8).end(&mut list);
        if let ModelEnds::Internet(Some(state), ..) = socket.ends {
            let mut tcp = Packed::new(216, 0x20);
            tcp.put(0u64.to_le_bytes());
            tcp.put(0u32.to_le_bytes());
            (0..4).for_each(|_| tcp.put(9u32.to_le_bytes()));
            tcp.put(state.to_le_bytes());
            tcp.end(&mut list);
        }
    }
    generation(sockets.len(), &mut list);
    list
}

fn generation(count: usize, list: &mut Vec<u8>) {
    let mut generation = Packed::new(24, count as u32);
    generation.put(77u64.to_le_bytes());
    generation.put(78u64.to_le_bytes());
    generation.end(list);
}

fn control_block(flags: u8, local: &SocketAddr, remote: &SocketAddr, list: &mut Vec<u8>) {
    let address = |end: &SocketAddr| match end {
        SocketAddr::V6(end) => end.ip().octets(),
        // `struct in_addr_4in6`.
        SocketAddr::V4(end) => {
            let mut bytes = [0; 16];
            bytes[12..].copy_from_slice(&end.ip().octets());
            bytes
        }
    };
    let mut block = Packed::new(104, 0x10);
    block.put(0xaaaa_u64.to_le_bytes());
    block.put(remote.port().to_be_bytes());
    block.put(local.port().to_be_bytes());
    block.put(0xbbbb_u64.to_le_bytes());
    block.put(5u64.to_le_bytes());
    block.put(0u32.to_le_bytes());
    block.put(0u32.to_le_bytes());
    block.put([flags]);
    block.put([64]);
    block.put([6]);
    block.part(4, &address(remote));
    block.part(4, &address(local));
    block.put([1]);
    block.end(list);
}

fn local_control_block(peer: u64, path: &[u8], list: &mut Vec<u8>) {
    let mut block = Packed::new(588, 0x200);
    for number in [0xaaaa, 0xbbbb, 3, peer, 0, 0] {
        block.put(u64::to_le_bytes(number));
    }
    for number in [1, 2, 0] {
        block.put(u32::to_le_bytes(number));
    }
    block.put(9u64.to_le_bytes());
    let mut address = [0; 256];
    if !path.is_empty() {
        (address[0], address[1]) = (path.len() as u8 + 2, 1);
        address[2..2 + path.len()].copy_from_slice(path);
    }
    block.part(1, &address);
    block.end(list);
}

fn socket_record(socket: &ModelSocket, list: &mut Vec<u8>) {
    let family = match socket.ends {
        ModelEnds::Internet(_, family, ..) => family,
        ModelEnds::Local(..) => 1,
    };
    let mut record = Packed::new(104, 0x1);
    if socket.handle != 0 {
        record.put(socket.handle.to_le_bytes());
        record.put(socket.kind.to_le_bytes());
        record.put(socket.options.to_le_bytes());
        record.put(0u16.to_le_bytes());
        record.put(socket.state.to_le_bytes());
        record.put(0xcccc_u64.to_le_bytes());
        record.put(6u32.to_le_bytes());
        record.put(family.to_le_bytes());
        for number in [0u16, 0, 128, 0, 0] {
            record.put(number.to_le_bytes());
        }
        record.put(0u32.to_le_bytes());
        record.put(0u32.to_le_bytes());
        record.put(socket.uid.to_le_bytes());
    }
    record.end(list);
}

/// An interface.
#[derive(Clone, Debug, Default)]
pub struct ModelInterface {
    /// Its number.
    pub index: u16,
    /// Its name.
    pub name: String,
    /// `ifi_ipackets` to `ifi_iqdrops`, in the order of `struct if_data64`.
    pub counters: [u64; 10],
    /// `ifm_snd_drops`.
    pub drops: u32,
}

/// What `NET_RT_IFLIST2` gives: each interface with the address that its name is in, and an address of
/// IPv4 behind it.
#[must_use]
pub fn interface_list(interfaces: &[ModelInterface]) -> Vec<u8> {
    let mut list = Vec::new();
    for interface in interfaces {
        let mut head = Vec::new();
        head.extend([5, 0x12]);
        head.extend(0x10u32.to_le_bytes());
        head.extend(0x8863u32.to_le_bytes());
        head.extend(interface.index.to_le_bytes());
        head.extend([0; 2]);
        for number in [0, 128, interface.drops, 0] {
            head.extend(number.to_le_bytes());
        }
        head.extend([6, 0, 0, 6, 14, 0, 0, 0]);
        head.extend(1500u32.to_le_bytes());
        head.extend(0u32.to_le_bytes());
        head.extend(1_000_000_000u64.to_le_bytes());
        interface.counters.iter().for_each(|it| head.extend(it.to_le_bytes()));
        // `ifi_noproto`, two times, and a `struct timeval` of 32 bits.
        head.extend([0; 8 + 4 + 4 + 8]);
        assert_eq!(head.len(), 160 - 2);
        message(&head, &[link(interface.index, &interface.name, &[2, 0, 0, 0, 0, 1])], &mut list);
        // `struct ifa_msghdr`, whose addresses do not matter here.
        message(&[&[5, 0xc][..], &[0; 16]].concat(), &[], &mut list);
    }
    list
}

/// A route.
#[derive(Clone, Debug)]
pub struct ModelRoute {
    /// The interface's number.
    pub index: u16,
    /// `RTF_*`.
    pub flags: u32,
    /// `rtm_use`, `rmx_mtu`, `rmx_expire`.
    pub numbers: [u32; 3],
    /// Where it leads.
    pub destination: Ipv4Addr,
    /// The mask, of as many bytes as are not 0, as the kernel keeps it.
    pub mask: Option<Ipv4Addr>,
    /// Who forwards, or else the hardware address behind a name of the interface.
    pub gateway: Result<Ipv4Addr, Vec<u8>>,
}

/// What `NET_RT_DUMP` gives of these routes, and `NET_RT_FLAGS` of those with its flags.
#[must_use]
pub fn route_list(routes: &[ModelRoute]) -> Vec<u8> {
    let mut list = Vec::new();
    for route in routes {
        let mut head = Vec::new();
        head.extend([5, 4]);
        head.extend(route.index.to_le_bytes());
        head.extend([0; 2]);
        head.extend(route.flags.to_le_bytes());
        head.extend(if route.mask.is_some() { 7u32 } else { 3 }.to_le_bytes());
        let [uses, mtu, expires] = route.numbers;
        for number in [0, 0, 0, uses, 0, 0, mtu, 0, expires] {
            head.extend(number.to_le_bytes());
        }
        head.extend([0; 40]);
        assert_eq!(head.len(), 92 - 2);
        let gateway = match &route.gateway {
            Ok(address) => internet(*address, 16),
            Err(hardware) => link(route.index, "en0", hardware),
        };
        let mut addresses = vec![internet(route.destination, 16), gateway];
        addresses.extend(route.mask.map(|mask| {
            let octets = mask.octets();
            let last = octets.iter().rposition(|it| *it != 0);
            // A mask of nothing has no length at all.
            internet(mask, last.map_or(0, |last| 4 + last + 1))
        }));
        message(&head, &addresses, &mut list);
    }
    list
}

fn message(head: &[u8], addresses: &[Vec<u8>], list: &mut Vec<u8>) {
    let mut bytes = head.to_vec();
    addresses.iter().for_each(|address| bytes.extend(address));
    list.extend((bytes.len() as u16 + 2).to_le_bytes());
    list.append(&mut bytes);
}

/// A `struct sockaddr_in` of so many bytes.
fn internet(address: Ipv4Addr, length: usize) -> Vec<u8> {
    let mut bytes = vec![length as u8, if length == 16 { 2 } else { 0 }, 0, 0];
    bytes.extend(address.octets());
    bytes.resize(length.next_multiple_of(4).max(4), 0);
    bytes
}

/// A `struct sockaddr_dl`.
fn link(index: u16, name: &str, hardware: &[u8]) -> Vec<u8> {
    let length = (8 + name.len() + hardware.len()).max(20);
    let mut bytes = vec![length as u8, 18];
    bytes.extend(index.to_le_bytes());
    bytes.extend([6, name.len() as u8, hardware.len() as u8, 0]);
    bytes.extend(name.as_bytes());
    bytes.extend(hardware);
    bytes.resize(length.next_multiple_of(4), 0);
    bytes
}

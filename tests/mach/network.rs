//! The lists of sockets, interfaces and routes: their parsers, and the text in Linux's grammar.

use std::net::{Ipv4Addr, SocketAddr};

use mach_procfs::kernel::xnu::pcb_list::pcbs;
use mach_procfs::kernel::xnu::route::{Gateway, interfaces, routes};
use proptest::prelude::*;
use xnu_model::network::{
    ModelEnds, ModelInterface, ModelRoute, ModelSocket, interface_list, route_list, socket_list,
};

const V4: u8 = 1;
const V6: u8 = 2;

fn internet(tcp: Option<u32>, family: u32, flags: u8, local: &str, remote: &str) -> ModelSocket {
    let (local, remote) = (local.parse().unwrap(), remote.parse().unwrap());
    ModelSocket {
        handle: 0x1234_5678_9abc,
        kind: 1,
        options: 0,
        state: 2,
        uid: 501,
        bytes: [3, 4],
        ends: ModelEnds::Internet(tcp, family, flags, local, remote),
    }
}

fn tcp() -> Vec<ModelSocket> {
    vec![
        internet(Some(4), 2, V4, "10.0.0.7:50123", "192.0.2.1:443"),
        // Both families, as of a server that takes either.
        internet(Some(1), 30, V4 | V6, "[::]:22", "[::]:0"),
        // Of IPv6 with a peer of IPv4.
        internet(Some(4), 30, V4, "10.0.0.7:22", "10.0.0.9:40000"),
        // The kernel has the interface in a link-local address.
        internet(Some(6), 30, V6, "[fe80:4::1]:9", "[2001:db8::2]:80"),
        // In TIME_WAIT there is no socket any more.
        ModelSocket { handle: 0, ..internet(Some(10), 2, V4, "10.0.0.7:1", "10.0.0.8:2") },
        ModelSocket {
            handle: 0,
            ..internet(Some(10), 30, V6, "[2001:db8::1]:1", "[2001:db8::2]:2")
        },
    ]
}

fn local(peer: u64, path: &[u8]) -> ModelSocket {
    ModelSocket {
        options: if peer == 0 { 2 } else { 0 },
        ends: ModelEnds::Local(peer, path.to_vec()),
        ..internet(None, 2, V4, "0.0.0.0:0", "0.0.0.0:0")
    }
}

#[test]
fn each_socket_has_its_ends_and_its_numbers() {
    let found = pcbs(&socket_list(&tcp())).unwrap();
    let ends: Vec<_> =
        found.iter().map(|it| it.ends.map(|(a, b)| (a.to_string(), b.to_string()))).collect();
    let expected = [
        ("10.0.0.7:50123", "192.0.2.1:443"),
        ("[::]:22", "[::]:0"),
        ("[::ffff:10.0.0.7]:22", "[::ffff:10.0.0.9]:40000"),
        ("[fe80::1]:9", "[2001:db8::2]:80"),
        ("10.0.0.7:1", "10.0.0.8:2"),
        ("[2001:db8::1]:1", "[2001:db8::2]:2"),
    ];
    assert_eq!(ends, expected.map(|(a, b)| Some((a.to_owned(), b.to_owned()))));
    let first = &found[0];
    assert_eq!((first.handle, first.kind, first.uid, first.state), (0x1234_5678_9abc, 1, 501, 2));
    assert_eq!((first.received, first.unsent), (3, 4));
    let states: Vec<_> = found.iter().map(|it| it.tcp_state).collect();
    assert_eq!(states, [4, 1, 4, 6, 10, 10]);
    assert_eq!((found[4].handle, found[4].received), (0, 0));
}

#[test]
fn local_sockets_have_paths() {
    let long = vec![b'a'; 250];
    let sockets =
        [local(0, b"/var/run/syslog"), local(7, b""), local(8, b"/a\0b"), local(9, &long)];
    let found = pcbs(&socket_list(&sockets)).unwrap();
    let paths: Vec<_> = found.iter().map(|it| (it.path.as_slice(), it.peer, it.options)).collect();
    let expected: [(&[u8], u64, u32); 4] =
        [(b"/var/run/syslog", 0, 2), (b"", 7, 0), (b"/a", 8, 0), (&long, 9, 0)];
    assert_eq!(paths, expected);
    assert!(pcbs(&socket_list(&[])).unwrap().is_empty());
}

#[test]
fn what_is_no_list_of_sockets_is_none() {
    assert!(pcbs(b"").is_none() && pcbs(&[1; 3]).is_none() && pcbs(&[9; 100]).is_none());
    // One that is cut off has the sockets that are whole.
    let list = socket_list(&tcp());
    let mut before = 0;
    for length in 24..list.len() {
        let count = pcbs(&list[..length]).unwrap().len();
        assert!((before..=before + 1).contains(&count));
        before = count;
    }
    assert_eq!(before, 6);
}

#[test]
fn interfaces_have_names_and_counters() {
    let list = interface_list(&[
        ModelInterface { index: 1, name: "lo0".into(), ..ModelInterface::default() },
        ModelInterface {
            index: 4,
            name: "en0".into(),
            counters: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            drops: 11,
        },
    ]);
    let found = interfaces(&list).unwrap();
    let names: Vec<_> = found.iter().map(|it| (it.message.index, it.name.as_slice())).collect();
    assert_eq!(names, [(1, &b"lo0"[..]), (4, b"en0")]);
    let it = found[1].message;
    let counters = [
        it.packets_received,
        it.errors_received,
        it.packets_sent,
        it.errors_sent,
        it.collisions,
        it.bytes_received,
        it.bytes_sent,
        it.multicasts_received,
        it.multicasts_sent,
        it.input_drops,
    ];
    assert_eq!(counters, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(it.send_drops, 11);
}

fn route(
    destination: [u8; 4],
    mask: Option<[u8; 4]>,
    gateway: Result<[u8; 4], &[u8]>,
) -> ModelRoute {
    ModelRoute {
        index: 4,
        flags: 3,
        numbers: [7, 1500, 60],
        destination: destination.into(),
        mask: mask.map(Ipv4Addr::from),
        gateway: gateway.map(Ipv4Addr::from).map_err(<[u8]>::to_vec),
    }
}

#[test]
fn routes_have_addresses_of_any_length() {
    let list = route_list(&[
        route([0; 4], Some([0; 4]), Ok([10, 0, 0, 1])),
        route([10, 0, 0, 0], Some([255, 255, 255, 0]), Err(b"")),
        route([10, 0, 0, 9], None, Err(&[1, 2, 3, 4, 5, 6])),
    ]);
    let found = routes(&list).unwrap();
    let addresses: Vec<_> =
        found.iter().map(|it| (it.destination.octets(), it.mask.map(|it| it.octets()))).collect();
    let expected =
        [([0; 4], Some([0; 4])), ([10, 0, 0, 0], Some([255, 255, 255, 0])), ([10, 0, 0, 9], None)];
    assert_eq!(addresses, expected);
    let gateways: Vec<_> = found.iter().map(|it| it.gateway.clone()).collect();
    let expected = [
        Gateway::Internet(Ipv4Addr::new(10, 0, 0, 1)),
        Gateway::Link(Vec::new()),
        Gateway::Link(vec![1, 2, 3, 4, 5, 6]),
    ];
    assert_eq!(gateways, expected);
    let message = found[0].message;
    assert_eq!((message.flags, message.uses, message.mtu, message.expires), (3, 7, 1500, 60));
    assert!(routes(&list[..list.len() - 1]).is_none() && interfaces(b"\x04\0\x04\x12").is_none());
    assert!(routes(b"").unwrap().is_empty());
}

proptest! {
    #[test]
    fn hostile_bytes_do_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut sockets = tcp();
        sockets.push(local(1, b"/x"));
        let interface = ModelInterface { index: 4, name: "en0".into(), ..ModelInterface::default() };
        let lists = [
            socket_list(&sockets),
            interface_list(&[interface]),
            route_list(&[route([10, 0, 0, 9], Some([255; 4]), Err(&[1; 6]))]),
            noise,
        ];
        for mut list in lists {
            for (at, byte) in &changes {
                if !list.is_empty() {
                    let at = at.index(list.len());
                    list[at] = *byte;
                }
            }
            list.truncate(cut.index(list.len() + 1));
            // No record is shorter than 24 bytes, no message than 4.
            prop_assert!(pcbs(&list).is_none_or(|it| it.len() <= list.len() / 24));
            prop_assert!(interfaces(&list).is_none_or(|it| it.len() <= list.len() / 4));
            prop_assert!(routes(&list).is_none_or(|it| it.len() <= list.len() / 4));
        }
    }
}

fn socket(list: &[ModelSocket]) -> Vec<(SocketAddr, SocketAddr)> {
    pcbs(&socket_list(list)).unwrap().into_iter().filter_map(|it| it.ends).collect()
}

#[test]
fn ports_are_in_network_order() {
    let one = [internet(None, 2, V4, "0.0.0.0:53", "0.0.0.0:0")];
    assert_eq!(socket(&one)[0].0.port(), 53);
}

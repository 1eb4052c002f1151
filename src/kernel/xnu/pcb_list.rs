//! The sockets of a protocol, as the sysctls `net.inet.tcp.pcblist_n`, `net.inet.udp.pcblist_n` and
//! `net.local.{stream,dgram}.pcblist_n` give them to any user (`bsd/netinet/in_pcblist.c`,
//! `bsd/kern/uipc_usrreq.c`): a generation, then for each socket several records, each with its
//! length and kind in front and aligned to 8 bytes, and a generation again.
//!
//! No public header has the records, which newer kernels may make longer: a record is read as far as
//! its known head goes, by its own length. The bytes may be a recording's, so they are taken for
//! hostile: only what is inside of a record is read, and no bytes make this loop.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// `XSO_*` of `bsd/sys/socketvar.h`.
const SOCKET: u32 = 0x001;
const RECEIVED: u32 = 0x002;
const UNSENT: u32 = 0x004;
const INTERNET: u32 = 0x010;
const TCP: u32 = 0x020;
const LOCAL: u32 = 0x200;

/// `struct xinpgen` and `struct xunpgen`. No record is as short, so one of these is the end.
const GENERATION: usize = 24;

/// `INP_IPV6` of `inp_vflag`: it has addresses of IPv6.
const V6: u8 = 2;

/// `AF_INET6`.
const INET6: u32 = 30;

/// `TCPS_LISTEN` to `TCPS_TIME_WAIT` are 1 to 10, and 0 is `TCPS_CLOSED` (`bsd/netinet/tcp_fsm.h`).
pub type TcpsState = u32;

/// What the records of one socket say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pcb {
    /// `xso_so`: the hashed address that `proc_pidfdinfo` reports, too; 0 where there is no socket, as
    /// of connections in TIME_WAIT and of flows in user space.
    pub handle: u64,
    /// `so_type`.
    pub kind: u16,
    /// `so_options`.
    pub options: u32,
    /// `so_state`.
    pub state: u16,
    /// `so_uid`.
    pub uid: u32,
    /// `sb_cc` of the receive buffer, in bytes.
    pub received: u32,
    /// `sb_cc` of the send buffer, in bytes.
    pub unsent: u32,
    /// Of TCP: `t_state`.
    pub tcp_state: TcpsState,
    /// Of TCP and UDP: both ends.
    pub ends: Option<(SocketAddr, SocketAddr)>,
    /// Of `AF_UNIX`: `xunp_conn`, the hashed address of the peer's control block, or 0.
    pub peer: u64,
    /// Of `AF_UNIX`: `sun_path`, up to its NUL.
    pub path: Vec<u8>,
}

impl Pcb {
    /// `SO_ACCEPTCONN` of `so_options`: it waits for connections.
    pub const ACCEPTS: u32 = 2;
}

/// The sockets of a list, in the kernel's order; `None` where the bytes are no such list.
#[must_use]
pub fn pcbs(list: &[u8]) -> Option<Vec<Pcb>> {
    let mut pcbs = Vec::new();
    let first = Record::at(list, 0)?;
    let mut at = (first.length() == GENERATION).then_some(GENERATION)?;
    let mut internet = None;
    while let Some(record) = Record::at(list, at).filter(|it| it.length() > GENERATION) {
        at = at.checked_add(record.length().checked_next_multiple_of(8)?)?;
        let kind = record.word(4)?;
        if matches!(kind, INTERNET | LOCAL) {
            pcbs.push(Pcb::default());
            internet = None;
        }
        let Some(pcb) = pcbs.last_mut() else { continue };
        match kind {
            INTERNET => internet = Some(record),
            LOCAL => {
                pcb.peer = record.long(32)?;
                pcb.path = record.path(76)?;
            }
            SOCKET => {
                pcb.handle = record.long(8)?;
                pcb.kind = record.half(16)?;
                pcb.options = record.word(20)?;
                pcb.state = record.half(26)?;
                pcb.uid = record.word(64)?;
                if let Some(internet) = internet {
                    pcb.ends = Some(internet.ends(record.word(40)?)?);
                }
            }
            RECEIVED => pcb.received = record.word(8)?,
            UNSENT => pcb.unsent = record.word(8)?,
            TCP => pcb.tcp_state = record.word(36)?,
            _ => {}
        }
    }
    Some(pcbs)
}

/// The bytes of one record, its length in front.
#[derive(Clone, Copy)]
struct Record<'a>(&'a [u8]);

impl<'a> Record<'a> {
    fn at(list: &'a [u8], at: usize) -> Option<Self> {
        let rest = list.get(at..)?;
        let length = usize::try_from(u32::from_le_bytes(*rest.first_chunk()?)).ok()?;
        rest.get(..length).map(Record)
    }

    fn length(self) -> usize {
        self.0.len()
    }

    fn bytes<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..)?.first_chunk().copied()
    }

    fn half(self, at: usize) -> Option<u16> {
        self.bytes(at).map(u16::from_le_bytes)
    }

    fn word(self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    fn long(self, at: usize) -> Option<u64> {
        self.bytes(at).map(u64::from_le_bytes)
    }

    /// The local and the remote end, by `struct xinpcb_n`: ports and addresses in network order. A
    /// socket of IPv6 that has IPv4's addresses has them mapped, as Linux shows it.
    fn ends(self, family: u32) -> Option<(SocketAddr, SocketAddr)> {
        let [flags] = self.bytes(44)?;
        // Without a socket there is no family.
        let is_v6 = family == INET6 || (family == 0 && flags & V6 != 0);
        let address = |at: usize| {
            let bytes: [u8; 16] = self.bytes(at)?;
            // `struct in_addr_4in6` has three words in front.
            let v4 = Ipv4Addr::from(*bytes.last_chunk::<4>()?);
            Some(match (is_v6, flags & V6 != 0) {
                (true, true) => IpAddr::V6(scopeless(bytes)),
                (true, false) => IpAddr::V6(v4.to_ipv6_mapped()),
                (false, _) => IpAddr::V4(v4),
            })
        };
        let port = |at: usize| self.bytes(at).map(u16::from_be_bytes);
        let local = SocketAddr::new(address(64)?, port(18)?);
        Some((local, SocketAddr::new(address(48)?, port(16)?)))
    }

    /// `sun_path` of a `struct sockaddr_un` of `sun_len` bytes, or less up to its NUL; empty where
    /// there is no address.
    fn path(self, at: usize) -> Option<Vec<u8>> {
        const ROOM: usize = 256;
        const PATH: usize = 2;
        let address = self.0.get(at..at + ROOM)?;
        let length = usize::from(*address.first()?).max(PATH);
        let path = address.get(PATH..length)?;
        let end = memchr::memchr(0, path).unwrap_or(path.len());
        path.get(..end).map(<[u8]>::to_vec)
    }
}

/// Inside the kernel a link-local address has the interface's number in its second 16 bits
/// (`in6_setscope`), which is no part of the address.
fn scopeless(mut bytes: [u8; 16]) -> Ipv6Addr {
    if Ipv6Addr::from(bytes).is_unicast_link_local() || bytes[..2] == [0xff, 0x02] {
        (bytes[2], bytes[3]) = (0, 0);
    }
    Ipv6Addr::from(bytes)
}

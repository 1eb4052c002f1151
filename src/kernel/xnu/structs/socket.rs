//! What a socket's ends are: a union in C, told apart by the kind before it.

use std::fmt;
use std::mem::offset_of;

#[cfg(feature = "cli")]
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::super::constants::xnu_constants;
#[cfg(feature = "cli")]
use super::super::json;
use super::super::wire::{Field, Layout, Plain};
use super::{InternetEnds, SocketFile, TcpEnds, UnixEnds};

xnu_constants! {
    /// Kinds of sockets, as far as their ends are shown.
    SOCKET_KINDS in SocketEnds: i32 {
        /// IPv4 or IPv6, but no TCP.
        INTERNET = 1, "SOCKINFO_IN";
        /// TCP.
        TCP = 2, "SOCKINFO_TCP";
        /// A socket in the file system.
        UNIX = 3, "SOCKINFO_UN";
    }
}

/// Of `struct socket_fdinfo` what [`SocketEnds`] covers.
pub(super) const LAYOUT: Layout = Layout {
    of: "SocketEnds",
    name: "struct socket_fdinfo",
    size: size_of::<SocketFile>(),
    public: true,
    grows: false,
    fields: &[
        Field {
            name: "psi.soi_kind",
            offset: ENDS,
            size: size_of::<i32>(),
            field: "kind",
            of: "i32",
            attributes: "",
        },
        Field {
            name: "psi.soi_proto",
            offset: ENDS + offset_of!(SocketEnds, parts),
            size: 528,
            field: "parts",
            of: "[u8; 528]",
            attributes: "",
        },
    ],
};

const ENDS: usize = offset_of!(SocketFile, ends);

/// From `soi_kind` to the end of `struct socket_info`. In a recording it is the part of the union
/// that is filled.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SocketEnds {
    kind: i32,
    reserve: u32,
    parts: [u8; 528],
}

/// What is known of a socket's two ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(Serialize, Deserialize), serde(rename_all = "snake_case"))]
#[allow(clippy::large_enum_variant, reason = "made where it is read, and kept nowhere")]
pub enum Ends {
    /// `SOCKINFO_GENERIC` and all kinds that are not shown.
    #[default]
    Other,
    /// `SOCKINFO_IN`: IPv4 or IPv6, but no TCP.
    Internet(InternetEnds),
    /// `SOCKINFO_TCP`.
    Tcp(TcpEnds),
    /// `SOCKINFO_UN`.
    Unix(UnixEnds),
}

impl SocketEnds {
    /// The part of the union that is filled.
    #[must_use]
    pub fn get(&self) -> Ends {
        match self.kind {
            Self::INTERNET => Ends::Internet(head(&self.parts)),
            Self::TCP => Ends::Tcp(head(&self.parts)),
            Self::UNIX => Ends::Unix(head(&self.parts)),
            _ => Ends::Other,
        }
    }
}

/// The struct that begins these bytes, which are more.
fn head<T: Plain>(bytes: &[u8]) -> T {
    T::read_from_prefix(bytes).map_or_else(|_| T::default(), |(value, _)| value)
}

impl From<Ends> for SocketEnds {
    fn from(ends: Ends) -> Self {
        let (kind, bytes) = match &ends {
            Ends::Other => (0, &[][..]),
            Ends::Internet(ends) => (Self::INTERNET, ends.as_bytes()),
            Ends::Tcp(ends) => (Self::TCP, ends.as_bytes()),
            Ends::Unix(ends) => (Self::UNIX, ends.as_bytes()),
        };
        let mut parts = [0; 528];
        parts.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        SocketEnds { kind, reserve: 0, parts }
    }
}

impl PartialEq for SocketEnds {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for SocketEnds {}

impl Default for SocketEnds {
    fn default() -> Self {
        Ends::Other.into()
    }
}

impl fmt::Debug for SocketEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(feature = "cli")]
impl Serialize for SocketEnds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get().serialize(serializer)
    }
}

#[cfg(feature = "cli")]
impl<'de> Deserialize<'de> for SocketEnds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ends::deserialize(deserializer).map(Self::from)
    }
}

/// `in_port_t` in the network's byte order, which the kernel has put into an `int`.
impl InternetEnds {
    /// Local port; 0 for none.
    #[must_use]
    pub fn local_port(&self) -> u16 {
        u16::from_be(self.local_port as u16)
    }

    /// Foreign port; 0 for none.
    #[must_use]
    pub fn foreign_port(&self) -> u16 {
        u16::from_be(self.foreign_port as u16)
    }
}

/// `struct sockaddr_un` in the room that the kernel leaves for it: a byte of length, one of family,
/// and a name.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct SocketName([u8; 255]);

impl SocketName {
    /// `AF_UNIX`.
    const FAMILY: u8 = 1;

    /// The name up to its NUL, empty for none.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let name = self.0.get(2..usize::from(self.0[0])).unwrap_or_default();
        &name[..memchr::memchr(0, name).unwrap_or(name.len())]
    }
}

impl From<&[u8]> for SocketName {
    fn from(name: &[u8]) -> Self {
        let mut address = [0; 255];
        if !name.is_empty() {
            let length = name.len().min(253);
            address[0] = length as u8 + 2;
            address[1] = Self::FAMILY;
            address[2..2 + length].copy_from_slice(&name[..length]);
        }
        SocketName(address)
    }
}

impl Default for SocketName {
    fn default() -> Self {
        SocketName([0; 255])
    }
}

impl PartialEq for SocketName {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for SocketName {}

impl fmt::Debug for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.bytes().escape_ascii())
    }
}

#[cfg(feature = "cli")]
impl Serialize for SocketName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json::bytes::serialize(self.bytes(), serializer)
    }
}

#[cfg(feature = "cli")]
impl<'de> Deserialize<'de> for SocketName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name: [u8; 253] = json::text::deserialize(deserializer)?;
        Ok(SocketName::from(&name[..memchr::memchr(0, &name).unwrap_or(name.len())]))
    }
}

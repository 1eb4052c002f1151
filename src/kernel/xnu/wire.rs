//! Declares a C struct once: its Rust type, its layout, and its form in a recording.

use std::fmt;
use std::hash::{Hash, Hasher};

#[cfg(feature = "cli")]
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

#[cfg(feature = "cli")]
use super::json;

/// A struct that the kernel fills: any bytes are a value of it, and all its padding is in fields.
pub trait Plain:
    FromBytes + IntoBytes + Immutable + KnownLayout + Copy + Default + Send + 'static
{
}

impl<T> Plain for T where
    T: FromBytes + IntoBytes + Immutable + KnownLayout + Copy + Default + Send + 'static
{
}

/// One field of a C struct, for the check against Apple's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in C, with those of the structs around it; empty for bytes that are not read, or
    /// that another layout describes.
    pub name: &'static str,
    /// Its offset in bytes.
    pub offset: usize,
    /// Its size in bytes.
    pub size: usize,
    /// Its name here and in a recording.
    pub field: &'static str,
    /// Its type here.
    pub of: &'static str,
    /// Its attributes, which include its documentation, for `docs/recording.md`.
    pub attributes: &'static str,
}

/// The layout of one C struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Its name in C.
    pub name: &'static str,
    /// Whether a public header has it.
    pub public: bool,
    /// Its size in bytes, or that of the head that is requested.
    pub size: usize,
    /// Whether newer headers append fields.
    pub grows: bool,
    /// Its name here.
    pub of: &'static str,
    /// The fields, in their order.
    pub fields: &'static [Field],
}

/// Declares structs that the kernel fills.
///
/// `struct Name: "C name", SIZE { field: Type = "C field" @ OFFSET, … }` gives the type, asserts
/// its size and its offsets in bytes, and lists them in `LAYOUTS` for the check against Apple's
/// headers (`scripts/dev/check-darwin`). After the size, `grows` says that newer headers append
/// fields to this head of the struct, `private` that no public header has it, and `[packed]` that
/// MIG packs it to 4 bytes. A field whose C name is `""` is not read and not recorded, or described
/// elsewhere.
macro_rules! xnu_structs {
    ($(
        $(#[$meta:meta])*
        struct $name:ident: $c:literal, $size:literal $($mark:ident)? $([$pack:ident])? {
            $($(#[$field_meta:meta])* $field:ident: $type:ty = $c_field:literal @ $offset:literal,)*
        }
    )*) => {
        $(
            xnu_structs!(@one $(#[$meta])* $name [$($pack)?] {
                $($(#[$field_meta])* $field: $type,)*
            });
            const _: () = {
                assert!(size_of::<$name>() == $size);
                $(assert!(std::mem::offset_of!($name, $field) == $offset);)*
            };
        )*

        /// The layouts of the structs in this file.
        pub(super) const LAYOUTS: &[$crate::kernel::xnu::Layout] = &[$(
            $crate::kernel::xnu::Layout {
                name: $c,
                size: $size,
                public: xnu_structs!(@public $($mark)?),
                grows: xnu_structs!(@grows $($mark)?),
                of: stringify!($name),
                fields: &[$($crate::kernel::xnu::Field {
                    name: $c_field,
                    offset: $offset,
                    size: size_of::<$type>(),
                    field: stringify!($field),
                    of: stringify!($type),
                    attributes: stringify!($(#[$field_meta])*),
                },)*],
            },
        )*];
    };
    (@public private) => { false };
    (@public $($mark:ident)?) => { true };
    (@grows grows) => { true };
    (@grows $($mark:ident)?) => { false };
    (@one $(#[$meta:meta])* $name:ident [packed] { $($body:tt)* }) => {
        xnu_structs!(@derive #[repr(C, packed(4))] $(#[$meta])* $name { $($body)* });
    };
    (@one $(#[$meta:meta])* $name:ident [] { $($body:tt)* }) => {
        xnu_structs!(@derive #[repr(C)] $(#[$meta])* $name { $($body)* });
    };
    (@derive #[$repr:meta] $(#[$meta:meta])* $name:ident {
        $($(#[$field_meta:meta])* $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq,
            zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable, zerocopy::KnownLayout,
        )]
        #[$repr]
        #[cfg_attr(
            feature = "cli",
            derive(serde::Serialize, serde::Deserialize),
            serde(deny_unknown_fields)
        )]
        // A macro cannot distinguish a doc comment from an attribute of serde, so both are left out.
        #[cfg_attr(not(feature = "cli"), allow(missing_docs))]
        pub struct $name {
            $($(#[cfg_attr(feature = "cli", $field_meta)])* pub $field: $type,)*
        }
    };
}

pub(super) use xnu_structs;

/// A field of characters: text up to its first NUL, or as long as the field.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Text<const N: usize>([u8; N]);

impl<const N: usize> Text<N> {
    /// The bytes before the first NUL.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0[..memchr::memchr(0, &self.0).unwrap_or(N)]
    }

    /// Whether the text is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.first().is_none_or(|byte| *byte == 0)
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Text([0; N])
    }
}

/// Cut so that a NUL follows it, as the kernel cuts.
impl<const N: usize> From<&[u8]> for Text<N> {
    fn from(bytes: &[u8]) -> Self {
        let mut text = [0; N];
        for (to, from) in text.iter_mut().take(N.saturating_sub(1)).zip(bytes) {
            *to = *from;
        }
        Text(text)
    }
}

impl<const N: usize, const M: usize> From<&[u8; M]> for Text<N> {
    fn from(bytes: &[u8; M]) -> Self {
        Text::from(&bytes[..])
    }
}

impl<const N: usize> From<&str> for Text<N> {
    fn from(text: &str) -> Self {
        Text::from(text.as_bytes())
    }
}

impl<const N: usize> PartialEq for Text<N> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl<const N: usize> Eq for Text<N> {}

impl<const N: usize> Hash for Text<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.bytes().escape_ascii())
    }
}

#[cfg(feature = "cli")]
impl<const N: usize> Serialize for Text<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json::bytes::serialize(self.bytes(), serializer)
    }
}

#[cfg(feature = "cli")]
impl<'de, const N: usize> Deserialize<'de> for Text<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::text::deserialize(deserializer).map(Text)
    }
}

/// Bytes that are not read. All values of them are equal.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Unread<const N: usize>([u8; N]);

impl<const N: usize> Default for Unread<N> {
    fn default() -> Self {
        Unread([0; N])
    }
}

impl<const N: usize> PartialEq for Unread<N> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<const N: usize> Eq for Unread<N> {}

impl<const N: usize> fmt::Debug for Unread<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} bytes")
    }
}

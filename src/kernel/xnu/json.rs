//! Numbers and bytes in a recording.
//!
//! Addresses and the like are strings of hexadecimal digits after `0x`, since many readers of JSON
//! have no 64-bit integers. Bytes are a string if they are UTF-8, else an object `{"hex": "…"}`
//! with two digits a byte, so that no path is lost.

use std::fmt;

use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serializer};

use super::StateFlavor;

/// The condition for `skip_serializing_if`.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn to_digits(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

fn from_digits(digits: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .as_bytes()
        .chunks_exact(2)
        .map(|two| Some(digit(two[0])? << 4 | digit(two[1])?))
        .collect()
}

/// A `u64` as `"0x…"`.
pub(crate) mod hex {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{value:#x}"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_str(Hex)
    }

    struct Hex;

    impl Visitor<'_> for Hex {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number below 2^64 as a string like \"0x1f\"")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
            text.strip_prefix("0x")
                .filter(|digits| !digits.starts_with('+'))
                .and_then(|digits| u64::from_str_radix(digits, 16).ok())
                .ok_or_else(|| E::invalid_value(Unexpected::Str(&short(text)), &self))
        }
    }
}

/// The beginning of a text that may be long, for a message.
pub(crate) fn short(text: &str) -> String {
    let mut characters = text.chars();
    let mut head: String = characters.by_ref().take(40).collect();
    if characters.next().is_some() {
        head.push('…');
    }
    head
}

/// The most bytes: `ARG_MAX`, and the number of arguments before them.
const MOST_BYTES: usize = (1 << 20) + 4;

fn not_too_many<E: Error>(bytes: usize) -> Result<(), E> {
    if bytes > MOST_BYTES {
        return Err(E::custom(format_args!("more than {MOST_BYTES} bytes")));
    }
    Ok(())
}

/// Bytes of any value.
pub(crate) mod bytes {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(value: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(value) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => as_digits(value, serializer),
        }
    }

    pub(crate) fn as_digits<S: Serializer>(value: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("hex", &to_digits(value))?;
        map.end()
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_any(Bytes)
    }

    struct Bytes;

    impl<'de> Visitor<'de> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string, or {\"hex\": \"…\"} with two digits a byte")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
            not_too_many(text.len())?;
            Ok(text.as_bytes().to_vec())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<u8>, A::Error> {
            let entry = map.next_entry::<String, String>()?;
            match entry {
                Some((key, digits)) if key == "hex" => {
                    if map.next_key::<String>()?.is_some() {
                        return Err(A::Error::custom("another key beside \"hex\""));
                    }
                    not_too_many(digits.len() / 2)?;
                    from_digits(&digits).ok_or_else(|| {
                        A::Error::invalid_value(Unexpected::Str(&short(&digits)), &self)
                    })
                }
                _ => Err(A::Error::missing_field("hex")),
            }
        }
    }
}

/// Bytes of any value, like [`bytes`]; also as digits if they do not look like text, which may end
/// in a NUL.
pub(crate) mod value {
    pub(crate) use super::bytes::deserialize;
    use super::*;

    pub(crate) fn serialize<S: Serializer>(value: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let text = value.strip_suffix(b"\0").unwrap_or(value);
        if text.iter().any(u8::is_ascii_control) {
            return bytes::as_digits(value, serializer);
        }
        bytes::serialize(value, serializer)
    }
}

/// Words of 32 bits, eight digits each.
pub(crate) mod words {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        words: &[u32],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        serializer.serialize_str(&to_digits(&bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u32>, D::Error> {
        deserializer.deserialize_str(Words)
    }

    struct Words;

    impl Visitor<'_> for Words {
        type Value = Vec<u32>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("words of eight digits each")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u32>, E> {
            const MOST: usize = StateFlavor::MOST_WORDS;
            if text.len() > 8 * MOST {
                return Err(E::custom(format_args!("more than {MOST} words")));
            }
            let bytes = from_digits(text).filter(|bytes| bytes.len().is_multiple_of(4));
            let bytes = bytes.ok_or_else(|| E::custom("not words of eight digits each"))?;
            let word = |four: &[u8]| four.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
            Ok(bytes.chunks_exact(4).map(word).collect())
        }
    }
}

/// Text in a field of fixed size, with NULs after a shorter one.
pub(crate) mod text {
    use super::*;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let text = bytes::deserialize(deserializer)?;
        if text.contains(&0) {
            return Err(D::Error::custom("the text contains a NUL"));
        }
        let mut value = [0; N];
        match value.get_mut(..text.len()) {
            Some(head) => head.copy_from_slice(&text),
            None => return Err(D::Error::custom(format_args!("more than {N} bytes"))),
        }
        Ok(value)
    }
}

/// A fixed number of bytes as hexadecimal digits.
pub(crate) mod hex_bytes {
    use super::*;

    pub(crate) fn serialize<S: Serializer, const N: usize>(
        value: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_digits(value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        from_digits(&text)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| D::Error::custom(format_args!("not {N} bytes of two digits each")))
    }
}

/// A port in the network's byte order, written as a number of 16 bits.
pub(crate) mod port {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(port: &i32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(u16::from_be(*port as u16))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
        <u16 as serde::Deserialize>::deserialize(deserializer).map(|port| port.to_be().into())
    }
}

//! A struct of the kernel's in few bytes.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kernel::xnu::Plain;

/// A run of fewer equal bytes costs more than the bytes.
const RUN: usize = 4;

/// A struct whose runs of equal bytes take no room: one with a path has more than 1,000 zeros, and
/// a recording may have millions of structs. In a recording's text it is the struct.
pub struct Kept<T> {
    /// Pieces: how many equal bytes, which, how many others, and those. Zeros at the end are left
    /// out.
    pieces: Box<[u8]>,
    of: PhantomData<fn() -> T>,
}

impl<T: Plain> Kept<T> {
    /// The struct.
    #[must_use]
    pub fn get(&self) -> T {
        let mut value = T::default();
        let _ = self.fill(value.as_mut_bytes());
        value
    }

    /// Writes the struct's bytes to the beginning of a buffer; their number, or `None` where the
    /// buffer has fewer.
    pub(super) fn fill(&self, buffer: &mut [u8]) -> Option<usize> {
        let bytes = buffer.get_mut(..size_of::<T>())?;
        bytes.fill(0);
        let (mut to, mut pieces) = (bytes, &*self.pieces);
        while let Some(([equal, byte, others], rest)) = pieces.split_first_chunk() {
            let (others, rest) = rest.split_at_checked((*others).into())?;
            let (run, behind) = to.split_at_mut_checked((*equal).into())?;
            run.fill(*byte);
            let (piece, behind) = behind.split_at_mut_checked(others.len())?;
            piece.copy_from_slice(others);
            (to, pieces) = (behind, rest);
        }
        Some(size_of::<T>())
    }
}

impl<T: Plain> From<&T> for Kept<T> {
    fn from(value: &T) -> Self {
        let mut pieces = Vec::new();
        let bytes = value.as_bytes();
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let mut bytes = &bytes[..end];
        while let Some(first) = bytes.first() {
            // No more of each than a byte counts.
            let most = |bytes: &[u8]| bytes.len().min(u8::MAX.into());
            let run = &bytes[..most(bytes)];
            let equal = run.iter().position(|byte| byte != first).unwrap_or(run.len());
            let equal = if equal < RUN { 0 } else { equal };
            let others = &bytes[equal..];
            let others = &others[..most(others)];
            let is_run = |run: &[u8]| run.iter().all(|byte| Some(byte) == run.first());
            let length = others.windows(RUN).position(is_run).unwrap_or(others.len());
            pieces.extend([equal as u8, *first, length as u8]);
            pieces.extend_from_slice(&others[..length]);
            bytes = &bytes[equal + length..];
        }
        Kept { pieces: pieces.into(), of: PhantomData }
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Kept { pieces: self.pieces.clone(), of: PhantomData }
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// As the structs: bytes that are not read do not count.
impl<T: Plain + PartialEq> PartialEq for Kept<T> {
    fn eq(&self, other: &Self) -> bool {
        self.pieces == other.pieces || self.get() == other.get()
    }
}

impl<T: Plain + Eq> Eq for Kept<T> {}

impl<T: Plain + Serialize> Serialize for Kept<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get().serialize(serializer)
    }
}

impl<'de, T: Plain + Deserialize<'de>> Deserialize<'de> for Kept<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(|value| Kept::from(&value))
    }
}

#[cfg(test)]
mod tests {
    use zerocopy::{FromBytes, FromZeros, IntoBytes};

    use super::*;
    use crate::kernel::xnu::{RegionPathInfo, SocketFile};

    #[test]
    fn any_bytes_come_back() {
        let mut bytes = [0; size_of::<RegionPathInfo>()];
        let mut random = 1u32;
        for round in 0..500_u32 {
            bytes.fill(0);
            for (at, byte) in bytes.iter_mut().enumerate() {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Runs of all lengths, from none to the whole.
                let in_run = (at as u32 / (round + 1)).is_multiple_of(2);
                let equal = if round % 4 < 2 { 0 } else { 0xee };
                *byte =
                    if in_run != round.is_multiple_of(3) { (random >> 24) as u8 } else { equal };
            }
            let info = RegionPathInfo::read_from_bytes(&bytes).unwrap();
            let mut filled = [0xee; size_of::<RegionPathInfo>() + 1];
            assert_eq!(Kept::from(&info).fill(&mut filled), Some(bytes.len()), "{round}");
            assert_eq!(filled.split_last(), Some((&0xee, &bytes[..])), "{round}");
            assert_eq!(Kept::from(&info).get().as_bytes(), bytes, "{round}");
        }
    }

    #[test]
    fn runs_take_no_room() {
        assert!(Kept::from(&RegionPathInfo::new_zeroed()).pieces.is_empty());
        assert!(Kept::from(&SocketFile::default()).pieces.len() < 70);
        let short = RegionPathInfo { path: b"/bin/sh".into(), ..RegionPathInfo::default() };
        let path = Kept::from(&short).pieces.len();
        assert!(path < 50, "{path}");
        assert_eq!(Kept::from(&short).fill(&mut [0; 1271]), None);
    }
}

//! A struct of the kernel in few bytes.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kernel::xnu::Plain;

/// Bytes of the words by which zeros are searched. Shorter runs of zeros are kept.
const WORD: usize = 16;

/// A struct without its zeros. One with a path has more than 1,000 of them, and a recording may
/// have millions of structs. In a recording's text it is the whole struct.
pub struct Kept<T> {
    /// Pieces: the number of zeros, the number of other bytes, and those. Zeros at the end are left
    /// out.
    pieces: Box<[u8]>,
    of: PhantomData<fn() -> T>,
}

impl<T: Plain> Kept<T> {
    /// Restores the struct.
    #[must_use]
    pub fn get(&self) -> T {
        let mut value = T::default();
        let _ = self.fill(value.as_mut_bytes());
        value
    }

    /// Writes the struct's bytes to the beginning of a buffer. Returns their number, or `None` if
    /// the buffer is too small.
    pub(super) fn fill(&self, buffer: &mut [u8]) -> Option<usize> {
        let bytes = buffer.get_mut(..size_of::<T>())?;
        bytes.fill(0);
        let (mut to, mut pieces) = (bytes, &*self.pieces);
        while let Some(([zeros, others], rest)) = pieces.split_first_chunk() {
            let (others, rest) = rest.split_at_checked((*others).into())?;
            to = to.get_mut((*zeros).into()..)?;
            let (piece, behind) = to.split_at_mut_checked(others.len())?;
            piece.copy_from_slice(others);
            (to, pieces) = (behind, rest);
        }
        Some(size_of::<T>())
    }
}

impl<T: Plain> From<&T> for Kept<T> {
    fn from(value: &T) -> Self {
        // Enough for most structs, so that the vector does not grow.
        let mut pieces = Vec::with_capacity(512);
        let mut bytes = value.as_bytes();
        loop {
            let zeros = leading_zeros(bytes);
            if zeros == bytes.len() {
                break;
            }
            let zeros = zeros.min(u8::MAX.into());
            let others = &bytes[zeros..];
            let length = others.len().min(u8::MAX.into());
            let (words, _) = others[..length].as_chunks::<WORD>();
            let end = words.iter().position(is_zero).map_or(length, |words| WORD * words);
            // Each fits into a byte.
            pieces.extend([zeros as u8, end as u8]);
            pieces.extend_from_slice(&others[..end]);
            bytes = &others[end..];
        }
        Kept { pieces: pieces.into(), of: PhantomData }
    }
}

fn is_zero(word: &[u8; WORD]) -> bool {
    u128::from_ne_bytes(*word) == 0
}

/// The number of zeros that the bytes begin with.
fn leading_zeros(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks::<WORD>();
    let start = WORD * words.iter().take_while(|word| is_zero(word)).count();
    start + bytes[start..].iter().take_while(|byte| **byte == 0).count()
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

/// Compares the structs: bytes that are not read do not count.
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
    use zerocopy::{FromBytes, IntoBytes};

    use super::*;
    use crate::kernel::xnu::RegionPathInfo;

    #[test]
    fn any_bytes_come_back() {
        let mut bytes = [0; size_of::<RegionPathInfo>()];
        let mut random = 1u32;
        for round in 0..500_u32 {
            bytes.fill(0);
            for (at, byte) in bytes.iter_mut().enumerate() {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Runs of zeros and of other bytes, of all lengths from none to the whole.
                let in_run = (at as u32 / (round + 1)).is_multiple_of(2);
                *byte = if in_run != round.is_multiple_of(3) { (random >> 24) as u8 } else { 0 };
            }
            let info = RegionPathInfo::read_from_bytes(&bytes).unwrap();
            let mut filled = [0xee; size_of::<RegionPathInfo>() + 1];
            assert_eq!(Kept::from(&info).fill(&mut filled), Some(bytes.len()), "{round}");
            assert_eq!(filled.split_last(), Some((&0xee, &bytes[..])), "{round}");
            assert_eq!(Kept::from(&info).get().as_bytes(), bytes, "{round}");
        }
    }

    #[test]
    fn zeros_take_no_room() {
        assert!(Kept::from(&RegionPathInfo::default()).pieces.is_empty());
        let short = RegionPathInfo { path: b"/bin/sh".into(), ..RegionPathInfo::default() };
        assert_eq!(Kept::from(&short).pieces.len(), 2 + WORD);
        assert_eq!(Kept::from(&short).fill(&mut [0; 1271]), None);
    }
}

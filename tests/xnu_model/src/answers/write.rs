//! Answers as bytes and words.

use mach_procfs::kernel::xnu::Errno;
use zerocopy::{Immutable, IntoBytes};

/// Fills the buffer from its start. Returns the number of bytes.
pub(super) fn put<T>(value: &T, buffer: &mut [u8]) -> Result<usize, Errno>
where
    T: IntoBytes + Immutable + ?Sized,
{
    let bytes = value.as_bytes();
    buffer.get_mut(..bytes.len()).ok_or(Errno::NOMEM)?.copy_from_slice(bytes);
    Ok(bytes.len())
}

/// Writes as many items as the buffer has room for. Returns the number of bytes.
pub(super) fn put_all<T>(items: impl IntoIterator<Item = T>, buffer: &mut [u8]) -> usize
where
    T: IntoBytes + Immutable,
{
    let places = buffer.chunks_exact_mut(size_of::<T>());
    let filled = places.zip(items).map(|(to, item)| to.copy_from_slice(item.as_bytes()));
    filled.count() * size_of::<T>()
}

/// Fills the words with a whole struct. Returns their number, or `None` if there are too few.
pub(super) fn put_words<T>(value: &T, words: &mut [u32]) -> Option<usize>
where
    T: IntoBytes + Immutable,
{
    put_revision(value, words, &[size_of::<T>() / size_of::<u32>()])
}

/// Fills the words with the head of a struct that later kernels have appended to: as many words as
/// the last of these revisions has for which there is room. `None` if there are too few for the
/// first.
pub(super) fn put_revision<T>(value: &T, words: &mut [u32], revisions: &[usize]) -> Option<usize>
where
    T: IntoBytes + Immutable,
{
    let count = revisions.iter().copied().filter(|count| *count <= words.len()).max()?;
    let to = words.get_mut(..count)?.as_mut_bytes();
    to.copy_from_slice(value.as_bytes().get(..to.len())?);
    Some(count)
}

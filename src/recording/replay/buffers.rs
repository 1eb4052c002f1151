//! Answers of a replay put into the caller's buffers.

use zerocopy::{Immutable, IntoBytes};

use crate::kernel::xnu::{Errno, KernReturn};

/// Puts items behind each other as the kernel does, as many as there is room for; gives their
/// bytes.
pub(super) fn fill<T: IntoBytes + Immutable>(
    items: impl Iterator<Item = T>,
    buffer: &mut [u8],
) -> Result<usize, Errno> {
    if buffer.len() < size_of::<T>() {
        return Err(Errno::NOMEM);
    }
    let room = buffer.chunks_exact_mut(size_of::<T>());
    let filled = room.zip(items).map(|(to, item)| to.copy_from_slice(item.as_bytes())).count();
    Ok(filled * size_of::<T>())
}

/// Bytes where they were asked for, or their number.
pub(super) fn copy(bytes: &[u8], buffer: Option<&mut [u8]>) -> Result<usize, Errno> {
    if let Some(buffer) = buffer {
        buffer.get_mut(..bytes.len()).ok_or(Errno::NOMEM)?.copy_from_slice(bytes);
    }
    Ok(bytes.len())
}

/// Words, as a Mach call gives them.
pub(super) fn copy_words(from: &[u32], words: &mut [u32]) -> Result<usize, KernReturn> {
    words.get_mut(..from.len()).ok_or(KernReturn::INVALID_ARGUMENT)?.copy_from_slice(from);
    Ok(from.len())
}

/// A question that every subject of a table has an answer to.
pub(super) fn any<T, E>(_: T) -> Result<(), E> {
    Ok(())
}

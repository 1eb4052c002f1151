//! The content of one open file: generated lazily, and never changed once generated.

use std::ops::{Deref, Range};
use std::sync::Arc;

use super::quota::Reservation;
use crate::model::{Error, ErrorKind, Result};
use crate::tree::Source;

/// Content is kept in chunks of this size. `cat` and FUSE read as much at once, so a read mostly
/// finds its bytes in one chunk.
const CHUNK: usize = 128 * 1024;

/// Room for the line that crosses a chunk's end.
const LINE: usize = 512;

/// The least memory of a walk that has begun: the text that the kernel gave last.
const WALK: usize = 16 * 1024;

/// The content that one reader of an open file has generated so far.
pub(super) struct Content {
    source: Source,
    /// Chunks of exactly [`CHUNK`] bytes each, except the last one of a content that has ended.
    chunks: Vec<Arc<Vec<u8>>>,
    /// How many bytes the chunks hold.
    whole: usize,
    /// How much memory the chunks take.
    kept: usize,
    /// The bytes after the chunks, which may still grow.
    tail: Vec<u8>,
    ended: bool,
    /// A read delivered the last byte: the next one at 0 generates the content again.
    delivered_last: bool,
    /// The reader knows the length (`SEEK_END`) and relies on it: the content stays as it is.
    length_asked: bool,
    failure: Option<Error>,
    reservation: Reservation,
}

/// Bytes of a content, to be read without its lock.
pub(super) struct Bytes {
    chunk: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len();
        Bytes { chunk: Arc::new(bytes), range }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.chunk[self.range.clone()]
    }
}

impl Content {
    pub(super) fn new(source: Source, reservation: Reservation) -> Self {
        Content {
            source,
            chunks: Vec::new(),
            whole: 0,
            kept: 0,
            tail: Vec::new(),
            ended: false,
            delivered_last: false,
            length_asked: false,
            failure: None,
            reservation,
        }
    }

    /// The bytes from `offset` on: `size` of them, or fewer only where the content ends.
    ///
    /// # Errors
    /// When the content fails before the range is complete: a truncated read looks like an end, so it
    /// is an error. Later reads past what was generated fail with this error, too. `ContentQuota` is
    /// not kept: there may be room later.
    pub(super) fn read(&mut self, offset: u64, size: usize) -> Result<Bytes> {
        if self.begins_afresh(offset) {
            self.source.restart()?;
            self.chunks.clear();
            (self.whole, self.kept) = (0, 0);
            self.ended = false;
            self.delivered_last = false;
        }
        let end = offset.saturating_add(size as u64);
        self.make(end)?;
        let made = self.made();
        let end = end.min(made);
        if self.ended && end == made {
            self.delivered_last = true;
        }
        Ok(self.range(offset.min(end), end))
    }

    /// Whether a read of this range generates nothing, because its bytes or the end of the content
    /// are there.
    pub(super) fn is_made(&self, offset: u64, size: usize) -> bool {
        let end = offset.saturating_add(size as u64);
        !self.begins_afresh(offset) && (self.ended || self.made() >= end)
    }

    /// Whether a read at this offset delivers only the end of what was read before.
    pub(super) fn ends_at(&self, offset: u64) -> bool {
        offset > 0 && self.ended && self.made() <= offset
    }

    fn begins_afresh(&self, offset: u64) -> bool {
        offset == 0 && self.ended && self.delivered_last && !self.length_asked
    }

    /// The length of the whole content, which is generated for it.
    ///
    /// # Errors
    /// When the content fails before its end.
    pub(super) fn length(&mut self) -> Result<u64> {
        self.length_asked = true;
        self.make(u64::MAX)?;
        Ok(self.made())
    }

    fn made(&self) -> u64 {
        (self.whole + self.tail.len()) as u64
    }

    fn make(&mut self, until: u64) -> Result<()> {
        while !self.ended && self.made() < until {
            if let Some(failure) = &self.failure {
                return Err(failure.clone());
            }
            let wanted = until - self.whole as u64;
            let enough = usize::try_from(wanted).unwrap_or(CHUNK).min(CHUNK);
            // Twice, since a vector that grows doubles.
            self.reservation.resize(self.held() + 2 * enough + LINE + WALK)?;
            // After a panic the content is incomplete, and later reads fail.
            self.failure = Some(Error::new(ErrorKind::Failed, "panic"));
            let mut tail = std::mem::take(&mut self.tail);
            let filled = self.source.fill(&mut tail, enough);
            self.tail = tail;
            match filled {
                Ok(more) => (self.ended, self.failure) = (!more, None),
                Err(error) => {
                    self.failure = Some(error.clone());
                    return Err(error);
                }
            }
            while self.tail.len() >= CHUNK {
                let mut rest = Vec::with_capacity(if self.ended { 0 } else { CHUNK + LINE });
                rest.extend_from_slice(&self.tail[CHUNK..]);
                self.tail.truncate(CHUNK);
                self.tail.shrink_to(CHUNK + LINE);
                self.push(rest);
            }
            if self.ended {
                self.tail.shrink_to_fit();
                self.push(Vec::new());
            }
        }
        // Never more than was reserved above.
        let held = self.held() + if self.ended { 0 } else { WALK };
        self.reservation.resize(held)
    }

    /// How much memory the bytes generated so far take.
    fn held(&self) -> usize {
        self.kept + self.tail.capacity()
    }

    /// Turns the tail into a chunk. `rest` becomes the tail.
    fn push(&mut self, rest: Vec<u8>) {
        let chunk = std::mem::replace(&mut self.tail, rest);
        self.whole += chunk.len();
        self.kept += chunk.capacity();
        self.chunks.push(Arc::new(chunk));
    }

    /// Bytes that were generated: `from <= to <= made()`.
    fn range(&self, from: u64, to: u64) -> Bytes {
        let (from, to) = (from as usize, to as usize);
        let first = from / CHUNK;
        let start = first * CHUNK;
        if let Some(chunk) = self.chunks.get(first).filter(|chunk| to - start <= chunk.len()) {
            return Bytes { chunk: Arc::clone(chunk), range: from - start..to - start };
        }
        let mut joined = Vec::with_capacity(to - from);
        let mut at = from;
        while at < to {
            let piece = self.chunks.get(at / CHUNK).map_or(self.tail.as_slice(), |it| it);
            let within = &piece[at % CHUNK..];
            let taken = &within[..within.len().min(to - at)];
            joined.extend_from_slice(taken);
            at += taken.len();
        }
        Bytes::from(joined)
    }
}

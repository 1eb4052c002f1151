//! What open handles may cost. A user who opens files and never closes them, or reads huge files
//! and keeps them open, gets an error when the user's share is used up. Other users are not
//! affected.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::host;
use crate::model::{Error, ErrorKind, Result};

#[cfg(test)]
mod tests;

/// How much may be held at a time, by all users together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open files and directories.
    pub handles: usize,
    /// Bytes of content made for them.
    pub bytes: usize,
    /// Threads and other items of processes that the kernel may name: about 240 bytes each. Past
    /// the limit the oldest are forgotten, and looked up again by their paths.
    pub items: usize,
    /// Directories of processes that are kept open for the next request, where that makes it
    /// cheaper: a descriptor each.
    pub directories: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { handles: 65_536, bytes: 256 << 20, items: 65_536, directories: 4096 }
    }
}

impl Limits {
    /// The share of one user. Two users other than root cannot shut out root, and one cannot shut
    /// out another.
    fn of(self, user: u32) -> Self {
        let part = |whole: usize| if user == 0 { whole } else { whole / 5 * 2 };
        Limits { handles: part(self.handles), bytes: part(self.bytes), ..self }
    }
}

/// Per-user accounting of open handles and buffered bytes.
pub(super) struct Quota {
    limits: Limits,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    all: Share,
    /// The most that was held since memory was given back.
    most: usize,
    /// Whether something was still held when memory was given back last.
    has_rest: bool,
    users: HashMap<u32, Share>,
}

#[derive(Clone, Copy, Default)]
struct Share {
    handles: usize,
    bytes: usize,
}

/// About how many bytes a handle takes without any content.
const HANDLE: usize = 1024;

/// Less than this is not worth giving back.
const LITTLE: usize = 4 << 20;

/// Less than this is not worth giving back of what was still held the last time.
const REST: usize = 256 << 10;

impl Used {
    fn note(&mut self) {
        self.most = self.most.max(self.all.bytes + self.all.handles * HANDLE);
    }

    /// Whether so much less is held than at the most that memory should be given back.
    fn has_shrunk(&mut self) -> bool {
        let now = self.all.bytes + self.all.handles * HANDLE;
        let worth = if self.has_rest { REST } else { LITTLE };
        let has_shrunk = self.most > worth && now < self.most / 4;
        if has_shrunk {
            self.most = now;
            self.has_rest = now > REST;
        }
        has_shrunk
    }
}

impl Quota {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Quota { limits, used: Mutex::default() })
    }

    /// Reserves room for one more handle of this user.
    ///
    /// # Errors
    /// `HandleQuota`.
    pub(super) fn reserve_handle(self: &Arc<Self>, user: u32) -> Result<Reservation> {
        let mut used = self.used.lock();
        let mine = used.users.get(&user).copied().unwrap_or_default();
        if used.all.handles >= self.limits.handles || mine.handles >= self.limits.of(user).handles {
            return Err(Error::new(ErrorKind::HandleQuota, "quota"));
        }
        used.all.handles += 1;
        used.users.entry(user).or_default().handles += 1;
        used.note();
        Ok(Reservation { quota: Arc::clone(self), user, bytes: 0 })
    }

    /// How many handles all users have reserved.
    #[cfg(test)]
    pub(super) fn handles_in_use(&self) -> usize {
        self.used.lock().all.handles
    }
}

/// What one handle costs. Dropping it gives it back.
pub(super) struct Reservation {
    quota: Arc<Quota>,
    user: u32,
    bytes: usize,
}

impl Reservation {
    /// Reserves this many bytes, in place of those reserved before.
    ///
    /// # Errors
    /// `ContentQuota` where that is more than before and more than is left; nothing changes then.
    pub(super) fn resize(&mut self, bytes: usize) -> Result<()> {
        let limits = self.quota.limits;
        let mut used = self.quota.used.lock();
        let Used { all, users, .. } = &mut *used;
        let mine = users.entry(self.user).or_default();
        let others = |share: Share| share.bytes.saturating_sub(self.bytes);
        let fits = |share: Share, limit: usize| others(share).saturating_add(bytes) <= limit;
        let within = fits(*all, limits.bytes) && fits(*mine, limits.of(self.user).bytes);
        if bytes > self.bytes && !within {
            return Err(Error::new(ErrorKind::ContentQuota, "quota"));
        }
        all.bytes = others(*all) + bytes;
        mine.bytes = others(*mine) + bytes;
        self.bytes = bytes;
        used.note();
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut used = self.quota.used.lock();
        let Used { all, users, .. } = &mut *used;
        all.handles = all.handles.saturating_sub(1);
        all.bytes = all.bytes.saturating_sub(self.bytes);
        if let Some(mine) = users.get_mut(&self.user) {
            mine.handles = mine.handles.saturating_sub(1);
            mine.bytes = mine.bytes.saturating_sub(self.bytes);
            if mine.handles == 0 {
                users.remove(&self.user);
            }
        }
        let has_shrunk = used.has_shrunk();
        drop(used);
        if has_shrunk {
            host::give_back_memory();
        }
    }
}

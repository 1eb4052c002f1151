//! What open handles may cost. Whoever opens files and never closes them, or reads huge ones and
//! keeps them, gets an error when the share of that user is used up; others go on.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::host;
use crate::model::{Error, ErrorKind, Result};

/// How much may be held at a time, by all users together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open files and directories.
    pub handles: usize,
    /// Bytes of content made for them.
    pub bytes: usize,
    /// Items of processes, as threads are, that the kernel may name: about 240 bytes each. Past it the
    /// oldest are forgotten, which are looked up again by their paths.
    pub items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { handles: 65_536, bytes: 256 << 20, items: 65_536 }
    }
}

impl Limits {
    /// What one user may have of it. Two users other than root cannot shut root out; one cannot
    /// shut out another.
    fn of(self, user: u32) -> Self {
        let part = |whole: usize| if user == 0 { whole } else { whole / 5 * 2 };
        Limits { handles: part(self.handles), bytes: part(self.bytes), ..self }
    }
}

/// The books.
pub(super) struct Quota {
    limits: Limits,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    all: Share,
    /// The most that was held since memory was given back.
    most: usize,
    /// Whether some of what memory was given back of is still held.
    has_rest: bool,
    users: HashMap<u32, Share>,
}

#[derive(Clone, Copy, Default)]
struct Share {
    handles: usize,
    bytes: usize,
}

/// About what a handle takes without any content.
const HANDLE: usize = 1024;

/// Less than this is not worth giving back.
const LITTLE: usize = 4 << 20;

/// Nor is this of what was left when most was given back.
const REST: usize = 256 << 10;

impl Used {
    fn note(&mut self) {
        self.most = self.most.max(self.all.bytes + self.all.handles * HANDLE);
    }

    /// Whether so much less is held than was that memory should be given back.
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

    /// Room for one more handle of this user.
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
}

/// What one handle costs; given back when it goes.
pub(super) struct Reservation {
    quota: Arc<Quota>,
    user: u32,
    bytes: usize,
}

impl Reservation {
    /// From now on this handle holds so many bytes.
    ///
    /// # Errors
    /// `ContentQuota` where that is more than before and more than there is; nothing changes then.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn kind<T>(result: Result<T>) -> ErrorKind {
        result.map(drop).unwrap_err().kind
    }

    #[test]
    fn a_user_has_a_share_and_root_the_rest() {
        let quota = Quota::new(Limits { handles: 10, bytes: 100, ..Limits::default() });
        let mut one: Vec<Reservation> = (0..4).map(|_| quota.reserve_handle(1).unwrap()).collect();
        assert_eq!(kind(quota.reserve_handle(1)), ErrorKind::HandleQuota);
        let two: Vec<Reservation> = (0..4).map(|_| quota.reserve_handle(2).unwrap()).collect();
        let mut root = quota.reserve_handle(0).unwrap();
        let another = quota.reserve_handle(0).unwrap();
        assert_eq!(kind(quota.reserve_handle(0)), ErrorKind::HandleQuota);

        one[0].resize(30).unwrap();
        one[1].resize(10).unwrap();
        assert_eq!(kind(one[2].resize(1)), ErrorKind::ContentQuota);
        assert_eq!(kind(one[0].resize(31)), ErrorKind::ContentQuota);
        one[0].resize(29).unwrap();
        one[2].resize(1).unwrap();
        root.resize(60).unwrap();
        assert_eq!(kind(root.resize(61)), ErrorKind::ContentQuota);
        one.remove(0);
        root.resize(89).unwrap();

        drop((one, two, root, another));
        let used = quota.used.lock();
        assert_eq!((used.all.handles, used.all.bytes, used.users.len()), (0, 0, 0));
    }
}

//! The list of all processes.

use super::calls::XnuCalls;
use super::failure;
use crate::model::{Error, ErrorKind, Pid, Result};

/// In errors.
const LIST: &str = "proc_listallpids";

/// Room for processes that start while the list is made.
const SPARE: usize = 64;

/// macOS has at most 99,999 pids; a kernel with four million is not believed to come to an end.
const MOST: usize = 1 << 22;

/// All pids, ascending.
pub(super) fn processes<C: XnuCalls>(calls: &C) -> Result<Vec<Pid>> {
    let estimate = calls.list_all_pids(None).map_err(|errno| failure::of_list(LIST, errno))?;
    let mut pids = vec![0; estimate.min(MOST).saturating_add(SPARE)];
    let count = loop {
        let count =
            calls.list_all_pids(Some(&mut pids)).map_err(|errno| failure::of_list(LIST, errno))?;
        // A full buffer may have been cut off, which the kernel does not say.
        if count < pids.len() {
            break count;
        }
        if pids.len() >= MOST {
            return Err(Error::new(ErrorKind::Failed, LIST));
        }
        pids.resize(pids.len() * 2, 0);
    };
    pids.truncate(count);
    let mut processes: Vec<Pid> = pids
        .into_iter()
        .filter_map(|number| u32::try_from(number).ok().and_then(Pid::new))
        .collect();
    // A process that becomes a zombie meanwhile is found among the living and among the zombies.
    processes.sort_unstable();
    processes.dedup();
    Ok(processes)
}

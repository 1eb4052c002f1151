//! Processes by name: `byname`. To find all names, every process is asked; what was found serves
//! look-ups for a second, each of which asks the one process that it finds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Tree;
use crate::kernel::Kernel;
use crate::model::{Error, ErrorKind, Pid, Result};

/// How long a scan serves look-ups.
const KEPT: Duration = Duration::from_secs(1);

/// How long a look-up waits for the scan of another one, which may wait for a process.
const PATIENCE: Duration = Duration::from_secs(5);

/// The last scan.
#[derive(Default)]
pub(super) struct ByName {
    last: Mutex<Option<Arc<Scan>>>,
    /// Held by the one scan that is going on.
    scanning: Mutex<()>,
}

/// The processes that had a name at some time.
pub(super) struct Scan {
    began: Instant,
    /// By ascending pid.
    processes: Vec<(Pid, Vec<u8>)>,
    pids: HashMap<Vec<u8>, Pid>,
}

impl Scan {
    /// The processes that can be named, by ascending pid: of several with one name the first.
    pub(super) fn processes(&self) -> &[(Pid, Vec<u8>)] {
        &self.processes
    }

    fn begin(kernel: &dyn Kernel) -> Result<Self> {
        let mut scan = Scan { began: Instant::now(), processes: Vec::new(), pids: HashMap::new() };
        for pid in kernel.processes()? {
            let Some(name) = name_of(kernel, pid)? else { continue };
            if !scan.pids.contains_key(&name) {
                scan.pids.insert(name.clone(), pid);
                scan.processes.push((pid, name));
            }
        }
        Ok(scan)
    }
}

impl ByName {
    /// A scan that began after this moment.
    fn scan(&self, kernel: &dyn Kernel, after: Instant) -> Result<Arc<Scan>> {
        let scanning = self.scanning.try_lock_for(PATIENCE);
        let _scanning = scanning.ok_or_else(|| Error::new(ErrorKind::Failed, "scan of names"))?;
        // While this one waited, another one may have made it.
        let last = self.last.lock().clone().filter(|scan| scan.began >= after);
        if let Some(scan) = last {
            return Ok(scan);
        }
        let scan = Arc::new(Scan::begin(kernel)?);
        *self.last.lock() = Some(Arc::clone(&scan));
        Ok(scan)
    }

    /// The pid that had this name at the last scan, where that is fresh.
    fn remembered(&self, name: &[u8]) -> Option<Pid> {
        let last = self.last.lock();
        let scan = last.as_ref().filter(|scan| scan.began.elapsed() < KEPT)?;
        scan.pids.get(name).copied()
    }
}

impl Tree {
    /// All processes that have a name now.
    pub(super) fn named_processes(&self) -> Result<Arc<Scan>> {
        self.by_name.scan(self.kernel.as_ref(), Instant::now())
    }

    /// The process of this name.
    pub(super) fn named_process(&self, name: &[u8]) -> Result<Option<Pid>> {
        let now = Instant::now();
        let kernel = self.kernel.as_ref();
        if let Some(pid) = self.by_name.remembered(name)
            && name_of(kernel, pid)?.as_deref() == Some(name)
        {
            return Ok(Some(pid));
        }
        let scan = self.by_name.scan(kernel, now)?;
        Ok(scan.pids.get(name).copied())
    }
}

/// The name that a process has in the directory. A slash cannot stand in a name; as elsewhere on
/// macOS a colon stands for it.
fn name_of(kernel: &dyn Kernel, pid: Pid) -> Result<Option<Vec<u8>>> {
    let mut name = match kernel.name(pid) {
        Ok(name) => name,
        Err(error) if error.kind == ErrorKind::ResourceLimit => return Err(error),
        // It has ended, or the kernel does not report its name.
        Err(_) => return Ok(None),
    };
    name.iter_mut().filter(|byte| **byte == b'/').for_each(|byte| *byte = b':');
    let is_name = !matches!(name.as_slice(), b"" | b"." | b"..") && !name.contains(&0);
    Ok(is_name.then_some(name))
}

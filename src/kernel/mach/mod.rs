//! macOS: processes by XNU's calls, through a thin trait that a model can implement.
//!
//! `proc_info` has every column of `maps` and `task/vmmap`, for every process that the caller may
//! see, with System Integrity Protection on and without a task port. A task port may be refused
//! even to root, and its call may wait for an upcall. So only queries that need one use it, such as
//! those for the regions inside submaps.

pub mod cache;
mod callers;
mod darwin;
mod failure;
mod inside;
mod libraries;
pub(crate) mod list;
mod lock;
mod names;
mod own;
pub(crate) mod paths;
mod queries;
mod target;
mod walk;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::inside::InsideWalk;
use self::libraries::OwnCache;
use self::names::{Images, Namer};
use self::own::OwnWalk;
#[cfg(feature = "cli")]
pub(crate) use self::queries::argument_area;
use self::queries::{LastThreads, LeftBehind};
use self::target::{Found, Target, ask, number};
use self::walk::{EmptyWalk, RegionWalk};
use super::{Callers, Darwin, Detail, Kernel, LinkTo, OwnerKind, Procfs, System, Walk};
use crate::kernel::xnu::{BsdInfo, Errno, REGION_INFO_SKIP_ALIASES, ShortBsdInfo, Typed, XnuCalls};
use crate::model::{
    Arguments, Cpu, Credentials, Descriptor, ErrorKind, Extent, Identity, Ids, Owner, Pid, Process,
    ProcessInfo, Result, Thread, Visibility,
};

/// macOS as a source of processes and their regions.
pub struct MachKernel<C: XnuCalls> {
    calls: Arc<C>,
    images: Arc<Images<C>>,
    left_behind: Arc<LeftBehind>,
    last_threads: Arc<LastThreads<C>>,
    own_cache: Arc<OwnCache<C>>,
}

impl<C: XnuCalls> MachKernel<C> {
    /// The kernel behind these calls. Makes it not look for aliases when it computes share modes,
    /// for which it would scan the whole map at every shared region (`vm.self_region_info_flags`).
    pub fn new(calls: Arc<C>) -> Self {
        if let Err(Errno(errno)) =
            calls.set_sysctl(c"vm.self_region_info_flags", &REGION_INFO_SKIP_ALIASES.to_ne_bytes())
        {
            log::debug!("sysctl vm.self_region_info_flags: errno {errno}; walks may be slow");
        }
        let images = Arc::new(Images::new(Arc::clone(&calls)));
        let left_behind = Arc::default();
        let own_cache = OwnCache::new(&calls, &images, &left_behind);
        MachKernel {
            calls,
            images,
            left_behind,
            last_threads: Arc::default(),
            own_cache: Arc::new(own_cache),
        }
    }

    /// The calls.
    pub fn calls(&self) -> &Arc<C> {
        &self.calls
    }

    /// The values that all users may know of a process, and the others if the kernel reports them
    /// to this program. One call returns all of them, so that they are of one process.
    fn describe(&self, pid: Pid) -> Result<Process> {
        let calls = self.calls.as_ref();
        let info = match ask::<_, BsdInfo>(calls, pid) {
            Err(error) if error.kind == ErrorKind::Denied => {
                ask::<_, ShortBsdInfo>(calls, pid)?.into()
            }
            info => info?,
        };
        Ok(from_bsd_info(pid, &info))
    }

    fn own_stack_top(&self, pid: Pid) -> Option<u64> {
        if number(pid) != self.calls.own_pid() {
            return None;
        }
        self.calls.sysctl_value::<u64>(c"kern.usrstack64").ok().filter(|top| *top != 0)
    }
}

impl<C: XnuCalls> Kernel for MachKernel<C> {
    fn processes(&self) -> Result<Vec<Pid>> {
        list::processes(self.calls.as_ref())
    }

    fn identity(&self, pid: Pid) -> Result<Identity> {
        Ok(target::identity_of(&ask(self.calls.as_ref(), pid)?))
    }

    /// The process's nodes have the time of the epoch if the kernel withholds the start time from
    /// this program (of another user's process, unless this is root). Else one call has all.
    fn owner(&self, pid: Pid, _owned: OwnerKind) -> Result<(Identity, Owner)> {
        let (info, identity) = target::look(self.calls.as_ref(), pid)?;
        Ok((identity, Owner { uid: info.uid, gid: info.gid, since: started(&info) }))
    }

    fn credentials(&self, pid: Pid) -> Result<(Identity, Credentials)> {
        let (info, identity) = target::look(self.calls.as_ref(), pid)?;
        Ok((identity, credentials(&info)))
    }

    /// A start time that the kernel withholds is the epoch, as for [`owner`](Self::owner).
    fn process(&self, pid: Pid) -> Result<Process> {
        self.describe(pid)
    }

    fn regions(&self, pid: Pid, identity: Identity, detail: Detail) -> Result<Box<dyn Walk>> {
        match Target::find(&self.calls, pid, identity)? {
            // The kernel refuses a query about the regions of pid 0 even to root, and may file a
            // crash report against the process that asks.
            Found::Zombie => Ok(Box::new(EmptyWalk)),
            Found::Living(_) if pid.number() == 0 => Ok(Box::new(EmptyWalk)),
            Found::Living(target) => {
                let images = Arc::clone(&self.images);
                let namer = Namer::new(images, self.own_stack_top(pid));
                let own = target.number() == self.calls.own_pid();
                let left = Arc::clone(&self.left_behind);
                let walk = RegionWalk::new(target, detail, namer, left);
                Ok(match detail {
                    Detail::Map if own => Box::new(OwnWalk::new(InsideWalk::new(walk))),
                    Detail::Pages => Box::new(InsideWalk::new(walk)),
                    _ => Box::new(walk),
                })
            }
        }
    }

    fn process_info(&self, pid: Pid, shown: Visibility, extent: Extent) -> Result<ProcessInfo> {
        queries::account(&self.calls, pid, shown, extent)
    }

    fn arguments(&self, pid: Pid, shown: Visibility) -> Result<Arguments> {
        queries::arguments(self.calls.as_ref(), pid, shown)
    }

    fn link(&self, pid: Pid, to: LinkTo) -> Result<Vec<u8>> {
        queries::link(&self.calls, &self.left_behind, pid, to)
    }

    fn descriptors(&self, pid: Pid) -> Result<Vec<u32>> {
        queries::descriptors(self.calls.as_ref(), pid)
    }

    fn descriptor(&self, pid: Pid, number: u32) -> Result<Descriptor> {
        queries::descriptor(&self.calls, &self.left_behind, pid, number)
    }

    fn open_descriptors(&self, pid: Pid) -> Result<Vec<Descriptor>> {
        queries::open_descriptors(&self.calls, &self.left_behind, pid)
    }

    fn descriptor_flags(&self, pid: Pid, number: u32) -> Result<Option<u32>> {
        queries::descriptor_flags(self.calls.as_ref(), pid, number)
    }

    fn threads(&self, pid: Pid) -> Result<Vec<u64>> {
        queries::threads(self.calls.as_ref(), pid)
    }

    fn has_thread(&self, pid: Pid, id: u64) -> Result<bool> {
        queries::has_thread(self.calls.as_ref(), pid, id)
    }

    fn thread(&self, pid: Pid, id: u64) -> Result<Thread> {
        queries::thread(self.calls.as_ref(), pid, id)
    }

    fn cpus(&self) -> Result<Vec<Cpu>> {
        queries::cpus(self.calls.as_ref())
    }

    fn cpu(&self, number: u32) -> Result<Cpu> {
        queries::cpu(self.calls.as_ref(), number)
    }

    fn system(&self) -> System {
        System::Darwin
    }

    /// In a replay the callers are processes of this machine, not of the recorded one.
    fn callers(&self) -> Option<&dyn Callers> {
        if self.calls.own_pid() == 0 { None } else { Some(self) }
    }

    fn procfs(&self) -> Option<&dyn Procfs> {
        None
    }

    fn darwin(&self) -> Option<&dyn Darwin> {
        Some(self)
    }

    fn metadata_may_sleep(&self) -> bool {
        true
    }
}

fn from_bsd_info(pid: Pid, info: &BsdInfo) -> Process {
    Process {
        pid,
        parent: info.ppid,
        name: info.comm.bytes().to_vec(),
        started: started(info),
        credentials: credentials(info),
    }
}

/// The start of a process; the epoch for a time that this machine cannot represent, and for one
/// that the kernel withholds from this program.
fn started(info: &BsdInfo) -> SystemTime {
    let since_epoch = Duration::from_secs(info.start_seconds)
        .saturating_add(Duration::from_micros(info.start_microseconds));
    UNIX_EPOCH.checked_add(since_epoch).unwrap_or(UNIX_EPOCH)
}

fn credentials(info: &BsdInfo) -> Credentials {
    Credentials {
        uid: Ids { real: info.ruid, effective: info.uid, saved: info.svuid },
        gid: Ids { real: info.rgid, effective: info.gid, saved: info.svgid },
        memory_owner: Some(info.uid),
        changed_ids: info.flags & ShortBsdInfo::CHANGED_IDS != 0,
        ..Credentials::default()
    }
}

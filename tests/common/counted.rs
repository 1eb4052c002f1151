//! A kernel whose calls are counted.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use mach_procfs::kernel::xnu::{
    Errno, FilePart, Image, KernReturn, Mount, PortKind, PortName, Refusal, SpaceEntry,
    StateFlavor, Timebase, XnuCalls,
};

/// Passes each call on.
pub(crate) struct Counted<C> {
    calls: Arc<C>,
    counts: Mutex<BTreeMap<&'static str, usize>>,
    /// Each call with its arguments, if they are wanted.
    questions: Option<Mutex<Vec<String>>>,
}

impl<C> Counted<C> {
    pub(crate) fn new(calls: &Arc<C>) -> Arc<Self> {
        Arc::new(Counted { calls: Arc::clone(calls), counts: Mutex::default(), questions: None })
    }

    /// One that keeps the arguments of each call as well.
    pub(crate) fn with_questions(calls: &Arc<C>) -> Arc<Self> {
        let (calls, questions) = (Arc::clone(calls), Some(Mutex::default()));
        Arc::new(Counted { calls, counts: Mutex::default(), questions })
    }

    /// The calls since the last time, each a method and its arguments except buffers.
    pub(crate) fn questions(&self) -> Vec<String> {
        let mut questions = self.questions.as_ref().unwrap().lock().unwrap();
        std::mem::take(&mut *questions)
    }

    /// How often a method was called.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.counts.lock().unwrap().get(method).copied().unwrap_or(0)
    }

    /// How often any was.
    pub(crate) fn count_all(&self) -> usize {
        self.counts.lock().unwrap().values().sum()
    }
}

impl<C> Counted<C> {
    fn one_more(&self, method: &'static str, arguments: impl FnOnce() -> Vec<String>) {
        *self.counts.lock().unwrap().entry(method).or_default() += 1;
        if let Some(questions) = &self.questions {
            let arguments = arguments().concat();
            questions.lock().unwrap().push(format!("{method}{arguments}"));
        }
    }
}

/// An argument as a part of a question: with a space before it, and nothing for a buffer.
trait Argument {
    fn shown(&self) -> String;
}

macro_rules! values {
    ($($type:ty),*) => {
        $(impl Argument for $type {
            fn shown(&self) -> String {
                format!(" {self:?}")
            }
        })*
    };
}

values!(i32, u32, u64, usize, [i32; 2], &[i32], &[u8], &CStr, &mut u64, &mut u32);
values!(PortKind, StateFlavor);

impl<T> Argument for &mut [T] {
    fn shown(&self) -> String {
        String::new()
    }
}

impl<T> Argument for Option<&mut [T]> {
    fn shown(&self) -> String {
        if self.is_some() { String::new() } else { " length".to_owned() }
    }
}

impl<T> Argument for &mut Vec<T> {
    fn shown(&self) -> String {
        String::new()
    }
}

macro_rules! counted {
    ($(fn $method:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        impl<C: XnuCalls> XnuCalls for Counted<C> {
            $(
                fn $method(&self, $($argument: $type),*) -> $result {
                    self.one_more(stringify!($method), || vec![$($argument.shown()),*]);
                    self.calls.$method($($argument),*)
                }
            )*

            /// One CPU and all of them apart.
            fn processor_info(
                &self,
                flavor: i32,
                only: Option<usize>,
            ) -> Mach<(usize, Vec<u32>)> {
                let method = if only.is_some() { "one processor" } else { "all processors" };
                self.one_more(method, || vec![flavor.shown()]);
                self.calls.processor_info(flavor, only)
            }
        }
    };
}

type Bsd<T = usize> = Result<T, Errno>;
type Mach<T = usize> = Result<T, KernReturn>;

counted! {
    fn own_pid() -> i32;
    fn list_pids(pids: Option<&mut [i32]>) -> Bsd;
    fn pid_info(pid: i32, flavor: i32, arg: u64, buffer: Option<&mut [u8]>) -> Bsd;
    fn pid_fd_info(pid: i32, descriptor: i32, flavor: i32, buffer: &mut [u8]) -> Bsd;
    fn rusage(pid: i32, flavor: i32, buffer: &mut [u8]) -> Bsd<()>;
    fn session(pid: i32) -> Bsd<i32>;
    fn code_signing(pid: i32, operation: u32, buffer: &mut [u8]) -> Bsd<()>;
    fn path_of(fsid: [i32; 2], ino: u64, buffer: &mut [u8]) -> Bsd;
    fn pid_path(pid: i32, buffer: &mut [u8]) -> Bsd;
    fn sysctl(name: &[i32], buffer: Option<&mut [u8]>) -> Bsd;
    fn sysctl_by_name(name: &CStr, buffer: Option<&mut [u8]>) -> Bsd;
    fn set_sysctl(name: &CStr, value: &[u8]) -> Bsd<()>;
    fn port_for_pid(kind: PortKind, pid: i32) -> Result<PortName, Refusal>;
    fn own_task() -> PortName;
    fn release_port(port: PortName) -> Mach<()>;
    fn task_info(task: PortName, flavor: u32, words: &mut [u32]) -> Mach;
    fn task_policy(task: PortName, flavor: u32, words: &mut [u32]) -> Mach;
    fn region_recurse(
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        words: &mut [u32]
    ) -> Mach;
    fn threads(task: PortName) -> Mach<Vec<PortName>>;
    fn thread_port(task: PortName, id: u64) -> Mach<Option<PortName>>;
    fn thread_info(thread: PortName, flavor: u32, words: &mut [u32]) -> Mach;
    fn thread_state(thread: PortName, flavor: StateFlavor, words: &mut [u32]) -> Mach;
    fn space_info(task: PortName) -> Mach<Vec<SpaceEntry>>;
    fn port_attributes(task: PortName, name: PortName, flavor: i32, words: &mut [u32]) -> Mach;
    fn host_statistics(flavor: i32, words: &mut [u32]) -> Mach;
    fn timebase() -> Mach<Timebase>;
    fn mounts(mounts: Option<&mut [Mount]>) -> Bsd;
    fn now() -> Bsd<SystemTime>;
    fn file_part(path: &[u8], offset: u64, most: usize) -> Bsd<FilePart>;
    fn own_images(images: &mut Vec<Image>) -> ();
    fn cache_range() -> Range<u64>;
    fn read_own(address: u64, buffer: &mut [u8]) -> Mach;
}

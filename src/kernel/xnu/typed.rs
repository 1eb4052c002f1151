//! The calls with their structs: a struct is filled as a whole, or the call is an error.

use std::ffi::CStr;

use zerocopy::{FromBytes, IntoBytes};

use super::{
    BsdInfo, CS_OPS_STATUS, CTL_KERN, CodeSigning, Errno, FdInfo, HostInfo, KERN_PROC,
    KERN_PROC_PID, KERN_PROCARGS2, KernReturn, KinfoProc, PidInfo, PidList, Plain, PortAttributes,
    PortName, ProcessorFlavor, RUSAGE_INFO_V5, Rusage, ShortBsdInfo, SubmapInfo, SubmapShortInfo,
    TASK_CATEGORY_POLICY, TaskFlavor, ThreadFlavor, XnuCalls,
};

/// The words of 32 bits of a struct, in which Mach calls count. `None` for a struct that is not a
/// whole number of them.
pub fn words_of<T: Plain>(value: &mut T) -> &mut [u32] {
    <[u32]>::mut_from_bytes(value.as_mut_bytes()).unwrap_or_default()
}

/// Half a struct would be zeros that look like values.
fn whole<T>(value: T, written: usize) -> Result<T, Errno> {
    if written == size_of::<T>() { Ok(value) } else { Err(Errno::IO) }
}

/// A struct of a Mach call that fills this many words.
fn filled<T: Plain>(
    ask: impl FnOnce(&mut [u32]) -> Result<usize, KernReturn>,
) -> Result<T, KernReturn> {
    let mut value = T::default();
    fill(&mut value, ask)?;
    Ok(value)
}

/// Fills an existing struct, by as many words as it has.
fn fill<T: Plain>(
    value: &mut T,
    ask: impl FnOnce(&mut [u32]) -> Result<usize, KernReturn>,
) -> Result<(), KernReturn> {
    let written = ask(words_of(value))?;
    if written * size_of::<u32>() == size_of::<T>() { Ok(()) } else { Err(KernReturn::FAILURE) }
}

/// Calls that fill structs, by the type of the struct. The errors are those of the calls, and
/// [`Errno::IO`] or [`KernReturn::FAILURE`] for a struct that was filled in part.
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait Typed: XnuCalls {
    /// A flavor of [`XnuCalls::pid_info`].
    fn pid<T: PidInfo>(&self, pid: i32, arg: u64) -> Result<T, Errno> {
        let mut info = T::default();
        self.pid_into(pid, arg, &mut info)?;
        Ok(info)
    }

    /// A flavor of [`XnuCalls::pid_info`], into an existing struct, whose content is undefined
    /// after an error.
    fn pid_into<T: PidInfo>(&self, pid: i32, arg: u64, info: &mut T) -> Result<(), Errno> {
        let written = self.pid_info(pid, T::FLAVOR, arg, Some(info.as_mut_bytes()))?;
        if written == size_of::<T>() { Ok(()) } else { Err(Errno::IO) }
    }

    /// A flavor of [`XnuCalls::pid_info`] that is a list. Returns the number of items.
    fn pid_list<T: PidList>(&self, pid: i32, items: Option<&mut [T]>) -> Result<usize, Errno> {
        let buffer = items.map(|items| items.as_mut_bytes());
        Ok(self.pid_info(pid, T::FLAVOR, 0, buffer)? / size_of::<T>())
    }

    /// A flavor of [`XnuCalls::pid_fd_info`].
    fn fd<T: FdInfo>(&self, pid: i32, descriptor: i32) -> Result<T, Errno> {
        let mut info = T::default();
        let written = self.pid_fd_info(pid, descriptor, T::FLAVOR, info.as_mut_bytes())?;
        whole(info, written)
    }

    /// [`XnuCalls::rusage`], fifth revision.
    fn resource_usage(&self, pid: i32) -> Result<Rusage, Errno> {
        let mut usage = Rusage::default();
        self.rusage(pid, RUSAGE_INFO_V5, usage.as_mut_bytes())?;
        Ok(usage)
    }

    /// [`XnuCalls::code_signing`] for the flags.
    fn signing(&self, pid: i32) -> Result<CodeSigning, Errno> {
        let mut signing = CodeSigning::default();
        self.code_signing(pid, CS_OPS_STATUS, signing.as_mut_bytes())?;
        Ok(signing)
    }

    /// [`XnuCalls::sysctl_by_name`] for a value of this type.
    fn sysctl_value<T: Plain>(&self, name: &CStr) -> Result<T, Errno> {
        let mut value = T::default();
        let written = self.sysctl_by_name(name, Some(value.as_mut_bytes()))?;
        whole(value, written)
    }

    /// [`XnuCalls::sysctl`] for a process's arguments.
    fn process_arguments(&self, pid: i32, buffer: Option<&mut [u8]>) -> Result<usize, Errno> {
        self.sysctl(&[CTL_KERN, KERN_PROCARGS2, pid], buffer)
    }

    /// [`XnuCalls::sysctl`] for a process as `ps` reads it; `None` if there is no such process.
    fn kinfo_proc(&self, pid: i32) -> Result<Option<KinfoProc>, Errno> {
        let mut info = KinfoProc::default();
        let name = [CTL_KERN, KERN_PROC, KERN_PROC_PID, pid];
        match self.sysctl(&name, Some(info.as_mut_bytes()))? {
            0 => Ok(None),
            written => whole(info, written).map(Some),
        }
    }

    /// A flavor of [`XnuCalls::task_info`].
    fn task<T: TaskFlavor>(&self, task: PortName) -> Result<T, KernReturn> {
        filled(|words| self.task_info(task, T::FLAVOR, words))
    }

    /// [`XnuCalls::task_policy`] for the role.
    fn role(&self, task: PortName) -> Result<i32, KernReturn> {
        let role = filled::<u32>(|words| self.task_policy(task, TASK_CATEGORY_POLICY, words))?;
        Ok(role.cast_signed())
    }

    /// [`XnuCalls::region_recurse`] with full info. After an error the content of `info` is
    /// undefined, and the numbers are unchanged.
    fn region(
        &self,
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        info: &mut SubmapInfo,
    ) -> Result<(), KernReturn> {
        fill(info, |words| self.region_recurse(task, address, size, depth, words))
    }

    /// [`XnuCalls::region_recurse`] without page counts, which are 0, as is `object_id_full`.
    fn region_short(
        &self,
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        info: &mut SubmapInfo,
    ) -> Result<(), KernReturn> {
        *info = filled::<SubmapShortInfo>(|words| {
            self.region_recurse(task, address, size, depth, words)
        })?
        .into();
        Ok(())
    }

    /// A flavor of [`XnuCalls::thread_info`].
    fn thread<T: ThreadFlavor>(&self, thread: PortName) -> Result<T, KernReturn> {
        filled(|words| self.thread_info(thread, T::FLAVOR, words))
    }

    /// A flavor of [`XnuCalls::port_attributes`]; `None` where the kernel answers with no words.
    fn attributes<T: PortAttributes>(
        &self,
        task: PortName,
        name: PortName,
    ) -> Result<Option<T>, KernReturn> {
        let mut written = 0;
        let attributes = filled(|words| {
            written = self.port_attributes(task, name, T::FLAVOR, words)?;
            Ok(if written == 0 { words.len() } else { written })
        })?;
        Ok((written > 0).then_some(attributes))
    }

    /// A flavor of [`XnuCalls::host_statistics`].
    fn host<T: HostInfo>(&self) -> Result<T, KernReturn> {
        filled(|words| self.host_statistics(T::FLAVOR, words))
    }

    /// A flavor of [`XnuCalls::processor_info`], for each CPU.
    fn processors<T: ProcessorFlavor>(&self) -> Result<Vec<T>, KernReturn> {
        of_processors(self.processor_info(T::FLAVOR, None)?)
    }

    /// A flavor of [`XnuCalls::processor_info`], for the CPU with this number.
    fn processor<T: ProcessorFlavor>(&self, number: usize) -> Result<Option<T>, KernReturn> {
        Ok(of_processors(self.processor_info(T::FLAVOR, Some(number))?)?.first().copied())
    }
}

impl<C: XnuCalls + ?Sized> Typed for C {}

fn of_processors<T: Plain>((each, words): (usize, Vec<u32>)) -> Result<Vec<T>, KernReturn> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    if each * size_of::<u32>() != size_of::<T>() {
        return Err(KernReturn::FAILURE);
    }
    let one = |words: &[u32]| T::read_from_bytes(words.as_bytes()).map_err(|_| KernReturn::FAILURE);
    words.chunks_exact(each).map(one).collect()
}

/// The rest, such as the start, is 0, and no flag says whether it leads a session or has a terminal.
impl From<ShortBsdInfo> for BsdInfo {
    fn from(info: ShortBsdInfo) -> Self {
        BsdInfo {
            pid: info.pid,
            ppid: info.ppid,
            pgid: info.pgid,
            status: info.status,
            comm: info.comm,
            flags: info.flags,
            uid: info.uid,
            gid: info.gid,
            ruid: info.ruid,
            rgid: info.rgid,
            svuid: info.svuid,
            svgid: info.svgid,
            ..BsdInfo::default()
        }
    }
}

impl From<SubmapShortInfo> for SubmapInfo {
    fn from(info: SubmapShortInfo) -> Self {
        SubmapInfo {
            protection: info.protection,
            max_protection: info.max_protection,
            inheritance: info.inheritance,
            offset: info.offset,
            user_tag: info.user_tag,
            ref_count: info.ref_count,
            shadow_depth: info.shadow_depth,
            external_pager: info.external_pager,
            share_mode: info.share_mode,
            is_submap: info.is_submap,
            behavior: info.behavior,
            object_id: info.object_id,
            user_wired_count: info.user_wired_count,
            ..SubmapInfo::default()
        }
    }
}

impl From<SubmapInfo> for SubmapShortInfo {
    fn from(info: SubmapInfo) -> Self {
        SubmapShortInfo {
            protection: info.protection,
            max_protection: info.max_protection,
            inheritance: info.inheritance,
            offset: info.offset,
            user_tag: info.user_tag,
            ref_count: info.ref_count,
            shadow_depth: info.shadow_depth,
            external_pager: info.external_pager,
            share_mode: info.share_mode,
            is_submap: info.is_submap,
            behavior: info.behavior,
            object_id: info.object_id,
            user_wired_count: info.user_wired_count,
            ..SubmapShortInfo::default()
        }
    }
}

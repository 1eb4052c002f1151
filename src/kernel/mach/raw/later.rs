//! Calls that are not asked of the kernel yet.

use std::ffi::CStr;

use super::Xnu;
use crate::kernel::mach::calls::*;

const NOT_YET: KernReturn = KernReturn::NOT_SUPPORTED;

impl ProcessCalls for Xnu {
    fn executable_path(&self, _: i32, _: &mut Vec<u8>) -> Result<(), Errno> {
        Err(Errno::NOSYS)
    }
    fn kinfo_proc(&self, _: i32) -> Result<Option<KinfoProc>, Errno> {
        Err(Errno::NOSYS)
    }
}

impl FileCalls for Xnu {
    fn list_files(&self, _: i32, _: Option<&mut [OpenFile]>) -> Result<usize, Errno> {
        Err(Errno::NOSYS)
    }
    fn vnode_file(&self, _: i32, _: i32) -> Result<VnodeFile, Errno> {
        Err(Errno::NOSYS)
    }
    fn socket_file(&self, _: i32, _: i32) -> Result<SocketFile, Errno> {
        Err(Errno::NOSYS)
    }
    fn pipe_file(&self, _: i32, _: i32) -> Result<PipeFile, Errno> {
        Err(Errno::NOSYS)
    }
}

impl TaskCalls for Xnu {
    fn task_name_for_pid(&self, _: i32) -> Result<PortName, KernReturn> {
        Err(NOT_YET)
    }
    fn task_inspect_for_pid(&self, _: i32) -> Result<PortName, Errno> {
        Err(Errno::NOSYS)
    }
    fn task_read_for_pid(&self, _: i32) -> Result<PortName, Errno> {
        Err(Errno::NOSYS)
    }
    fn task_basic_info(&self, _: PortName) -> Result<TaskBasicInfo, KernReturn> {
        Err(NOT_YET)
    }
    fn task_absolute_times(&self, _: PortName) -> Result<TaskAbsoluteTimes, KernReturn> {
        Err(NOT_YET)
    }
    fn task_events(&self, _: PortName) -> Result<TaskEvents, KernReturn> {
        Err(NOT_YET)
    }
    fn task_thread_times(&self, _: PortName) -> Result<TaskThreadTimes, KernReturn> {
        Err(NOT_YET)
    }
    fn task_security_token(&self, _: PortName) -> Result<[u32; 2], KernReturn> {
        Err(NOT_YET)
    }
    fn task_audit_token(&self, _: PortName) -> Result<[u32; 8], KernReturn> {
        Err(NOT_YET)
    }
    fn task_role(&self, _: PortName) -> Result<i32, KernReturn> {
        Err(NOT_YET)
    }
}

impl SpaceCalls for Xnu {
    fn space_info(&self, _: PortName) -> Result<Vec<SpaceEntry>, KernReturn> {
        Err(NOT_YET)
    }
    fn port_limit(&self, _: PortName, _: PortName) -> Result<Option<u32>, KernReturn> {
        Err(NOT_YET)
    }
    fn port_status(&self, _: PortName, _: PortName) -> Result<PortStatus, KernReturn> {
        Err(NOT_YET)
    }
}

impl ThreadCalls for Xnu {
    fn task_threads(&self, _: PortName) -> Result<Vec<PortName>, KernReturn> {
        Err(NOT_YET)
    }
    fn thread_identifier(&self, _: PortName) -> Result<ThreadIdentifier, KernReturn> {
        Err(NOT_YET)
    }
    fn thread_basic_info(&self, _: PortName) -> Result<ThreadBasicInfo, KernReturn> {
        Err(NOT_YET)
    }
    fn thread_state(
        &self,
        _: PortName,
        _: StateFlavor,
        _: &mut [u32],
    ) -> Result<usize, KernReturn> {
        Err(NOT_YET)
    }
}

impl MachineCalls for Xnu {
    fn sysctl_by_name(&self, _: &CStr, _: Option<&mut [u8]>) -> Result<usize, Errno> {
        Err(Errno::NOSYS)
    }
    fn vm_statistics(&self) -> Result<VmStatistics, KernReturn> {
        Err(NOT_YET)
    }
    fn processors(&self) -> Result<Vec<ProcessorInfo>, KernReturn> {
        Err(NOT_YET)
    }
    fn processor_loads(&self) -> Result<Vec<ProcessorLoad>, KernReturn> {
        Err(NOT_YET)
    }
    fn mounts(&self, _: Option<&mut [Mount]>) -> Result<usize, Errno> {
        Err(Errno::NOSYS)
    }
}

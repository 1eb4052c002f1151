//! Answers about the machine.

use std::ffi::CStr;
use std::time::SystemTime;

use super::super::super::calls::{
    Errno, KernReturn, MachineCalls, Mount, ProcessorInfo, ProcessorLoad, VmStatistics,
};
use super::super::super::recording::Moment;
use super::super::XnuModel;
use super::super::fault::Call;
use super::super::recorded;

/// A sysctl's value where it was asked for, or its length.
fn value(bytes: &[u8], buffer: Option<&mut [u8]>) -> Result<usize, Errno> {
    if let Some(buffer) = buffer {
        buffer.get_mut(..bytes.len()).ok_or(Errno::NOMEM)?.copy_from_slice(bytes);
    }
    Ok(bytes.len())
}

impl MachineCalls for XnuModel {
    fn sysctl_by_name(&self, name: &CStr, buffer: Option<&mut [u8]>) -> Result<usize, Errno> {
        let (state, _) = self.bsd(Call::SysctlByName)?;
        let name = name.to_str().map_err(|_| Errno::NOENT)?;
        let bytes = match &state.world.recorded_machine {
            Some(machine) => &recorded::part(machine.sysctls.get(name))?.0,
            None => state.world.machine.sysctls.get(name).ok_or(Errno::NOENT)?,
        };
        value(bytes, buffer)
    }

    fn vm_statistics(&self) -> Result<VmStatistics, KernReturn> {
        let (state, _) = self.mach(Call::VmStatistics)?;
        match &state.world.recorded_machine {
            Some(machine) => recorded::reply(machine.vm_statistics.as_ref()).copied(),
            None => Ok(state.world.machine.vm_statistics),
        }
    }

    fn now(&self) -> Result<SystemTime, Errno> {
        let state = self.state.lock();
        match &state.world.recorded_machine {
            Some(_) => state.world.recorded_at.map(Moment::time).ok_or(Errno::NOTSUP),
            None => Ok(state.world.machine.now),
        }
    }

    fn processors(&self) -> Result<Vec<ProcessorInfo>, KernReturn> {
        let (state, _) = self.mach(Call::Processors)?;
        match &state.world.recorded_machine {
            Some(machine) => recorded::reply(machine.processors.as_ref()).cloned(),
            None => Ok(state.world.machine.processors.clone()),
        }
    }

    fn processor_loads(&self) -> Result<Vec<ProcessorLoad>, KernReturn> {
        let (state, _) = self.mach(Call::ProcessorLoads)?;
        match &state.world.recorded_machine {
            Some(machine) => recorded::reply(machine.loads.as_ref()).cloned(),
            None => Ok(state.world.machine.loads.clone()),
        }
    }

    fn processor(&self, number: usize) -> Result<Option<ProcessorInfo>, KernReturn> {
        let (state, _) = self.mach(Call::Processor)?;
        let all = match &state.world.recorded_machine {
            Some(machine) => recorded::reply(machine.processors.as_ref())?,
            None => &state.world.machine.processors,
        };
        Ok(all.get(number).copied())
    }

    fn processor_load(&self, number: usize) -> Result<Option<ProcessorLoad>, KernReturn> {
        let (state, _) = self.mach(Call::ProcessorLoad)?;
        let all = match &state.world.recorded_machine {
            Some(machine) => recorded::reply(machine.loads.as_ref())?,
            None => &state.world.machine.loads,
        };
        Ok(all.get(number).copied())
    }

    fn mounts(&self, mounts: Option<&mut [Mount]>) -> Result<usize, Errno> {
        let (state, _) = self.bsd(Call::Mounts)?;
        let all = match &state.world.recorded_machine {
            Some(machine) => recorded::part(machine.mounts.as_ref())?,
            None => &state.world.machine.mounts,
        };
        let Some(mounts) = mounts else { return Ok(all.len()) };
        Ok(mounts.iter_mut().zip(all).map(|(to, mount)| to.clone_from(mount)).count())
    }
}

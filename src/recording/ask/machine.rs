//! Asking about the machine.

use std::collections::BTreeMap;
use std::ffi::CStr;

use super::super::super::calls::{SYSCTLS, XnuCalls};
use super::super::super::list;
use super::super::Answer;
use super::super::part::{RecordedMachine, Value, replied, told};

/// All that is kept of the machine.
pub(super) fn ask<C: XnuCalls>(calls: &C) -> RecordedMachine {
    let sysctl = |name: &CStr| {
        Some((name.to_str().ok()?.to_owned(), told(list::sysctl(calls, name).map(Value))?))
    };
    let sysctls: BTreeMap<String, Answer<Value>> =
        SYSCTLS.iter().filter_map(|(name, _)| sysctl(name)).collect();
    RecordedMachine {
        sysctls,
        timebase: replied(calls.timebase()),
        vm_statistics: replied(calls.vm_statistics()),
        processors: replied(calls.processors()),
        loads: replied(calls.processor_loads()),
        mounts: told(list::mounts(calls)),
    }
}

impl RecordedMachine {
    /// sysctl `hw.cputype`, 0 where it is not known.
    pub(super) fn cpu_type(&self) -> i32 {
        match self.sysctls.get("hw.cputype") {
            Some(Answer::Ok(Value(value))) => {
                value.as_slice().try_into().map_or(0, i32::from_ne_bytes)
            }
            _ => 0,
        }
    }
}

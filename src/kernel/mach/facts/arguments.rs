//! What a process was started with: sysctl `kern.procargs2`.
//!
//! The kernel copies the process's own stack, which it may have written over: a count, the path of
//! the executable, NULs up to alignment, the arguments, the environment, and what dyld is told
//! (`kern_sysctl.c:sysctl_procargsx`, `kern_exec.c:exec_extract_strings`).

use super::super::calls::{Errno, XnuCalls};
use super::super::failure;
use super::super::target::number;
use crate::model::{Arguments, Pid, Result, Shown};

/// Between the question how much there is and the question for it the process may execute.
const MORE: usize = 4096;

/// The most that the kernel gives: `ARG_MAX`, and the count.
const MOST: usize = 1024 * 1024 + 4;

/// What dyld is told begins with this, and with no empty string before it.
const FIRST_OF_APPLE: &[u8] = b"executable_path=";

/// What a process was started with; nothing where the kernel does not tell it.
pub(in super::super) fn arguments<C: XnuCalls>(
    calls: &C,
    pid: Pid,
    shown: Shown,
) -> Result<Arguments> {
    if shown == Shown::Public {
        return Ok(Arguments::default());
    }
    match argument_area(calls, number(pid)) {
        Ok(area) => Ok(parse(&area).unwrap_or_default()),
        // A zombie, a process of the kernel, or one that is being executed.
        Err(Errno::INVAL) => Ok(Arguments::default()),
        Err(errno) => Err(failure::of_process("sysctl(kern.procargs2)", errno, pid)),
    }
}

/// The area as the kernel gives it.
pub(in super::super) fn argument_area<C: XnuCalls>(
    calls: &C,
    pid: i32,
) -> std::result::Result<Vec<u8>, Errno> {
    // A buffer that is too small would get the tail.
    let length = calls.process_arguments(pid, None)?;
    let mut area = vec![0; length.saturating_add(MORE).min(MOST)];
    let got = calls.process_arguments(pid, Some(&mut area))?;
    area.truncate(got);
    Ok(area)
}

fn parse(area: &[u8]) -> Option<Arguments> {
    let (count, rest) = area.split_first_chunk::<4>()?;
    let count = usize::try_from(i32::from_ne_bytes(*count)).ok()?;
    let path = memchr::memchr(0, rest)?;
    let padded = &rest[path..];
    let start = padded.iter().position(|byte| *byte != 0).unwrap_or(padded.len());
    let mut strings = padded[start..].split_inclusive(|byte| *byte == 0);
    let arguments = strings.by_ref().take(count).flatten().copied().collect();
    let is_environment =
        |string: &&[u8]| !matches!(string, [0]) && !string.starts_with(FIRST_OF_APPLE);
    let environment = strings.take_while(is_environment).flatten().copied().collect();
    Some(Arguments { arguments, environment })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(count: i32, strings: &[u8]) -> Arguments {
        parse(&[count.to_ne_bytes().as_slice(), strings].concat()).unwrap()
    }

    #[test]
    fn arguments_and_environment_are_told_apart() {
        let area = b"/bin/sh\0\0\0\0sh\0-c\0\0A=1\0B=\0executable_path=/bin/sh\0ptr_munge=\0";
        let found = parsed(3, area);
        assert_eq!(found.arguments, b"sh\0-c\0\0");
        assert_eq!(found.environment, b"A=1\0B=\0");
    }

    #[test]
    fn an_area_cut_short_gives_what_it_has() {
        assert_eq!(parsed(2, b"/bin/sh\0\0sh\0-").arguments, b"sh\0-");
        assert_eq!(parsed(0, b"/bin/sh\0A=1\0").environment, b"A=1\0");
        assert_eq!(parsed(1, b"/bin/sh\0\0\0"), Arguments::default());
        assert_eq!(parse(b"abc"), None);
        assert_eq!(parse(b"\x01\0\0\0no end"), None);
        assert_eq!(parse(&[0xff; 64]), None);
    }
}

//! A process's arguments and environment: sysctl `kern.procargs2`.
//!
//! The kernel copies the process's own stack, which it may have written over: a count, the path of
//! the executable, NULs up to alignment, the arguments, the environment, NULs up to alignment, and
//! the strings for dyld (`kern_sysctl.c:sysctl_procargsx`, `kern_exec.c:exec_extract_strings`,
//! `exec_add_apple_strings`).

use super::super::target::number;
use crate::kernel::xnu::{Errno, Typed, XnuCalls};
use crate::model::{Arguments, Pid, Result, Visibility};

/// Spare bytes of the buffer: between the call for the length and the call for the bytes the
/// process may execute another image.
const MORE: usize = 4096;

/// The most bytes that the kernel gives: `ARG_MAX`, and the count.
const MOST: usize = 1024 * 1024 + 4;

/// The text before the path on the stack, which is not copied. Its length is a multiple of 8, so
/// alignment to 8 on the stack is alignment to 8 in the copy.
const KEY: usize = "executable_path=".len();

/// The first of the strings for dyld. Without padding, no empty string is before it. libplatform
/// wipes all of it as the process starts, which makes it an empty string itself; before macOS 11.1
/// the key was left (`atomics/init.c:__pfz_setup`).
const FIRST_OF_APPLE: &[u8] = b"pfz=0x";
const FIRST_OF_APPLE_WIPED: &[u8] = b"pfz=\0";

/// The arguments and environment of a process; none if the kernel withholds them.
pub(in super::super) fn arguments<C: XnuCalls>(
    calls: &C,
    pid: Pid,
    shown: Visibility,
) -> Result<Arguments> {
    if shown == Visibility::Public {
        return Ok(Arguments::default());
    }
    // The call fails for a zombie, for a process of the kernel, for one in an exec or in its exit,
    // and for one whose stack cannot be read. None of them has anything that could be shown.
    let area = argument_area(calls, number(pid)).unwrap_or_default();
    Ok(parse(&area).unwrap_or_default())
}

/// The area as the kernel returns it.
pub(crate) fn argument_area<C: XnuCalls>(
    calls: &C,
    pid: i32,
) -> std::result::Result<Vec<u8>, Errno> {
    // Into a buffer that is too small the kernel copies the tail.
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
    if let Some(argument) = of_unreadable(rest, path) {
        return Some(Arguments { arguments: argument.to_vec(), environment: Vec::new() });
    }
    // By alignment, since the first argument may be empty.
    let start = (KEY + path + 1).next_multiple_of(8) - KEY;
    let rest = rest.get(start..).unwrap_or_default();
    let (arguments, rest) = rest.split_at(end_of(rest, count, |_| true));
    let is_variable = |string: &[u8]| {
        !matches!(string, [0] | FIRST_OF_APPLE_WIPED) && !string.starts_with(FIRST_OF_APPLE)
    };
    let environment = &rest[..end_of(rest, usize::MAX, is_variable)];
    Some(Arguments { arguments: arguments.to_vec(), environment: environment.to_vec() })
}

/// The only argument of a process whose stack the kernel never shows: its path of this length once
/// more, after one NUL without alignment (`kern_sysctl.c:sysctl_procargs_no_read`, newer than
/// macOS 15). `None` if more than that follows the path.
fn of_unreadable(area: &[u8], path: usize) -> Option<&[u8]> {
    let again = area.get(path + 2..)?;
    let is_alone = area.get(path + 1) == Some(&0) && again.get(..=path) == area.get(..=path);
    (is_alone && path > 0 && again.len() == path + 1).then_some(again)
}

/// The end of the first strings, at most this many, that all satisfy the condition.
fn end_of(strings: &[u8], most: usize, like: impl Fn(&[u8]) -> bool) -> usize {
    let all = strings.split_inclusive(|byte| *byte == 0).take(most);
    all.take_while(|string| like(string)).map(<[u8]>::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(count: i32, strings: &[u8]) -> Arguments {
        parse(&[count.to_ne_bytes().as_slice(), strings].concat()).unwrap()
    }

    /// The path and its NUL are 8 bytes, so that no padding follows.
    #[test]
    fn arguments_and_environment_are_distinguished() {
        let found = parsed(3, b"/bin/sh\0sh\0-c\0\0A=1\0B=\0pfz=0xf\0ptr_munge=\0");
        assert_eq!(found.arguments, b"sh\0-c\0\0");
        assert_eq!(found.environment, b"A=1\0B=\0");
    }

    #[test]
    fn the_environment_ends_with_and_without_padding() {
        for padding in 0..8 {
            let area = [b"/bin/sh\0sh\0A=1\0".as_slice(), &vec![0; padding], b"pfz=0xf\0x=\0"];
            assert_eq!(parsed(1, &area.concat()).environment, b"A=1\0", "{padding}");
            // The key as it is once the process has started, and as it was before macOS 11.1.
            for wiped in [&[0; 7][..], b"pfz=\0\0\0\0"] {
                let area = [b"/bin/sh\0sh\0A=1\0".as_slice(), &vec![0; padding], wiped, b"x=\0"];
                assert_eq!(parsed(1, &area.concat()).environment, b"A=1\0", "{padding}");
            }
        }
        // Only dyld's string ends the environment, not a variable of that name.
        let found = parsed(1, b"/bin/sh\0sh\0pfz=1\0executable_path=x\0pfz=0xf\0");
        assert_eq!(found.environment, b"pfz=1\0executable_path=x\0");
    }

    #[test]
    fn an_empty_argument_is_no_padding() {
        for (path, padding) in [(&b"/bin/sh"[..], 0), (b"/bin/x", 1), (b"/bin/bash", 6)] {
            let nuls = vec![0; padding + 1];
            let area = [path, &nuls, b"\x00100\0SECRET=hunter2\0pfz=0xf\0"].concat();
            let found = parsed(2, &area);
            assert_eq!(found.arguments, b"\x00100\0", "{path:?}");
            assert_eq!(found.environment, b"SECRET=hunter2\0", "{path:?}");
        }
    }

    #[test]
    fn a_stack_that_is_not_shown_leaves_the_path_as_the_argument() {
        for path in [&b"/bin/sh"[..], b"/bin/x", b"/bin/bash", b"/usr/libexec/x"] {
            let found = parsed(1, &[path, b"\0\0", path, b"\0"].concat());
            assert_eq!(found.arguments, [path, b"\0"].concat());
            assert_eq!(found.environment, b"");
        }
    }

    #[test]
    fn an_area_cut_short_gives_what_it_has() {
        assert_eq!(parsed(2, b"/bin/sh\0sh\0-").arguments, b"sh\0-");
        assert_eq!(parsed(0, b"/bin/sh\0A=1\0").environment, b"A=1\0");
        assert_eq!(parsed(1, b"/bin/sh\0"), Arguments::default());
        assert_eq!(parsed(1, b"/bin/bash\0"), Arguments::default());
        assert_eq!(parse(b"abc"), None);
        assert_eq!(parse(b"\x01\0\0\0no end"), None);
        assert_eq!(parse(&[0xff; 64]), None);
    }
}

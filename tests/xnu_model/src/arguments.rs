//! A process's arguments and environment, as they are on its stack, and what `KERN_PROCARGS2`
//! copies.

/// `ARG_MAX`.
const MOST: usize = 1 << 20;

/// `EXECUTABLE_KEY`.
const KEY: &[u8] = b"executable_path=";

/// The strings at the top of a process's stack, of a 64-bit process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArgumentArea {
    /// `p_argc`.
    pub count: i32,
    /// `p_argslen` bytes: `executable_path=` and the path, arguments, environment, and the kernel's
    /// strings for dyld. The process may have written over them.
    pub strings: Vec<u8>,
}

impl ArgumentArea {
    /// The layout of `execve` (`kern_exec.c`: `exec_save_path`, `exec_extract_strings`,
    /// `exec_add_apple_strings`): NULs follow the path, the environment and the last string, up to
    /// a multiple of 8.
    #[must_use]
    pub fn new(path: &[u8], arguments: &[&[u8]], environment: &[&[u8]], apple: &[&[u8]]) -> Self {
        let mut strings = [KEY, path, &[0]].concat();
        let pad = |strings: &mut Vec<u8>| strings.resize(strings.len().next_multiple_of(8), 0);
        pad(&mut strings);
        for string in arguments.iter().chain(environment) {
            strings.extend_from_slice(string);
            strings.push(0);
        }
        pad(&mut strings);
        for string in apple {
            strings.extend_from_slice(string);
            strings.push(0);
        }
        pad(&mut strings);
        ArgumentArea { count: i32::try_from(arguments.len()).unwrap_or(i32::MAX), strings }
    }

    /// What the kernel copies of it: not the key before the path, and for a restricted process
    /// (`CS_RESTRICT`) nothing after the arguments.
    pub(super) fn copied_out(&self, restricted: bool) -> CopiedOut<'_> {
        let all = self.strings.get(KEY.len()..).unwrap_or_default();
        let bytes = if restricted { up_to_environment(all, self.count) } else { all };
        CopiedOut { count: self.count, bytes, cut: all.len() - bytes.len() }
    }
}

/// Counts as the kernel does: the path with all NULs that follow it, and then the arguments. An
/// empty first argument counts as a part of the padding.
fn up_to_environment(all: &[u8], count: i32) -> &[u8] {
    let mut end = 0;
    for string in 0..=count.max(0) {
        let rest = &all[end..];
        let Some(length) = rest.iter().position(|byte| *byte == 0) else { return all };
        end += length + 1;
        if string == 0 {
            end += all[end..].iter().take_while(|byte| **byte == 0).count();
        }
    }
    &all[..end]
}

/// The copy by `sysctl_procargsx`.
pub(super) struct CopiedOut<'a> {
    count: i32,
    bytes: &'a [u8],
    /// The number of bytes that follow on the stack and are not copied.
    cut: usize,
}

impl CopiedOut<'_> {
    /// The length with the count, which is the answer without a buffer.
    pub(super) fn length(&self) -> usize {
        (self.bytes.len() + 4).next_multiple_of(4)
    }

    /// Whether a buffer of this many bytes is accepted.
    pub(super) fn takes(room: usize) -> bool {
        (1..=MOST).contains(&room.wrapping_sub(4))
    }

    /// Fills an accepted buffer; `page` is the target's page size.
    ///
    /// For a small buffer the kernel clears what it once left unread: all of the area's last page
    /// except its first bytes, as many as there is room for.
    pub(super) fn fill(&self, buffer: &mut [u8], page: usize) -> usize {
        let Some((count, buffer)) = buffer.split_first_chunk_mut::<4>() else { return 0 };
        *count = self.count.to_ne_bytes();
        let (room, length) = (buffer.len(), self.bytes.len());
        if room >= length {
            buffer[..length].copy_from_slice(self.bytes);
            return length + 4;
        }
        buffer.copy_from_slice(&self.bytes[length - room..]);
        let page = page.max(1);
        // Counted from the beginning of the pages in which the area ends.
        let before = (length + self.cut).next_multiple_of(page) - (length + self.cut);
        let end = before + length;
        let kept = end.saturating_sub(room.next_multiple_of(page)) + room;
        let first_in_buffer = end - room;
        let cleared = kept.saturating_sub(first_in_buffer).min(room);
        buffer[cleared..].fill(0);
        room + 4
    }
}

//! Answers in a recording: the value, or the number of the error.

use serde::{Deserialize, Serialize};
use zerocopy::IntoBytes;

use super::Kept;
use crate::kernel::xnu::{Errno, KernReturn, Plain, PortKind, Refusal};

/// Declares the answer of calls whose errors are numbers of one kind.
macro_rules! answers {
    ($(
        $(#[$meta:meta])*
        enum $name:ident { $failed:ident, missing $missing:ident }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name<T> {
            /// It succeeded.
            Ok(T),
            /// It failed with this number.
            $failed(i32),
        }

        impl<T> $name<T> {
            /// The answer if it is a kernel's, and none if the recording lacks it.
            pub(super) fn of(answer: Result<T, $failed>) -> Option<Self> {
                match answer {
                    Ok(value) => Some($name::Ok(value)),
                    Err($failed::$missing) => None,
                    Err($failed(code)) => Some($name::$failed(code)),
                }
            }

            /// The answer.
            ///
            /// # Errors
            /// The recorded one.
            pub fn get(&self) -> Result<&T, $failed> {
                match self {
                    $name::Ok(value) => Ok(value),
                    $name::$failed(code) => Err($failed(*code)),
                }
            }

            /// An answer that a recording may lack.
            pub(super) fn look_up(recorded: Option<&Self>) -> Result<&T, $failed> {
                recorded.map_or(Err($failed::$missing), Self::get)
            }
        }
    )*};
}

answers! {
    /// An answer of a BSD call.
    enum Answer { Errno, missing NOTSUP }

    /// An answer of a Mach call.
    enum Reply { KernReturn, missing NOT_SUPPORTED }
}

/// An answer that fills the caller's buffer.
pub(super) trait Fill {
    /// The value that is filled in.
    type Room: ?Sized;
    /// The error of the call.
    type Error;

    /// Answers as the call does. A recording may lack the answer.
    fn fill(recorded: Option<&Self>, room: &mut Self::Room) -> Result<usize, Self::Error>;
}

impl<T: Plain> Fill for Answer<Kept<T>> {
    type Room = [u8];
    type Error = Errno;

    fn fill(recorded: Option<&Self>, buffer: &mut [u8]) -> Result<usize, Errno> {
        Answer::look_up(recorded)?.fill(buffer).ok_or(Errno::NOMEM)
    }
}

impl<T: Plain> Fill for Reply<Kept<T>> {
    type Room = [u32];
    type Error = KernReturn;

    fn fill(recorded: Option<&Self>, words: &mut [u32]) -> Result<usize, KernReturn> {
        let filled = Reply::look_up(recorded)?.fill(words.as_mut_bytes());
        filled.map(|bytes| bytes / size_of::<u32>()).ok_or(KernReturn::INVALID_ARGUMENT)
    }
}

/// Room for the words of all CPUs, or of one.
pub(super) struct CpuWords {
    pub(super) only: Option<usize>,
    pub(super) words: Vec<u32>,
}

impl<T: Plain> Fill for Reply<Vec<T>> {
    type Room = CpuWords;
    type Error = KernReturn;

    /// Returns how many words each CPU has.
    fn fill(recorded: Option<&Self>, room: &mut CpuWords) -> Result<usize, KernReturn> {
        let all = Reply::look_up(recorded)?;
        let wanted = match room.only {
            Some(number) => all.get(number..).and_then(|rest| rest.get(..1)).unwrap_or_default(),
            None => all,
        };
        for one in wanted {
            let words = one.as_bytes().chunks_exact(size_of::<u32>());
            room.words.extend(words.filter_map(|it| Some(u32::from_ne_bytes(*it.first_chunk()?))));
        }
        Ok(size_of::<T>() / size_of::<u32>())
    }
}

/// The answer of a call for a task's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedPort {
    /// A port, or the recorder recorded itself.
    Given,
    /// Success without a right: `MACH_PORT_NULL` or `MACH_PORT_DEAD`.
    Null,
    /// An error of a BSD call.
    Errno(i32),
    /// An error of a Mach call.
    KernReturn(i32),
}

impl From<Refusal> for RecordedPort {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Errno(Errno(errno)) => RecordedPort::Errno(errno),
            Refusal::KernReturn(KernReturn(code)) => RecordedPort::KernReturn(code),
        }
    }
}

/// The answers for each kind of port to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedPorts {
    /// `task_for_pid`.
    pub control: RecordedPort,
    /// `task_read_for_pid`.
    pub read: RecordedPort,
    /// `task_inspect_for_pid`.
    pub inspect: RecordedPort,
    /// `task_name_for_pid`.
    pub name: RecordedPort,
}

impl RecordedPorts {
    /// The answer for this kind.
    #[must_use]
    pub fn get(&self, kind: PortKind) -> RecordedPort {
        match kind {
            PortKind::Control => self.control,
            PortKind::Read => self.read,
            PortKind::Inspect => self.inspect,
            PortKind::Name => self.name,
        }
    }

    /// Whether there was a port that shows the regions in submaps.
    #[must_use]
    pub fn show_leaves(&self) -> bool {
        [self.control, self.read].contains(&RecordedPort::Given)
    }
}

//! Errors named by what they mean to the one who asked.

use std::fmt;

use super::Pid;

/// `std::result::Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, as far as the reader of a pseudo-file is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// There is no such name, row or pid in the tree.
    NoSuchName,
    /// The process of this node has ended.
    NoSuchProcess,
    /// The pid of this node belongs to another process now.
    Replaced,
    /// The process of an open handle ended, or became another image, before the content was
    /// whole.
    Vanished,
    /// The one who asks may not see it.
    Denied,
    /// Someone tried to change something.
    ReadOnly,
    /// A directory was treated as a file.
    IsDirectory,
    /// A file was treated as a directory.
    NotDirectory,
    /// A file that is no link was read as one.
    NotLink,
    /// A handle that was never opened, or is closed.
    BadHandle,
    /// This process, or the whole system, has no memory or descriptors left.
    ResourceLimit,
    /// As many files are open as this user, or all users, may have open.
    HandleQuota,
    /// As much content is kept for open files as this user, or all users, may have kept.
    ContentQuota,
    /// The kernel did not answer in time, or too many calls about this process are stuck.
    TimedOut,
    /// The kernel did not answer as soon as it must where others wait for the answer, too; it may
    /// when it is asked again.
    Busy,
    /// The kernel failed in a way that none of the others describes.
    Failed,
}

/// The number the failing call gave, in the numbering of its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The failure is our own finding; no call reported a number.
    None,
    /// An `errno` value.
    Errno(i32),
    /// A Mach `kern_return_t`.
    KernReturn(i32),
}

/// A failure with the call that failed, its code, and whom it was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The meaning, from which the errno of the reply is derived.
    pub kind: ErrorKind,
    /// The call that failed, for example `openat(maps)`.
    pub call: &'static str,
    /// What the call returned.
    pub code: Code,
    /// The process the call was about, where there was one.
    pub pid: Option<Pid>,
    /// The address the call was about, where there was one.
    pub address: Option<u64>,
}

impl Error {
    /// An error of our own finding, with no code.
    #[must_use]
    pub fn new(kind: ErrorKind, call: &'static str) -> Self {
        Error { kind, call, code: Code::None, pid: None, address: None }
    }

    /// The same error with the code that the call gave.
    #[must_use]
    pub fn code(self, code: Code) -> Self {
        Error { code, ..self }
    }

    /// The same error about this process.
    #[must_use]
    pub fn pid(self, pid: Pid) -> Self {
        Error { pid: Some(pid), ..self }
    }

    /// The same error at this address.
    #[must_use]
    pub fn address(self, address: u64) -> Self {
        Error { address: Some(address), ..self }
    }

    /// The same error where a file is read that was opened before. It is of one process for good:
    /// where that is gone, or its pid is another's by now, no further look-up leads to a process to
    /// show (`proc_single_show` answers ESRCH for either).
    #[must_use]
    pub fn of_open_file(self) -> Self {
        match self.kind {
            ErrorKind::NoSuchProcess | ErrorKind::Replaced => self.meaning(ErrorKind::Vanished),
            _ => self,
        }
    }

    /// The same error with another meaning; the call and its code stay.
    #[must_use]
    pub fn meaning(self, kind: ErrorKind) -> Self {
        Error { kind, ..self }
    }
}

impl ErrorKind {
    /// The meaning in words, for a person.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            ErrorKind::NoSuchName => "no such file or process",
            ErrorKind::NoSuchProcess => "no such process",
            ErrorKind::Replaced => "the process ended and its pid belongs to another",
            ErrorKind::Vanished => "the process ended or became another program meanwhile",
            ErrorKind::Denied => "permission denied",
            ErrorKind::ReadOnly => "the file system is read-only",
            ErrorKind::IsDirectory => "is a directory",
            ErrorKind::NotDirectory => "not a directory",
            ErrorKind::NotLink => "not a symbolic link",
            ErrorKind::BadHandle => "no such open file",
            ErrorKind::ResourceLimit => "out of memory or file descriptors",
            ErrorKind::HandleQuota => "too many open files",
            ErrorKind::ContentQuota => "too much content of open files",
            ErrorKind::TimedOut => "the kernel does not answer for this process",
            ErrorKind::Busy => "the kernel is slow to answer for this process; try again",
            ErrorKind::Failed => "the kernel failed unexpectedly",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.kind.words(), self.call)?;
        match self.code {
            Code::None => {}
            Code::Errno(errno) => write!(f, ": errno {errno}")?,
            Code::KernReturn(code) => write!(f, ": kern_return_t {code:#x}")?,
        }
        if let Some(pid) = self.pid {
            write!(f, ", pid {pid}")?;
        }
        if let Some(address) = self.address {
            write!(f, ", address {address:#x}")?;
        }
        f.write_str(")")
    }
}

impl std::error::Error for Error {}

/// The text of a system's error for a person: on one line, and without the number that `std`
/// appends (`(os error 2)`), also where another crate has made text of it.
#[must_use]
pub fn error_words(error: &dyn fmt::Display) -> String {
    without_number(&error.to_string().trim().replace('\n', " ")).to_owned()
}

/// A text without the number of a system's error at its end.
#[must_use]
pub fn without_number(text: &str) -> &str {
    let number = text.strip_suffix(')').and_then(|text| text.rsplit_once(" (os error "));
    match number {
        Some((words, number)) if number.parse::<i32>().is_ok() => words,
        _ => text,
    }
}

/// Whether a character can be shown on one line of a terminal: it is no control character, and does
/// not turn the direction of writing.
#[must_use]
pub fn is_visible(character: char) -> bool {
    let turns = matches!(
        character,
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    !character.is_control() && !turns
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn errors_of_the_system_have_words_and_no_numbers() {
        let text = |errno| error_words(&io::Error::from_raw_os_error(errno));
        assert_eq!(text(2), "No such file or directory");
        assert_eq!(text(13), "Permission denied");
        assert_eq!(error_words(&"capset failure: x (os error 1)"), "capset failure: x");
        assert_eq!(error_words(&"a\nb (os error x)\n"), "a b (os error x)");
    }
}

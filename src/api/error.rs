//! Errors of the library.

use std::{fmt, io};

use crate::model::{self, Code, Pid};

/// Why the system did not answer.
///
/// Its text is one line with the call that failed, the process and the address. The code that the
/// system gave is the [`source`](std::error::Error::source).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    error: model::Error,
    code: Option<SystemCode>,
}

/// What an [`Error`] means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No process has this pid.
    NoSuchProcess,
    /// The process ended or executed another program before all of its map was read. What was read
    /// until then is a part of the map.
    Vanished,
    /// The system does not let this program see the process.
    PermissionDenied,
    /// This program or the system has no memory or file descriptors left.
    ResourceLimit,
    /// Any other failure, such as a missing `/proc` on Linux. The text of the error names it.
    Failed,
}

/// What a call returned, in the numbers of its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SystemCode {
    Errno(i32),
    KernReturn(i32),
}

impl Error {
    pub(super) fn new(error: model::Error) -> Self {
        let code = match error.code {
            Code::None => None,
            Code::Errno(errno) => Some(SystemCode::Errno(errno)),
            Code::KernReturn(code) => Some(SystemCode::KernReturn(code)),
        };
        Error { error, code }
    }

    /// What it means.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self.error.kind {
            model::ErrorKind::NoSuchProcess => ErrorKind::NoSuchProcess,
            model::ErrorKind::Replaced | model::ErrorKind::Vanished => ErrorKind::Vanished,
            model::ErrorKind::Denied => ErrorKind::PermissionDenied,
            model::ErrorKind::ResourceLimit => ErrorKind::ResourceLimit,
            _ => ErrorKind::Failed,
        }
    }

    /// The `errno` value that the system gave. `None` for a code of Mach's (`kern_return_t`), and
    /// where no call failed.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        match self.code {
            Some(SystemCode::Errno(errno)) => Some(errno),
            Some(SystemCode::KernReturn(_)) | None => None,
        }
    }

    /// The process that the call was about.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        self.error.pid
    }

    /// The address that the call was about.
    #[must_use]
    pub fn address(&self) -> Option<u64> {
        self.error.address
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.code.as_ref().map(|code| code as _)
    }
}

/// The [`Error`] is inside, for [`io::Error::get_ref`] and [`io::Error::downcast`]. Its kind is
/// `NotFound` for [`ErrorKind::NoSuchProcess`], `UnexpectedEof` for [`ErrorKind::Vanished`],
/// `PermissionDenied` for [`ErrorKind::PermissionDenied`], else the kind of the `errno` value.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::NoSuchProcess => io::ErrorKind::NotFound,
            ErrorKind::Vanished => io::ErrorKind::UnexpectedEof,
            ErrorKind::PermissionDenied => io::ErrorKind::PermissionDenied,
            ErrorKind::ResourceLimit | ErrorKind::Failed => {
                let errno = error.raw_os_error().map(io::Error::from_raw_os_error);
                errno.map_or(io::ErrorKind::Other, |errno| errno.kind())
            }
        };
        io::Error::new(kind, error)
    }
}

impl fmt::Display for SystemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SystemCode::Errno(errno) => io::Error::from_raw_os_error(*errno).fmt(f),
            SystemCode::KernReturn(code) => write!(f, "kern_return_t {code:#x}"),
        }
    }
}

impl std::error::Error for SystemCode {}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn denied() -> Error {
        let error = model::Error::new(model::ErrorKind::Denied, "open(maps)");
        Error::new(error.code(Code::Errno(13)).pid(Pid::this()))
    }

    #[test]
    fn the_code_of_the_system_is_the_source() {
        let error = denied();
        assert_eq!((error.raw_os_error(), error.pid()), (Some(13), Some(Pid::this())));
        assert_eq!(error.source().unwrap().to_string(), "Permission denied (os error 13)");
        let mach = model::Error::new(model::ErrorKind::Failed, "task_info").address(0x1000);
        let mach = Error::new(mach.code(Code::KernReturn(5)));
        assert_eq!((mach.raw_os_error(), mach.address()), (None, Some(0x1000)));
        assert_eq!(mach.source().unwrap().to_string(), "kern_return_t 0x5");
        let own = Error::new(model::Error::new(model::ErrorKind::Failed, "/proc is no procfs"));
        assert!(own.source().is_none() && own.raw_os_error().is_none());
        assert!(own.to_string().contains("/proc is no procfs"));
    }

    #[test]
    fn an_error_of_io_keeps_it() {
        let of = |kind, code| {
            io::Error::from(Error::new(model::Error::new(kind, "call").code(code))).kind()
        };
        use model::ErrorKind as Kind;
        assert_eq!(of(Kind::NoSuchProcess, Code::Errno(3)), io::ErrorKind::NotFound);
        assert_eq!(of(Kind::Vanished, Code::None), io::ErrorKind::UnexpectedEof);
        assert_eq!(of(Kind::ResourceLimit, Code::Errno(12)), io::ErrorKind::OutOfMemory);
        assert_eq!(of(Kind::Failed, Code::KernReturn(1)), io::ErrorKind::Other);
        let error = io::Error::from(denied());
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(error.downcast::<Error>().unwrap(), denied());
    }
}

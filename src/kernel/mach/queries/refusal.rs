//! Why the kernel gives no port to a process's task. The call has one code for all reasons. The
//! code signature has what Apple's policy checks (`csops`, which answers about any process to any
//! user).

use std::sync::Arc;

use super::super::target::number;
use super::read_port;
use crate::kernel::xnu::{CodeSigning, Typed, XnuCalls};
use crate::model::{Error, ErrorKind, Pid, PortRefusal, Result, Signing};

/// `None` if the kernel gives a port.
pub(in super::super) fn port_refusal<C: XnuCalls>(
    calls: &Arc<C>,
    pid: Pid,
) -> Result<Option<PortRefusal>> {
    match read_port(calls, pid) {
        Ok(_) => Ok(None),
        Err(error) if error.kind == ErrorKind::Denied => Ok(Some(explained(calls, pid, error))),
        Err(error) => Err(error),
    }
}

/// This refusal, with the facts of the code signature.
pub(in super::super) fn explained<C: XnuCalls>(
    calls: &Arc<C>,
    pid: Pid,
    error: Error,
) -> PortRefusal {
    // For pid 0 the kernel would return this program's own.
    let signing = (pid.number() != 0).then(|| calls.signing(number(pid)).ok()).flatten();
    PortRefusal { error, signing: signing.map(signing_of) }
}

fn signing_of(CodeSigning { flags }: CodeSigning) -> Signing {
    let has = |flag| flags & flag != 0;
    Signing {
        is_platform: has(CodeSigning::PLATFORM_BINARY),
        is_hardened: has(CodeSigning::RUNTIME),
        is_restricted: has(CodeSigning::RESTRICT),
        allows_debuggers: has(CodeSigning::GET_TASK_ALLOW),
    }
}

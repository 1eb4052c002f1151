//! `PID/fds`: a line for each open file.

use super::super::escaped;
use super::super::line::put;
use crate::model::{Descriptor, DescriptorKind};

/// The number, the type, and the open object: a path, the name of shared memory or of a semaphore,
/// or the ends of a socket.
pub fn descriptors(open: &[Descriptor], out: &mut Vec<u8>) {
    for descriptor in open {
        let (word, shown): (_, &[u8]) = match descriptor.kind {
            DescriptorKind::Vnode => ("vnode", &descriptor.target),
            DescriptorKind::Socket => ("socket", &descriptor.detail),
            DescriptorKind::Pipe => ("pipe", b""),
            DescriptorKind::SharedMemory => ("POSIX shm", &descriptor.target),
            DescriptorKind::Semaphore => ("POSIX sem", &descriptor.target),
            DescriptorKind::Kqueue => ("kqueue", b""),
            DescriptorKind::FsEvents => ("fsevents", b""),
            DescriptorKind::Other => ("unknown descriptor type", b"(unknown descriptor type)"),
        };
        put(out, format_args!("{:<4}    {word:<10} ", descriptor.number));
        escaped(shown, out);
        out.push(b'\n');
    }
}

//! The Mach ports of a task. The original needs a task port for them: they are for those only who may
//! see the process's memory.

use super::super::kind::Entries;
use super::{RowSpec, directory, port};
use crate::format::line::line_or_dash;
use crate::format::macfuse;

pub(super) const ROWS: &[RowSpec] = &[
    directory("PID/task/ports", "names of Mach ports, hexadecimal").memory().darwin(),
    directory("PID/task/ports/NAME", "one name").memory().darwin().each(Entries::Ports),
    port(
        "PID/task/ports/NAME/msgcount",
        |port, out| line_or_dash(out, port.queue.map(|it| it.messages)),
        "messages in its queue, where the task receives there",
    ),
    port(
        "PID/task/ports/NAME/qlimit",
        |port, out| line_or_dash(out, port.queue.map(|it| it.limit)),
        "how many there may be",
    ),
    port(
        "PID/task/ports/NAME/seqno",
        |port, out| line_or_dash(out, port.queue.map(|it| it.sequence)),
        "number of the next message",
    ),
    port(
        "PID/task/ports/NAME/sorights",
        |port, out| line_or_dash(out, port.queue.map(|it| it.send_once_rights)),
        "send-once rights to it",
    ),
    port("PID/task/ports/NAME/task_rights", macfuse::rights, "what the task may do with it"),
];

//! `PID/task/ports/NAME/…`.

use super::super::line::line_or_dash;
use crate::model::Port;

/// `msgcount`: messages in the port's queue; a dash where the task does not receive there.
pub fn messages(port: &Port, out: &mut Vec<u8>) {
    line_or_dash(out, port.queue.map(|queue| queue.messages));
}

/// `qlimit`: the most messages that the queue may have.
pub fn queue_limit(port: &Port, out: &mut Vec<u8>) {
    line_or_dash(out, port.queue.map(|queue| queue.limit));
}

/// `seqno`: the sequence number of the next message.
pub fn sequence(port: &Port, out: &mut Vec<u8>) {
    line_or_dash(out, port.queue.map(|queue| queue.sequence));
}

/// `sorights`: the number of send-once rights to the port.
pub fn send_once_rights(port: &Port, out: &mut Vec<u8>) {
    line_or_dash(out, port.queue.map(|queue| queue.send_once_rights));
}

/// `task_rights`: the task's rights to the port, a space after each word.
pub fn rights(port: &Port, out: &mut Vec<u8>) {
    for (bit, word) in RIGHTS {
        if port.rights & bit != 0 {
            out.extend_from_slice(word);
            out.push(b' ');
        }
    }
    out.push(b'\n');
}

/// `MACH_PORT_TYPE_*` of `osfmk/mach/port.h`.
const RIGHTS: [(u32, &[u8]); 6] = [
    (1 << 16, b"SEND"),
    (1 << 17, b"RECEIVE"),
    (1 << 18, b"SEND_ONCE"),
    (1 << 19, b"PORT_SET"),
    (1 << 20, b"DEAD_NAME"),
    (1 << 31, b"DNREQUEST"),
];

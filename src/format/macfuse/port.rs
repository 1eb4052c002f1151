//! `PID/task/ports/NAME/task_rights`.

use crate::model::Port;

/// `task_rights`: what the task may do with it, each word with a space behind it.
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

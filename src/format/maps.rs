//! `PID/maps`, in Linux's grammar to the byte (`fs/proc/task_mmu.c`, `show_map_vma`).

use super::{Columns, escaped};
use crate::model::{BackingKind, Region, Sharing};

/// Two addresses, protection, offset, device, inode at their widest, and the digits' room.
const WIDTH: usize = 17 + 17 + 5 + 17 + 9 + 9 + 21 + 16;

/// The column at which names start; where the columns before reach further, one space follows
/// them (`seq_setwidth` and `seq_pad`).
const NAME_COLUMN: usize = 73;

/// One line: `start-end perms offset major:minor inode`, spaces, name.
pub fn maps(region: &Region, out: &mut Vec<u8>) {
    let from = out.len();
    let backing = &region.backing;
    let mut columns = Columns::new(out, WIDTH);
    columns.hex(region.start, 8);
    columns.bytes(b"-");
    columns.hex(region.end, 8);
    columns.skip(1);
    columns.bytes(&region.protection.letters());
    columns.bytes(match region.sharing {
        Sharing::Shared => b"s ",
        Sharing::Private => b"p ",
    });
    // The offset of anything but a file is an artefact of the kernel's own objects.
    columns.hex(if backing.kind == BackingKind::File { region.offset } else { 0 }, 8);
    columns.skip(1);
    columns.hex(u64::from(backing.device.major), 2);
    columns.bytes(b":");
    columns.hex(u64::from(backing.device.minor), 2);
    columns.skip(1);
    columns.decimal(backing.inode, 1);
    columns.skip(1);
    let end = columns.at;
    let has_name = !backing.name.is_empty() || backing.is_deleted();
    if has_name {
        out.truncate(from + NAME_COLUMN.max(end + 1));
        escaped(&backing.name, out);
        if backing.is_deleted() {
            out.extend_from_slice(b" (deleted)");
        }
    } else {
        out.truncate(from + end);
    }
    out.push(b'\n');
}

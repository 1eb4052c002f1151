//! `PID/maps`, in Linux's grammar to the byte (`fs/proc/task_mmu.c`, `show_map_vma`).

use super::{Columns, escaped};
use crate::model::{BackingKind, Device, Region, Sharing};

/// Bytes of the columns before a name, at their widest.
const WIDTH: usize = 17 + 17 + 5 + 17 + 9 + 9 + 21 + 1;

/// The column at which names start. Where the columns before it reach further, one space follows
/// them (`seq_setwidth` and `seq_pad`).
const NAME_COLUMN: usize = 73;

/// Appends one line: `start-end perms offset major:minor inode`, spaces, name.
pub fn maps(region: &Region, out: &mut Vec<u8>) {
    let from = out.len();
    let backing = &region.backing;
    let mut columns = Columns::new::<WIDTH>(out);
    columns.hex(region.start);
    columns.bytes(b"-");
    columns.hex(region.end);
    let [r, w, x] = region.protection.letters();
    let sharing = match region.sharing {
        Sharing::Shared => b's',
        Sharing::Private => b'p',
    };
    columns.bytes(&[b' ', r, w, x, sharing, b' ']);
    let is_file = backing.kind == BackingKind::File;
    if is_file || backing.inode != 0 || backing.device != Device::default() {
        // The offset of a region without a file is an artefact of the kernel's own objects.
        columns.hex(if is_file { region.offset } else { 0 });
        columns.skip(1);
        columns.short_hex(backing.device.major);
        columns.bytes(b":");
        columns.short_hex(backing.device.minor);
        columns.skip(1);
        columns.decimal(backing.inode, 1);
        columns.skip(1);
    } else {
        columns.bytes(b"00000000 00:00 0 ");
    }
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

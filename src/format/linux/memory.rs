//! `swaps`, `vmstat` and the UUIDs of `sys/kernel/random`.

use super::super::line::{in_octal, put};
use crate::model::{Paging, SwapFiles};

/// `swaps` (`mm/swapfile.c`, `swap_show`): the swap files together in one line, if there are any.
/// The priority is the one that Linux gives a file where none was asked for.
pub fn swaps(files: &SwapFiles, out: &mut Vec<u8>) {
    const WIDTH: usize = 40;
    out.extend_from_slice(b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    let SwapFiles { prefix, total, used } = files;
    if *total == 0 {
        return;
    }
    let start = out.len();
    in_octal(prefix, b" \t\n\\", out);
    // At least one space follows the name.
    let end = (start + WIDTH).max(out.len() + 1);
    out.resize(end, b' ');
    let [total, used] = [total / 1024, used / 1024];
    let tab = |size: u64| if size < 10_000_000 { "\t" } else { "" };
    put(out, format_args!("file\t\t{total}\t{}{used}\t{}-2\n", tab(total), tab(used)));
}

/// `vmstat` (`mm/vmstat.c`): the lines for which Darwin counts what Linux counts.
pub fn vmstat(paging: &Paging, out: &mut Vec<u8>) {
    let Paging { free, swapped_in, swapped_out, faults } = paging;
    put(out, format_args!("nr_free_pages {free}\npswpin {swapped_in}\n"));
    put(out, format_args!("pswpout {swapped_out}\npgfault {faults}\n"));
}

/// `sys/kernel/random/uuid` (`lib/uuid.c`, `generate_random_uuid`): a UUID of version 4 of random
/// bytes.
pub fn random_uuid(mut bytes: [u8; 16], out: &mut Vec<u8>) {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    for (place, byte) in bytes.into_iter().enumerate() {
        let dash = if matches!(place, 4 | 6 | 8 | 10) { "-" } else { "" };
        put(out, format_args!("{dash}{byte:02x}"));
    }
    out.push(b'\n');
}

//! Mach-O files of the model, as bytes.

use mach_procfs::kernel::mach::macho::MachO;

/// The header and load commands of a file with these segments, without sections.
#[must_use]
pub fn mach_header(file: &MachO) -> Vec<u8> {
    /// `struct segment_command_64`.
    const SIZE: u32 = 72;
    let count = u32::try_from(file.segments.len()).unwrap_or(u32::MAX);
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
    // `MH_MAGIC_64`, the CPU, any subtype, `MH_EXECUTE`, how many commands of how many bytes.
    let cpu_type = file.cpu_type.cast_unsigned();
    let length = count.saturating_mul(SIZE);
    let mut bytes: Vec<u8> = words(&[0xfeed_facf, cpu_type, 0, 2, count, length, 0, 0]);
    for segment in &file.segments {
        let header: Vec<u8> = words(&[0x19, SIZE]);
        bytes.extend(header);
        bytes.extend([0; 16]);
        for long in [segment.address, segment.size, segment.file_offset, segment.file_size] {
            bytes.extend(long.to_le_bytes());
        }
        let rest: Vec<u8> = words(&[7, segment.protection, 0, 0]);
        bytes.extend(rest);
    }
    bytes
}

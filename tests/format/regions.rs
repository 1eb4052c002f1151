//! The renderers: golden files, and lines that read back as the regions they were made from.

use crate::common;

use common::golden::assert_golden;
use common::regions::sheet;
use mach_procfs::format::{
    Renderer, maps, smaps, smaps_rollup, vmmap, vmmap_json, vmmap_r, vmmap_svg,
};
use mach_procfs::model::{
    Backing, BackingKind, Behavior, Device, Inheritance, PageCounts, Protection, Region, Sharing,
    UserTag,
};

fn rendered(renderer: Renderer, regions: &[Region]) -> Vec<u8> {
    let mut out = Vec::new();
    for region in regions {
        renderer(region, &mut out);
    }
    out
}

fn file(name: &[u8], links: Option<u32>) -> Backing {
    Backing {
        kind: BackingKind::File,
        name: name.to_vec(),
        device: Device { major: 0xfe, minor: 1 },
        inode: 1_234_567,
        link_count: links,
    }
}

fn pseudo(name: &[u8]) -> Backing {
    Backing { kind: BackingKind::Pseudo, name: name.to_vec(), ..Backing::default() }
}

/// Regions that have something of everything that a line can show.
fn regions() -> Vec<Region> {
    let read = Protection::READ;
    let all = Protection::from_bits(7);
    let base = |start: u64, size: u64| Region {
        start,
        end: start + size,
        protection: read,
        max_protection: all,
        ..Region::default()
    };
    let long = [b"/".as_slice(), &[b'n'; 4094]].concat();
    vec![
        Region { backing: file(b"/bin/low", None), offset: 0x1000, ..base(0x1000, 0x1000) },
        Region { backing: file(b"/with space", Some(1)), ..base(0x10_0000, 0x3000) },
        Region { backing: file(b"/with\ttab", None), ..base(0x20_0000, 0x1000) },
        Region { backing: file(b"/new\nline\n", None), ..base(0x30_0000, 0x1000) },
        Region { backing: file(b"/gone", Some(0)), ..base(0x40_0000, 0x1000) },
        Region { backing: file(b"/named (deleted)", None), ..base(0x50_0000, 0x1000) },
        Region { backing: file(b"/\xff\xfe", None), ..base(0x60_0000, 0x1000) },
        Region { backing: file(b"", None), ..base(0x70_0000, 0x1000) },
        Region { backing: file(b"", Some(0)), ..base(0x80_0000, 0x1000) },
        Region { backing: file(&long, None), ..base(0x90_0000, 0x1000) },
        Region {
            backing: Backing {
                device: Device { major: u32::MAX, minor: u32::MAX },
                inode: u64::MAX,
                ..file(b"/far", None)
            },
            offset: u64::MAX - 0xfff,
            ..base(0xffff_ffff_f000_0000, 0x1000)
        },
        Region { backing: pseudo(b"[heap]"), user_tag: UserTag(1), ..base(0x1_0000_0000, 0x4000) },
        Region {
            backing: pseudo(b"[anon:my thing]"),
            offset: 0x7000,
            ..base(0x2_0000_0000, 0x4000)
        },
        Region {
            sharing: Sharing::Shared,
            shared: true,
            inheritance: Inheritance::SHARE,
            behavior: Behavior(3),
            user_wired_count: u16::MAX,
            ..base(0x3_0000_0000, 0x60_0000_0000)
        },
        Region {
            submap: true,
            user_tag: UserTag::SHARED_PMAP,
            inheritance: Inheritance::NONE,
            behavior: Behavior::SEQUENTIAL,
            backing: pseudo(b"[dyld_shared_cache]"),
            ..base(0x7ff8_0000_0000, 0x7_fe00_0000)
        },
        Region {
            user_tag: UserTag(42),
            inheritance: Inheritance::DONATE_COPY,
            behavior: Behavior(9),
            pages: PageCounts {
                resident: 1_234_567,
                swapped_out: 89,
                dirtied: 7,
                page_size: 16_384,
                ..Default::default()
            },
            ..base(0x7fff_0000_0000, 0x4000)
        },
        Region {
            user_tag: UserTag(22),
            inheritance: Inheritance(77),
            ..base(0x7fff_8000_0000, 0x400)
        },
        Region {
            start: 0xffff_ffff_ff60_0000,
            end: u64::MAX,
            protection: Protection::EXECUTE,
            max_protection: Protection::EXECUTE,
            backing: pseudo(b"[vsyscall]"),
            ..Region::default()
        },
    ]
}

#[test]
fn golden_maps() {
    assert_golden("maps.txt", &rendered(maps, &regions()));
}

#[test]
fn golden_vmmap() {
    assert_golden("vmmap.txt", &rendered(vmmap, &regions()));
}

#[test]
fn golden_vmmap_r() {
    assert_golden("vmmap_r.txt", &rendered(vmmap_r, &regions()));
}

#[test]
fn golden_smaps() {
    assert_golden("smaps.txt", &rendered(smaps, &regions()));
    assert_golden("smaps_rollup.txt", &sheet(smaps_rollup, &regions()));
    assert_eq!(sheet(smaps_rollup, &[]), b"", "as for a zombie");
}

#[test]
fn golden_vmmap_json() {
    assert_golden("vmmap_json.txt", &sheet(vmmap_json, &regions()));
    assert_eq!(sheet(vmmap_json, &[]), b"[]\n");
}

#[test]
fn golden_vmmap_svg() {
    assert_golden("vmmap_svg.txt", &sheet(vmmap_svg, &regions()));
    assert_golden("vmmap_svg_empty.txt", &sheet(vmmap_svg, &[]));
}

#[test]
fn names_start_at_column_73_or_one_space_behind_the_columns() {
    let text = rendered(maps, &regions());
    for line in text.split(|byte| *byte == b'\n').filter(|line| line.contains(&b'/')) {
        let name = line.iter().position(|byte| *byte == b'/').unwrap();
        let columns = line[..name].trim_ascii_end().len() + 1;
        assert_eq!(name, 73.max(columns + 1), "{}", line.escape_ascii());
    }
    let bare = rendered(maps, &[Region { start: 0, end: 0x1000, ..Region::default() }]);
    assert_eq!(bare, b"00000000-00001000 ---p 00000000 00:00 0 \n");
}

#[cfg(target_os = "linux")]
mod read_back {
    use super::*;
    use crate::common::regions::parsed;
    use mach_procfs::kernel::Detail;
    use proptest::prelude::*;

    /// Any regions that Linux could have: ascending, with names that are no deleted file's.
    fn any_regions() -> impl Strategy<Value = Vec<Region>> {
        let name = prop_oneof![
            Just(Vec::new()),
            proptest::collection::vec(any::<u8>(), 0..200).prop_map(|tail| [
                b"/".as_slice(),
                &tail
            ]
            .concat()),
        ];
        let one = (
            1u64..1 << 40,
            1u64..1 << 40,
            0u32..8,
            any::<bool>(),
            any::<u64>(),
            name,
            any::<(u32, u32, u64)>(),
            any::<bool>(),
        );
        proptest::collection::vec(one, 0..40).prop_map(|parts| {
            let mut at = 0;
            parts
                .into_iter()
                .map(|(gap, size, bits, shared, offset, name, (major, minor, inode), gone)| {
                    let start = at + gap;
                    at = start + size;
                    let is_file = name.first() == Some(&b'/');
                    let protection = Protection::from_bits(bits);
                    let readable = !name.ends_with(b" (deleted)")
                        && memchr::memmem::find(&name, b"\\012").is_none();
                    let name = if readable { name } else { b"/plain".to_vec() };
                    Region {
                        start,
                        end: at,
                        protection,
                        max_protection: protection,
                        sharing: if shared { Sharing::Shared } else { Sharing::Private },
                        offset: if is_file { offset } else { 0 },
                        backing: if is_file {
                            Backing {
                                kind: BackingKind::File,
                                name,
                                device: Device { major, minor },
                                inode,
                                link_count: gone.then_some(0),
                            }
                        } else {
                            Backing::default()
                        },
                        ..Region::default()
                    }
                })
                .collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_region_list_reads_back(regions in any_regions()) {
            prop_assert_eq!(parsed("maps", &rendered(maps, &regions), Detail::Map), regions);
        }
    }

    #[test]
    fn what_is_not_canonical_comes_out_canonical() {
        let regions = parsed(
            "maps",
            b"AB000-00AC000 r-xp 0 FE:01 9 /x\n7F0000000000-7F0000001000 rw-p 00 0:0 0 [heap]",
            Detail::Map,
        );
        assert_golden("canonical.txt", &rendered(maps, &regions));
    }
}

//! `smaps`, JSON and the picture, of regions such as no kernel has: what others make of the text.

use crate::common;

use common::regions::sheet;
use mach_procfs::format::{smaps, smaps_rollup, vmmap_json, vmmap_svg};
use mach_procfs::model::{
    Backing, BackingKind, Behavior, Device, Inheritance, PageCounts, Pid, Process, Protection,
    Region, ShareMode, Sharing, UserTag,
};
use proptest::prelude::*;
use serde_json::Value;

fn any_name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        Just(b"[heap]".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..300),
        any::<String>().prop_map(String::into_bytes),
        any::<String>().prop_map(|text| format!("/{text}").into_bytes()),
    ]
}

fn any_backing() -> impl Strategy<Value = Backing> {
    let kind = prop_oneof![
        Just(BackingKind::Anonymous),
        Just(BackingKind::File),
        Just(BackingKind::Pseudo)
    ];
    (kind, any_name(), any::<(u32, u32, u64)>(), any::<Option<u32>>()).prop_map(
        |(kind, name, (major, minor, inode), link_count)| Backing {
            kind,
            name,
            device: Device { major, minor },
            inode,
            link_count,
        },
    )
}

/// Numbers small and large, and the largest.
fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), 0u64..100, any::<u32>().prop_map(u64::from), Just(u64::MAX)]
}

/// Any value in every field: ends before starts too.
fn any_region() -> impl Strategy<Value = Region> {
    let counts = proptest::array::uniform5(any_number());
    let page_size = prop_oneof![Just(0), Just(4096), Just(16_384), any_number()];
    let small = any::<(u32, u32, bool, bool, bool, u8)>();
    let numbers = (any_number(), any_number(), any_number(), any_number());
    let attributes = (any::<u32>(), any::<u32>(), any::<u32>(), any::<u16>(), any::<u32>());
    (numbers, small, attributes, counts, page_size, any_backing()).prop_map(
        |(
            (start, end, offset, object_id),
            (protection, max_protection, is_shared, shared, submap, share_mode),
            (inheritance, user_tag, behavior, user_wired_count, depth),
            [resident, swapped_out, dirtied, shared_now_private, reusable],
            page_size,
            backing,
        )| Region {
            start,
            end,
            protection: Protection::from_bits(protection),
            max_protection: Protection::from_bits(max_protection),
            sharing: if is_shared { Sharing::Shared } else { Sharing::Private },
            inheritance: Inheritance(inheritance % 6),
            share_mode: ShareMode(share_mode % 12),
            shared,
            user_tag: UserTag(user_tag % 300),
            behavior: Behavior(behavior),
            user_wired_count,
            submap,
            depth,
            offset,
            object_id,
            pages: PageCounts {
                resident,
                swapped_out,
                dirtied,
                shared_now_private,
                reusable,
                page_size,
            },
            backing,
        },
    )
}

/// Every number at its widest.
fn widest() -> Region {
    let most = u64::MAX;
    Region {
        start: most,
        end: most,
        protection: Protection::from_bits(7),
        max_protection: Protection::from_bits(7),
        inheritance: Inheritance(u32::MAX),
        share_mode: ShareMode(u8::MAX),
        // The longest word of all.
        user_tag: UserTag(64),
        behavior: Behavior(u32::MAX),
        user_wired_count: u16::MAX,
        depth: u32::MAX,
        offset: most,
        object_id: most,
        pages: PageCounts {
            resident: most,
            swapped_out: most,
            dirtied: most,
            shared_now_private: most,
            reusable: most,
            page_size: most,
        },
        backing: Backing {
            kind: BackingKind::Anonymous,
            name: b"\xff\"\\\0".to_vec(),
            device: Device { major: u32::MAX, minor: u32::MAX },
            inode: most,
            link_count: Some(u32::MAX),
        },
        ..Region::default()
    }
}

fn address(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().strip_prefix("0x").unwrap(), 16).unwrap()
}

fn name_of(backing: &Value) -> Vec<u8> {
    match backing.get("name_bytes") {
        Some(bytes) => {
            let digits = bytes.as_str().unwrap().as_bytes();
            let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
            pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
        }
        None => backing["name"].as_str().unwrap().as_bytes().to_vec(),
    }
}

fn assert_same(object: &Value, region: &Region) {
    assert_eq!(address(&object["start"]), region.start);
    assert_eq!(address(&object["end"]), region.end);
    assert_eq!(object["size"], region.size());
    assert_eq!(address(&object["offset"]), region.offset);
    assert_eq!(address(&object["object_id"]), region.object_id);
    assert_eq!(object["protection"].as_str().unwrap().as_bytes(), region.protection.letters());
    assert_eq!(object["user_tag"], region.user_tag.0);
    assert_eq!(object["user_tag_name"].as_str(), region.user_tag.name());
    assert_eq!(object["user_wired_count"], region.user_wired_count);
    assert_eq!(
        (&object["shared"], &object["submap"]),
        (&region.shared.into(), &region.submap.into())
    );
    assert_eq!(object["pages"]["resident"], region.pages.resident);
    assert_eq!(object["pages"]["page_size"], region.pages.page_size);
    let backing = &object["backing"];
    assert_eq!(name_of(backing), region.backing.name);
    let lossy = String::from_utf8_lossy(&region.backing.name);
    assert_eq!(backing["name"], *lossy);
    assert_eq!(backing["inode"], region.backing.inode);
    assert_eq!(backing["link_count"].as_u64(), region.backing.link_count.map(u64::from));
}

/// The picture, read as XML: the labels of its rows, with where they stand.
fn rows(svg: &[u8]) -> Vec<(u32, String)> {
    let text = std::str::from_utf8(svg).unwrap();
    let document = roxmltree::Document::parse(text).unwrap();
    let of_rows = document.descendants().filter(|node| node.has_tag_name("g"));
    of_rows
        .map(|row| {
            let label = row.children().find(|it| it.has_tag_name("text")).unwrap();
            let y = label.attribute("y").unwrap().parse().unwrap();
            (y, label.text().unwrap_or_default().to_owned())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn json_holds_what_the_regions_hold(regions in proptest::collection::vec(any_region(), 0..8)) {
        let value: Value = serde_json::from_slice(&sheet(vmmap_json, &regions)).unwrap();
        let objects = value.as_array().unwrap();
        prop_assert_eq!(objects.len(), regions.len());
        for (object, region) in objects.iter().zip(&regions) {
            assert_same(object, region);
        }
    }

    #[test]
    fn any_picture_is_well_formed(regions in proptest::collection::vec(any_region(), 0..40)) {
        let rows = rows(&sheet(vmmap_svg, &regions));
        prop_assert_eq!(rows.len(), regions.len());
        for pair in rows.windows(2) {
            prop_assert!(pair[1].0 >= pair[0].0 + 14, "labels do not overlap: {:?}", pair);
        }
    }

    #[test]
    fn smaps_is_text_of_any_region(region in any_region()) {
        let mut text = Vec::new();
        smaps(&region, &mut text);
        let lines = text.split(|byte| *byte == b'\n').count();
        prop_assert_eq!(lines, 26);
        sheet(smaps_rollup, &[region.clone(), region]);
    }
}

#[test]
fn numbers_at_their_widest_have_room() {
    let value: Value = serde_json::from_slice(&sheet(vmmap_json, &[widest()])).unwrap();
    assert_same(&value[0], &widest());
    smaps(&widest(), &mut Vec::new());
    assert_eq!(rows(&sheet(vmmap_svg, &[widest()])).len(), 1);
}

/// Anonymous pages alternately readable and writable, and between them pages of files, five each.
fn many(count: u64) -> impl Iterator<Item = Region> {
    let named = |number: u64| Backing {
        kind: BackingKind::File,
        name: format!("/lib/{}", number / 5).into_bytes(),
        ..Backing::default()
    };
    (0..count).map(move |number| Region {
        start: 0x1_0000_0000 + number * 0x3000,
        end: 0x1_0000_1000 + number * 0x3000,
        protection: Protection::from_bits(1 + (number % 2) as u32 * 2),
        backing: if number % 1000 < 300 { named(number) } else { Backing::default() },
        ..Region::default()
    })
}

#[test]
fn a_picture_of_many_regions_is_no_larger_than_one_looks_at() {
    for count in [151, 1_000, 65_001, 300_000] {
        let mut sheet = vmmap_svg();
        let mut out = Vec::new();
        for region in many(count) {
            sheet.add(&region, &mut out);
            assert!(out.is_empty());
        }
        sheet.end(&mut out);
        assert!(out.len() < 300_000, "{}", out.len());
        let rows = rows(&out);
        assert!((50..=150).contains(&rows.len()), "{count} regions in {} rows", rows.len());
        assert!(rows.is_sorted_by(|a, b| a.0 + 14 <= b.0));
        assert!(rows.is_sorted_by(|a, b| (a.1.len(), &a.1) < (b.1.len(), &b.1)), "by address");
    }
}

#[test]
fn names_of_the_longest_kind_are_shortened_in_the_picture() {
    let name = ["/begin".as_bytes(), &[b'\xf0'; 100_000], b"/end"].concat();
    let backing = Backing { kind: BackingKind::File, name, ..Backing::default() };
    let region = Region { end: 0x1000, backing, ..Region::default() };
    let text = String::from_utf8(sheet(vmmap_svg, &[region])).unwrap();
    assert!(text.len() < 10_000 && text.contains("/begin\u{fffd}") && text.contains("/end</text>"));
}

/// The boxes of the first row: class and width of each.
fn boxes(svg: &[u8]) -> Vec<(String, u32)> {
    let text = std::str::from_utf8(svg).unwrap();
    let document = roxmltree::Document::parse(text).unwrap();
    let row = document.descendants().find(|node| node.has_tag_name("g")).unwrap();
    let boxes = row.children().filter(|it| it.has_tag_name("rect")).skip(1);
    let of = |it: roxmltree::Node<'_, '_>| {
        let width = it.attribute("width").unwrap().parse().unwrap();
        (it.attribute("class").unwrap().to_owned(), width)
    };
    boxes.map(of).collect()
}

#[test]
fn what_the_kernel_does_not_count_is_hatched_and_neither_full_nor_empty() {
    let pages = PageCounts { page_size: 4096, resident: 1, ..PageCounts::default() };
    let counted = Region { end: 0x4000, pages, ..Region::default() };
    let named = |name: &[u8]| Backing {
        kind: BackingKind::Pseudo,
        name: name.to_vec(),
        ..Backing::default()
    };
    let cache = named(Backing::SHARED_CACHE);
    let commpage = named(Backing::COMMPAGE);
    let kind = |class: &str| (class.to_owned(), 5);
    let full = |class: &str| (class.to_owned(), 220);
    let one = |region: &Region| boxes(&sheet(vmmap_svg, std::slice::from_ref(region)));
    assert_eq!(one(&counted), [kind("k5"), full("c0 t"), ("c0".to_owned(), 55)]);
    let hatched = |class: &str| [kind(class), full("c0 t"), full("u")];
    let unknown = Region { pages: PageCounts::default(), ..counted.clone() };
    assert_eq!(one(&unknown), hatched("k5"));
    let no_pages = PageCounts { page_size: 4096, ..PageCounts::default() };
    let submap = Region { submap: true, pages: no_pages, ..counted.clone() };
    assert_eq!(one(&Region { backing: cache.clone(), ..submap.clone() }), hatched("k3"));
    assert_eq!(one(&Region { backing: commpage, ..submap.clone() }), hatched("k6"));
    let device =
        Region { share_mode: ShareMode::EMPTY, object_id: 7, pages: no_pages, ..counted.clone() };
    assert_eq!(one(&device), hatched("k5"));
    // Written pieces of the cache are counted.
    let written = Region { backing: cache, ..counted.clone() };
    assert_eq!(one(&written)[..2], [kind("k3"), full("c0 t")]);

    let said = |regions: &[Region]| String::from_utf8(sheet(vmmap_svg, regions)).unwrap();
    let both = said(&[counted.clone(), Region { start: 0x4000, end: 0x6000, ..unknown.clone() }]);
    assert!(both.contains("What is filled is in memory. Hatched parts"), "{both}");
    assert!(both.contains("\n8 KiB, not counted by the kernel"), "{both}");
    assert!(!said(&[counted]).contains("Hatched"));
    assert!(!said(&[unknown]).contains("in memory"));
}

#[test]
fn the_picture_names_its_process() {
    let name = b"<two>\nwords".to_vec();
    let process = Process {
        pid: Pid::new(77).unwrap(),
        parent: 1,
        name,
        started: std::time::UNIX_EPOCH,
        credentials: Default::default(),
    };
    let mut sheet = vmmap_svg();
    sheet.about(&mut || Ok(process.clone())).unwrap();
    let mut out = Vec::new();
    sheet.end(&mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains(">Address space of &lt;two&gt;\\012words (77)</text>"), "{text}");
    roxmltree::Document::parse(&text).unwrap();
    // A document that knows no process has no name in its heading.
    let text = String::from_utf8(self::sheet(vmmap_svg, &[])).unwrap();
    assert!(text.contains(">Address space</text>"));
}

#[cfg(target_os = "linux")]
mod read_by_others {
    use super::*;
    use crate::common::regions::parsed;
    use mach_procfs::kernel::Detail;
    use procfs::FromBufRead;
    use procfs::process::{MMapPath, MemoryMaps, SmapsRollup};

    /// What the crate can hold: UTF-8, device numbers of 31 bits, and amounts that it may multiply.
    fn readable_region() -> impl Strategy<Value = Region> {
        (any_region(), any::<[u16; 4]>(), any::<bool>()).prop_map(|(region, counts, is_file)| {
            let [resident, swapped_out, dirtied, shared_now_private] = counts.map(u64::from);
            Region {
                pages: PageCounts {
                    resident,
                    swapped_out,
                    dirtied,
                    shared_now_private,
                    reusable: 0,
                    page_size: 16_384,
                },
                backing: if is_file {
                    let name = b"/lib/x".to_vec();
                    let kind = BackingKind::File;
                    Backing { kind, name, inode: region.backing.inode, ..Backing::default() }
                } else {
                    Backing::default()
                },
                ..region
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn our_own_reader_reads_it(region in readable_region(), size in 1u64..1 << 40) {
            let start = region.start >> 1;
            let region = Region { start, end: start + size, ..region };
            let mut text = Vec::new();
            smaps(&region, &mut text);
            let read = parsed("smaps", &text, Detail::Counts);
            prop_assert_eq!(read.len(), 1);
            let read = &read[0];
            prop_assert_eq!((read.start, read.end), (region.start, region.end));
            prop_assert_eq!((read.protection, read.sharing), (region.protection, region.sharing));
            let max_protection = region.max_protection.union(region.protection);
            prop_assert_eq!(read.max_protection, max_protection);
            prop_assert_eq!(read.user_wired_count, region.user_wired_count.min(1));
            let is_none = |region: &Region| region.inheritance == Inheritance::NONE;
            prop_assert_eq!(is_none(read), is_none(&region));
            let bytes = |region: &Region, count| count * region.pages.page_size;
            let resident = bytes(&region, region.pages.resident);
            prop_assert_eq!(bytes(read, read.pages.resident), resident);
            let swapped_out = bytes(&region, region.pages.swapped_out);
            prop_assert_eq!(bytes(read, read.pages.swapped_out), swapped_out);
        }

        #[test]
        fn the_procfs_crate_reads_it(regions in proptest::collection::vec(readable_region(), 1..8)) {
            let mut text = Vec::new();
            for region in &regions {
                smaps(region, &mut text);
            }
            let maps = MemoryMaps::from_buf_read(text.as_slice()).unwrap();
            prop_assert_eq!(maps.len(), regions.len());
            let rollup = sheet(smaps_rollup, &regions);
            let rollup = SmapsRollup::from_buf_read(rollup.as_slice()).unwrap().memory_map_rollup;
            prop_assert_eq!(rollup.len(), 1);
            let sums = &rollup.0[0];
            prop_assert_eq!(&sums.pathname, &MMapPath::Rollup);
            for (key, sum) in &sums.extension.map {
                let amount = |map: &procfs::process::MemoryMap| map.extension.map.get(key).copied();
                if !key.starts_with("Pss_") {
                    let added: u64 = maps.iter().filter_map(amount).sum();
                    prop_assert_eq!(added, *sum, "{}", key);
                }
            }
            for (map, region) in maps.iter().zip(&regions) {
                let of = |key: &str| map.extension.map[key];
                prop_assert_eq!(map.address, (region.start, region.end));
                prop_assert_eq!(of("Rss"), region.pages.resident * 16_384);
                prop_assert_eq!(of("Swap"), region.pages.swapped_out * 16_384);
                let shares = of("Shared_Clean") + of("Shared_Dirty");
                prop_assert_eq!(of("Rss"), shares + of("Private_Clean") + of("Private_Dirty"));
                let dirty = region.pages.dirtied.min(region.pages.resident) * 16_384;
                prop_assert_eq!(of("Shared_Dirty") + of("Private_Dirty"), dirty);
                prop_assert!(of("Pss") <= of("Rss") && of("Anonymous") <= of("Rss"));
            }
            let part = |key: &str| sums.extension.map[key];
            prop_assert_eq!(part("Pss"), part("Pss_Anon") + part("Pss_File") + part("Pss_Shmem"));
        }
    }

    /// The keys and their order are those of the kernel at hand, but for what newer or older
    /// kernels and other processors have.
    #[test]
    fn its_keys_are_the_kernels() {
        let keys = |text: &[u8]| -> Vec<String> {
            let lines = text.split(|byte| *byte == b'\n').skip(1);
            let keys = lines.map(|line| line.split(|byte| *byte == b':').next().unwrap());
            keys.take_while(|key| !key.is_empty() && key[0].is_ascii_uppercase())
                .map(|key| String::from_utf8(key.to_vec()).unwrap())
                .collect()
        };
        let mut ours = Vec::new();
        smaps(&Region::default(), &mut ours);
        let pairs = [
            (ours, "/proc/self/smaps"),
            (sheet(smaps_rollup, &[Region::default()]), "/proc/self/smaps_rollup"),
        ];
        for (ours, path) in pairs {
            let ours = keys(&ours);
            let mut kernels = keys(&std::fs::read(path).unwrap());
            kernels.retain(|key| ours.contains(key));
            let at_least = ["Rss", "Pss", "Private_Dirty", "Anonymous", "Swap", "Locked"];
            assert!(at_least.iter().all(|key| kernels.iter().any(|it| it == key)), "{path}");
            let known: Vec<&String> = ours.iter().filter(|key| kernels.contains(key)).collect();
            assert_eq!(known, kernels.iter().collect::<Vec<_>>(), "{path}");
        }
    }
}

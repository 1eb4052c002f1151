//! `PID/task/vmmap.json`: one array, an object for each region.
//!
//! Addresses, offsets and object ids are strings, since `jq` and JavaScript keep 53 bits of a
//! number. Scripts compare them and do not add them up. Sizes and counts are numbers.

use super::{Columns, Document, HEX};
use crate::model::{BackingKind, Region, Sharing};

/// Renders one array; an empty one for a process without regions.
#[must_use]
pub fn vmmap_json() -> Box<dyn Document> {
    Box::<Array>::default()
}

#[derive(Default)]
struct Array {
    begun: bool,
}

impl Document for Array {
    fn add(&mut self, region: &Region, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.begun { b",\n" } else { b"[\n" });
        self.begun = true;
        object(region, out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.begun { b"\n]\n" } else { b"[]\n" });
    }
}

/// Bytes of an object at its widest, without the name and the tag's word.
const WIDTH: usize = 1024;

fn object(region: &Region, out: &mut Vec<u8>) {
    let from = out.len();
    let backing = &region.backing;
    let pages = &region.pages;
    let mut json = Columns::new::<WIDTH>(out);
    json.bytes(b"{\"start\":\"0x");
    json.hex(region.start);
    json.bytes(b"\",\"end\":\"0x");
    json.hex(region.end);
    json.bytes(b"\",\"size\":");
    json.decimal(region.size(), 1);
    json.bytes(b",\"protection\":\"");
    json.bytes(&region.protection.letters());
    json.bytes(b"\",\"max_protection\":\"");
    json.bytes(&region.max_protection.letters());
    json.bytes(b"\",\"sharing\":");
    match region.sharing {
        Sharing::Private => json.bytes(b"\"private\""),
        Sharing::Shared => json.bytes(b"\"shared\""),
    }
    json.bytes(b",\"inheritance\":");
    word(&mut json, &INHERITANCES, region.inheritance.0);
    json.bytes(b",\"share_mode\":");
    word(&mut json, &SHARE_MODES, u32::from(region.share_mode.0));
    json.bytes(b",\"shared\":");
    boolean(&mut json, region.shared);
    json.bytes(b",\"user_tag\":");
    json.decimal(u64::from(region.user_tag.0), 1);
    json.bytes(b",\"user_tag_name\":");
    match region.user_tag.name() {
        Some(name) => quoted(&mut json, name),
        None => json.bytes(b"null"),
    }
    json.bytes(b",\"behavior\":");
    word(&mut json, &BEHAVIORS, region.behavior.0);
    number(&mut json, b",\"user_wired_count\":", u64::from(region.user_wired_count));
    json.bytes(b",\"submap\":");
    boolean(&mut json, region.submap);
    number(&mut json, b",\"depth\":", u64::from(region.depth));
    json.bytes(b",\"offset\":\"0x");
    json.hex(region.offset);
    json.bytes(b"\",\"object_id\":\"0x");
    json.hex(region.object_id);
    number(&mut json, b"\",\"pages\":{\"page_size\":", pages.page_size);
    number(&mut json, b",\"resident\":", pages.resident);
    number(&mut json, b",\"swapped_out\":", pages.swapped_out);
    number(&mut json, b",\"dirtied\":", pages.dirtied);
    number(&mut json, b",\"shared_now_private\":", pages.shared_now_private);
    number(&mut json, b",\"reusable\":", pages.reusable);
    json.bytes(b"},\"backing\":{\"kind\":");
    match backing.kind {
        BackingKind::Anonymous => json.bytes(b"\"anonymous\""),
        BackingKind::File => json.bytes(b"\"file\""),
        BackingKind::Pseudo => json.bytes(b"\"pseudo\""),
    }
    number(&mut json, b",\"device\":{\"major\":", u64::from(backing.device.major));
    number(&mut json, b",\"minor\":", u64::from(backing.device.minor));
    number(&mut json, b"},\"inode\":", backing.inode);
    match backing.link_count {
        Some(count) => number(&mut json, b",\"link_count\":", u64::from(count)),
        None => json.bytes(b",\"link_count\":null"),
    }
    json.bytes(b",\"deleted\":");
    boolean(&mut json, backing.is_deleted());
    json.bytes(b",\"name\":");
    let end = json.at;
    out.truncate(from + end);
    name(&backing.name, out);
    out.extend_from_slice(b"}}");
}

/// `VM_INHERIT_*` by number (`mach/vm_inherit.h`).
const INHERITANCES: [&str; 4] = ["share", "copy", "none", "donate_copy"];

/// `SM_*` by number (`mach/vm_region.h`); 0 is no share mode.
const SHARE_MODES: [&str; 9] = [
    "unknown",
    "cow",
    "private",
    "empty",
    "shared",
    "trueshared",
    "private_aliased",
    "shared_aliased",
    "large_page",
];

/// `VM_BEHAVIOR_*` by number (`mach/vm_behavior.h`).
const BEHAVIORS: [&str; 6] = ["default", "random", "sequential", "rseqntl", "willneed", "dontneed"];

/// Writes the word for a number, or the number's digits where there is none, as a string.
fn word(json: &mut Columns<'_>, words: &[&str], number: u32) {
    match words.get(number as usize) {
        Some(word) => quoted(json, word),
        None => {
            json.bytes(b"\"");
            json.decimal(u64::from(number), 1);
            json.bytes(b"\"");
        }
    }
}

/// Writes a word of ours, which needs no escapes.
fn quoted(json: &mut Columns<'_>, word: &str) {
    json.bytes(b"\"");
    json.right(word.as_bytes(), 0);
    json.bytes(b"\"");
}

fn number<const N: usize>(json: &mut Columns<'_>, key: &[u8; N], number: u64) {
    json.bytes(key);
    json.decimal(number, 1);
}

fn boolean(json: &mut Columns<'_>, value: bool) {
    json.right(if value { b"true" } else { b"false" }, 0);
}

/// Writes a name as a string. Bytes that are not UTF-8 become U+FFFD, and then all bytes of the
/// name follow as `name_bytes`, in hexadecimal.
fn name(name: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut whole = true;
    for chunk in name.utf8_chunks() {
        escaped(chunk.valid().as_bytes(), out);
        if !chunk.invalid().is_empty() {
            whole = false;
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
    if !whole {
        out.extend_from_slice(b",\"name_bytes\":\"");
        let digit = |nibble: u8| HEX[usize::from(nibble & 0xf)];
        out.extend(name.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]));
        out.push(b'"');
    }
}

/// Escapes quotation mark, backslash and control characters (RFC 8259, section 7).
fn escaped(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                let [high, low] = [byte >> 4, byte & 0xf].map(|it| HEX[usize::from(it)]);
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
            }
            _ => out.push(*byte),
        }
    }
}

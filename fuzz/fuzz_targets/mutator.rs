//! Changes a recording as JSON: flipped bytes seldom leave one that is accepted.

use std::collections::HashSet;

use libfuzzer_sys::fuzzer_mutate;
use serde_json::{Value, json};

/// Numbers at whose edges something may happen; shifted, they make all powers of two.
const NUMBERS: [u64; 8] = [0, 1, 5, 1023, 1 << 14, 1 << 31, 1 << 63, u64::MAX];

/// The words of the format that are values.
const WORDS: [&str; 4] = ["given", "null", "other", ""];

/// `data`, of which `size` bytes are the input, changed; its new size.
pub(crate) fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random(u64::from(seed) << 1 | 1);
    if random.below(4) > 0
        && let Ok(mut value) = serde_json::from_slice::<Value>(&data[..size])
    {
        change(&mut value, &mut random);
        let text = value.to_string();
        if text.len() <= max_size {
            data[..text.len()].copy_from_slice(text.as_bytes());
            return text.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap_or(0)
    }

    fn number(&mut self, old: u64) -> u64 {
        match self.below(4) {
            0 => old.wrapping_add(1 << self.below(64)),
            1 => old.wrapping_sub(1 << self.below(64)),
            2 => NUMBERS[self.below(NUMBERS.len())] >> self.below(64),
            _ => self.next() >> self.below(64),
        }
    }
}

/// Changes one value. The way to it is drawn at each level, so that the few that stand for a
/// whole process are met as often as the many inside a region.
fn change(value: &mut Value, random: &mut Random) {
    match value {
        Value::Array(items) if !items.is_empty() && random.below(4) > 0 => {
            let at = random.below(items.len());
            change(&mut items[at], random);
        }
        Value::Object(fields) if !fields.is_empty() && random.below(16) > 0 => {
            let at = random.below(fields.len());
            if let Some(field) = fields.values_mut().nth(at) {
                change(field, random);
            }
        }
        Value::Array(items) => change_list(items, random),
        _ => change_here(value, random),
    }
}

fn change_list(items: &mut Vec<Value>, random: &mut Random) {
    if items.is_empty() {
        return;
    }
    let (from, to) = (random.below(items.len()), random.below(items.len()));
    match random.below(4) {
        0 => drop(items.remove(from)),
        1 => items.insert(to, items[from].clone()),
        2 => items.swap(from, to),
        _ => keep_ascending(items),
    }
}

/// Puts a list of regions or leaves in order, as the reader wants it: by their ends.
fn keep_ascending(items: &mut Vec<Value>) {
    let end = |item: &Value| {
        let region = item.get("region").unwrap_or(item);
        let field = |name: &str| Some(u128::from(hex(region.get(name)?)?));
        field("address").unwrap_or(0) + field("size").unwrap_or(0)
    };
    items.sort_by_key(end);
    let mut seen = HashSet::new();
    items.retain(|item| seen.insert(end(item)));
}

fn hex(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

fn change_here(value: &mut Value, random: &mut Random) {
    *value = match &*value {
        Value::Number(number) => {
            let new = random.number(number.as_u64().unwrap_or(0));
            if random.below(8) == 0 { json!(new.cast_signed()) } else { json!(new) }
        }
        Value::String(text) => match hex(value) {
            Some(number) => json!(format!("{:#x}", random.number(number))),
            None if WORDS.contains(&text.as_str()) => other_kind(random),
            None => bytes(text.as_bytes(), random),
        },
        _ => other_kind(random),
    };
}

/// What may stand in the place of an answer, a port or an end.
fn other_kind(random: &mut Random) -> Value {
    let number = random.below(64);
    match random.below(6) {
        0 => json!({ "errno": number }),
        1 => json!({ "kern_return": number }),
        2 => json!(number),
        3 => Value::Null,
        _ => json!(WORDS[random.below(WORDS.len())]),
    }
}

/// A path or name, changed as libFuzzer changes bytes.
fn bytes(text: &[u8], random: &mut Random) -> Value {
    let mut room = text.to_vec();
    room.resize(text.len() + 64, 0);
    let (size, most) = (text.len(), room.len());
    let size = fuzzer_mutate(&mut room, size, most);
    room.truncate(size);
    match String::from_utf8(room) {
        Ok(text) if random.below(8) > 0 => json!(text),
        Ok(text) => in_digits(text.as_bytes()),
        Err(error) => in_digits(error.as_bytes()),
    }
}

fn in_digits(bytes: &[u8]) -> Value {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "hex": digits })
}

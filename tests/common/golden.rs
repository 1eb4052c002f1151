//! Golden files: expected output kept in `tests/golden`. `UPDATE_GOLDEN=1` writes them anew.

use std::path::PathBuf;

/// Compares with the golden file of this name, byte for byte.
pub fn assert_golden(name: &str, actual: &[u8]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, actual).expect("the golden file can be written");
        return;
    }
    let expected = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; UPDATE_GOLDEN=1 makes it", path.display());
    });
    if expected == actual {
        return;
    }
    let lines = |bytes: &[u8]| -> Vec<String> {
        bytes
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| line.escape_ascii().to_string())
            .collect()
    };
    let (expected, actual) = (lines(&expected), lines(actual));
    for number in 0..expected.len().max(actual.len()) {
        let (old, new) = (expected.get(number), actual.get(number));
        if old != new {
            eprintln!("line {}:", number + 1);
            eprintln!("  expected {}", old.map_or("(end)", |line| line));
            eprintln!("  actual   {}", new.map_or("(end)", |line| line));
        }
    }
    panic!("{} differs; UPDATE_GOLDEN=1 accepts", path.display());
}

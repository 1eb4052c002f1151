//! The rows as the documents show them: two rows of one path, one for each system, are one file to a
//! reader.

use std::fmt::Write as _;

use super::kind::On;
use super::table::{ROWS, Row, RowId, files};

/// Every file and link once: its path, what it shows, and behind that the only system that has it.
pub fn documented() -> impl Iterator<Item = (&'static str, String)> {
    files()
        .filter(|row| is_first(row))
        .map(|row| (row.path, format!("{}{}", row.doc, only(on(row)))))
}

/// All files and links, a line each.
#[must_use]
pub fn as_markdown() -> String {
    let mut text = String::from("| file | mode | shows |\n|---|---|---|\n");
    for row in files().filter(|row| is_first(row)) {
        let on = only(on(row));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{}` | {:04o} | {}{on} |", row.path, row.mode(), row.doc);
    }
    text
}

/// The same with a line for each directory.
#[must_use]
pub fn as_short_markdown() -> String {
    let mut text = String::from("| in | of | there are |\n|---|---|---|\n");
    for directory in RowId::all().filter(|row| row.row().is_directory()) {
        let Row { path, doc, on: here, .. } = directory.row();
        let names: Vec<String> = files()
            .filter(|row| row.parent == directory && is_first(row))
            .map(|row| match on(row) {
                on if on == *here => format!("`{}`", row.name()),
                on => format!("`{}`{}", row.name(), only(on)),
            })
            .collect();
        if !names.is_empty() {
            let _ = writeln!(text, "| `{path}/` | {doc}{} | {} |", only(*here), names.join(", "));
        }
    }
    text
}

fn only(on: On) -> &'static str {
    match on {
        On::Both => "",
        On::Linux => " (Linux)",
        On::Darwin => " (macOS)",
    }
}

/// The rows of this path.
fn twins(row: &Row) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |twin| twin.path == row.path)
}

fn is_first(row: &Row) -> bool {
    twins(row).next().is_some_and(|first| std::ptr::eq(first, row))
}

fn on(row: &Row) -> On {
    if twins(row).count() > 1 { On::Both } else { row.on }
}

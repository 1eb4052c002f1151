//! The rows as the documents show them: two rows of one path, one for each system, are one file to
//! a reader.

use super::kind::On;
use super::table::{ROWS, Row, RowId, files};
use crate::kernel::System;

/// Every file and link once: its path, what it shows, and behind that the only system that has it.
pub fn documented() -> impl Iterator<Item = (&'static str, String)> {
    files()
        .filter(|row| is_first(row))
        .map(|row| (row.path, format!("{}{}", row.doc, only(on(row)))))
}

/// All files and links, an item each: path, mode, what it shows.
#[must_use]
pub fn as_markdown() -> String {
    let mut text = String::new();
    for row in files().filter(|row| is_first(row)) {
        let on = only(on(row));
        push_item(&mut text, &format!("`{}` ({}): {}{on}", row.path, mode(row), row.doc));
    }
    text
}

/// All directories, an item each: path, what it is of, and the names in it.
#[must_use]
pub fn as_short_markdown() -> String {
    let mut text = String::new();
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
            let names = names.join(", ");
            push_item(&mut text, &format!("`{path}/`, {doc}{}: {names}", only(*here)));
        }
    }
    text
}

/// Appends an item of a list, wrapped at 100 columns.
fn push_item(text: &mut String, item: &str) {
    let mut line = String::from("*");
    for word in item.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > 100 {
            text.push_str(&line);
            line = String::from("\n ");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
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

/// Its permission bits, and those on macOS where they are others.
fn mode(row: &Row) -> String {
    let modes = [System::Linux, System::Darwin]
        .map(|system| twins(row).find(|twin| twin.is_on(system)).map(Row::mode));
    match modes {
        [Some(linux), Some(darwin)] if linux != darwin => {
            format!("{linux:04o}, on macOS {darwin:04o}")
        }
        _ => format!("{:04o}", row.mode()),
    }
}

fn on(row: &Row) -> On {
    if twins(row).count() > 1 { On::Both } else { row.on }
}

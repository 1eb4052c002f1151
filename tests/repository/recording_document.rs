//! `docs/recording.md`: the part about XNU's structs is made from them, and every field that a
//! recording has stands in it.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use mach_procfs::kernel::xnu::{Field, Layout, layouts};
use mach_procfs::recording::TABLES;
use serde_json::Value;

const BEGIN: &str =
    "<!-- Made from the structs: UPDATE_GOLDEN=1 cargo test --test repository -->\n\n";
const END: &str = "\n<!-- End of what is made from the structs. -->\n";

/// The objects of a recording that hold the answers of a table.
const OBJECTS: [(&str, &str); 8] = [
    ("ProcessAnswers", "`answers` of a PROCESS"),
    ("ThreadAnswers", "`answers` of an element of `threads`"),
    ("FileAnswers", "`answers` of an element of `files`"),
    ("TaskAnswers", "`task` of a PROCESS"),
    ("ThreadPortAnswers", "`answers` of an element of `thread_ports`"),
    ("PortAnswers", "`answers` of an element of `ports`"),
    ("HostAnswers", "`host` of MACHINE"),
    ("ProcessorAnswers", "`processors` of MACHINE, each a list with an element for each CPU"),
];

/// Structs that stand in no table.
const IN_NO_TABLE: [&str; 8] = [
    "CodeSigning",
    "KinfoProc",
    "Mount",
    "OpenFile",
    "RegionPathInfo",
    "Rusage",
    "SpaceEntry",
    "SubmapInfo",
];

/// What stands in the place of a union.
const ENDS: [&str; 3] = ["InternetEnds", "TcpEnds", "UnixEnds"];

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recording.md")
}

/// The documentation in attributes, one line.
fn documentation(attributes: &str) -> String {
    let lines = attributes.split("#[doc").skip(1).filter_map(|attribute| {
        let text = attribute.trim_start().strip_prefix('=')?;
        let (_, text) = text.split_once('"')?;
        text.rsplit_once("\"]").or_else(|| text.rsplit_once("\"#]")).map(|(text, _)| text.trim())
    });
    without_links(&lines.collect::<Vec<_>>().join(" "))
}

/// Without the brackets and targets of links to other items.
fn without_links(text: &str) -> String {
    let text = text.replace("[`", "`").replace("`]", "`");
    let mut parts = text.split("`(");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push('`');
        plain.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    plain
}

fn is_recorded(field: &Field) -> bool {
    !field.attributes.contains("serde(skip)")
}

fn name(field: &Field) -> &'static str {
    let renamed = field.attributes.split_once("rename = \"");
    renamed.map_or(field.field, |(_, rest)| rest.split('"').next().unwrap())
}

/// How a value is written.
fn kind(field: &Field) -> String {
    let inside = |prefix: &str| {
        let rest = field.of.strip_prefix(prefix)?;
        Some(rest.trim_end_matches(['>', ']']).trim().to_owned())
    };
    let with = |module: &str| field.attributes.contains(&format!("\"json::{module}\""));
    let kind = if with("hex") {
        "hex".to_owned()
    } else if with("hex_bytes") {
        format!("{} bytes as digits", inside("[u8;").unwrap())
    } else if let Some(room) = inside("Text<") {
        format!("bytes, at most {room}")
    } else if field.of == "SocketName" {
        "bytes, at most 253".to_owned()
    } else if let Some(count) = inside("[u32;").or_else(|| inside("[i32;")) {
        format!("{count} numbers")
    } else if field.of == "SocketEnds" {
        "`\"other\"`, or an object of one field: `internet`, `tcp` or `unix`, each of its struct"
            .to_owned()
    } else if layouts().any(|layout| layout.of == field.of) {
        format!("`{}`", field.of)
    } else {
        "number".to_owned()
    };
    let may_be_missing = field.attributes.contains("default");
    format!("{kind}{}", if may_be_missing { ", may be missing" } else { "" })
}

/// An item of a list, wrapped.
fn item(out: &mut String, text: &str) {
    let mut line = "-".to_owned();
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > 100 {
            writeln!(out, "{line}").unwrap();
            line = " ".to_owned();
        }
        line.push(' ');
        line.push_str(word);
    }
    writeln!(out, "{line}").unwrap();
}

/// The structs that a recording holds, and those inside of them.
fn recorded() -> BTreeSet<&'static str> {
    let tables = TABLES.iter().flat_map(|(_, questions)| *questions);
    let mut wanted: Vec<&str> = tables.map(|question| question.answer).collect();
    wanted.extend(IN_NO_TABLE.iter().chain(&ENDS).chain(&["Timebase"]));
    let mut found = BTreeSet::new();
    while let Some(wanted_one) = wanted.pop() {
        let layout = layouts().find(|layout| layout.of == wanted_one && !layout.fields.is_empty());
        if let Some(layout) = layout
            && wanted_one != "SocketEnds"
            && found.insert(layout.of)
        {
            wanted.extend(layout.fields.iter().map(|field| field.of));
        }
    }
    found
}

fn made() -> String {
    let mut out = String::new();
    writeln!(out, "### Answers by struct\n").unwrap();
    assert_eq!(TABLES.len(), OBJECTS.len());
    for (table, questions) in TABLES {
        let (_, object) = OBJECTS.iter().find(|(name, _)| name == table).unwrap();
        writeln!(out, "{}{}:\n", object[..1].to_uppercase(), &object[1..]).unwrap();
        for question in *questions {
            let about = documentation(question.attributes);
            let text = format!(
                "`{}`: `{}` of `{}`. {about}",
                question.field, question.answer, question.call
            );
            item(&mut out, &text);
        }
        writeln!(out).unwrap();
    }
    writeln!(out, "### Structs").unwrap();
    for of in recorded() {
        let layout: &Layout = layouts().find(|layout| layout.of == of).unwrap();
        writeln!(out, "\n`{of}`, of `{}`:\n", layout.name).unwrap();
        for field in layout.fields.iter().filter(|field| is_recorded(field)) {
            let about = documentation(field.attributes);
            item(&mut out, &format!("`{}`: {}. {about}", name(field), kind(field)));
        }
    }
    out
}

#[test]
fn the_part_about_structs_is_made_from_them() {
    let text = std::fs::read_to_string(document()).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let wanted = format!("{before}{BEGIN}{}{END}{after}", made());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(document(), &wanted).unwrap();
    }
    let text = std::fs::read_to_string(document()).unwrap();
    assert!(text == wanted, "docs/recording.md differs; UPDATE_GOLDEN=1 makes the part anew");
}

/// The names of all fields in a recording.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| {
            found.insert(name.clone());
            names(inner, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

#[test]
fn every_field_of_a_recording_is_documented() {
    let text = std::fs::read_to_string(document()).unwrap();
    let recording =
        std::fs::read(document().with_file_name("../tests/recordings/arm64.json")).unwrap();
    let mut found = BTreeSet::new();
    names(&serde_json::from_slice(&recording).unwrap(), &mut found);
    assert!(found.len() > 150, "{}", found.len());
    // Names of sysctls have a dot.
    for name in found.iter().filter(|name| !name.contains('.')) {
        let is_there = [format!("`{name}`"), format!("\"{name}\"")];
        assert!(is_there.iter().any(|it| text.contains(it)), "{name} is not in docs/recording.md");
    }
}

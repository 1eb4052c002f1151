//! The README says what is so: its table of files is that of the rows, its commands exist.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_table_of_files_is_that_of_the_rows() {
    let readme = text("README.md");
    let begin = readme.find("<!-- the table of files").expect("its beginning is marked");
    let table = &readme[begin..];
    let table =
        table.split_once("-->\n").unwrap().1.split("<!-- end of the table -->").next().unwrap();
    let rows = mach_procfs::tree::as_markdown();
    assert!(table == rows, "the table in README.md should be:\n{rows}");
}

#[test]
fn every_row_is_described_in_the_formats() {
    let formats = text("docs/formats.md");
    for line in mach_procfs::tree::as_markdown().lines().skip(2) {
        let path = line.split('`').nth(1).unwrap();
        assert!(formats.contains(&format!("`{path}`")), "docs/formats.md does not name {path}");
    }
}

#[test]
fn the_picture_in_the_documents_is_one_that_is_made() {
    assert!(text("docs/vmmap.svg") == text("tests/golden/mach_arm64_vmmap_svg.txt"));
}

#[test]
fn what_the_readme_links_to_is_there() {
    let readme = text("README.md");
    let links: Vec<&str> =
        readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert!(links.len() >= 4);
    for link in links.iter().filter(|link| !link.starts_with("http")) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(link).exists(), "{link}");
    }
    for script in ["scripts/run", "scripts/test"] {
        assert!(readme.contains(script));
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(script).exists(), "{script}");
    }
}

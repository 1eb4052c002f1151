//! The package that is published has what users need.

use std::process::Command;

use super::scanner::sources;

#[test]
fn the_package_has_sources_and_documents_and_no_tests() {
    let output = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--locked", "--package", "mach-procfs"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let files: Vec<&str> = text.lines().collect();
    for unwanted in ["tests/", "benches/", "fuzz/", "scripts/", ".ci/", ".github/"] {
        assert!(!files.iter().any(|file| file.starts_with(unwanted)), "{unwanted} in {files:?}");
    }
    let sources = sources().into_keys().map(|file| format!("src/{file}"));
    let documents = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "Cargo.lock"];
    for wanted in sources.chain(documents.map(str::to_owned)) {
        assert!(files.contains(&wanted.as_str()), "no {wanted} in {files:?}");
    }
}

//! What the project depends on, on the systems that deny.toml names and by its rules of licences and
//! sources: for where cargo-deny, which CI runs, is not installed.

use std::process::Command;

use serde_json::Value;

/// The words in brackets after `allow = ` in deny.toml.
fn allowed() -> Vec<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml")).unwrap();
    let list = text.split("\nallow = [").nth(1).expect("a list of licences");
    let list = list.split(']').next().unwrap();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether an expression of SPDX can be met with these licences: `/` is an old form of `OR`.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let plain = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // `(A OR B) AND C`, the only nesting there is: each part has an alternative that is allowed.
    plain
        .split(" AND ")
        .all(|part| part.split(" OR ").any(|licence| allowed.iter().any(|it| it == licence.trim())))
}

/// The packages that a build for this system takes.
fn packages(target: &str) -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
        .args(["--filter-platform", target])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

#[test]
fn licences_and_sources_are_those_that_are_allowed() {
    let allowed = allowed();
    for system in ["unknown-linux-gnu", "apple-darwin"] {
        for machine in ["x86_64", "aarch64"] {
            let packages = packages(&format!("{machine}-{system}"));
            assert!(packages.len() > 30, "{}", packages.len());
            for package in packages {
                let name = package["name"].as_str().unwrap();
                let licence = package["license"].as_str().unwrap_or("none");
                assert!(is_met(licence, &allowed), "{name}: {licence}");
                let source = package["source"].as_str();
                let is_ours =
                    source.is_none() && [env!("CARGO_PKG_NAME"), "xnu_model"].contains(&name);
                let registry = "registry+https://github.com/rust-lang/crates.io-index";
                assert!(is_ours || source == Some(registry), "{name}: {source:?}");
            }
        }
    }
}

#[test]
fn the_check_can_fail() {
    let allowed = ["MIT".to_owned(), "Unicode-3.0".to_owned()];
    for met in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR X) AND Unicode-3.0"] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for not in ["none", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0 WITH LLVM-exception"] {
        assert!(!is_met(not, &allowed), "{not}");
    }
}

//! The files that are no lists of regions: a golden for each row, made by its renderer from the
//! same few values; and what programs read in them.

#[cfg(target_os = "linux")]
mod kernels_own;
#[cfg(target_os = "linux")]
mod read_back;
mod values;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::common::golden::assert_golden;
use mach_procfs::format::linux;
use mach_procfs::format::macfuse::Names;
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::tree::{Kind, On, ROWS, Row};
use xnu_model::XnuModel;
use xnu_model::fixtures::arm64;

fn rendered<T>(values: &[T], render: impl Fn(&T, &mut Vec<u8>)) -> Option<Vec<Vec<u8>>> {
    Some(
        values
            .iter()
            .map(|value| {
                let mut out = Vec::new();
                render(value, &mut out);
                out
            })
            .collect(),
    )
}

/// The texts of a row, or None for what is made of regions and for what is no file.
fn texts(row: &Row) -> Option<Vec<Vec<u8>>> {
    let user = |id| (id == 501).then(|| b"me".to_vec());
    let group = |id| match id {
        20 => Some(b"staff".to_vec()),
        12 => Some(b"new\nline".to_vec()),
        4_294_967_294 => Some(b"nobody".to_vec()),
        _ => None,
    };
    let names = Names { user: &user, group: &group };
    match row.kind {
        Kind::ProcessInfo(_, render) if row.name() == "tdev" => {
            rendered(&values::terminals(), render)
        }
        Kind::ProcessInfo(_, render) => rendered(&values::accounts(), render),
        Kind::Ids(render) => {
            rendered(&values::accounts(), |account, out| render(account, &names, out))
        }
        Kind::Arguments(render) => rendered(&values::arguments(), render),
        Kind::Descriptor(render) => rendered(&values::descriptors().concat(), render),
        Kind::Descriptors(render) => rendered(&values::descriptors(), |it, out| render(it, out)),
        Kind::Platform(render) => rendered(&values::platforms(), render),
        Kind::Role(render) => rendered(&[1, -1, 8, 9], render),
        Kind::AuditToken(render) => rendered(&values::audit_tokens(), render),
        Kind::SecurityToken(render) => rendered(&values::security_tokens(), render),
        Kind::TaskSuspension(render) | Kind::ThreadSuspension(render) => {
            rendered(&[0, 2, u32::MAX], render)
        }
        Kind::Thread(render) => {
            rendered(&values::threads(), |(_, thread), out| render(thread, out))
        }
        Kind::ThreadOf(_, render) => {
            rendered(&values::threads(), |(account, thread), out| render(account, thread, out))
        }
        Kind::Registers(_, render) => rendered(&values::registers(), |it, out| render(it, out)),
        Kind::Port(render) => rendered(&values::ports(), render),
        Kind::Cpu(render) => rendered(&values::cpus(), render),
        Kind::Machine(render) => rendered(&values::machines(), render),
        // Of random bytes.
        Kind::Darwin(_) if row.name() == "uuid" => {
            rendered(&[[0; 16], [0xff; 16]], |bytes, out| linux::random_uuid(*bytes, out))
        }
        Kind::Darwin(render) => {
            let kernel = MachKernel::new(Arc::new(XnuModel::new(arm64())));
            rendered(&[()], |(), out| render(&kernel, out).unwrap())
        }
        Kind::Directory
        | Kind::Link(_)
        | Kind::Regions(..)
        | Kind::Libraries(_)
        | Kind::Document(..)
        | Kind::Passthrough => None,
    }
}

/// `PID.task.role.txt`. Two rows of one path are of two systems.
fn golden_name(row: &Row) -> String {
    let twins = ROWS.iter().filter(|twin| twin.path == row.path).count();
    let system = match row.on {
        On::Linux if twins > 1 => "-linux",
        On::Darwin if twins > 1 => "-macos",
        _ => "",
    };
    format!("{}{system}.txt", row.path.replace('/', "."))
}

#[test]
fn every_row_has_its_golden() {
    let mut names = BTreeSet::new();
    for row in &ROWS {
        let Some(texts) = texts(row) else { continue };
        let mut shown = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            shown.extend_from_slice(format!("-- {number}\n").as_bytes());
            // Other bytes than ASCII as Rust writes them, but lines as lines.
            for line in text.split_inclusive(|byte| *byte == b'\n') {
                let (line, end) = match line.strip_suffix(b"\n") {
                    Some(line) => (line, "\n"),
                    None => (line, "(no newline)\n"),
                };
                shown.extend_from_slice(format!("{}{end}", line.escape_ascii()).as_bytes());
            }
        }
        let name = golden_name(row);
        assert_golden(&format!("rows/{name}"), &shown);
        assert!(names.insert(name));
    }
    assert!(names.len() > 70, "only {}", names.len());
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rows");
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "{name} is of no row");
    }
}

/// A reader takes what a line is from where it ends.
#[test]
fn files_of_one_value_are_one_line() {
    for row in ROWS.iter().filter(|row| row.path.starts_with("PID/")) {
        let name = row.path.rsplit('/').next().unwrap();
        let is_list = matches!(
            name,
            "status" | "io" | "limits" | "fds" | "cmdline" | "environ" | "mounts" | "mountinfo"
        ) || matches!(row.kind, Kind::Descriptor(_) | Kind::Darwin(_));
        // Linux ends the first two with a newline and lets the name have others. It ends the last
        // two without one.
        let is_raw = matches!(name, "comm" | "stat" | "loginuid" | "sessionid");
        let is_registers = matches!(row.kind, Kind::Registers(..));
        for text in texts(row).into_iter().flatten() {
            if is_list || is_raw || is_registers {
                continue;
            }
            let newlines = text.iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(newlines, 1, "{}: {}", row.path, text.escape_ascii());
            assert!(text.ends_with(b"\n"), "{}", row.path);
        }
    }
}

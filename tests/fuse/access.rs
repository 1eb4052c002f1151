//! Nobody sees through the mount what the kernel would not show them: processes of many kinds
//! look at processes of many kinds, through the mount and through the kernel's own procfs.

use crate::common;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use common::mount::Mount;
use common::target::Target;

/// The owner of most targets.
const USER: u32 = 65534;
const OWNER: [&str; 4] = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/// File of ours, and the one that the kernel makes it from.
const FILES: [(&str, &str); 3] =
    [("maps", "maps"), ("task/vmmap", "smaps"), ("task/vmmap_r", "smaps")];

/// Who looks.
fn askers() -> Vec<(&'static str, Vec<&'static str>)> {
    let with = |words: &[&'static str]| [&["setpriv"], words].concat();
    vec![
        ("root", vec![]),
        // Newer kernels show maps to who has CAP_PERFMON, too (`may_access_mm`).
        ("root without CAP_SYS_PTRACE", with(&["--bounding-set=-sys_ptrace,-perfmon,-sys_admin"])),
        ("root without any capability", with(&["--bounding-set=-all"])),
        ("root in a user namespace", vec!["unshare", "--user", "--map-root-user"]),
        ("owner", OWNER.to_vec()),
        ("owner in a user namespace", [&OWNER[..], &["unshare", "--user"]].concat()),
        (
            "owner with a capability",
            [&OWNER[..], &["--inh-caps=+net_raw", "--ambient-caps=+net_raw"]].concat(),
        ),
        ("owner of another group", with(&["--reuid=65534", "--regid=65533", "--clear-groups"])),
        (
            "owner of another group that has the group too",
            with(&["--reuid=65534", "--regid=65533", "--groups=65534"]),
        ),
        ("other", with(&["--reuid=65533", "--regid=65533", "--clear-groups"])),
        ("other of the same group", with(&["--reuid=65533", "--regid=65534", "--clear-groups"])),
        (
            "other that has the group too",
            with(&["--reuid=65533", "--regid=65533", "--groups=65534"]),
        ),
        (
            "half of the owner",
            with(&["--ruid=65533", "--euid=65534", "--regid=65534", "--clear-groups"]),
        ),
    ]
}

/// What is looked at: how it is executed, and its script, in which the second `stop` or the exec
/// is where it becomes another.
struct Kind {
    name: &'static str,
    program: Vec<&'static str>,
    script: String,
    execs: bool,
}

fn kinds(set_uid: &Path) -> Vec<Kind> {
    let kind = |name, program: &[&'static str], script: &str| Kind {
        name,
        program: program.to_vec(),
        script: script.to_owned(),
        execs: script.contains("exec "),
    };
    let set_uid = set_uid.display();
    let capable = [&OWNER[..], &["--inh-caps=+net_raw", "--ambient-caps=+net_raw"]].concat();
    vec![
        kind("root's", &[], "stop;stop"),
        kind("the owner's", &OWNER, "stop;stop"),
        kind("the owner's that became not dumpable", &OWNER, "stop;undumpable;stop"),
        kind("root's that became the owner's", &[], &format!("stop;ids {USER};stop")),
        kind(
            "root's that became the owner's and executed",
            &[],
            &format!("stop;ids {USER};exec sleep"),
        ),
        kind("the owner's that executed", &OWNER, "stop;exec sleep"),
        kind(
            "the owner's that executed a set-uid program",
            &OWNER,
            &format!("stop;exec {set_uid}"),
        ),
        kind("the owner's with a capability", &capable, "stop;stop"),
        kind(
            "the owner's in a user namespace",
            &[&OWNER[..], &["unshare", "--user"]].concat(),
            "stop;stop",
        ),
        kind("root's in a user namespace", &["unshare", "--user", "--map-root-user"], "stop;stop"),
    ]
}

/// Labels of handles: when opened, whose file it is, and which.
fn labels() -> Vec<(String, String, String)> {
    let mut labels = Vec::new();
    for when in ["early", "begun", "late"] {
        for (number, _) in FILES.iter().enumerate() {
            labels.push((
                when.to_owned(),
                format!("{when}-ours-{number}"),
                format!("{when}-theirs-{number}"),
            ));
        }
    }
    labels
}

/// Opens two sets of handles, of which one is read a little; after a stop a third set; and then
/// reads them all.
fn script(mount: &Mount, pid: u32) -> String {
    let mut before = String::new();
    let mut after = String::new();
    for (when, ours, theirs) in labels() {
        let number: usize = ours.rsplit('-').next().unwrap().parse().unwrap();
        let (file, kernels) = FILES[number];
        let steps = if when == "late" { &mut after } else { &mut before };
        *steps += &format!("open {ours} {};", mount.of(pid, file).display());
        *steps += &format!("open {theirs} /proc/{pid}/{kernels};");
        if when == "begun" {
            *steps += &format!("head {ours};head {theirs};");
        }
    }
    for (_, ours, theirs) in labels() {
        after += &format!("read {ours};read {theirs};");
    }
    format!("{before}stop;{after}stop")
}

/// What the two answers of a cell make of it.
///
/// `rest`: the kernel still gives what is left in its buffer of the old image.
fn compare(file: &str, ours: &str, theirs: &str, rest: bool) -> Result<&'static str, ()> {
    if ours == theirs {
        return Ok(if ours.starts_with("open:") { "both refuse" } else { "the same" });
    }
    let data = |answer: &str| !answer.contains("open:") && !answer.contains("read:");
    match (ours, theirs) {
        // Made from `smaps`, so it is other text.
        _ if file != "maps" && data(ours) && data(theirs) && !theirs.starts_with("0:") => {
            Ok("the same")
        }
        // The kernel just ends a file whose process has another image; ours says so.
        ("read:3", theirs) if theirs.starts_with("0:") || rest => Ok("both end"),
        // Ours is stricter in two things: a handle that was not read before its process became
        // somebody else's, and what a user other than root may do with capabilities.
        ("open:13" | "read:13", theirs) if data(theirs) => Ok("ours refuses"),
        _ => Err(()),
    }
}

#[test]
fn who_sees_what_is_as_the_kernel_has_it() {
    if !common::is_root() {
        return;
    }
    let Some(mount) = Mount::new() else { return };
    let directory = tempfile::Builder::new().prefix("mach-procfs-").tempdir().unwrap();
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(directory.path(), 0o755);
    let set_uid = directory.path().join("sleep");
    common::program::copy("/bin/sleep", &set_uid);
    mode(&set_uid, 0o4755);

    // Where they are barred, all others are still compared.
    let namespaces = common::has_user_namespaces();
    let can_be = |program: &[&str]| namespaces || !program.contains(&"--user");
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for kind in kinds(&set_uid).into_iter().filter(|kind| can_be(&kind.program)) {
        let mut target = Target::stopped_through(&kind.program, &kind.script);
        let script = script(&mount, target.pid());
        let mut looking: Vec<(&str, Target)> = askers()
            .into_iter()
            .filter(|(_, program)| can_be(program))
            .map(|(name, program)| (name, Target::stopped_through(&program, &script)))
            .collect();
        if kind.execs {
            target.next_image()
        } else {
            target.next()
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", target.pid())).unwrap();
        assert!(
            !kind.name.contains("set-uid") || status.contains("Uid:\t65534\t0\t0\t0"),
            "{status}"
        );
        for (asker, looking) in &mut looking {
            looking.next();
            for (when, ours, theirs) in labels() {
                let number: usize = ours.rsplit('-').next().unwrap().parse().unwrap();
                let file = FILES[number].0;
                let (ours, theirs) = (&looking.found[&ours], &looking.found[&theirs]);
                let cell =
                    format!("{asker}, {}: {file}, {when}: {ours}, the kernel {theirs}", kind.name);
                match compare(file, ours, theirs, kind.execs && when == "begun") {
                    Ok(result) => {
                        *counts.entry(result).or_default() += 1;
                        let changed = when == "early" && kind.name.contains(" that ");
                        let capable = *asker == "owner with a capability";
                        if result == "ours refuses" && !changed && !capable {
                            wrong.push(cell);
                        }
                    }
                    Err(()) => wrong.push(cell),
                }
            }
        }
    }
    eprintln!("{counts:?}");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

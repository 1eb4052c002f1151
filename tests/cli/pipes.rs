//! Output into pipes: readers that stop early, and programs that pass names on.

use std::io::Read;
use std::process::{Command, Stdio};

use super::common::program::err;
use super::common::target::Target;

#[test]
fn a_closed_pipe_is_no_error() {
    let target = Target::stopped("regions 20000;stop");
    let mut child = Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
        .args(["cat", &format!("{}/maps", target.pid())])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", err(&output));
}

/// As in `mach-procfs … | head -1`: no message, and with `pipefail` no failure either.
#[test]
fn pipelines_run_without_a_message() {
    let target = Target::stopped("regions 20000;stop");
    let (pid, program) = (target.pid(), env!("CARGO_BIN_EXE_mach-procfs"));
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/arm64.json");
    for (line, lines) in [
        (r#""$p" cat $pid/maps | head -1"#, 1),
        (r#""$p" cat $pid/maps $pid/smaps | sed 2q"#, 2),
        (r#""$p" cat $pid/comm $pid/ppid | less"#, 2),
        (r#""$p" ls | head -2"#, 2),
        (r#""$p" ls -l | head -2"#, 2),
        (r#""$p" --help | head -1"#, 1),
        (r#""$p" generate man | head -1"#, 1),
        (r#""$p" record --replay "$recording" 1 500 | head -1"#, 1),
        (r#""$p" ls $pid/ucred | xargs -I{} "$p" cat $pid/ucred/{}"#, 6),
        (r#""$p" ls -d $pid/comm $pid/stat | xargs "$p" cat"#, 2),
    ] {
        let output = Command::new("bash")
            .args(["-o", "pipefail", "-c", line])
            .envs([("p", program), ("pid", &pid.to_string()), ("recording", recording)])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{line}: {output:?}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(text.lines().count(), lines, "{line}: {text}");
    }
}

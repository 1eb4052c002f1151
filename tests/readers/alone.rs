//! Tests in namespaces of their own, where no process is but those that they start, and whose end
//! ends them all, mounts too.

use std::process::Stdio;
use std::time::Duration;

use super::common::{self, program::in_namespaces};

const ALONE: &str = "MACH_PROCFS_ALONE";

/// Whether this is the test of this name in pid and mount namespaces of its own. Where it is not,
/// runs it there, in this very program, and ends when that has passed.
pub fn is_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    if !common::mount::can_mount_apart() || !common::has_no_chroot() {
        return false;
    }
    let output = in_namespaces(Duration::from_secs(300))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "yes")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, errors) = (text(&output.stdout), text(&output.stderr));
    // A name that no test has would pass as well.
    let passed = output.status.success() && said.contains(" 1 passed");
    assert!(passed, "{test}: {}\n{said}\n{errors}", output.status);
    false
}

//! Commands that messages name, in a form that this user can run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access, geteuid};

use super::quote::quote;

/// The name of this program.
const NAME: &str = "mach-procfs";

/// Where sudo and su look for programs, whatever this user's PATH is. Some systems leave
/// `/usr/local/bin` out.
const PATH_OF_ROOT: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// A command for root: by sudo or su, if this user is another one.
pub(super) fn for_root(command: &str) -> String {
    by_root(command, false, Means::here())
}

/// A command for root that takes a shell, for a redirection for example.
pub(super) fn for_roots_shell(script: &str) -> String {
    by_root(script, true, Means::here())
}

/// A call of this program.
pub(super) fn own(arguments: &str) -> String {
    format!("{} {arguments}", own_name(false))
}

/// A call of this program by root.
pub(super) fn own_for_root(arguments: &str) -> String {
    let is_root = geteuid().is_root();
    for_root(&format!("{} {arguments}", own_name(!is_root)))
}

/// How a command becomes root's.
#[derive(Clone, Copy, Debug)]
enum Means {
    /// This user is root.
    None,
    Sudo,
    Su,
}

impl Means {
    fn here() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if geteuid().is_root() {
            Means::None
        } else if on_path("sudo".as_ref(), &path).is_some() {
            Means::Sudo
        } else {
            Means::Su
        }
    }
}

fn by_root(command: &str, takes_shell: bool, means: Means) -> String {
    let quoted = || quote(command.as_ref());
    match means {
        Means::None => command.to_owned(),
        Means::Sudo if takes_shell => format!("sudo sh -c {}", quoted()),
        Means::Sudo => format!("sudo {command}"),
        Means::Su => format!("su -c {}", quoted()),
    }
}

/// This program as a word of a command, for this user or by sudo and su.
fn own_name(is_through_root: bool) -> String {
    // It is not known below a dead mount over /proc.
    let Ok(own) = std::env::current_exe().and_then(|own| own.canonicalize()) else {
        return NAME.to_owned();
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    name_of(&own, &path, is_through_root)
}

/// The name where it leads to this file, else a path.
fn name_of(own: &Path, path: &OsStr, is_through_root: bool) -> String {
    let found = on_path(NAME.as_ref(), path);
    let found = found.filter(|found| found.canonicalize().is_ok_and(|found| found == own));
    let is_roots =
        |found: &Path| PATH_OF_ROOT.iter().any(|folder| found.parent() == Some(Path::new(folder)));
    match found {
        Some(found) if !is_through_root || is_roots(&found) => NAME.to_owned(),
        Some(found) => quote(&found),
        None => quote(own),
    }
}

/// The program of this name in the directories of a PATH.
pub(super) fn on_path(name: &OsStr, path: &OsStr) -> Option<PathBuf> {
    let mut found = std::env::split_paths(path).map(|folder| folder.join(name));
    found.find(|it| it.is_absolute() && it.is_file() && access(it, AccessFlags::X_OK).is_ok())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::process::Command;

    use super::*;

    #[test]
    fn roots_commands_are_the_ones_written() {
        let simple = "printf '<%s>' \"it's\" 'a b' \\$x";
        let script = "printf '<%s>' \"it's\" | cat && printf '<%s>' 'a b' \\$x";
        assert_eq!(by_root(simple, false, Means::Sudo), format!("sudo {simple}"));
        for (command, takes_shell) in [(simple, false), (script, true)] {
            for means in [Means::None, Means::Sudo, Means::Su] {
                let fakes = "sudo() { \"$@\"; }; su() { test $# = 2 && sh \"$@\"; }; ";
                let named = by_root(command, takes_shell, means);
                let output = Command::new("sh").args(["-c", &(fakes.to_owned() + &named)]).output();
                assert_eq!(output.unwrap().stdout, b"<it's><a b><$x>", "{named}");
            }
        }
    }

    #[test]
    fn this_program_is_named_so_that_the_name_leads_to_it() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path().canonicalize().unwrap();
        let folder = |name: &str| {
            let folder = top.join(name);
            std::fs::create_dir(&folder).unwrap();
            folder
        };
        let program = |folder: &Path, mode| {
            let path = folder.join(NAME);
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let own = program(&folder("it's own"), 0o755);
        let linked = folder("linked");
        symlink(&own, linked.join(NAME)).unwrap();
        let other = folder("other");
        program(&other, 0o755);
        let plain = folder("plain");
        program(&plain, 0o644);
        let name = |folders: &[&Path], is_through_root| {
            let path = std::env::join_paths(folders).unwrap();
            name_of(&own, &path, is_through_root)
        };
        let by_path = quote(&own);
        assert!(by_path.starts_with('\'') && by_path.ends_with("/mach-procfs'"), "{by_path}");
        assert_eq!(name(&[], false), by_path);
        assert_eq!(name(&[&other, &linked], false), by_path);
        assert_eq!(name(&[&plain, &linked, &other], false), NAME);
        assert_eq!(name(&[&linked], true), quote(&linked.join(NAME)));
        assert_eq!(name(&[&other], true), by_path);
        let sh = Path::new("/bin/sh");
        assert_eq!(on_path("sh".as_ref(), "bin:/nowhere:/bin".as_ref()).as_deref(), Some(sh));
    }
}

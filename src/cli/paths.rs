//! Paths as users write them: in the tree (`1/maps`), below a mount of ours, or below `/proc`.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use mach_procfs::kernel::is_own_mount;
use mach_procfs::model::{Error, ErrorKind, from_octal};
use mach_procfs::tree::{Attributes, Caller, Node, NodeType, Source as Content, Tree};

use super::reason;
use super::source::{Source, read};

/// A longer chain of links is a circle.
const MOST_LINKS: usize = 40;

/// Finds nodes of the tree by path.
pub(super) struct Paths {
    pub(super) tree: Arc<Tree>,
    pub(super) caller: Caller,
    /// Whether links lead to files of this machine.
    is_live: bool,
}

impl Paths {
    pub(super) fn new(source: &Source) -> Result<Self, super::Failure> {
        let (tree, caller) = source.tree()?;
        Ok(Paths { tree, caller, is_live: source.replay.is_none() })
    }

    /// The node at this path. A link at its end is followed only if `follow` is set or a slash
    /// comes after it; other links always.
    pub(super) fn find(&self, path: &Path, follow: bool) -> Result<Attributes, String> {
        let in_tree = self.in_tree(path);
        let is_below_slash = [&b"/"[..], b"/."].iter().any(|end| ends_with(path, end));
        let found = match (in_tree.parent(), in_tree.file_name()) {
            (Some(parent), Some(name)) if !follow && !is_below_slash => self
                .tree
                .resolve(parent, &self.caller)
                .and_then(|parent| self.tree.lookup(parent.node, name, &self.caller)),
            _ => self.tree.resolve(&in_tree, &self.caller),
        };
        found.map_err(|error| {
            let hint = if in_tree == path { self.hint(path, &error) } else { None };
            hint.unwrap_or_else(|| reason(path, &error))
        })
    }

    /// Opens the file at this path. Links to files of the tree are followed, by the path of any
    /// mount. The error about another link says where it leads.
    pub(super) fn open(&self, path: &Path) -> Result<Content, String> {
        let words = |error: Error| reason(path, &error);
        let mut found = self.find(path, true)?;
        for _ in 0..MOST_LINKS {
            if found.node_type != NodeType::Link {
                return self.tree.open(found.node, &self.caller).map_err(words);
            }
            let target = self.tree.read_link(found.node, &self.caller).map_err(words)?;
            let target = PathBuf::from(OsString::from_vec(target));
            let Some(in_tree) = self.is_live.then(|| below_a_mount(&target)).flatten() else {
                return Err(format!("is a link to {}", target.display()));
            };
            found = self.tree.resolve(&in_tree, &self.caller).map_err(words)?;
        }
        Err("too many links".to_owned())
    }

    /// The path in the tree. A path that begins with a name of the tree is one already.
    fn in_tree(&self, path: &Path) -> PathBuf {
        if self.begins_in_tree(path) {
            return path.to_owned();
        }
        below_a_mount(path).unwrap_or_else(|| path.to_owned())
    }

    fn begins_in_tree(&self, path: &Path) -> bool {
        let first = path.components().find_map(|component| match component {
            Component::Normal(name) => Some(name),
            _ => None,
        });
        first.is_none_or(|name| {
            let found = self.tree.lookup(Node::ROOT, name, &self.caller);
            !found.is_err_and(|error| error.kind == ErrorKind::NoSuchName)
        })
    }

    /// The path to write instead of one of another file system.
    fn hint(&self, path: &Path, error: &Error) -> Option<String> {
        let is_foreign = path.is_absolute() || path.symlink_metadata().is_ok();
        if error.kind != ErrorKind::NoSuchName || !is_foreign || self.begins_in_tree(path) {
            return None;
        }
        let names: Vec<_> = path.iter().collect();
        let in_tree =
            (1..names.len()).map(|from| names[from..].iter().collect::<PathBuf>()).find(|rest| {
                self.begins_in_tree(rest) && self.tree.resolve(rest, &self.caller).is_ok()
            });
        let instead = match in_tree {
            Some(path) => format!("try {}", path.display()),
            None => "paths begin at the root of the tree, as in PID/maps".to_owned(),
        };
        Some(format!("neither in the tree nor below a mount of it; {instead}"))
    }
}

fn ends_with(path: &Path, end: &[u8]) -> bool {
    path.as_os_str().as_bytes().ends_with(end)
}

/// The part of a path below a mount of ours or `/proc`. Nothing below the mount is touched, since
/// its daemon may be dead or slow.
fn below_a_mount(path: &Path) -> Option<PathBuf> {
    let mount_points = mount_points();
    let absolute = std::path::absolute(path).ok()?;
    let mut components = absolute.components();
    let mut reached = PathBuf::from("/");
    while let Some(component) = components.next() {
        match component {
            Component::Normal(name) => reached.push(name),
            Component::ParentDir => drop(reached.pop()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => continue,
        }
        if !mount_points.contains(&reached) {
            // Resolves symbolic links, such as macOS's /tmp.
            reached = reached.canonicalize().ok()?;
        }
        if mount_points.contains(&reached) {
            let mut rest = Path::new("/").join(components.as_path());
            if ends_with(path, b"/") {
                rest.push("");
            }
            return Some(rest);
        }
    }
    None
}

/// `/proc`, of the kernel or of this program, and the mount points of ours on this machine.
fn mount_points() -> Vec<PathBuf> {
    let table = Source { replay: None }
        .tree()
        .ok()
        .and_then(|(tree, caller)| read(&tree, Path::new("mounts"), &caller).ok())
        .unwrap_or_default();
    let mut mount_points = mounts_of_ours(&table);
    mount_points.push(PathBuf::from("/proc"));
    mount_points
}

/// From lines of source, mount point, type and more.
fn mounts_of_ours(table: &[u8]) -> Vec<PathBuf> {
    let lines = table.split(|byte| *byte == b'\n');
    let ours = lines.filter_map(|line| {
        let mut words = line.split(|byte| *byte == b' ');
        let (source, place, kind) = (words.next()?, words.next()?, words.next()?);
        is_own_mount(source, kind).then(|| PathBuf::from(OsString::from_vec(from_octal(place))))
    });
    ours.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_of_ours_are_found_on_both_systems() {
        let table = b"mach-procfs /mnt/a\\040b\\134 fuse.mach-procfs ro 0 0\n\
            x /named fuse.mach-procfs ro 0 0\nproc /proc proc rw 0 0\n\
            mach-procfs@macfuse0 /private/tmp/p macfuse ro 0 0\n\
            sshfs@macfuse1 /s macfuse ro 0 0\nmach-procfs@host: /h macfuse ro 0 0\n\
            mach-procfs@host:@macfuse2 /h2 macfuse ro 0 0\nmach-procfs /other tmpfs rw 0 0\n\nx\n";
        let expected = ["/mnt/a b\\", "/named", "/private/tmp/p"].map(PathBuf::from);
        assert_eq!(mounts_of_ours(table), expected);
    }

    #[test]
    fn below_the_real_procfs() {
        let below = |path: &str| below_a_mount(Path::new(path));
        assert_eq!(below("/proc/1/maps"), Some(PathBuf::from("/1/maps")));
        assert_eq!(below("//proc/./1/"), Some(PathBuf::from("/1/")));
        assert_eq!(below("/proc"), Some(PathBuf::from("/")));
        assert_eq!(below("/usr/../proc/self"), Some(PathBuf::from("/self")));
        assert_eq!(below("/usr/1/maps"), None);
        assert_eq!(below("pipe:[1]"), None);
    }
}

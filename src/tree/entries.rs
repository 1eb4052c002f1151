//! Names that a kernel has and no row: processes, threads, descriptors and the like.

use std::borrow::Cow;
use std::fmt;

use super::kind::Entries;
use super::{Entry, Node, Tree, node_type, owned_by};
use crate::model::{Error, ErrorKind, Identity, Owner, Pid, Result};

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// That of a row.
    Row(&'static str),
    /// A number, decimal.
    Number(u64),
    /// A number, hexadecimal.
    Hex(u64),
    /// What a process calls itself.
    Bytes(Vec<u8>),
}

impl Name {
    /// As it stands in the directory.
    #[must_use]
    pub fn as_bytes(&self) -> Cow<'_, [u8]> {
        match self {
            Name::Row(name) => Cow::Borrowed(name.as_bytes()),
            Name::Number(_) | Name::Hex(_) => Cow::Owned(self.to_string().into_bytes()),
            Name::Bytes(name) => Cow::Borrowed(name),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Row(name) => f.write_str(name),
            Name::Number(number) => write!(f, "{number}"),
            Name::Hex(number) => write!(f, "{number:x}"),
            Name::Bytes(name) => f.write_str(&String::from_utf8_lossy(name)),
        }
    }
}

/// Behind the cookies of the named rows come those of the entries.
const FIRST_ENTRY_COOKIE: u64 = 512;

impl Tree {
    /// The node of this name among the entries of a directory; for a process, with its owner.
    pub(super) fn find_entry(&self, parent: Node, name: &[u8]) -> Result<(Node, Option<Owner>)> {
        let none = || Error::new(ErrorKind::NoSuchName, "lookup");
        let pid = parent.process.map(|(pid, _)| pid);
        for (row, entries) in parent.row.entries().filter(|(row, _)| self.serves(*row)) {
            let of_process = |pid| {
                let (identity, owner) = self.kernel.owner(pid, owned_by(row))?;
                Ok((Node { row, process: Some((pid, identity)), item: None }, Some(owner)))
            };
            match entries {
                Entries::Processes => {
                    if let Some(pid) = Pid::from_name(name) {
                        return of_process(pid);
                    }
                }
                Entries::ProcessNames => {
                    if let Some(pid) = self.named_process(name)? {
                        return of_process(pid);
                    }
                }
                _ => {
                    let Some(number) = number_from(name, entries) else { continue };
                    let is_there = match entries {
                        // A request for its attributes follows, which decides. To list them for
                        // each would make a listing's cost quadratic.
                        Entries::Descriptors => u32::try_from(number).is_ok(),
                        _ => self.has(pid, entries, number)?,
                    };
                    if is_there {
                        return Ok((Node { row, item: Some(number), ..parent }, None));
                    }
                }
            }
        }
        Err(none())
    }

    /// Appends the entries of a directory.
    pub(super) fn list_entries(&self, node: Node, listing: &mut Vec<Entry>) -> Result<()> {
        for (row, entries) in node.row.entries().filter(|(row, _)| self.serves(*row)) {
            let node_type = node_type(row.row());
            let of_process = |pid: Pid, name| Entry {
                cookie: FIRST_ENTRY_COOKIE + u64::from(pid.number()),
                inode: Node { row, process: Some((pid, Identity::new(0))), item: None }.inode(),
                node_type,
                name,
            };
            match entries {
                Entries::Processes => {
                    let named = |pid: Pid| of_process(pid, Name::Number(u64::from(pid.number())));
                    listing.extend(self.kernel.processes()?.into_iter().map(named));
                }
                Entries::ProcessNames => {
                    let named = self.named_processes()?;
                    let entry =
                        |(pid, name): &(Pid, Vec<u8>)| of_process(*pid, Name::Bytes(name.clone()));
                    listing.extend(named.processes().iter().map(entry));
                }
                _ => {
                    let numbers = match self.numbers(node.process.map(|(pid, _)| pid), entries) {
                        // Who may not know the threads may still list what stands beside them.
                        Err(error) if error.kind == ErrorKind::Denied => Vec::new(),
                        numbers => numbers?,
                    };
                    listing.extend(numbers.into_iter().map(|number| Entry {
                        // Of as many bits as the kernel's offsets have.
                        cookie: FIRST_ENTRY_COOKIE + (number & (u64::MAX >> 2)),
                        inode: Node { row, item: Some(number), ..node }.inode(),
                        node_type,
                        name: name_of(number, entries),
                    }));
                }
            }
        }
        Ok(())
    }

    /// Whether the entry that this node is, or belongs to, is still there.
    pub(super) fn check_entry(&self, node: Node) -> Result<()> {
        match (node.row.numbered_entries(), node.item) {
            // Whether one is open is seen where it is asked for.
            (None | Some(Entries::Descriptors), _) | (_, None) => Ok(()),
            (Some(entries), Some(item)) => {
                if self.has(node.process.map(|(pid, _)| pid), entries, item)? {
                    Ok(())
                } else {
                    Err(Error::new(ErrorKind::NoSuchName, "entry"))
                }
            }
        }
    }

    /// Whether there is an entry of this number.
    fn has(&self, pid: Option<Pid>, entries: Entries, number: u64) -> Result<bool> {
        match (entries, pid) {
            (Entries::Threads | Entries::MachThreads, Some(pid)) => {
                self.kernel.has_thread(pid, number)
            }
            (Entries::Ports, Some(pid)) => match u32::try_from(number) {
                Ok(name) => self.darwin()?.has_port(pid, name),
                Err(_) => Ok(false),
            },
            (Entries::Cpus, _) => self.has_cpu(number),
            _ => Ok(self.numbers(pid, entries)?.contains(&number)),
        }
    }

    fn has_cpu(&self, number: u64) -> Result<bool> {
        let Ok(number) = u32::try_from(number) else { return Ok(false) };
        match self.kernel.cpu(number) {
            Ok(_) => Ok(true),
            Err(error) if error.kind == ErrorKind::NoSuchName => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The numbers of all entries, ascending.
    fn numbers(&self, pid: Option<Pid>, entries: Entries) -> Result<Vec<u64>> {
        let none = || Error::new(ErrorKind::NoSuchName, "entries");
        let wide = |numbers: Vec<u32>| numbers.into_iter().map(u64::from).collect();
        match (entries, pid) {
            (Entries::Threads | Entries::MachThreads, Some(pid)) => self.kernel.threads(pid),
            (Entries::Descriptors, Some(pid)) => Ok(wide(self.kernel.descriptors(pid)?)),
            (Entries::Ports, Some(pid)) => Ok(wide(self.darwin()?.ports(pid)?)),
            (Entries::Cpus, _) => {
                Ok(self.kernel.cpus()?.iter().map(|cpu| u64::from(cpu.number)).collect())
            }
            (Entries::Processes | Entries::ProcessNames, _) | (_, None) => Err(none()),
        }
    }
}

fn name_of(number: u64, entries: Entries) -> Name {
    match entries {
        Entries::MachThreads | Entries::Ports => Name::Hex(number),
        _ => Name::Number(number),
    }
}

/// The number that such an entry would have by this name.
fn number_from(name: &[u8], entries: Entries) -> Option<u64> {
    let text = std::str::from_utf8(name).ok()?;
    let radix = if matches!(name_of(0, entries), Name::Hex(_)) { 16 } else { 10 };
    let number = u64::from_str_radix(text, radix).ok()?;
    // Written otherwise, with a sign or a zero in front, it is another name.
    (name_of(number, entries).to_string() == text).then_some(number)
}

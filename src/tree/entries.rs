//! Names that a kernel has and no row: processes, threads, descriptors and the like.

use std::borrow::Cow;
use std::fmt;

use super::kind::Entries;
use super::living::owned_by;
use super::{Entry, Item, Node, Tree, node_type};
use crate::kernel::Detail;
use crate::model::{AddressRange, BackingKind, Error, ErrorKind, Identity, Owner, Pid, Result};

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// That of a row.
    Row(&'static str),
    /// A number, decimal.
    Number(u64),
    /// A number, hexadecimal.
    Hex(u64),
    /// Two addresses, hexadecimal.
    Range(AddressRange),
    /// What a process calls itself.
    Bytes(Vec<u8>),
}

impl Name {
    /// As it stands in the directory.
    #[must_use]
    pub fn as_bytes(&self) -> Cow<'_, [u8]> {
        match self {
            Name::Row(name) => Cow::Borrowed(name.as_bytes()),
            Name::Number(_) | Name::Hex(_) | Name::Range(_) => {
                Cow::Owned(self.to_string().into_bytes())
            }
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
            Name::Range(range) => write!(f, "{range}"),
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
                    let Some(item) = item_from(name, entries) else { continue };
                    let node = Node { row, item: Some(item), ..parent };
                    let is_there = match (entries, item) {
                        // A request for its attributes follows, which decides. To list them for
                        // each would make a listing's cost quadratic.
                        (Entries::Descriptors, Item::Number(number)) => {
                            u32::try_from(number).is_ok()
                        }
                        (_, Item::Range(_)) => true,
                        (_, Item::Number(number)) => self.has(parent, entries, number)?,
                    };
                    if is_there {
                        return Ok((node, None));
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
                    // Who may not know the threads may still list what stands beside them. Beside
                    // mapped files there is nothing.
                    let may_be_left_out = entries != Entries::MappedFiles;
                    let items = match self.items(node, entries) {
                        Err(error) if may_be_left_out && error.kind == ErrorKind::Denied => {
                            Vec::new()
                        }
                        items => items?,
                    };
                    listing.extend(items.into_iter().map(|item| Entry {
                        // Of as many bits as the kernel's offsets have.
                        cookie: FIRST_ENTRY_COOKIE + (item.place() & (u64::MAX >> 2)),
                        inode: Node { row, item: Some(item), ..node }.inode(),
                        node_type,
                        name: name_of(item, entries),
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
            (None | Some(Entries::Descriptors), _) | (_, None | Some(Item::Range(_))) => Ok(()),
            (Some(entries), Some(Item::Number(number))) => {
                if self.has(node, entries, number)? {
                    Ok(())
                } else {
                    Err(Error::new(ErrorKind::NoSuchName, "entry"))
                }
            }
        }
    }

    /// Whether there is an entry of this number, of the process of this node.
    fn has(&self, node: Node, entries: Entries, number: u64) -> Result<bool> {
        match (entries, node.process) {
            (Entries::Threads | Entries::MachThreads, Some((pid, _))) => {
                self.kernel.has_thread(pid, number)
            }
            (Entries::Ports, Some((pid, _))) => match u32::try_from(number) {
                Ok(name) => self.darwin()?.has_port(pid, name),
                Err(_) => Ok(false),
            },
            (Entries::Cpus, _) => self.has_cpu(number),
            _ => Ok(self.items(node, entries)?.contains(&Item::Number(number))),
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

    /// All entries, ascending, of the process of this node.
    fn items(&self, node: Node, entries: Entries) -> Result<Vec<Item>> {
        let none = || Error::new(ErrorKind::NoSuchName, "entries");
        let numbered = |numbers: Vec<u64>| numbers.into_iter().map(Item::Number).collect();
        let wide = |numbers: Vec<u32>| numbers.into_iter().map(u64::from).collect();
        match (entries, node.process) {
            (Entries::Threads | Entries::MachThreads, Some((pid, _))) => {
                self.kernel.threads(pid).map(numbered)
            }
            (Entries::Descriptors, Some((pid, _))) => {
                self.kernel.descriptors(pid).map(wide).map(numbered)
            }
            (Entries::MappedFiles, Some((pid, identity))) => self.mapped_files(pid, identity),
            (Entries::Ports, Some((pid, _))) => self.darwin()?.ports(pid).map(wide).map(numbered),
            (Entries::Cpus, _) => {
                Ok(self.kernel.cpus()?.iter().map(|cpu| Item::Number(cpu.number.into())).collect())
            }
            (Entries::Processes | Entries::ProcessNames, _) | (_, None) => Err(none()),
        }
    }

    /// By a walk over all regions. The kernel's own list goes on by how many names were read, and
    /// so leaves some out, or has some twice, where the process unmaps files meanwhile
    /// (`proc_map_files_readdir`).
    fn mapped_files(&self, pid: Pid, identity: Identity) -> Result<Vec<Item>> {
        let mut walk = self.kernel.regions(pid, identity, Detail::Map)?;
        walk.begin_piece();
        let mut ranges = Vec::new();
        while let Some(region) = walk.next_region()? {
            if region.backing.kind == BackingKind::File {
                let (start, end) = (region.start, region.end);
                ranges.push(Item::Range(AddressRange { start, end }));
            }
        }
        walk.confirm()?;
        Ok(ranges)
    }
}

fn name_of(item: Item, entries: Entries) -> Name {
    match (item, entries) {
        (Item::Range(range), _) => Name::Range(range),
        (Item::Number(number), Entries::MachThreads | Entries::Ports) => Name::Hex(number),
        (Item::Number(number), _) => Name::Number(number),
    }
}

/// The item that would have this name among such entries.
fn item_from(name: &[u8], entries: Entries) -> Option<Item> {
    let text = std::str::from_utf8(name).ok()?;
    let radix = match entries {
        Entries::MappedFiles => return AddressRange::from_name(name).map(Item::Range),
        Entries::MachThreads | Entries::Ports => 16,
        _ => 10,
    };
    let item = Item::Number(u64::from_str_radix(text, radix).ok()?);
    // Written otherwise, with a sign or a zero in front, it is another name.
    (name_of(item, entries).to_string() == text).then_some(item)
}

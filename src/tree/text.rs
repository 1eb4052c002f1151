//! What the content of a file is made of, by its row: one place where all that a renderer needs is
//! found out, so that a renderer cannot fail.

use super::access::Asker;
use super::source::ContentSource;
use super::table::{Entries, Kind, Passthrough, Row};
use super::{Node, Tree};
use crate::format::macfuse::Names;
use crate::format::{Document, NewDocument};
use crate::kernel::ProcfsFile;
use crate::model::{Error, ErrorKind, Extent, Identity, Pid, Result, Visibility};

impl Tree {
    /// What a file that is opened now is made of.
    pub(super) fn content_source(&self, node: Node, asker: &Asker) -> Result<ContentSource> {
        let row = node.row.row();
        let process = self.check_alive(node)?;
        if let Some(own) = self.own_file(node, row, process, asker)? {
            return Ok(own);
        }
        match (row.kind, process) {
            (Kind::Directory | Kind::Link(_), _) => Err(Error::new(ErrorKind::IsDirectory, "open")),
            (Kind::Regions(detail, render), Some((pid, identity))) => {
                self.check_item(node)?;
                Ok(ContentSource::Regions(self.kernel.regions(pid, identity, detail)?, render))
            }
            (Kind::Libraries(render), Some((pid, identity))) => {
                Ok(ContentSource::Regions(self.kernel.libraries(pid, identity)?, render))
            }
            (Kind::Document(detail, new), Some((pid, identity))) => {
                let walk = self.kernel.regions(pid, identity, detail)?;
                Ok(ContentSource::Document(walk, new, self.begin(new, pid)?))
            }
            _ => Ok(ContentSource::AtOnce),
        }
    }

    /// A sheet about this process that has seen nothing yet.
    pub(super) fn begin(&self, new: NewDocument, pid: Pid) -> Result<Box<dyn Document>> {
        let mut sheet = new();
        sheet.about(&mut || self.kernel.process(pid))?;
        Ok(sheet)
    }

    fn own_file(
        &self,
        node: Node,
        row: &Row,
        process: Option<(Pid, Identity)>,
        asker: &Asker,
    ) -> Result<Option<ContentSource>> {
        let (whose, name) = match (row.own, process) {
            (None, _) => return Ok(None),
            (Some(Passthrough::Caller(name)), _) => {
                if !self.kernel.knows_callers() {
                    return Ok(None);
                }
                (ProcfsFile::Process(self.kernel.process_of_caller(asker.caller.pid)?), name)
            }
            (Some(Passthrough::Target(name)), None) => (ProcfsFile::Machine, name),
            (Some(Passthrough::Target(name)), Some((pid, _))) if node.item.is_some() => {
                let number = item(node);
                match row.items {
                    Some(Entries::Descriptors) => (ProcfsFile::Descriptor(pid, number), name),
                    _ => (ProcfsFile::Thread(pid, number), name),
                }
            }
            (Some(Passthrough::Target(name)), Some((pid, _))) => (ProcfsFile::Process(pid), name),
        };
        let shown = self.shown(node, asker)?;
        let text = self.kernel.own_file(whose, name, shown)?;
        Ok(text.map(|text| ContentSource::Own(text, shown)))
    }

    /// Whether there is a file of this row, which may be one that only some kernels have.
    pub(super) fn has_file(&self, node: Node) -> bool {
        match (node.row.row(), node.process) {
            (
                Row { kind: Kind::Passthrough, own: Some(Passthrough::Target(name)), .. },
                Some((pid, _)),
            ) => self.kernel.has_own_file(pid, name),
            _ => true,
        }
    }

    /// Whether what was just found out is of the process of this node, and may still be shown.
    pub(super) fn confirm(&self, node: Node, asker: &Asker, shown: Visibility) -> Result<()> {
        self.check_alive(node)?;
        match shown {
            Visibility::Full => self.check_memory_access(node, asker),
            Visibility::Public => Ok(()),
        }
    }

    /// Finds out what the row's renderer needs, and renders it.
    pub(super) fn render(&self, node: Node, asker: &Asker, out: &mut Vec<u8>) -> Result<()> {
        let kernel = &self.kernel;
        let shown = self.shown(node, asker)?;
        let pid = || {
            let process = self.check_alive(node)?;
            process.map(|(pid, _)| pid).ok_or_else(|| Error::new(ErrorKind::Failed, "no process"))
        };
        let confirm = || self.confirm(node, asker, shown);
        match node.row.row().kind {
            Kind::ProcessInfo(extent, render) => {
                let account = kernel.process_info(pid()?, shown, extent)?;
                confirm()?;
                render(&account, out);
            }
            Kind::Ids(render) => {
                let account = kernel.process_info(pid()?, shown, Extent::Brief)?;
                confirm()?;
                let user = |uid| kernel.user_name(uid).map(String::into_bytes);
                let group = |gid| kernel.group_name(gid).map(String::into_bytes);
                render(&account, &Names { user: &user, group: &group }, out);
            }
            Kind::Arguments(render) => {
                let arguments = kernel.arguments(pid()?, shown)?;
                confirm()?;
                render(&arguments, out);
            }
            Kind::Descriptor(render) => {
                let number = u32::try_from(item(node)).unwrap_or(u32::MAX);
                let descriptor = kernel.descriptor(pid()?, number)?;
                confirm()?;
                render(&descriptor, out);
            }
            Kind::Descriptors(render) => {
                let open = kernel.open_descriptors(pid()?)?;
                confirm()?;
                render(&open, out);
            }
            Kind::Task(fact, render) => {
                let numbers = kernel.task_fact(pid()?, fact)?;
                confirm()?;
                render(&numbers, out);
            }
            Kind::Thread(render) => {
                let thread = kernel.thread(pid()?, item(node))?;
                confirm()?;
                render(&thread, out);
            }
            Kind::ThreadOf(extent, render) => {
                let pid = pid()?;
                let thread = kernel.thread(pid, item(node))?;
                let account = kernel.process_info(pid, shown, extent)?;
                confirm()?;
                render(&account, &thread, out);
            }
            Kind::Suspension(render) => {
                let count = kernel.suspend_count(pid()?, item(node))?;
                confirm()?;
                render(&count, out);
            }
            Kind::Registers(set, render) => {
                let registers = kernel.registers(pid()?, item(node), set)?;
                confirm()?;
                render(&registers, out);
            }
            Kind::Port(render) => {
                let name = u32::try_from(item(node)).unwrap_or(0);
                let port = kernel.port(pid()?, name)?;
                confirm()?;
                render(&port, out);
            }
            Kind::Cpu(render) => {
                let number = u32::try_from(item(node)).unwrap_or(u32::MAX);
                render(&kernel.cpu(number)?, out);
            }
            Kind::Machine(render) => render(&kernel.machine()?, out),
            Kind::Directory
            | Kind::Link(_)
            | Kind::Regions(..)
            | Kind::Libraries(_)
            | Kind::Document(..)
            | Kind::Passthrough => {}
        }
        Ok(())
    }
}

/// The number of the item that this node is, or belongs to; the rows of [`Kind`]s that want one have
/// one.
fn item(node: Node) -> u64 {
    node.item.unwrap_or_default()
}

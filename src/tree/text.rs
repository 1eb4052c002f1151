//! What the content of a file is made of, by its row: one place where all that a renderer needs is
//! found out, so that a renderer cannot fail.

use super::access::Asker;
use super::kind::{Entries, Kind, Passthrough, Public};
use super::source::ContentSource;
use super::table::Row;
use super::{Node, Tree, users};
use crate::format::macfuse::Names;
use crate::format::{Document, NewDocument};
use crate::kernel::{Darwin, ProcfsFile};
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
                self.check_entry(node)?;
                Ok(ContentSource::Regions(self.kernel.regions(pid, identity, detail)?, render))
            }
            (Kind::Libraries(render), Some((pid, identity))) => {
                Ok(ContentSource::Regions(self.darwin()?.libraries(pid, identity)?, render))
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
        let (Some(own), Some(procfs)) = (row.own, self.kernel.procfs()) else { return Ok(None) };
        let (file, name, public) = match own {
            Passthrough::Caller(name) => {
                let pid = self.process_of_caller(asker.caller.pid)?;
                (ProcfsFile::Process(pid), name, Public::Whole)
            }
            Passthrough::Target(name, public) => {
                let file = match (process, node.item, row.entries) {
                    (None, ..) => ProcfsFile::Machine,
                    (Some((pid, _)), None, _) => ProcfsFile::Process(pid),
                    (Some((pid, _)), Some(number), Some(Entries::Descriptors)) => {
                        ProcfsFile::Descriptor(pid, number)
                    }
                    (Some((pid, _)), Some(number), _) => ProcfsFile::Thread(pid, number),
                };
                (file, name, public)
            }
        };
        let shown = self.shown(node, asker)?;
        let redact = match (shown, public) {
            (Visibility::Full, _) | (Visibility::Public, Public::Whole) => None,
            (Visibility::Public, Public::Redacted(redact)) => Some(redact),
            (Visibility::Public, Public::Nothing) => {
                return Err(Error::new(ErrorKind::Denied, "own file"));
            }
        };
        Ok(Some(ContentSource::Own(procfs.open_file(file, name, redact)?, shown)))
    }

    /// Whether there is a file of this row, which may be one that only some kernels have.
    pub(super) fn has_file(&self, node: Node) -> bool {
        let Row {
            kind: Kind::Passthrough | Kind::Darwin(_),
            own: Some(Passthrough::Target(name, _)),
            ..
        } = node.row.row()
        else {
            return true;
        };
        let of = node.process.map(|(pid, _)| pid);
        self.kernel.procfs().is_none_or(|procfs| procfs.has_file(of, name))
    }

    /// What only Darwin has; the rows that need it are on no other system.
    pub(super) fn darwin(&self) -> Result<&dyn Darwin> {
        self.kernel.darwin().ok_or_else(|| Error::new(ErrorKind::NoSuchName, "row of macOS"))
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
        // The rows of kinds that want one have one.
        let item = node.item.unwrap_or_default();
        let number = u32::try_from(item).unwrap_or(u32::MAX);
        let confirm = || self.confirm(node, asker, shown);
        match node.row.row().kind {
            Kind::ProcessInfo(extent, render) => {
                let info = kernel.process_info(pid()?, shown, extent)?;
                confirm()?;
                render(&info, out);
            }
            Kind::Ids(render) => {
                let info = kernel.process_info(pid()?, shown, Extent::Brief)?;
                confirm()?;
                // A replay's ids are of the recorded machine, whose users are not known here.
                let is_here = kernel.callers().is_some();
                let user = |uid| users::user(uid).filter(|_| is_here);
                let group = |gid| users::group(gid).filter(|_| is_here);
                render(&info, &Names { user: &user, group: &group }, out);
            }
            Kind::Arguments(render) => {
                let arguments = kernel.arguments(pid()?, shown)?;
                confirm()?;
                render(&arguments, out);
            }
            Kind::Descriptor(render) => {
                let descriptor = kernel.descriptor(pid()?, number)?;
                confirm()?;
                render(&descriptor, out);
            }
            Kind::Descriptors(render) => {
                let open = kernel.open_descriptors(pid()?)?;
                confirm()?;
                render(&open, out);
            }
            Kind::Platform(render) => {
                let platform = self.darwin()?.platform(pid()?)?;
                confirm()?;
                render(&platform, out);
            }
            Kind::Role(render) => {
                let role = self.darwin()?.role(pid()?)?;
                confirm()?;
                render(&role, out);
            }
            Kind::AuditToken(render) => {
                let token = self.darwin()?.audit_token(pid()?)?;
                confirm()?;
                render(&token, out);
            }
            Kind::SecurityToken(render) => {
                let token = self.darwin()?.security_token(pid()?)?;
                confirm()?;
                render(&token, out);
            }
            Kind::TaskSuspension(render) => {
                let count = self.darwin()?.task_suspend_count(pid()?)?;
                confirm()?;
                render(&count, out);
            }
            Kind::Thread(render) => {
                let thread = kernel.thread(pid()?, item)?;
                confirm()?;
                render(&thread, out);
            }
            Kind::ThreadOf(extent, render) => {
                let pid = pid()?;
                let thread = kernel.thread(pid, item)?;
                let info = kernel.process_info(pid, shown, extent)?;
                confirm()?;
                render(&info, &thread, out);
            }
            Kind::ThreadSuspension(render) => {
                let count = self.darwin()?.suspend_count(pid()?, item)?;
                confirm()?;
                render(&count, out);
            }
            Kind::Registers(set, render) => {
                let registers = self.darwin()?.registers(pid()?, item, set)?;
                confirm()?;
                render(&registers, out);
            }
            Kind::Port(render) => {
                let port = self.darwin()?.port(pid()?, number)?;
                confirm()?;
                render(&port, out);
            }
            Kind::Cpu(render) => render(&kernel.cpu(number)?, out),
            Kind::Darwin(render) => {
                self.check_alive(node)?;
                render(self.darwin()?, out)?;
                confirm()?;
            }
            Kind::Machine(render) => render(&self.darwin()?.machine()?, out),
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

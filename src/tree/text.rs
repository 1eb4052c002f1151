//! What the content of a file is made of, by its row: one place where all that a renderer needs is
//! found out, so that a renderer cannot fail.

use super::access::Asker;
use super::kind::{Access, Entries, Kind, Passthrough, Public};
use super::source::ContentSource;
use super::table::Row;
use super::{Node, Tree, users};
use crate::format::macfuse::Names;
use crate::format::{Document, NewDocument};
use crate::kernel::{Darwin, ProcfsFile};
use crate::model::{Error, ErrorKind, Extent, Pid, Result, Visibility};

impl Tree {
    /// What a file that is opened now is made of.
    pub(super) fn content_source(&self, node: Node, asker: &Asker) -> Result<ContentSource> {
        let row = node.row.row();
        if let Some(own) = self.own_file(node, row, asker)? {
            return Ok(own);
        }
        match (row.kind, node.process) {
            (Kind::Directory | Kind::Link(_), _) => Err(Error::new(ErrorKind::IsDirectory, "open")),
            (Kind::Regions(detail, render), Some((pid, identity))) => {
                let walk = self.kernel.regions(pid, identity, detail)?;
                self.check_entry(node)?;
                Ok(ContentSource::Regions(walk, render))
            }
            (Kind::Libraries(render), Some((pid, identity))) => {
                Ok(ContentSource::Regions(self.darwin()?.libraries(pid, identity)?, render))
            }
            (Kind::Document(detail, new), Some((pid, identity))) => {
                let walk = self.kernel.regions(pid, identity, detail)?;
                Ok(ContentSource::Document(walk, new, self.begin(new, node, pid)?))
            }
            _ => self.of_living(node, || Ok(ContentSource::AtOnce)),
        }
    }

    /// A sheet about this process that has seen nothing yet.
    pub(super) fn begin(
        &self,
        new: NewDocument,
        node: Node,
        pid: Pid,
    ) -> Result<Box<dyn Document>> {
        let mut sheet = new();
        sheet.about(&mut || self.of_living(node, || self.kernel.process(pid)))?;
        Ok(sheet)
    }

    fn own_file(&self, node: Node, row: &Row, asker: &Asker) -> Result<Option<ContentSource>> {
        let (Some(own), Some(procfs)) = (row.own, self.kernel.procfs()) else { return Ok(None) };
        let (file, name, public) = match own {
            Passthrough::Caller(name) => {
                let pid = self.process_of_caller(asker.caller.pid)?;
                let identity = self.kernel.identity(pid)?;
                (ProcfsFile::Process(pid, identity), name, Public::Whole)
            }
            Passthrough::Target(name, public) => {
                let file = match (node.process, node.number(), row.entries) {
                    (None, ..) => ProcfsFile::Machine,
                    (Some((pid, identity)), None, _) => ProcfsFile::Process(pid, identity),
                    (Some((pid, identity)), Some(number), Some(Entries::Descriptors)) => {
                        ProcfsFile::Descriptor(pid, identity, number)
                    }
                    (Some((pid, identity)), Some(number), _) => {
                        ProcfsFile::Thread(pid, identity, number)
                    }
                };
                (file, name, public)
            }
        };
        let shown = match public {
            Public::Whole => Visibility::Public,
            // Whom the row lets read it at all.
            _ if row.access == Access::Memory => Visibility::Full,
            Public::Redacted(_) | Public::Nothing => self.shown(node, asker)?,
        };
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

    /// Whether what was just found out of the process of this node may still be shown.
    pub(super) fn confirm_shown(&self, node: Node, asker: &Asker, shown: Visibility) -> Result<()> {
        match shown {
            Visibility::Full => self.check_memory_access(node, asker),
            Visibility::Public => Ok(()),
        }
    }

    /// Finds out what the row's renderer needs, and renders it.
    pub(super) fn render(&self, node: Node, asker: &Asker, out: &mut Vec<u8>) -> Result<()> {
        let before = out.len();
        let shown = self.shown(node, asker)?;
        let rendered = self.render_by_pid(node, shown, out);
        // To look at the credentials is to look at the identity.
        let confirmed = match shown {
            Visibility::Full if !asker.may_see_all(self.kernel.system()) => {
                self.check_memory_access(node, asker)
            }
            Visibility::Full | Visibility::Public => self.check_alive(node),
        };
        let rendered = confirmed.and(rendered);
        if rendered.is_err() {
            out.truncate(before);
        }
        rendered
    }

    /// Renders what the kernel reports of the process that has the pid now.
    fn render_by_pid(&self, node: Node, shown: Visibility, out: &mut Vec<u8>) -> Result<()> {
        let kernel = &self.kernel;
        let pid = || {
            let process = node.process.map(|(pid, _)| pid);
            process.ok_or_else(|| Error::new(ErrorKind::Failed, "no process"))
        };
        // The rows of kinds that want one have one.
        let item = node.number().unwrap_or_default();
        let number = u32::try_from(item).unwrap_or(u32::MAX);
        match node.row.row().kind {
            Kind::ProcessInfo(extent, render) => {
                let info = kernel.process_info(pid()?, shown, extent)?;
                render(&info, out);
            }
            Kind::Ids(render) => {
                let info = kernel.process_info(pid()?, shown, Extent::Brief)?;
                // A replay's ids are of the recorded machine, whose users are not known here.
                let is_here = kernel.callers().is_some();
                let user = |uid| users::user(uid).filter(|_| is_here);
                let group = |gid| users::group(gid).filter(|_| is_here);
                render(&info, &Names { user: &user, group: &group }, out);
            }
            Kind::Arguments(render) => render(&kernel.arguments(pid()?, shown)?, out),
            Kind::Descriptor(render) => render(&kernel.descriptor(pid()?, number)?, out),
            Kind::Descriptors(render) => render(&kernel.open_descriptors(pid()?)?, out),
            Kind::Platform(render) => render(&self.darwin()?.platform(pid()?)?, out),
            Kind::Role(render) => render(&self.darwin()?.role(pid()?)?, out),
            Kind::AuditToken(render) => render(&self.darwin()?.audit_token(pid()?)?, out),
            Kind::SecurityToken(render) => render(&self.darwin()?.security_token(pid()?)?, out),
            Kind::TaskSuspension(render) => {
                render(&self.darwin()?.task_suspend_count(pid()?)?, out)
            }
            Kind::Thread(render) => render(&kernel.thread(pid()?, item)?, out),
            Kind::ThreadOf(extent, render) => {
                let pid = pid()?;
                let thread = kernel.thread(pid, item)?;
                let info = kernel.process_info(pid, shown, extent)?;
                render(&info, &thread, out);
            }
            Kind::ThreadSuspension(render) => {
                render(&self.darwin()?.suspend_count(pid()?, item)?, out)
            }
            Kind::Registers(set, render) => {
                let registers = self.darwin()?.registers(pid()?, item, set)?;
                render(&registers, out);
            }
            Kind::Port(render) => render(&self.darwin()?.port(pid()?, number)?, out),
            Kind::Cpu(render) => render(&kernel.cpu(number)?, out),
            Kind::Darwin(render) => render(self.darwin()?, out)?,
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

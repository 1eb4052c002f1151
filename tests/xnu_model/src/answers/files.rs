//! Answers about open files.

use super::super::super::calls::{
    Errno, FileCalls, FilePart, OpenFile, PipeFile, SocketFile, VnodeFile, VnodeInfo,
};
use super::super::super::recording::RecordedDetail;
use super::super::XnuModel;
use super::super::executable::mach_header;
use super::super::fault::Call;
use super::super::object::{Vnode, VnodeId};
use super::super::parts::FileDetail;
use super::super::process::Slot;
use super::super::recorded;
use super::super::world::World;

/// What is open.
enum Open<'a> {
    Described(&'a FileDetail),
    Recorded(&'a RecordedDetail),
}

impl World {
    /// What is open under this descriptor, where it is of this kind; else this errno.
    fn open_file(
        &self,
        pid: i32,
        descriptor: i32,
        kind: u32,
        other: Errno,
    ) -> Result<Open<'_>, Errno> {
        let (open, found) = match self.owner_of_files(pid)? {
            Slot::Described(process) => {
                let file = process.files.iter().find(|file| file.descriptor == descriptor);
                let file = file.ok_or(Errno::BADF)?;
                (Ok(Open::Described(&file.detail)), file.detail.kind())
            }
            Slot::Recorded(process) => {
                recorded::part(process.files.as_ref())?;
                let row = process.file(descriptor).ok_or(Errno::BADF)?;
                (recorded::part(row.detail.as_deref()).map(Open::Recorded), row.file.kind)
            }
        };
        if found == kind { open } else { Err(other) }
    }
}

impl World {
    fn vnode_file(&self, pid: i32, descriptor: i32, with_path: bool) -> Result<VnodeFile, Errno> {
        match self.open_file(pid, descriptor, OpenFile::VNODE, Errno::BADF)? {
            Open::Described(FileDetail::Vnode(vnode, file)) => {
                let vnode = self.vnodes.get(vnode.0).filter(|vnode| !vnode.recycled);
                let vnode = vnode.ok_or(Errno::NOENT)?;
                if with_path && vnode.path_denied {
                    return Err(Errno::PERM);
                }
                let path = vnode.path.iter().copied().take(1023).collect();
                Ok(VnodeFile { file: *file, vnode: VnodeInfo::clone(&vnode.info), path })
            }
            Open::Recorded(RecordedDetail::Vnode(vnode)) => Ok(vnode.clone()),
            // Recorded where the path is not told.
            Open::Recorded(RecordedDetail::VnodeWithoutPath(vnode)) if !with_path => {
                Ok(vnode.clone())
            }
            Open::Recorded(RecordedDetail::VnodeWithoutPath(_)) => Err(Errno::PERM),
            _ => Err(Errno::BADF),
        }
    }

    /// Whether this vnode is what is open under this descriptor.
    fn has_open(&self, pid: i32, descriptor: i32, vnode: VnodeId) -> bool {
        let open = self.open_file(pid, descriptor, OpenFile::VNODE, Errno::BADF);
        matches!(open, Ok(Open::Described(FileDetail::Vnode(it, _))) if *it == vnode)
    }

    /// A file that has a name: by it, and all of it that is known behind the offset.
    fn file_part(&self, path: &[u8], offset: u64) -> Result<FilePart, Errno> {
        if let Some(image) = self.recorded_images.get(&(path.to_vec(), offset)) {
            let bytes = mach_header(&image.file);
            return Ok(FilePart { dev: image.dev, ino: image.ino, bytes });
        }
        if self.recorded_machine.is_some() {
            return Err(Errno::NOTSUP);
        }
        let named = |it: &&Vnode| it.path == path && it.info.nlink > 0 && !it.recycled;
        let vnode = self.vnodes.iter().rev().find(named).ok_or(Errno::NOENT)?;
        if let Some(errno) = vnode.unreadable {
            return Err(errno);
        }
        if vnode.info.kind != 1 {
            return Err(Errno::INVAL);
        }
        let bytes = vnode.contents.get(&offset).cloned().unwrap_or_default();
        Ok(FilePart { dev: vnode.info.dev, ino: vnode.info.ino, bytes })
    }
}

impl FileCalls for XnuModel {
    fn list_files(&self, pid: i32, files: Option<&mut [OpenFile]>) -> Result<usize, Errno> {
        let (state, _) = self.bsd(Call::ListFiles)?;
        let room = files.as_ref().map_or(1, |files| files.len());
        let open: Vec<OpenFile> = match state.world.admit(pid, 1, room.saturating_mul(8))? {
            Slot::Described(process) => {
                let files = process.files.iter();
                let mut open: Vec<OpenFile> = files
                    .map(|file| OpenFile { descriptor: file.descriptor, kind: file.detail.kind() })
                    .collect();
                open.sort_by_key(|file| file.descriptor);
                open
            }
            Slot::Recorded(process) => {
                recorded::part(process.files.as_ref())?.iter().map(|row| row.file).collect()
            }
        };
        let Some(files) = files else { return Ok(open.len() + 20) };
        Ok(files.iter_mut().zip(open).map(|(to, file)| *to = file).count())
    }

    fn vnode_file(&self, pid: i32, descriptor: i32) -> Result<VnodeFile, Errno> {
        let (mut state, _) = self.bsd(Call::VnodeFile)?;
        self.wait_for_vnodes(&mut state, |world, vnode| world.has_open(pid, descriptor, vnode));
        state.world.vnode_file(pid, descriptor, true)
    }

    fn vnode_file_without_path(&self, pid: i32, descriptor: i32) -> Result<VnodeFile, Errno> {
        let (mut state, _) = self.bsd(Call::VnodeFileWithoutPath)?;
        self.wait_for_vnodes(&mut state, |world, vnode| world.has_open(pid, descriptor, vnode));
        let found = state.world.vnode_file(pid, descriptor, false)?;
        Ok(VnodeFile { path: Vec::new(), ..found })
    }

    fn file_part(&self, path: &[u8], offset: u64, most: usize) -> Result<FilePart, Errno> {
        let (state, _) = self.bsd(Call::FilePart)?;
        let part = state.world.file_part(path, offset)?;
        let bytes = part.bytes.into_iter().take(most).collect();
        Ok(FilePart { bytes, ..part })
    }

    fn socket_file(&self, pid: i32, descriptor: i32) -> Result<SocketFile, Errno> {
        let (state, _) = self.bsd(Call::SocketFile)?;
        match state.world.open_file(pid, descriptor, OpenFile::SOCKET, Errno::NOTSOCK)? {
            Open::Described(FileDetail::Socket(socket))
            | Open::Recorded(RecordedDetail::Socket(socket)) => Ok(socket.clone()),
            _ => Err(Errno::NOTSOCK),
        }
    }

    fn pipe_file(&self, pid: i32, descriptor: i32) -> Result<PipeFile, Errno> {
        let (state, _) = self.bsd(Call::PipeFile)?;
        match state.world.open_file(pid, descriptor, OpenFile::PIPE, Errno::BADF)? {
            Open::Described(FileDetail::Pipe(pipe))
            | Open::Recorded(RecordedDetail::Pipe(pipe)) => Ok(*pipe),
            _ => Err(Errno::BADF),
        }
    }
}

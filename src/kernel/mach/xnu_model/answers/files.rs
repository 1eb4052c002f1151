//! Answers about open files.

use super::super::super::calls::{
    Errno, FileCalls, OpenFile, PipeFile, SocketFile, VnodeFile, VnodeInfo,
};
use super::super::super::recording::RecordedDetail;
use super::super::XnuModel;
use super::super::fault::Call;
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
                let mut files = recorded::part(process.files.as_ref())?.iter();
                let row = files.find(|row| row.file.descriptor == descriptor);
                let row = row.ok_or(Errno::BADF)?;
                (recorded::part(row.detail.as_deref()).map(Open::Recorded), row.file.kind)
            }
        };
        if found == kind { open } else { Err(other) }
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
        let (state, _) = self.bsd(Call::VnodeFile)?;
        let world = &state.world;
        match world.open_file(pid, descriptor, OpenFile::VNODE, Errno::BADF)? {
            Open::Described(FileDetail::Vnode(vnode, file)) => {
                let vnode = world.vnodes.get(vnode.0).filter(|vnode| !vnode.recycled);
                let vnode = vnode.ok_or(Errno::NOENT)?;
                let path = vnode.path.iter().copied().take(1023).collect();
                Ok(VnodeFile { file: *file, vnode: VnodeInfo::clone(&vnode.info), path })
            }
            Open::Recorded(RecordedDetail::Vnode(vnode)) => Ok(vnode.clone()),
            _ => Err(Errno::BADF),
        }
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

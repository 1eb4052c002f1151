//! Answers about open files.

use super::super::super::calls::{
    Errno, FileCalls, OpenFile, PipeFile, SocketFile, VnodeFile, VnodeInfo,
};
use super::super::XnuModel;
use super::super::fault::Call;
use super::super::parts::FileDetail;
use super::super::process::Slot;
use super::super::world::World;

impl World {
    /// What is open under this descriptor.
    fn open_file(&self, pid: i32, descriptor: i32) -> Result<&FileDetail, Errno> {
        match self.owner_of_files(pid)? {
            Slot::Described(process) => {
                let found = process.files.iter().find(|file| file.descriptor == descriptor);
                found.map(|file| &file.detail).ok_or(Errno::BADF)
            }
            Slot::Recorded(_) => Err(Errno::NOTSUP),
        }
    }
}

impl FileCalls for XnuModel {
    fn list_files(&self, pid: i32, files: Option<&mut [OpenFile]>) -> Result<usize, Errno> {
        let (state, _) = self.bsd(Call::ListFiles)?;
        let room = files.as_ref().map_or(1, |files| files.len());
        let process = state.world.admit(pid, 1, room.saturating_mul(8))?;
        let open = &process.files;
        let Some(files) = files else { return Ok(open.len() + 20) };
        let mut ascending: Vec<OpenFile> = open
            .iter()
            .map(|file| OpenFile { descriptor: file.descriptor, kind: file.detail.kind() })
            .collect();
        ascending.sort_by_key(|file| file.descriptor);
        Ok(files.iter_mut().zip(ascending).map(|(to, file)| *to = file).count())
    }

    fn vnode_file(&self, pid: i32, descriptor: i32) -> Result<VnodeFile, Errno> {
        let (state, _) = self.bsd(Call::VnodeFile)?;
        let world = &state.world;
        let FileDetail::Vnode(vnode, file) = world.open_file(pid, descriptor)? else {
            return Err(Errno::BADF);
        };
        let vnode = world.vnodes.get(vnode.0).filter(|vnode| !vnode.recycled);
        let vnode = vnode.ok_or(Errno::NOENT)?;
        let path = vnode.path.iter().copied().take(1023).collect();
        Ok(VnodeFile { file: *file, vnode: VnodeInfo::clone(&vnode.info), path })
    }

    fn socket_file(&self, pid: i32, descriptor: i32) -> Result<SocketFile, Errno> {
        let (state, _) = self.bsd(Call::SocketFile)?;
        match state.world.open_file(pid, descriptor)? {
            FileDetail::Socket(socket) => Ok(socket.clone()),
            _ => Err(Errno::NOTSOCK),
        }
    }

    fn pipe_file(&self, pid: i32, descriptor: i32) -> Result<PipeFile, Errno> {
        let (state, _) = self.bsd(Call::PipeFile)?;
        match state.world.open_file(pid, descriptor)? {
            FileDetail::Pipe(pipe) => Ok(*pipe),
            _ => Err(Errno::BADF),
        }
    }
}

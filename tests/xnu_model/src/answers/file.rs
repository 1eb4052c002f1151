//! Answers about open files, and parts of files.

use mach_procfs::kernel::xnu::{
    Errno, FileInfo, FilePart, MAXLONGPATHLEN, OpenFile, PathlessFile, Text, VnodeFile,
};

use super::write::put;
use crate::calls::Call;
use crate::object::{Vnode, VnodeId};
use crate::parts::FileDetail;
use crate::process::ModelProcess;
use crate::world::World;

impl ModelProcess {
    /// Its descriptors, in ascending order.
    pub(super) fn open_files(&self) -> Vec<OpenFile> {
        let open = self.files.iter();
        let mut open: Vec<OpenFile> = open
            .map(|file| OpenFile { descriptor: file.descriptor, kind: file.detail.kind() })
            .collect();
        open.sort_by_key(|file| file.descriptor);
        open
    }
}

impl World {
    /// The file under this descriptor, after the checks of `proc_pidfdinfo` that follow those of
    /// flavor and size.
    fn open_file(&self, pid: i32, descriptor: i32) -> Result<&FileDetail, Errno> {
        let process = self.process(pid).filter(|process| !process.is_zombie());
        let process = process.ok_or(Errno::SRCH)?;
        self.caller.may_see(process)?;
        let file = process.files.iter().find(|file| file.descriptor == descriptor);
        file.map(|file| &file.detail).ok_or(Errno::BADF)
    }

    /// Whether this vnode is open under this descriptor.
    pub(super) fn has_open(&self, pid: i32, descriptor: i32, vnode: VnodeId) -> bool {
        let open = self.open_file(pid, descriptor);
        matches!(open, Ok(FileDetail::Vnode(it, _)) if *it == vnode)
    }

    /// Flavors of `proc_pidfdinfo`.
    pub(super) fn about_descriptor(
        &self,
        pid: i32,
        descriptor: i32,
        call: Call,
        buffer: &mut [u8],
    ) -> Result<usize, Errno> {
        match (call, self.open_file(pid, descriptor)?) {
            (Call::VnodeFile, FileDetail::Vnode(vnode, file)) => {
                let vnode = self.open_vnode(*vnode)?;
                if vnode.path_denied {
                    return Err(Errno::PERM);
                }
                put(&vnode_file(*file, vnode), buffer)
            }
            (Call::VnodeFileWithoutPath, FileDetail::Vnode(vnode, file)) => {
                let vnode = self.open_vnode(*vnode)?.info;
                put(&PathlessFile { file: *file, vnode }, buffer)
            }
            (Call::SocketFile, FileDetail::Socket(socket)) => put(socket, buffer),
            (Call::PipeFile, FileDetail::Pipe(pipe)) => put(pipe, buffer),
            (Call::SharedMemoryFile, FileDetail::SharedMemory(file)) => put(file, buffer),
            (Call::SemaphoreFile, FileDetail::Semaphore(file)) => put(file, buffer),
            (Call::SocketFile, _) => Err(Errno::NOTSOCK),
            _ => Err(Errno::BADF),
        }
    }

    fn open_vnode(&self, id: VnodeId) -> Result<&Vnode, Errno> {
        self.vnodes.get(id.0).filter(|vnode| !vnode.recycled).ok_or(Errno::NOENT)
    }

    /// Whether this is the file with this number.
    pub(super) fn has_number(&self, fsid: [i32; 2], ino: u64, vnode: VnodeId) -> bool {
        let info = self.vnodes.get(vnode.0).map(|vnode| vnode.info);
        info.is_some_and(|info| (info.fsid[0], info.ino) == (fsid[0], ino))
    }

    /// `fsgetpath`, which uses only the first word of the file system's number.
    pub(super) fn path_of(
        &self,
        fsid: [i32; 2],
        ino: u64,
        buffer: &mut [u8],
    ) -> Result<usize, Errno> {
        if buffer.is_empty() || buffer.len() > MAXLONGPATHLEN {
            return Err(Errno::INVAL);
        }
        let mut of_volume = self.vnodes.iter().filter(|it| it.info.fsid[0] == fsid[0]).peekable();
        of_volume.peek().ok_or(Errno::NOTSUP)?;
        let found = of_volume.find(|it| it.info.ino == ino && it.info.nlink > 0);
        let found = found.ok_or(Errno::NOENT)?;
        if found.path_denied {
            return Err(Errno::PERM);
        }
        let path = [found.whole_path.as_ref().unwrap_or(&found.path).as_slice(), b"\0"].concat();
        put(path.as_slice(), buffer).map_err(|_| Errno::NOSPC)
    }

    /// The file with this path: its identity, and all its known bytes from the offset on.
    pub(super) fn file_part(
        &self,
        path: &[u8],
        offset: u64,
        most: usize,
    ) -> Result<FilePart, Errno> {
        let named = |it: &&Vnode| it.path == path && it.info.nlink > 0 && !it.recycled;
        let vnode = self.vnodes.iter().rev().find(named).ok_or(Errno::NOENT)?;
        if let Some(errno) = vnode.unreadable {
            return Err(errno);
        }
        if vnode.info.kind != 1 {
            return Err(Errno::INVAL);
        }
        let bytes = vnode.contents.get(&offset).map_or(&[][..], Vec::as_slice);
        let bytes = bytes.iter().take(most).copied().collect();
        Ok(FilePart { dev: vnode.info.dev, ino: vnode.info.ino, bytes })
    }
}

fn vnode_file(file: FileInfo, vnode: &Vnode) -> VnodeFile {
    VnodeFile { file, vnode: vnode.info, path: Text::from(&vnode.path[..]) }
}

//! What must be true of the parts that a recording may have, so that their answers are such as a
//! kernel could give.

use super::super::calls::{SocketEnds, VnodePaths};
use super::part::{
    Bytes, RecordedDetail, RecordedFile, RecordedMachine, RecordedThreadPort, Reply,
};
use super::read::{Fault, fault};
use super::{Answer, RecordedImage, RecordedProcess};

/// More than any processor has sets of registers.
const MOST_STATES: usize = 16;

/// A text of at most so many bytes before its NUL.
fn text(place: impl Fn() -> String, text: &[u8], most: usize) -> Result<(), Fault> {
    if text.len() > most {
        return Err((place(), "is too long"));
    }
    if text.contains(&0) {
        return Err((place(), "contains a NUL"));
    }
    Ok(())
}

pub(super) fn process(process: &RecordedProcess) -> Result<(), Fault> {
    if let Some(Answer::Ok(Bytes(path))) = &process.executable {
        text(|| ".executable".to_owned(), path, 4095)?;
    }
    if let Some(Answer::Ok(paths)) = process.directories.as_deref() {
        let VnodePaths { current_path, root_path, .. } = paths;
        text(|| ".directories.ok.current_path".to_owned(), current_path, 1023)?;
        text(|| ".directories.ok.root_path".to_owned(), root_path, 1023)?;
    }
    if let Some(Answer::Ok(threads)) = &process.threads {
        for (row, thread) in threads.iter().enumerate() {
            if let Answer::Ok(info) = &thread.info {
                text(|| format!(".threads.ok[{row}].info.ok.name"), &info.name, 63)?;
            }
        }
    }
    if let Some(Answer::Ok(files)) = &process.files {
        for (row, file) in files.iter().enumerate() {
            check_file(file, |field| format!(".files.ok[{row}].{field}"))?;
        }
    }
    if let Some(Reply::Ok(threads)) = &process.thread_ports {
        for (row, thread) in threads.iter().enumerate() {
            check_states(thread, row)?;
        }
    }
    Ok(())
}

fn check_file(file: &RecordedFile, place: impl Fn(&str) -> String) -> Result<(), Fault> {
    match file.detail.as_deref() {
        Some(Answer::Ok(RecordedDetail::Vnode(vnode))) => {
            text(|| place("detail.ok.vnode.path"), &vnode.path, 1023)
        }
        Some(Answer::Ok(RecordedDetail::VnodeWithoutPath(vnode))) if !vnode.path.is_empty() => {
            Err((place("detail.ok.vnode_without_path.path"), "is not empty"))
        }
        Some(Answer::Ok(RecordedDetail::Socket(socket))) => match &socket.ends {
            SocketEnds::Unix(ends) => {
                text(|| place("detail.ok.socket.ends.unix.path"), &ends.path, 253)?;
                text(|| place("detail.ok.socket.ends.unix.peer_path"), &ends.peer_path, 253)
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn check_states(thread: &RecordedThreadPort, row: usize) -> Result<(), Fault> {
    if thread.states.len() > MOST_STATES {
        return Err((format!(".thread_ports.ok[{row}].states"), "has more than 16 of them"));
    }
    Ok(())
}

/// No more segments than are read of a file.
const MOST_SEGMENTS: usize = 256;

pub(super) fn image(image: &RecordedImage) -> Result<(), Fault> {
    text(|| ".path".to_owned(), &image.path.0, 1023)?;
    if image.file.segments.len() > MOST_SEGMENTS {
        return fault(".file.segments", "has more than 256 of them");
    }
    Ok(())
}

pub(super) fn machine(machine: &RecordedMachine) -> Result<(), Fault> {
    if let Some(Answer::Ok(mounts)) = &machine.mounts {
        for (row, mount) in mounts.iter().enumerate() {
            let place = |field| move || format!(".mounts.ok[{row}].{field}");
            text(place("mount_point"), &mount.mount_point, 1023)?;
            text(place("source"), &mount.source, 1023)?;
            text(place("kind"), &mount.kind, 15)?;
        }
    }
    Ok(())
}

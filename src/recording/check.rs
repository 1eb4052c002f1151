//! Conditions on the optional parts of a recording: a kernel must be able to give their answers.
//! Texts of XNU's structs are checked as they are read.

use std::collections::BTreeSet;

use super::read::{Fault, fault};
use super::{Answer, Bytes, RecordedImage, RecordedPath, RecordedProcess};
use crate::kernel::xnu::{MAXLONGPATHLEN, SharedCache};

/// The most segments of a file, which is also the most that are read of a real one.
const MOST_SEGMENTS: usize = 256;

/// A text of at most this many bytes before its NUL.
fn text(place: &str, text: &[u8], most: usize) -> Result<(), Fault> {
    if text.len() > most {
        return fault(place, "is too long");
    }
    if text.contains(&0) {
        return fault(place, "contains a NUL");
    }
    Ok(())
}

pub(super) fn process(process: &RecordedProcess) -> Result<(), Fault> {
    if let Some(Answer::Ok(Bytes(path))) = &process.executable {
        text(".executable", path, 4095)?;
    }
    Ok(())
}

pub(super) fn path(found: &RecordedPath) -> Result<(), Fault> {
    match &found.path {
        Answer::Ok(Bytes(path)) => text(".path.ok", path, MAXLONGPATHLEN - 1),
        Answer::Errno(_) => Ok(()),
    }
}

pub(super) fn shared_cache(cache: &SharedCache, pids: &BTreeSet<i32>) -> Result<(), Fault> {
    if !pids.contains(&cache.pid) {
        return fault(".pid", "is no recorded process's");
    }
    for (index, image) in cache.images.iter().enumerate() {
        text(&format!(".images[{index}].path"), &image.path, 1023)?;
    }
    Ok(())
}

pub(super) fn image(image: &RecordedImage) -> Result<(), Fault> {
    text(".path", &image.path.0, 1023)?;
    if image.file.segments.len() > MOST_SEGMENTS {
        return fault(".file.segments", "has more than 256 of them");
    }
    Ok(())
}

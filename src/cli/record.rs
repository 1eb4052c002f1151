//! `record`: writes the kernel's answers about processes to a file.

use std::io::stdout;
use std::sync::Arc;

use mach_procfs::model::Pid;
use mach_procfs::recording::{self, Answer, Replay};

use super::source::Source;
use super::{Failure, print_error};

/// Writes a recording of the given processes; those that do not exist are named. Only with `all` it
/// has what is private (`docs/recording.md`), and the libraries of the shared cache.
pub(super) fn record(source: &Source, names: &[String], all: bool) -> Result<(), Failure> {
    let mut pids = Vec::new();
    for name in names {
        let pid = Pid::from_name(name.as_bytes());
        pids.push(pid.ok_or_else(|| Failure::Because(format!("'{name}' is no pid")))?);
    }
    let mut recording = match source.recording()? {
        Some(recording) => recording::record(&Arc::new(Replay::new(recording)), &pids),
        None => recording::record_host(&pids)
            .map_err(|error| Failure::Because(error.call.to_owned()))?,
    };
    if !all {
        recording.keep_no_more_than(&pids);
    }
    let (found, missing): (Vec<_>, Vec<_>) = std::mem::take(&mut recording.processes)
        .into_iter()
        .partition(|process| matches!(process.answers.short_info, Some(Answer::Ok(_))));
    for process in &missing {
        print_error(&format!("{}: no such process", process.pid));
    }
    if !found.is_empty() {
        recording.processes = found;
        recording.write(stdout().lock())?;
    }
    if missing.is_empty() { Ok(()) } else { Err(Failure::Said) }
}

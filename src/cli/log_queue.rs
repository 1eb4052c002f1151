//! Log lines on their way to standard error. A daemon's requests must never wait for it: with
//! `mount -f 2>&1 | less` standard error is a pipe, which takes 64 KiB until its reader continues.
//! So the daemon's lines go through a queue to a thread that writes. If the queue is full, lines
//! are counted and lost. Other commands write at once.
//!
//! A file that `--log` names becomes standard error. The thread opens it again when it was renamed:
//! newsyslog(8), which rotates it on macOS, could send a signal only to a process with a pid file.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use mach_procfs::model::error_words;
use nix::errno::Errno;
use nix::sys::stat::{fstat, stat};

/// The most lines that wait.
const LINES: usize = 1024;

/// How long the end of the program waits for them.
const FLUSH_WITHIN: Duration = Duration::from_millis(500);

/// The log that `--log` names.
static FILE: OnceLock<PathBuf> = OnceLock::new();
static QUEUE: OnceLock<SyncSender<Vec<u8>>> = OnceLock::new();
/// Lines that are not yet written.
static WAITING: AtomicUsize = AtomicUsize::new(0);
static LOST: AtomicUsize = AtomicUsize::new(0);

/// The logger's output: each call has one whole line.
pub(super) struct LogQueue;

impl Write for LogQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let Some(queue) = QUEUE.get() else {
            io::stderr().write_all(line)?;
            return Ok(line.len());
        };
        WAITING.fetch_add(1, Ordering::Relaxed);
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            queue.try_send(line.to_owned())
        {
            WAITING.fetch_sub(1, Ordering::Relaxed);
            LOST.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes this file standard error, from now on and when another one has its name.
pub(super) fn log_to(path: &Path) -> io::Result<()> {
    // The daemon leaves its directory.
    let path = std::path::absolute(path)?;
    open(&path)?;
    FILE.get_or_init(|| path);
    Ok(())
}

fn open(path: &Path) -> io::Result<()> {
    let file = File::options().append(true).create(true).mode(0o640).open(path)?;
    Ok(nix::unistd::dup2_stderr(file)?)
}

/// Opens the log again if no file has its name, or another one has. If that fails, the old file
/// gets the lines.
fn follow_name(path: &Path) -> io::Result<()> {
    let written = fstat(io::stderr())?;
    match stat(path) {
        Ok(named) if (named.st_dev, named.st_ino) == (written.st_dev, written.st_ino) => Ok(()),
        Ok(_) | Err(Errno::ENOENT) => open(path),
        Err(errno) => Err(errno.into()),
    }
}

/// Starts the thread. From then on no log line waits.
pub(super) fn never_wait() {
    let (sender, lines) = sync_channel(LINES);
    match std::thread::Builder::new().name("log".to_owned()).spawn(move || write(&lines)) {
        Ok(_) => drop(QUEUE.set(sender)),
        Err(error) => log::warn!("no thread for the log: {}", error_words(&error)),
    }
}

fn write(lines: &Receiver<Vec<u8>>) {
    for line in lines {
        if let Some(path) = FILE.get() {
            let _ = follow_name(path);
        }
        // There is no place left to report that it cannot be written.
        let _ = io::stderr().write_all(&line);
        WAITING.fetch_sub(1, Ordering::Relaxed);
        let lost = LOST.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ =
                writeln!(io::stderr(), "mach-procfs: warning: {lost} lines of the log were lost");
        }
    }
}

/// Waits a moment until all lines are written. For the end of the program.
pub(super) fn flush() {
    let until = Instant::now() + FLUSH_WITHIN;
    while WAITING.load(Ordering::Relaxed) > 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(2));
    }
}

//! Log lines on their way to standard error. A daemon's requests must never wait for it: with
//! `mount -f 2>&1 | less` standard error is a pipe, which takes 64 KiB until its reader continues.
//! So the daemon's lines go through a queue to a thread that writes. If the queue is full, lines
//! are counted and lost. Other commands write at once.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use mach_procfs::model::error_words;

/// The most lines that wait.
const LINES: usize = 1024;

/// How long the end of the program waits for them.
const FLUSH_WITHIN: Duration = Duration::from_millis(500);

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

//! Text on standard error: the log, as messages for a person or with times for a log file. Text
//! from outside loses the characters that would forge lines or command the terminal.

use std::fmt::{self, Write as _};
use std::io::Write as _;

use mach_procfs::model::{is_visible, without_number};

/// Text with escapes in place of control characters and of those that change the direction of
/// writing.
pub(super) struct Plain<T>(pub(super) T);

impl<T: fmt::Display> fmt::Display for Plain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if is_visible(character) {
                self.0.write_char(character)?;
            } else {
                write!(self.0, "{}", character.escape_default())?;
            }
        }
        Ok(())
    }
}

/// The target of log lines that need no `-v`.
pub(super) const ALWAYS: &str = "mach-procfs";

/// Starts the log at this level, unless `RUST_LOG` says otherwise. Only a file needs the time: a
/// person reads a terminal as it is written, and a journal has times of its own.
pub(super) fn start(level: &str) {
    let in_a_file = is_a_log_file();
    let mut builder =
        env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(level));
    #[cfg(feature = "mount")]
    builder.target(env_logger::Target::Pipe(Box::new(super::log_queue::LogQueue)));
    builder
        .format(move |out, record| {
            let (level, target, text) = (record.level(), record.target(), words(record.args()));
            match level {
                _ if in_a_file => {
                    writeln!(out, "[{} {level:<5} {target}] {text}", out.timestamp())
                }
                log::Level::Error | log::Level::Info => writeln!(out, "mach-procfs: {text}"),
                log::Level::Warn => writeln!(out, "mach-procfs: warning: {text}"),
                log::Level::Debug | log::Level::Trace => {
                    writeln!(out, "mach-procfs: debug: {target}: {text}")
                }
            }
        })
        .init();
}

/// The text of a log line. fuser's end with the number of a system's error.
fn words(text: &fmt::Arguments<'_>) -> String {
    Plain(without_number(&text.to_string())).to_string()
}

/// Whether standard error is a plain file.
pub(super) fn is_a_log_file() -> bool {
    nix::sys::stat::fstat(std::io::stderr())
        .is_ok_and(|log| log.st_mode & libc::S_IFMT == libc::S_IFREG)
}

#[cfg(test)]
mod tests {
    use super::{Plain, words};

    #[test]
    fn one_line_and_no_commands() {
        let plain = |text: &str| Plain(text).to_string();
        assert_eq!(plain("a b/ü\\"), "a b/ü\\");
        assert_eq!(plain("a\nmach-procfs: b\r\x1b[2J\x7f"), r"a\nmach-procfs: b\r\u{1b}[2J\u{7f}");
        assert_eq!(plain("\u{9b}1m\u{202e}x\u{2066}"), r"\u{9b}1m\u{202e}x\u{2066}");
    }

    #[test]
    fn a_log_line_has_the_words_of_an_error_and_not_its_number() {
        let gone = std::io::Error::from_raw_os_error(libc::ENOENT);
        assert!(gone.to_string().ends_with(" (os error 2)"));
        let line = words(&format_args!("Failed to send FUSE reply: {gone}"));
        assert_eq!(line, "Failed to send FUSE reply: No such file or directory");
        assert_eq!(words(&format_args!("{gone}: a\nb")), format!(r"{gone}: a\nb"));
    }
}

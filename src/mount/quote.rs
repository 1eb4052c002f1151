//! Paths quoted for a shell.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::model::is_visible;

/// A path as one word of a shell's command line: unquoted if it has only harmless characters, in
/// single quotes if it has others, and as `$'…'`, which bash, zsh and ksh support, if it has bytes
/// that cannot be shown on one line of a terminal.
#[must_use]
pub fn quote(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+:@%,=".contains(byte);
    let shown = std::str::from_utf8(bytes).ok().filter(|text| text.chars().all(is_visible));
    match shown {
        Some(text) if !text.is_empty() && bytes.iter().all(harmless) => text.to_owned(),
        Some(text) => format!("'{}'", text.replace('\'', r"'\''")),
        None => {
            let escaped: String = bytes.iter().map(|byte| escape(*byte)).collect();
            format!("$'{escaped}'")
        }
    }
}

fn escape(byte: u8) -> String {
    match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The word that a shell makes of a quoted one. `$'…'` takes bash.
    fn read_by(shell: &str, word: &str) -> Vec<u8> {
        let script = format!("printf %s {word}");
        std::process::Command::new(shell).args(["-c", &script]).output().unwrap().stdout
    }

    #[test]
    fn a_shell_reads_the_path_back() {
        for plain in ["/home/me/proc", "/a-b_c.d", "/x=y,z"] {
            assert_eq!(quote(Path::new(plain)), plain);
            assert_eq!(read_by("sh", plain), plain.as_bytes());
        }
        for odd in ["/a b", "/it's", "/$HOME", "/ü`x`", "/a\\b", "/*", "/~", "/a;b&c", ""] {
            assert_eq!(read_by("sh", &quote(Path::new(odd))), odd.as_bytes(), "{odd}");
        }
        for unseen in ["/a\nb", "/a'\\\tb", "/\u{202e}x", "/\u{1b}[2J"] {
            let quoted = quote(Path::new(unseen));
            assert!(quoted.chars().all(is_visible), "{quoted}");
            assert_eq!(read_by("bash", &quoted), unseen.as_bytes(), "{quoted}");
        }
        let no_text = std::ffi::OsStr::from_bytes(b"/\xff1");
        assert_eq!(read_by("bash", &quote(Path::new(no_text))), b"/\xff1");
    }
}

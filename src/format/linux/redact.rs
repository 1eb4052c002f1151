//! What of the text of Linux's own files is public. A daemon that may see more than the caller is
//! shown more, and must keep back what `ptrace_may_access` would have kept from the caller.

/// `stat` as `do_task_stat` writes it for a reader that is not `permitted`: addresses of code are 1
/// where there is memory; those of stack, data, arguments and environment, whether it waits and the
/// exit code are 0. So are fields that this program does not know yet. `None` for other text.
pub fn public_stat(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    // The name may itself hold parentheses: its end is the last one.
    let open = memchr::memchr(b'(', text)?;
    let close = memchr::memrchr(b')', text).filter(|close| open < *close)?;
    let rest = &text[close + 1..];
    let words = rest.strip_suffix(b"\n")?.strip_prefix(b" ")?.split(|byte| *byte == b' ');
    out.extend_from_slice(&text[..text.len() - rest.len()]);
    let mut size: &[u8] = b"0";
    for (number, word) in (3..).zip(words) {
        out.push(b' ');
        out.extend_from_slice(match number {
            23 => {
                size = word;
                word
            }
            26 | 27 if size != b"0" => b"1",
            26..=30 | 35 | 45.. => b"0",
            _ => word,
        });
    }
    out.push(b'\n');
    Some(())
}

/// `wchan` as `proc_pid_wchan` writes it for a reader that may not see where a process waits.
pub fn public_wchan(_: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.push(b'0');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(text: &str) -> Option<String> {
        let mut out = b"before".to_vec();
        public_stat(text.as_bytes(), &mut out)?;
        Some(String::from_utf8(out[6..].to_vec()).unwrap())
    }

    fn line(name: &str, size: u64, last: u64) -> String {
        let field = |number| if number == 23 { size } else { number };
        let fields: Vec<String> = (4..=last).map(|number| field(number).to_string()).collect();
        format!("7 ({name}) S {}\n", fields.join(" "))
    }

    #[test]
    fn fields_by_their_numbers() {
        let shown = redacted(&line("a) S 1 (\nb", 9, 53)).unwrap();
        assert_eq!(
            shown,
            "7 (a) S 1 (\nb) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 9 24 25 1 1 0 0 0 \
             31 32 33 34 0 36 37 38 39 40 41 42 43 44 0 0 0 0 0 0 0 0 0\n"
        );
        assert_eq!(redacted(&shown).unwrap(), shown, "what the kernel has redacted stays");
        let zombie = redacted(&line("z", 0, 52)).unwrap();
        assert!(zombie.contains(" 0 24 25 0 0 0 0 0 31 "), "{zombie}");
    }

    #[test]
    fn other_text_is_no_stat() {
        for text in ["", ")(", "7 (x)", "7 (x) S", "7 (x)S\n", "7 x S\n"] {
            assert_eq!(redacted(text), None, "{text:?}");
        }
        assert_eq!(redacted("7 (x) S\n").as_deref(), Some("7 (x) S\n"));
    }
}

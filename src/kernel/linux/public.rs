//! The part of the kernel's own files that all users may see. A daemon that may see more must
//! withhold what `ptrace_may_access` would have withheld from the caller.

use super::stat::split_name;

/// Appends the part of a file's text that all users may see; `None` for text that the kernel does
/// not write.
pub(super) type Redact = fn(&[u8], &mut Vec<u8>) -> Option<()>;

/// The part of a file of a process or thread that all users may see.
pub(super) enum Public {
    /// All of the file.
    Whole,
    /// The text that this filter leaves.
    Redacted(Redact),
    /// Nothing, or a file that is not known here.
    Nothing,
}

/// By `tgid_base_stuff` of `fs/proc/base.c`. The mode of a file is not enough: `smaps` has a mode
/// for all users and checks the caller at the open (`proc_mem_open`).
pub(super) fn public(name: &str) -> Public {
    match name {
        "cgroup" | "cmdline" | "comm" | "limits" | "mountinfo" | "mounts" | "oom_score"
        | "oom_score_adj" | "schedstat" | "statm" | "status" => Public::Whole,
        "stat" => Public::Redacted(stat),
        "wchan" => Public::Redacted(wchan),
        // The kernel hides addresses in it from processes without `CAP_SYSLOG` (`%pK`), such as
        // this daemon.
        _ if name.starts_with("net/") => Public::Whole,
        _ => Public::Nothing,
    }
}

/// As `do_task_stat` prints it for a caller who is not `permitted`: addresses of code are 1 if
/// there is memory; those of stack, data, arguments and environment, the wait channel and the exit
/// code are 0. So are fields that this program does not know yet.
fn stat(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (_, rest) = split_name(text)?;
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

/// As `proc_pid_wchan` prints it.
fn wchan(_: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.push(b'0');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(text: &str) -> Option<String> {
        let mut out = b"before".to_vec();
        stat(text.as_bytes(), &mut out)?;
        Some(String::from_utf8(out[6..].to_vec()).unwrap())
    }

    fn line(name: &str, size: u64, last: u64) -> String {
        let field = |number| if number == 23 { size } else { number };
        let fields: Vec<String> = (4..=last).map(|number| field(number).to_string()).collect();
        format!("7 ({name}) S {}\n", fields.join(" "))
    }

    #[test]
    fn fields_by_their_numbers() {
        let shown = covered(&line("a) S 1 (\nb", 9, 53)).unwrap();
        assert_eq!(
            shown,
            "7 (a) S 1 (\nb) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 9 24 25 1 1 0 0 0 \
             31 32 33 34 0 36 37 38 39 40 41 42 43 44 0 0 0 0 0 0 0 0 0\n"
        );
        assert_eq!(covered(&shown).unwrap(), shown, "what the kernel has covered stays");
        let zombie = covered(&line("z", 0, 52)).unwrap();
        assert!(zombie.contains(" 0 24 25 0 0 0 0 0 31 "), "{zombie}");
    }

    #[test]
    fn other_text_is_no_stat() {
        for text in ["", ")(", "7 (x)", "7 (x) S", "7 (x)S\n", "7 x S\n"] {
            assert_eq!(covered(text), None, "{text:?}");
        }
        assert_eq!(covered("7 (x) S\n").as_deref(), Some("7 (x) S\n"));
    }
}

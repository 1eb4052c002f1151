//! The one-liners of docs/scripting.md, run as they are printed, through a mount and through
//! `mach-procfs cat`.

use crate::common;

use std::path::Path;
use std::process::{Command, Stdio};

use common::mount::Mount;
use common::target::Target;

/// A section of the page: its heading, the two forms of its one-liner, and the sample.
struct OneLiner {
    heading: String,
    forms: [String; 2],
    sample: String,
}

fn page() -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scripting.md");
    std::fs::read_to_string(page).unwrap()
}

/// The programs that the page says it takes.
fn stated_tools() -> Vec<String> {
    let page = page();
    let list = page.split("a POSIX shell with ").nth(1).unwrap().split('.').next().unwrap();
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn one_liners() -> Vec<OneLiner> {
    let section = |text: &str| {
        let blocks = |kind: &str| -> Vec<String> {
            let begin = format!("```{kind}\n");
            text.split(&begin)
                .skip(1)
                .map(|it| it.split("```").next().unwrap().to_owned())
                .collect()
        };
        let heading = text.lines().next().unwrap().to_owned();
        let forms = blocks("sh").try_into().expect("two forms of each");
        let [sample] = blocks("text").try_into().expect("a sample of each");
        OneLiner { heading, forms, sample }
    };
    page().split("\n## ").skip(1).map(section).collect()
}

/// What a line of output is made of: numbers, ranges of addresses, paths and other words.
fn shape(line: &str) -> String {
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_hexdigit());
    let kind = |word: &str| match word.split_once('-') {
        _ if word.parse::<u64>().is_ok() => "number".to_owned(),
        Some((start, end)) if is_hex(start) && is_hex(end) => "range".to_owned(),
        _ if word.starts_with(['/', '(']) => "path".to_owned(),
        _ if word.ends_with('K') => "size".to_owned(),
        _ => "word".to_owned(),
    };
    line.split_whitespace().take(2).map(kind).collect::<Vec<_>>().join(" ")
}

struct Setting {
    mount: Mount,
    directory: tempfile::TempDir,
    /// All programs that a one-liner finds: the stated ones, without `cat`, and the one under test.
    tools: tempfile::TempDir,
    target: Target,
    /// The last byte of the file that is gone.
    address: String,
}

impl Setting {
    /// A target of which every one-liner has something to say.
    fn new() -> Option<Self> {
        let mount = Mount::new()?;
        let directory = tempfile::tempdir().unwrap();
        let gone = directory.path().join("gone");
        std::fs::write(&gone, [1; 4 * 4096]).unwrap();
        let script = format!("map a file {};stop;stop;stop", gone.display());
        let target = Target::stopped(&script);
        std::fs::remove_file(&gone).unwrap();
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", target.pid())).unwrap();
        let row = maps.lines().find(|row| row.ends_with("/gone (deleted)")).unwrap();
        let end = row.split(['-', ' ']).nth(1).unwrap();
        let address = format!("{:x}", u64::from_str_radix(end, 16).unwrap() - 1);
        let tools = tempfile::tempdir().unwrap();
        let link = |program: &Path, name: &str| {
            std::os::unix::fs::symlink(program, tools.path().join(name)).unwrap();
        };
        link(env!("CARGO_BIN_EXE_mach-procfs").as_ref(), "mach-procfs");
        let path = std::env::var_os("PATH").unwrap();
        for name in stated_tools() {
            let mut places = std::env::split_paths(&path).map(|place| place.join(&name));
            link(&places.find(|place| place.is_file()).expect(&name), &name);
        }
        Some(Setting { mount, directory, tools, target, address })
    }

    fn run(&self, line: &str) -> String {
        let output = Command::new("/bin/sh")
            .args(["-c", line])
            .current_dir(self.directory.path())
            .env("PATH", self.tools.path())
            .env("proc", self.mount.root())
            .env("pid", self.target.pid().to_string())
            .env("address", &self.address)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{line}\n{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

#[test]
fn every_one_liner_runs_in_both_forms() {
    let Some(setting) = Setting::new() else { return };
    let mut one_liners = one_liners();
    assert!(one_liners.len() >= 13, "a dozen");
    // It resumes the target, whose map must not change under the others.
    one_liners.sort_by_key(|it| it.heading.contains("changed"));
    for OneLiner { heading, forms, sample } in &one_liners {
        assert!(forms[0].contains("$proc") && !forms[0].contains("mach-procfs"), "{heading}");
        assert!(forms[1].contains("mach-procfs cat") && !forms[1].contains("$proc"), "{heading}");
        let [mounted, printed] = forms.each_ref().map(|form| setting.run(form));
        // Other processes come and go.
        let is_fixed = !heading.contains("rocesses") && !heading.contains("changed");
        if is_fixed {
            assert_eq!(mounted, printed, "{heading}");
        }
        assert!(!sample.trim().is_empty(), "{heading}");
        // No region of the target is writable and executable, and its map need not change.
        if heading.contains("executable at once") || heading.contains("changed") {
            continue;
        }
        // Which line comes first depends on where this clone and the temporary files lie.
        let wanted = shape(sample.lines().next().unwrap());
        for output in [&mounted, &printed] {
            assert!(output.lines().any(|it| shape(it) == wanted), "{heading}: {output}");
        }
    }
}

/// `every_one_liner_runs_in_both_forms` fails if one takes a program that is not stated. `cat` of
/// uutils prints nothing of a mount.
#[test]
fn every_stated_tool_is_used_and_none_is_cat() {
    let tools = stated_tools();
    let has = |form: &str, tool: &str| {
        form.split(|it: char| !it.is_alphanumeric()).any(|word| word == tool)
    };
    let one_liners = one_liners();
    assert!(tools.len() >= 7 && !tools.iter().any(|tool| tool == "cat"), "{tools:?}");
    for tool in &tools {
        assert!(one_liners.iter().any(|it| has(&it.forms[0], tool)), "{tool} is not used");
    }
    for OneLiner { heading, forms, .. } in &one_liners {
        assert!(!has(&forms[0], "cat"), "{heading}");
    }
}

#[test]
fn one_liners_find_what_they_look_for() {
    let Some(setting) = Setting::new() else { return };
    let gone = setting.directory.path().join("gone").display().to_string();
    let pid = setting.target.pid().to_string();
    let one_liners = one_liners();
    let outputs = |heading: &str| {
        let found = one_liners.iter().find(|it| it.heading == heading);
        found.unwrap_or_else(|| panic!("no {heading}")).forms.each_ref().map(|it| setting.run(it))
    };
    for text in outputs("Mapped files that were deleted") {
        assert!(text.contains(&format!("{gone} (deleted)\n")), "{text}");
    }
    for text in outputs("The library at an address") {
        assert!(text.ends_with(&format!(" {gone} (deleted)\n")), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    for text in outputs("Processes that map a file") {
        assert!(text.lines().any(|line| line == pid), "{text}");
    }
    for text in outputs("Address space by file") {
        assert!(text.contains("/gone (deleted)") && text.contains("(no file)"), "{text}");
    }
    for text in outputs("The ten largest regions") {
        let sizes =
            text.lines().map(|line| line.split('K').next().unwrap().parse::<u64>().unwrap());
        let sizes: Vec<u64> = sizes.collect();
        assert!(sizes.len() == 10 && sizes.is_sorted_by(|a, b| a >= b), "{text}");
    }
    for heading in ["Address space in all", "The size of the heap", "How many regions there are"] {
        for text in outputs(heading) {
            let number = text.split_whitespace().next().unwrap();
            assert!(number.parse::<u64>().unwrap() > 0, "{heading}: {text}");
        }
    }
}

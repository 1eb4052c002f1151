//! lsof.

use super::alone::is_alone;
use super::asking::{Answer, Asking, is_here};
use super::common::mount::Mount;
use super::common::target::Target;

/// What can be equal: the links of pipes, sockets and deleted files are a text, and lead nowhere,
/// so lsof cannot look at what is there.
#[test]
fn files_with_a_path() {
    if !is_here("lsof") || !is_alone("lsof::files_with_a_path") {
        return;
    }
    let mount = Mount::new().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a file (of 1000)");
    std::fs::write(&path, [0; 1000]).unwrap();
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let gone = directory.path().join("gone");
    std::fs::write(&gone, "").unwrap();
    let target = Target::stopped(&format!(
        "open file {};head file;keep directory /;descriptors 20;keep gone {};pipe p;socket s;stop",
        link.display(),
        gone.display()
    ));
    std::fs::remove_file(&gone).unwrap();
    let asking = Asking::about(&mount, &[target.pid()]);
    let pathless = without_path(&target);
    for label in ["gone", "p", "s"] {
        assert!(pathless.contains(&target.places[label]), "{label}");
    }
    let with_a_path = |answer: Answer| {
        assert_eq!(answer.status, Some(0), "{answer:?}");
        words(&answer.said, &pathless)
    };
    // Offsets instead of sizes, link counts, flags.
    for line in [
        "lsof -p $PIDS",
        "lsof -o -p $PIDS",
        "lsof +L -p $PIDS",
        "lsof +fg -p $PIDS",
        "lsof -nPlR -p $PIDS",
        "lsof -a -d cwd,txt,rtd,mem -p $PIDS",
    ] {
        let lines = asking.same_of(line, with_a_path);
        assert!(lines.len() > 5, "{lines:?}");
        let is_there = lines.iter().any(|line| line.contains("a file (of 1000)"));
        assert_eq!(is_there, !line.contains("-d cwd"), "{lines:?}");
    }
}

/// The descriptors of what has no path; that of its standard error is one.
fn without_path(target: &Target) -> Vec<u64> {
    let directory = std::fs::read_dir(format!("/proc/{}/fd", target.pid())).unwrap();
    let pathless = directory.filter_map(|entry| {
        let entry = entry.unwrap();
        let link = std::fs::read_link(entry.path()).unwrap().to_str().unwrap().to_owned();
        let has_path = link.starts_with('/') && !link.ends_with(" (deleted)");
        (!has_path).then(|| entry.file_name().to_str().unwrap().parse().unwrap())
    });
    pathless.collect()
}

/// The lines without their layout, which is wider for longer words; and without those of these
/// descriptors.
fn words(said: &str, left_out: &[u64]) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let is_kept = |words: &Vec<String>| {
        let number = words.iter().take(6).find_map(|word| {
            word.trim_end_matches(|letter: char| !letter.is_ascii_digit())
                .parse()
                .ok()
                .filter(|_| word.ends_with(['r', 'w', 'u']))
        });
        !number.is_some_and(|number| left_out.contains(&number))
    };
    said.lines().map(words).filter(is_kept).map(|words| words.join(" ")).collect()
}

#[test]
fn links_without_a_path_are_their_text() {
    if !is_here("lsof") || !is_alone("lsof::links_without_a_path_are_their_text") {
        return;
    }
    let mount = Mount::new().unwrap();
    let target = Target::stopped("pipe p;socket s;stop");
    let asking = Asking::about(&mount, &[target.pid()]);
    let answer = asking.ours("lsof -p $PIDS").good();
    let numbers: Vec<String> = ["p", "s"].map(|label| target.places[label].to_string()).into();
    for (number, name) in numbers.iter().zip(["pipe", "socket"]) {
        let line = answer
            .lines()
            .find(|line| {
                line.split_whitespace().nth(3).is_some_and(|word| word.starts_with(number))
            })
            .unwrap_or_else(|| panic!("{answer}"));
        assert!(line.contains(name), "{line}");
    }
}

/// The line of a mapped file without its size, and why it has none: newer versions (4.99 has it,
/// 4.95 not) take the size from the link in `map_files`. The kernel lets only root follow its own
/// link (`proc_map_files_get_link`); ours is a text, and leads where the path does.
fn without_mapped_size(line: String) -> String {
    let refused = " (stat: Operation not permitted)";
    let mut words: Vec<&str> = line.strip_suffix(refused).unwrap_or(&line).split(' ').collect();
    // COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME
    if words.get(3) == Some(&"mem") && !line.ends_with(refused) {
        words.remove(6);
    }
    words.join(" ")
}

/// Another user sees as little as in the kernel's own.
#[test]
fn by_another_user() {
    if !is_here("lsof") || !is_alone("lsof::by_another_user") {
        return;
    }
    let mount = Mount::new().unwrap();
    let target = Target::stopped("keep f /etc/passwd;pipe p;stop");
    let own = Target::stopped_as("keep f /etc/passwd;stop", Some(super::NOBODY));
    let asking =
        Asking { user: super::NOBODY, ..Asking::about(&mount, &[target.pid(), own.pid()]) };
    // A link of ours is text that the reader follows by itself, and cargo may build where another
    // user cannot go.
    let program = std::env::current_exe().unwrap();
    let program = program.to_str().unwrap();
    let (_, _, lines) = asking.same_of("lsof -p $PIDS", |answer| {
        let mut lines = words(&answer.said, &without_path(&own));
        lines.retain(|line| !line.contains(program));
        let lines: Vec<String> = lines.into_iter().map(without_mapped_size).collect();
        (answer.status, answer.errors, lines)
    });
    let of_passwd = lines.iter().filter(|line| line.contains("/etc/passwd")).count();
    assert_eq!(of_passwd, 1, "{lines:?}");
}

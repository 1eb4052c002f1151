//! Programs that walk all processes, with a mount at `/proc`, against the kernel's procfs there: in
//! namespaces of their own, so that only the processes count that are started for it.

mod calls;
mod place;

use std::io::Write as _;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use nix::unistd::geteuid;

use crate::clock::{self, Pair};
use crate::common::mount::can_mount_apart;
use crate::common::program::in_namespaces;
use crate::report::{Counts, Report};
use calls::{Done, Traced};
use place::{Covered, Crowd, Namespace, covered, may_change_namespaces, processes_and_threads};

/// How many processes there are in all but for the reader, and how often each reader runs.
const PROCESSES: [(usize, usize); 2] = [(300, 15), (2_000, 7)];

/// Threads of one of the processes, for readers of threads.
const THREADS: usize = 1_000;

const LOOPS: [usize; 2] = [2, 1];

/// A program that reads `/proc`.
struct Reader {
    /// `PID` stands for a process that sleeps.
    line: &'static str,
    goal: Option<f64>,
    each: Each,
}

/// What a reader's work grows with.
#[derive(Clone, Copy, PartialEq)]
enum Each {
    Process,
    Thread,
    Run,
}

impl Each {
    /// How many there are where there are so many processes and threads.
    fn of(self, (processes, threads): (usize, usize)) -> usize {
        match self {
            Each::Process => processes,
            Each::Thread => threads,
            Each::Run => 1,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Each::Process => "process",
            Each::Thread => "thread",
            Each::Run => "run",
        }
    }
}

static READERS: [Reader; 7] = [
    Reader { line: "ps aux", goal: Some(2.5), each: Each::Process },
    Reader { line: "ps -eLf", goal: Some(3.0), each: Each::Thread },
    Reader { line: "pgrep -f sleep", goal: Some(2.5), each: Each::Process },
    Reader { line: "top -b -n1", goal: Some(2.5), each: Each::Process },
    Reader { line: "lsof -nP", goal: Some(3.0), each: Each::Process },
    Reader { line: "ls -lR /proc/self/", goal: Some(2.5), each: Each::Run },
    Reader { line: "find /proc/PID", goal: Some(2.5), each: Each::Run },
];

/// The most system calls of the daemon for a process of `ps aux`.
const CALLS_OF_PS: f64 = 45.0;

/// The most that [`growth`] may be.
const GROWTH: f64 = 1.1;

/// Ends a part that hangs.
const LIMIT: Duration = Duration::from_secs(1_200);

const INSIDE: &str = "MACH_PROCFS_READERS";

/// Whether this process is the one in namespaces of its own.
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Measures in a process in namespaces of its own. Returns whether that can be done here; says why
/// where not.
pub fn measure(report: &mut Report) -> bool {
    if let Some(why) = barred() {
        eprintln!("  readers: left out: {why}");
        return false;
    }
    let mut child = in_namespaces(LIMIT)
        .arg(std::env::current_exe().expect("own path"))
        .arg("--bench")
        .env(INSIDE, "yes")
        // Its mounts and processes live longer than a test's.
        .env("MACH_PROCFS_SECONDS", LIMIT.as_secs().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("namespaces");
    // Closed when this process ends, however it ends.
    let alive = child.stdin.take();
    let output = child.wait_with_output().expect("its report");
    drop(alive);
    assert!(output.status.success(), "readers: {}", output.status);
    report.append(std::str::from_utf8(&output.stdout).expect("its report"));
    true
}

fn barred() -> Option<String> {
    if !geteuid().is_root() {
        return Some("needs root, for a pid namespace".to_owned());
    }
    if !can_mount_apart() || !crate::common::has_no_chroot() {
        return Some("no mounts and namespaces here, see above".to_owned());
    }
    let mut programs = READERS.iter().filter_map(|reader| reader.line.split(' ').next());
    let missing = programs.find(|program| {
        Command::new(program).arg("--version").stdin(Stdio::null()).output().is_err()
    });
    missing.map(|program| format!("{program} is missing"))
}

/// The process in namespaces of its own.
pub fn inside() -> ExitCode {
    std::thread::spawn(|| {
        // Ends when the process outside does.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(1);
    });
    let mut report = Report::default();
    let kernels = Namespace::of_the_kernel();
    let mut crowd = Crowd::default();
    let all = PROCESSES.map(|(processes, rounds)| {
        let mut rows = rows(&mut crowd, &kernels, (processes, 1), rounds);
        rows.extend(self::rows(&mut crowd, &kernels, (processes, THREADS), rounds));
        for Row { reader, loops, pair, counts, .. } in &rows {
            let name = format!("{}, {processes} processes, {}", reader.line, loops_words(*loops));
            report.reader(name, *pair, reader.goal, counts.clone());
        }
        rows
    });
    let [few, many] = all;
    for (few, many) in few.iter().zip(&many) {
        let (line, loops) = (few.reader.line, loops_words(few.loops));
        if line == "ps aux" {
            let name = format!("system calls for a process of {line}, {loops}");
            report.figure(name, few.counts.calls, "", Some(CALLS_OF_PS));
        }
        // Most threads are of one process, and a process costs more than a thread.
        if few.reader.each == Each::Process {
            let name = format!("growth of {line} over the kernel's, {loops}");
            report.figure(name, growth(few, many), "x", Some(GROWTH));
        }
    }
    print!("{}", report.json());
    let _ = std::io::stdout().flush();
    ExitCode::SUCCESS
}

/// Our time for a process where there are many, over that where there are few. From both
/// goes what the reader takes by itself: the kernel's times, on a line through both, at 0 processes.
/// So the kernel's own growth is 1.
fn growth(few: &Row, many: &Row) -> f64 {
    let slope = (many.pair.theirs - few.pair.theirs) / (many.each - few.each) as f64;
    let alone = few.pair.theirs - slope * few.each as f64;
    let of_each = |row: &Row| (row.pair.ours - alone) / row.each as f64;
    of_each(many) / of_each(few)
}

fn loops_words(loops: usize) -> String {
    format!("{loops} {}", if loops == 1 { "loop" } else { "loops" })
}

/// A reader over a mount of this many event loops.
struct Row {
    reader: &'static Reader,
    loops: usize,
    pair: Pair,
    counts: Counts,
    /// How many processes, threads or runs the times are of.
    each: usize,
}

/// What the readers of processes cost with so many processes; or those of threads, where one of the
/// processes has more than one. `lsof` reads all files of each thread, which is not its row.
fn rows(
    crowd: &mut Crowd,
    kernels: &Namespace,
    (processes, threads): (usize, usize),
    rounds: usize,
) -> Vec<Row> {
    let is_wanted = |reader: &&Reader| (reader.each == Each::Thread) == (threads > 1);
    let readers: Vec<&'static Reader> = READERS.iter().filter(is_wanted).collect();
    let both = || LOOPS.into_iter().flat_map(|loops| readers.iter().map(move |it| (*it, loops)));
    let loops: Vec<usize> = both().map(|(_, loops)| loops).collect();
    // A mount for each, so that no reader finds what another one has made the kernel remember.
    let places = covered(&loops);
    crowd.grow_to(processes, threads);
    let timed = processes_and_threads();
    let pid = crowd.sleeper().to_string();
    let commands: Vec<Vec<String>> = both()
        .map(|(reader, _)| reader.line.replace("PID", &pid))
        .map(|line| line.split(' ').map(str::to_owned).collect())
        .collect();
    let turns = || {
        may_change_namespaces();
        for ((reader, _), (command, place)) in both().zip(commands.iter().zip(&places)) {
            check(reader, command, place, kernels, processes);
        }
        in_turns(&commands, &places, kernels, rounds)
    };
    let pairs = std::thread::scope(|scope| scope.spawn(turns).join()).expect("times");
    drop(places);
    let rows = both().zip(commands).zip(pairs).map(|(((reader, loops), command), pair)| {
        let many = reader.each.of(processes_and_threads());
        let done = done(loops, &command);
        eprintln!("    {}, {}: {}", reader.line, loops_words(loops), done.words(many));
        let of_each = |count| count as f64 / many as f64;
        let (requests, calls) = (of_each(done.requests()), of_each(done.calls()));
        let counts = Counts { each: reader.each.word().to_owned(), requests, calls };
        Row { reader, loops, pair, counts, each: reader.each.of(timed) }
    });
    rows.collect()
}

fn program(command: &[String]) -> Command {
    let mut program = Command::new(&command[0]);
    program.args(&command[1..]).env("LC_ALL", "C").env("HOME", "/").env_remove("COLUMNS");
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    program
}

/// A reader finds all processes, and ends as over the kernel's.
fn check(
    reader: &Reader,
    command: &[String],
    place: &Covered,
    kernels: &Namespace,
    processes: usize,
) {
    let found = |namespace: &Namespace| -> (ExitStatus, usize) {
        namespace.enter();
        let output = program(command).stdout(Stdio::piped()).output().expect("a reader");
        (output.status, output.stdout.iter().filter(|byte| **byte == b'\n').count())
    };
    let (ours, theirs) = (found(&place.namespace), found(kernels));
    let least = if reader.each == Each::Run { 50 } else { processes - 20 };
    assert!(
        ours.0 == theirs.0 && ours.1 >= least && theirs.1 >= least,
        "{command:?}: {ours:?} and {theirs:?}"
    );
}

/// Times of all of them, in turns with the kernel's.
fn in_turns(
    commands: &[Vec<String>],
    places: &[Covered],
    kernels: &Namespace,
    rounds: usize,
) -> Vec<Pair> {
    let mut times: Vec<Vec<(f64, f64)>> = places.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for (number, command) in commands.iter().enumerate() {
            let time = |namespace: &Namespace| {
                namespace.enter();
                let mut program = program(command);
                clock::nanoseconds(&mut || {
                    program.status().expect("a reader");
                })
            };
            let ours = || time(&places[number].namespace);
            // By turns also in who comes first.
            times[number].push(if round % 2 == 0 {
                let ours = ours();
                (ours, time(kernels))
            } else {
                let theirs = time(kernels);
                (ours(), theirs)
            });
        }
    }
    times.into_iter().map(Pair::of).collect()
}

/// What a daemon of its own does for a reader that runs for the second time, so that the kernel
/// remembers names.
fn done(loops: usize, command: &[String]) -> Done {
    let place = covered(&[loops]).remove(0);
    let counting = || {
        may_change_namespaces();
        place.namespace.enter();
        program(command).status().expect("a reader");
        let traced = Traced::new(place.mount.daemon_pid());
        traced.until_end_of(program(command).spawn().expect("a reader"))
    };
    std::thread::scope(|scope| scope.spawn(counting).join()).expect("counts")
}

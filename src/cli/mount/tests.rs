//! How the daemon is started and ended, and whether a person sees alerts.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;

use nix::pty::openpty;

use super::*;

/// On a busy machine a loop that spins takes little CPU time, too, so the test times the
/// pauses.
#[test]
fn waiting_for_a_daemon_to_end_sleeps_between_two_looks() {
    let mut looks = Vec::new();
    sleep_until(READY_WITHIN, || {
        looks.push(Instant::now());
        looks.len() == 30
    });
    assert_eq!(looks.len(), 30);
    for pair in looks.windows(2) {
        let slept = pair[1] - pair[0];
        assert!(slept >= LOOK_AFTER, "{slept:?}");
    }
}

#[test]
fn a_daemon_that_does_not_end_when_asked_is_killed() {
    let mut daemon = Command::new("sh")
        .args(["-c", "trap '' TERM; echo; exec sleep 60"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // From its first line on the child ignores the signal.
    BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    let asked = Instant::now();
    end(&mut daemon);
    assert!(asked.elapsed() >= END_WITHIN, "{:?}", asked.elapsed());
    let status = daemon.try_wait().unwrap().unwrap();
    assert_eq!(status.signal(), Some(Signal::SIGKILL as i32));
}

/// The statuses of [`ends_by_whether_it_is_quiet`].
const QUIET: i32 = 10;
const ALERTS: i32 = 11;

#[test]
fn macfuse_shows_its_alert_only_where_standard_error_is_a_terminal() {
    let module = module_path!().split_once("::").unwrap().1;
    let status = |input: Stdio, output: Stdio, errors: Stdio| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", &format!("{module}::ends_by_whether_it_is_quiet")])
            .stdin(input)
            .stdout(output)
            .stderr(errors)
            .status()
            .unwrap()
            .code()
    };
    let terminal = openpty(None, None).unwrap();
    let shown = || Stdio::from(terminal.slave.try_clone().unwrap());
    assert_eq!(status(Stdio::null(), Stdio::null(), shown()), Some(ALERTS));
    for errors in [Stdio::null(), Stdio::piped(), Stdio::from(tempfile::tempfile().unwrap())] {
        assert_eq!(status(shown(), shown(), errors), Some(QUIET));
    }
}

#[test]
#[ignore = "the body of a process that has a terminal or none, started by another test"]
fn ends_by_whether_it_is_quiet() {
    let options = parse_options(&[]).unwrap();
    std::process::exit(if options.quiet { QUIET } else { ALERTS });
}

//! The command line: the commands, and the only place that prints.

mod called;
mod cat;
#[cfg(feature = "mount")]
mod doctor;
mod generate;
#[cfg(feature = "mount")]
mod helper;
#[cfg(feature = "mount")]
mod log_queue;
mod ls;
mod messages;
#[cfg(feature = "mount")]
mod mount;
mod paths;
mod record;
mod source;
#[cfg(not(feature = "mount"))]
mod without_fuse;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};
use mach_procfs::model::{ErrorKind, error_words};

use messages::Plain;
use source::Source;

/// The /proc that macOS never had: process memory maps as files
#[derive(Debug, Parser)]
#[command(version, after_help = examples(), max_term_width = 100)]
struct Arguments {
    /// Log more to standard error: once for what happens, twice for every request that fails
    /// (RUST_LOG, if set, decides instead)
    #[arg(short, long, action = ArgAction::Count, global = true)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

fn examples() -> String {
    let mount = if cfg!(feature = "mount") {
        "
  mach-procfs mount ~/proc              then: sed 3q ~/proc/$$/maps
  mach-procfs umount ~/proc"
    } else {
        ""
    };
    format!(
        "\
Examples:
  mach-procfs cat self/maps             print a map without any mount{mount}

Status: 0 where all was done, 1 where something failed, 2 for a wrong command line. A reader that
stops early, as `head` does, is no failure."
    )
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Mount the tree of pseudo-files on a directory
    #[cfg(feature = "mount")]
    #[command(after_help = "\
Examples:
  mach-procfs mount ~/proc              in the background; returns when the mount answers
  mach-procfs mount -f -v ~/proc        in the foreground, with a log
  sudo mach-procfs mount /proc          for everybody, where macOS has nothing
  mach-procfs mount --replay mac.json ~/proc

Options for -o: allow_other, noallow_other, default_permissions, fsname=NAME;
max_open=N, files open at a time (65536); max_memory=MIB, content kept for them (256): one user
gets two fifths of either, root all. ro, nosuid, nodev and noexec are always on. Root's mounts have
allow_other.")]
    Mount(mount::MountArguments),
    /// Unmount it, also after its daemon was killed
    #[cfg(feature = "mount")]
    #[command(
        visible_alias = "unmount",
        after_help = "\
Examples:
  mach-procfs umount ~/proc
  mach-procfs umount --lazy ~/proc      also where it is in use"
    )]
    Umount(mount::UmountArguments),
    /// Say whether this machine can mount, and what to do where it cannot
    #[cfg(feature = "mount")]
    #[command(after_help = "\
Examples:
  mach-procfs doctor
  mach-procfs doctor ~/proc             would a mount there work, or what is wrong with it

One line for each check begins with ok, warn or fail. The status is 1 where one fails.")]
    Doctor {
        /// The directory to mount on, or to look for a mount on
        #[arg(value_name = "MOUNTPOINT", value_hint = clap::ValueHint::DirPath)]
        mount_point: Option<PathBuf>,
    },
    #[cfg(not(feature = "mount"))]
    /// Not in this program, which was built without FUSE
    #[command(hide = true, disable_help_flag = true)]
    Mount(without_fuse::Ignored),
    #[cfg(not(feature = "mount"))]
    /// Not in this program, which was built without FUSE
    #[command(hide = true, disable_help_flag = true, alias = "unmount")]
    Umount(without_fuse::Ignored),
    #[cfg(not(feature = "mount"))]
    /// Not in this program, which was built without FUSE
    #[command(hide = true, disable_help_flag = true)]
    Doctor(without_fuse::Ignored),
    /// Print pseudo-files without any mount
    #[command(after_help = "\
Examples:
  mach-procfs cat self/maps
  mach-procfs cat 1/maps 1/task/vmmap
  mach-procfs cat /proc/1/maps          the same as 1/maps, as is ~/proc/1/maps of a mount there
  mach-procfs cat --replay mac.json 500/maps

A link to a file of the tree is followed; of another one a message says where it leads. The status
is 1 where a file could not be printed; the others are printed all the same.")]
    Cat {
        #[command(flatten)]
        source: Source,
        /// Paths in the tree, such as PID/maps, or below a mount
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// List directories of the tree without any mount
    #[command(after_help = "\
Examples:
  mach-procfs ls
  mach-procfs ls -l self/               without the slash it is the link itself
  mach-procfs ls -ld 1 1/task
  mach-procfs ls --replay mac.json 500

The status is 1 where a path could not be listed; the others are listed all the same.")]
    Ls(ls::LsArguments),
    /// Record what macOS answers about processes, to be replayed anywhere
    #[command(after_help = "\
Examples:
  mach-procfs record 500 > mac.json
  mach-procfs record --all 500 > mac.json    passwords may be in it: read it first
  mach-procfs cat --replay mac.json 500/maps
  mach-procfs mount --replay mac.json ~/proc

The status is 1 where a process is not there, or on another system than macOS.")]
    Record {
        #[command(flatten)]
        source: Source,
        /// Record arguments, environment and registers, too, in which there may be passwords, the
        /// network with its addresses, and the libraries of the shared cache
        #[arg(long)]
        all: bool,
        /// The processes
        #[arg(required = true, value_name = "PID")]
        pids: Vec<String>,
    },
    /// Write the man page or a shell's completions to standard output, or all into a directory
    #[command(
        hide = true,
        after_help = "\
Examples:
  mach-procfs generate man > mach-procfs.1
  mach-procfs generate all ~/.local"
    )]
    Generate {
        /// What to write
        what: generate::What,
        /// The directory that gets `share/man` and others, for `all`
        #[arg(value_name = "DIR", required_if_eq("what", "all"))]
        directory: Option<PathBuf>,
    },
}

/// Runs the command line.
pub(crate) fn run() -> ExitCode {
    if called::is_mount_helper(std::env::args_os().next().as_deref()) {
        return end(help_mount(), ExitCode::from(MOUNT_FAILED));
    }
    let arguments = Arguments::parse();
    #[cfg(feature = "mount")]
    if let Command::Mount(of_mount) = &arguments.command
        && let Some(log) = &of_mount.log
        && let Err(error) = log_queue::log_to(log)
    {
        let reason = format!("{}: {}", log.display(), error_words(&error));
        return end(Err(Failure::Because(reason)), ExitCode::FAILURE);
    }
    start_log(arguments.verbose);
    let done = match arguments.command {
        #[cfg(feature = "mount")]
        Command::Mount(arguments_of_mount) => mount::mount(&arguments_of_mount, arguments.verbose),
        #[cfg(feature = "mount")]
        Command::Umount(arguments) => mount::umount(&arguments),
        #[cfg(feature = "mount")]
        Command::Doctor { mount_point } => doctor::doctor(mount_point.as_deref()),
        #[cfg(not(feature = "mount"))]
        Command::Mount(_) => without_fuse::refuse("mount"),
        #[cfg(not(feature = "mount"))]
        Command::Umount(_) => without_fuse::refuse("umount"),
        #[cfg(not(feature = "mount"))]
        Command::Doctor(_) => without_fuse::refuse("doctor"),
        Command::Cat { source, paths } => cat::cat(&source, &paths),
        Command::Ls(arguments) => ls::ls(&arguments),
        Command::Record { source, all, pids } => record::record(&source, &pids, all),
        Command::Generate { what, directory } => generate::generate(what, directory.as_deref()),
    };
    end(done, ExitCode::FAILURE)
}

#[cfg(feature = "mount")]
fn help_mount() -> Result<(), Failure> {
    let arguments = helper::HelperArguments::parse();
    start_log(arguments.verbose);
    helper::help(arguments)
}

#[cfg(not(feature = "mount"))]
fn help_mount() -> Result<(), Failure> {
    without_fuse::refuse("mount")
}

/// The status by which mount(8) learns that a file system could not be mounted.
const MOUNT_FAILED: u8 = 32;

fn start_log(verbose: u8) {
    let level = match verbose {
        // fuser's messages about a mount that fails are left out: one line of our own says what to
        // do.
        0 => &format!("warn,{}=info,fuser::mnt=off,fuser::reply=off", messages::ALWAYS),
        // A request that a signal has interrupted takes no reply. fuser logs that, and any user can
        // cause it.
        1 => "info,fuser::reply=off",
        _ => "debug",
    };
    messages::start(level);
}

/// Prints why a command failed, and returns the program's status.
fn end(done: Result<(), Failure>, failed: ExitCode) -> ExitCode {
    #[cfg(feature = "mount")]
    log_queue::flush();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Said) => failed,
        // The reader of our output has seen enough: `mach-procfs cat … | head -1`.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(Failure::Output(error)) => {
            print_error(&format!("standard output: {}", error_words(&error)));
            failed
        }
        Err(Failure::Because(reason)) => {
            print_error(&reason);
            failed
        }
    }
}

/// Why a command ends with status 1.
#[derive(Debug)]
enum Failure {
    /// The command has printed its errors already.
    Said,
    /// Standard output could not be written.
    Output(io::Error),
    /// For this reason.
    Because(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

/// Prints one line on standard error. If that fails, there is no place left to report it.
fn print_error(reason: &str) {
    // In one write: standard error has no buffer, and another process may write to it, too.
    let line = format!("mach-procfs: {}\n", Plain(reason));
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Prints why a path failed; the commands continue with the next one.
fn complain_about(path: &Path, reason: &str) {
    print_error(&format!("{}: {reason}", path.display()));
}

/// Describes an error about this path.
fn reason(path: &Path, error: &mach_procfs::model::Error) -> String {
    log::debug!("{}: {error}", path.display());
    match error.kind {
        ErrorKind::Failed | ErrorKind::ResourceLimit | ErrorKind::TimedOut => error.to_string(),
        kind => kind.words().to_owned(),
    }
}

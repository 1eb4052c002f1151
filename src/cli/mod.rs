//! The command line: what can be asked, and the one place that prints.

mod cat;
#[cfg(feature = "mount")]
mod doctor;
mod generate;
#[cfg(feature = "mount")]
mod helper;
mod ls;
mod messages;
#[cfg(feature = "mount")]
mod mount;
mod record;
mod source;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};
use mach_procfs::model::ErrorKind;
use mach_procfs::tree::{Attributes, NodeType};

use messages::Plain;
use source::Source;

/// The /proc that macOS never had: process memory maps as files
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, max_term_width = 100)]
struct Arguments {
    /// Log more to standard error: once for what happens, twice for every request that fails
    /// (RUST_LOG, if set, decides instead)
    #[arg(short, long, action = ArgAction::Count, global = true)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  mach-procfs cat self/maps             print a map without any mount
  mach-procfs mount ~/proc              then: cat ~/proc/$$/maps
  mach-procfs umount ~/proc";

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
Example:
  mach-procfs umount ~/proc"
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
    /// Print pseudo-files without any mount
    #[command(after_help = "\
Examples:
  mach-procfs cat self/maps
  mach-procfs cat 1/maps 1/task/vmmap
  mach-procfs cat --replay mac.json 501/maps")]
    Cat {
        #[command(flatten)]
        source: Source,
        /// Paths in the tree, such as PID/maps
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// List directories of the tree without any mount
    #[command(after_help = "\
Examples:
  mach-procfs ls
  mach-procfs ls -l self
  mach-procfs ls --replay mac.json")]
    Ls {
        #[command(flatten)]
        source: Source,
        /// Show mode, owner and time of each name, too
        #[arg(short)]
        long: bool,
        /// Paths in the tree; the root by default
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Record what macOS answers about processes, to be replayed anywhere
    #[command(after_help = "\
Examples:
  mach-procfs record 501 > mac.json
  mach-procfs record --all 501 > mac.json    passwords may be in it: read it first
  mach-procfs cat --replay mac.json 501/maps
  mach-procfs mount --replay mac.json ~/proc")]
    Record {
        #[command(flatten)]
        source: Source,
        /// Record arguments, environment and registers, too, in which there may be passwords
        #[arg(long)]
        all: bool,
        /// The processes
        #[arg(required = true, value_name = "PID")]
        pids: Vec<String>,
    },
    /// Write the man page or a shell's completions to standard output
    #[command(hide = true)]
    Generate {
        /// What to write
        what: generate::What,
    },
}

/// Does what the command line says.
pub(crate) fn run() -> ExitCode {
    #[cfg(feature = "mount")]
    if helper::is_called(std::env::args_os().next().as_deref()) {
        let arguments = helper::HelperArguments::parse();
        start_log(arguments.verbose);
        return end(helper::help(arguments), ExitCode::from(MOUNT_FAILED));
    }
    let arguments = Arguments::parse();
    start_log(arguments.verbose);
    let done = match arguments.command {
        #[cfg(feature = "mount")]
        Command::Mount(arguments_of_mount) => mount::mount(&arguments_of_mount, arguments.verbose),
        #[cfg(feature = "mount")]
        Command::Umount(arguments) => mount::umount(&arguments),
        #[cfg(feature = "mount")]
        Command::Doctor { mount_point } => doctor::doctor(mount_point.as_deref()),
        Command::Cat { source, paths } => cat::cat(&source, &paths),
        Command::Ls { source, long, paths } => ls::ls(&source, &paths, long),
        Command::Record { source, all, pids } => record::record(&source, &pids, all),
        Command::Generate { what } => generate::generate(what),
    };
    end(done, ExitCode::FAILURE)
}

/// The status by which mount(8) knows that a file system could not be mounted.
#[cfg(feature = "mount")]
const MOUNT_FAILED: u8 = 32;

fn start_log(verbose: u8) {
    let level = match verbose {
        // What fuser says of a mount that fails is said here in one line, with what to do.
        0 => "warn,fuser::mnt=off,fuser::reply=off",
        // A request that a signal has interrupted takes no reply, which is nothing to write home
        // about, and any user can bring it about.
        1 => "info,fuser::reply=off",
        _ => "debug",
    };
    messages::start(level);
}

/// Says why a command failed, and gives the program's status.
fn end(done: Result<(), Failure>, failed: ExitCode) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Said) => failed,
        // Whoever read our output has seen enough: `mach-procfs cat … | head -1`.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(Failure::Output(error)) => {
            complain(&format!("standard output: {error}"));
            failed
        }
        Err(Failure::Because(reason)) => {
            complain(&reason);
            failed
        }
    }
}

/// Why a command ends with status 1.
#[derive(Debug)]
enum Failure {
    /// It has named its errors already.
    Said,
    /// Its output could not be written.
    Output(io::Error),
    /// This.
    Because(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

/// One line on standard error, where it is the only place left to say that it cannot be written.
fn complain(reason: &str) {
    let _ = writeln!(io::stderr(), "mach-procfs: {}", Plain(reason));
}

/// Names a failure with a path; the commands go on with the next one.
fn complain_about(path: &Path, error: &mach_procfs::model::Error) {
    log::debug!("{}: {error}", path.display());
    let reason = match error.kind {
        ErrorKind::Failed | ErrorKind::Exhausted | ErrorKind::TimedOut => error.to_string(),
        kind => kind.words().to_owned(),
    };
    complain(&format!("{}: {reason}", path.display()));
}

/// The letter that `ls -l` begins a line with.
fn type_letter(attributes: &Attributes) -> char {
    match attributes.node_type {
        NodeType::Directory => 'd',
        NodeType::Link => 'l',
        NodeType::File => '-',
    }
}

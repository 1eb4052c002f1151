//! The man page and the completions, from the command line's own definition and the table of rows.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use clap::{CommandFactory as _, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use mach_procfs::model::error_words;
use mach_procfs::tree::documented;

use super::{Arguments, Failure};

const NAME: &str = "mach-procfs";

/// The files of an installation: path, mode and what is there, one a line. The scripts that install
/// read the same list.
const FILES: &str = include_str!("installed.txt");

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
    /// The manual page, in roff
    Man,
    /// Completions for bash
    Bash,
    /// Completions for zsh
    Zsh,
    /// Completions for fish
    Fish,
    /// All of them, below a directory, where an installation has them
    All,
}

pub(super) fn generate(what: What, directory: Option<&Path>) -> Result<(), Failure> {
    match (what, directory) {
        (What::All, Some(directory)) => all(directory),
        (What::All, None) => Err(Failure::Because("all: no directory is named".to_owned())),
        (_, Some(_)) => {
            Err(Failure::Because("only `generate all` writes into a directory".to_owned()))
        }
        (what, None) => {
            let text = text(what)?;
            Ok(std::io::stdout().lock().write_all(&text)?)
        }
    }
}

fn text(what: What) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    match what {
        What::Man => man(&mut text)?,
        What::Bash => complete(Shell::Bash, &mut text),
        What::Zsh => complete(Shell::Zsh, &mut text),
        What::Fish => complete(Shell::Fish, &mut text),
        // A directory of files is no text.
        What::All => {}
    }
    Ok(text)
}

/// Writes what is listed, but for the program.
fn all(directory: &Path) -> Result<(), Failure> {
    let listed = FILES.lines().filter(|line| !line.starts_with('#'));
    for line in listed {
        let mut fields = line.split(' ');
        let (Some(path), Some(what)) = (fields.next(), fields.nth(1)) else { continue };
        let Ok(what) = What::from_str(what, false) else { continue };
        let path = directory.join(path);
        let write = || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(&path, text(what)?)
        };
        write().map_err(|error: std::io::Error| {
            Failure::Because(format!("{}: {}", path.display(), error_words(&error)))
        })?;
    }
    Ok(())
}

/// A name without a dash for bash's completions: with one, clap_complete looks for `mach__procfs`
/// in one place and `mach__subcmd__procfs` in another, and completes nothing behind a command
/// (<https://github.com/clap-rs/clap/issues/6421>).
const NAME_WITHOUT_DASH: &str = "mach_procfs";

fn complete(shell: Shell, text: &mut Vec<u8>) {
    let command = offered(&Arguments::command());
    let help = help_of(&command);
    let mut command = command.disable_help_subcommand(true).subcommand(help);
    if shell != Shell::Bash {
        return clap_complete::generate(shell, &mut command, NAME, text);
    }
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, NAME_WITHOUT_DASH, &mut script);
    // The name at the end of a line is that of the program to complete.
    let script = String::from_utf8_lossy(&script);
    let script = script.replace(&format!(" {NAME_WITHOUT_DASH}\n"), &format!(" {NAME}\n"));
    text.extend_from_slice(script.as_bytes());
}

/// The command `help`, as clap itself makes it, but without `help help`: on account of that one fish
/// would complete nothing behind `help`.
fn help_of(command: &clap::Command) -> clap::Command {
    let topics = command.get_subcommands().map(|topic| {
        let name = clap::Command::new(topic.get_name().to_owned()).disable_help_flag(true);
        name.about(topic.get_about().cloned().unwrap_or_default())
    });
    clap::Command::new("help")
        .about("Print the help of a command")
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .subcommands(topics)
}

/// A command as it is to be completed. clap_complete offers what is hidden, too.
fn offered(command: &clap::Command) -> clap::Command {
    let mut offered = clap::Command::new(command.get_name().to_owned())
        .args(command.get_arguments().filter(|it| !it.is_hide_set()).cloned())
        .subcommands(command.get_subcommands().filter(|it| !it.is_hide_set()).map(offered))
        .visible_aliases(command.get_visible_aliases().map(str::to_owned));
    if let Some(about) = command.get_about() {
        offered = offered.about(about.clone());
    }
    if let Some(version) = command.get_version() {
        offered = offered.version(version.to_owned());
    }
    offered
}

/// When what the page says last changed. Without one, `.TH` would take the version for the date.
const MAN_PAGE_DATE: &str = "2026-11-27";

/// One page for all commands, since none of them has much to say.
fn man(text: &mut Vec<u8>) -> std::io::Result<()> {
    let mut command =
        Arguments::command().disable_help_subcommand(true).subcommand_value_name("COMMAND");
    command.build();
    let page = Man::new(command.clone()).title("MACH-PROCFS").section("1");
    let page = page.date(MAN_PAGE_DATE).manual("mach-procfs");
    page.render_title(text)?;
    page.render_name_section(text)?;
    page.render_synopsis_section(text)?;
    page.render_description_section(text)?;
    page.render_options_section(text)?;
    for subcommand in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        command_section(subcommand, text)?;
    }
    let mut rest = Roff::new();
    rest.control("SH", ["FILES"]);
    rest.text([roman("Below the mount point, and as arguments of cat and ls:")]);
    for (path, doc) in documented() {
        rest.control("TP", []);
        rest.text([bold(path)]);
        rest.text([roman(doc)]);
    }
    rest.control("SH", ["EXIT STATUS"]);
    rest.text([roman(
        "0 where all was done, 1 where something failed, 2 for a wrong command line. A reader that \
         stops early, as head(1) does, is no failure. As a helper of mount(8): 32 where it could \
         not mount.",
    )]);
    rest.control("SH", ["ENVIRONMENT"]);
    rest.control("TP", []);
    rest.text([bold("RUST_LOG")]);
    rest.text([roman(
        "What is logged to standard error, in place of -v: error, warn, info, debug.",
    )]);
    rest.control("SH", ["SEE ALSO"]);
    rest.text([roman("proc(5), fuse(4), mount(8), vmmap(1) on macOS")]);
    rest.to_writer(text)
}

/// A command with its arguments and examples.
fn command_section(command: &clap::Command, text: &mut Vec<u8>) -> std::io::Result<()> {
    let mut section = Roff::new();
    section.control("SH", [format!("COMMAND {}", command.get_name().to_uppercase()).as_str()]);
    if let Some(about) = command.get_about() {
        section.text([roman(format!("{about}."))]);
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").lines().map(str::trim).collect::<Vec<_>>();
    section.control("PP", []);
    section.text([bold(usage.join(" "))]);
    let shown = |it: &&clap::Arg| !it.is_hide_set() && !it.is_global_set() && it.get_id() != "help";
    for argument in command.get_arguments().filter(shown) {
        section.control("TP", []);
        section.text([bold(name(argument))]);
        section.text([roman(argument.get_help().map(ToString::to_string).unwrap_or_default())]);
    }
    if let Some(after) = command.get_after_help() {
        section.control("PP", []);
        section.control("nf", []);
        for line in after.to_string().lines() {
            section.text([roman(line)]);
        }
        section.control("fi", []);
    }
    section.to_writer(text)
}

/// `-o OPTION,...`, `-l, --lazy` or `MOUNTPOINT`.
fn name(argument: &clap::Arg) -> String {
    let mut name = String::new();
    if let Some(short) = argument.get_short() {
        let _ = write!(name, "-{short}");
    }
    if let Some(long) = argument.get_long() {
        let _ = write!(name, "{}--{long}", if name.is_empty() { "" } else { ", " });
    }
    if argument.is_positional() || argument.get_action().takes_values() {
        for value in argument.get_value_names().unwrap_or_default() {
            let _ = write!(name, "{}{value}", if name.is_empty() { "" } else { " " });
        }
    }
    name
}

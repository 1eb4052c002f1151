//! The man page and the completions, from the command line's own definition and the table of rows.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::{CommandFactory as _, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use mach_procfs::tree::files;

use super::{Arguments, Failure};

/// What can be written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum What {
    /// The manual page, in roff
    Man,
    /// Completions for bash
    Bash,
    /// Completions for zsh
    Zsh,
    /// Completions for fish
    Fish,
}

pub(super) fn generate(what: What) -> Result<(), Failure> {
    let mut text = Vec::new();
    match what {
        What::Man => man(&mut text)?,
        What::Bash => complete(Shell::Bash, &mut text),
        What::Zsh => complete(Shell::Zsh, &mut text),
        What::Fish => complete(Shell::Fish, &mut text),
    }
    let text = String::from_utf8_lossy(&text);
    let text = if matches!(what, What::Man) { in_ascii(&text) } else { text.into_owned() };
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

/// Other letters as roff names them, whatever encoding it is told to read.
fn in_ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii() {
            ascii.push(letter);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(ascii, "\\[u{:04X}]", u32::from(letter));
        }
    }
    ascii
}

fn complete(shell: Shell, text: &mut Vec<u8>) {
    // A hidden command is not to be offered.
    let all = Arguments::command();
    let mut shown = clap::Command::new("mach-procfs").version(env!("CARGO_PKG_VERSION"));
    shown = shown.args(all.get_arguments().cloned());
    shown = shown.subcommands(all.get_subcommands().filter(|it| !it.is_hide_set()).cloned());
    clap_complete::generate(shell, &mut shown, "mach-procfs", text);
}

/// One page for all commands, since none of them has much to say.
fn man(text: &mut Vec<u8>) -> std::io::Result<()> {
    let mut command =
        Arguments::command().disable_help_subcommand(true).subcommand_value_name("COMMAND");
    command.build();
    let page = Man::new(command.clone()).section("1").manual("mach-procfs");
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
    for file in files() {
        rest.control("TP", []);
        rest.text([bold(file.path)]);
        rest.text([roman(file.doc)]);
    }
    rest.control("SH", ["EXIT STATUS"]);
    rest.text([roman(
        "0 where all was done, 1 where something failed, 2 for a wrong command line. As a helper \
         of mount(8): 32 where it could not mount.",
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

/// `-o OPTION,…`, `-l, --lazy` or `MOUNTPOINT`.
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

//! The program as a helper of mount(8), for lines of /etc/fstab: called by a name of its own with
//! `SPEC DIR [-sfnv] [-o OPTION,...]`.

use std::path::PathBuf;

use clap::{ArgAction, Parser};
use mach_procfs::mount::SOURCE_IS_FIXED;

use super::Failure;
use super::mount::{MountArguments, mount};
use super::source::Source;

/// Words of -o that are for mount(8), systemd or the kernel, and have no effect here: the mount is
/// always read-only, without devices, set-uid and programs.
const FOR_OTHERS: &str = "rw ro dev nodev suid nosuid exec noexec defaults auto noauto nofail \
    _netdev user nouser users owner noowner group nogroup atime noatime relatime norelatime \
    strictatime nostrictatime diratime nodiratime lazytime nolazytime sync async dirsync silent \
    loud";

/// Words that have a `=` and a value, and no effect either.
const FOR_OTHERS_WITH_VALUE: [&str; 4] = ["user", "uhelper", "comment", "subtype"];

/// Mount helper of mach-procfs, called by mount(8)
#[derive(Debug, Parser)]
#[command(version)]
pub(super) struct HelperArguments {
    /// What stands as the source in the mount table
    #[arg(value_name = "SPEC")]
    source: String,
    /// The directory to mount on
    #[arg(value_name = "DIR")]
    mount_point: PathBuf,
    /// Take no notice of options that are not known
    #[arg(short)]
    sloppy: bool,
    /// Do all but mount
    #[arg(short)]
    fake: bool,
    /// Without an entry in /etc/mtab, which is never made
    #[arg(short)]
    no_mtab: bool,
    /// Log what happens
    #[arg(short, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// Mount options
    #[arg(short, value_name = "OPTION,...")]
    options: Vec<String>,
    /// The type, which is known from the name of the program
    #[arg(short = 't', value_name = "TYPE")]
    file_system: Option<String>,
    /// The mount namespace, which mount(8) has entered already
    #[arg(short = 'N', value_name = "NAMESPACE")]
    namespace: Option<String>,
}

/// Mounts in the background and returns when the mount answers.
pub(super) fn help(arguments: HelperArguments) -> Result<(), Failure> {
    let source = arguments.source;
    if source.is_empty() || source.contains(',') {
        return Err(Failure::Because(format!("'{source}' cannot stand as the source of a mount")));
    }
    let mut options = Vec::new();
    // On macOS the first word of a line of fstab is a comment.
    options.extend((!SOURCE_IS_FIXED).then(|| format!("fsname={source}")));
    for words in &arguments.options {
        options.extend(split(words).filter(|word| !is_for_others(word)).map(str::to_owned));
    }
    if arguments.sloppy {
        options.retain(|word| super::mount::is_known(word));
    }
    let wanted = MountArguments {
        source: Source { replay: None },
        foreground: false,
        options,
        report: false,
        log: None,
        one_loop: false,
        mount_point: arguments.mount_point,
    };
    if arguments.fake {
        return super::mount::parse_options(&wanted.options).map(drop);
    }
    mount(&wanted, arguments.verbose)
}

fn is_for_others(word: &str) -> bool {
    // Comments for programs that read /etc/fstab, such as systemd.
    word.starts_with("x-")
        || word.starts_with("X-")
        || FOR_OTHERS.split_whitespace().any(|known| known == word)
        || word.split_once('=').is_some_and(|(name, _)| FOR_OTHERS_WITH_VALUE.contains(&name))
}

/// Splits at commas, except those between double quotes, which belong to a value.
fn split(words: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    words.split(move |letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_quotes_stay_together() {
        let words: Vec<&str> = split("rw,x-a=\"b,c\",ro,,x").collect();
        assert_eq!(words, ["rw", "x-a=\"b,c\"", "ro", "", "x"]);
    }

    #[test]
    fn whose_options_are_whose() {
        for word in ["rw", "nofail", "_netdev", "x-systemd.requires=a", "user=joe", "X-mount.mkdir"]
        {
            assert!(is_for_others(word), "{word}");
        }
        for word in ["allow_other", "fsname=x", "remount", "", "x", "rws"] {
            assert!(!is_for_others(word), "{word}");
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        HelperArguments::command().debug_assert();
    }
}

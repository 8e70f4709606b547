//! The command line as a whole: what stands before and after the command's own flags.

pub(crate) mod address;
pub(crate) mod choice;
pub(crate) mod door;
pub(crate) mod duration;
pub(crate) mod exit_words;
pub(crate) mod family;
pub(crate) mod limits;
pub(crate) mod listening;
mod mistake;
mod network;
pub(crate) mod reach;
pub(crate) mod record;
pub(crate) mod route;
pub(crate) mod screen;
pub(crate) mod size;
pub(crate) mod talk;

use std::io::Write;

use clap::builder::FalseyValueParser;
use clap::{Arg, ArgAction, CommandFactory, FromArgMatches, Parser};

use crate::command::Command;
use crate::exit::Failure;
use crate::output::stdio;
use crate::output::style::Palette;

/// The other end of your connection.
#[derive(Debug, Parser)]
#[command(
    name = "otherend",
    version = env!("OTHEREND_VERSION"),
    max_term_width = 100,
    after_help = "\
Every flag can be set in the environment too: --max-line as OTHEREND_MAX_LINE.
Into a pipe `connect` writes the bytes that came all the same: there --json, --hex,
--raw and --time are heeded on the command line only.
Exit codes: 0 as hoped, 1 network trouble, 2 usage or file trouble,
3 the conversation did not match, 4 timed out."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Parse the command line.
///
/// # Errors
///
/// For mistakes, and for `--help`, which were shown.
pub(crate) fn parse() -> anyhow::Result<Args> {
    let matches = command().try_get_matches();
    let matches = matches.map_err(|error| shown(&mistake::explained(error)))?;
    let mut args = Args::from_arg_matches(&matches).map_err(|error| shown(&error))?;
    if let (Command::Connect(connect), Some((_, matches))) =
        (&mut args.command, matches.subcommand())
    {
        connect.heed_sources(matches);
    }
    Ok(args)
}

/// Show help or a mistake, and leave with its exit code.
fn shown(error: &clap::Error) -> anyhow::Error {
    let text = error.render();
    let plain = |palette| palette == Palette::PLAIN;
    let printed = match error.use_stderr() {
        true if plain(Palette::of_stderr()) => write!(stdio::stderr(), "{text}"),
        true => write!(stdio::stderr(), "{}", text.ansi()),
        false if plain(Palette::of_stdout()) => write!(stdio::stdout(), "{text}"),
        false => write!(stdio::stdout(), "{}", text.ansi()),
    };
    match printed {
        Err(full) if !error.use_stderr() => full.into(),
        _ => Failure::Shown(u8::try_from(error.exit_code()).unwrap_or(2)).into(),
    }
}

/// All declarations: what help, man pages, completions and their tests are made from.
pub(crate) fn command() -> clap::Command {
    with_environment(Args::command())
}

/// Give every flag its variable: `OTHEREND_` and the flag's name.
fn with_environment(command: clap::Command) -> clap::Command {
    command
        .mut_args(|arg| match arg.get_long() {
            Some(flag) => {
                let variable = format!("OTHEREND_{}", flag.replace('-', "_").to_uppercase());
                read_from(arg, variable)
            }
            None => arg,
        })
        .mut_subcommands(with_environment)
}

fn read_from(arg: Arg, variable: String) -> Arg {
    // Said once for all of them, rather than in every line of the help.
    let arg = arg.env(variable).hide_env(true);
    match arg.get_action() {
        // `1` and `yes` switch a flag on, `0`, `no` and nothing leave it off.
        ArgAction::SetTrue => arg.value_parser(FalseyValueParser::new()),
        _ => arg,
    }
}

#[cfg(test)]
mod tests;

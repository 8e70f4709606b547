//! `otherend man`: the manual pages, from the same declarations as the help.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::exit::Failure;
use crate::exit::file::unwritable;
use crate::output::stdio;

/// The flags of `otherend man`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  otherend man serve | man -l -
  otherend man --folder ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// Only the page of this command, as in `serve` or `talk lint`.
    #[arg(value_name = "COMMAND", conflicts_with = "folder")]
    command: Vec<String>,

    /// Write every page into this folder, one file each.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Write pages of `program` to stdout or to a folder.
pub(crate) fn run(args: Args, program: clap::Command) -> anyhow::Result<()> {
    let mut program = program.disable_help_subcommand(true);
    program.build();
    if let Some(folder) = &args.folder {
        write_files(&with_all_below(&program), folder)
            .map_err(|error| unwritable(folder, &error))?;
        return Ok(());
    }
    let commands = match args.command.as_slice() {
        [] => with_all_below(&program),
        words => vec![find(&program, words)?],
    };
    let mut pages = Vec::new();
    for command in commands {
        write_page(command, &mut pages)?;
    }
    stdio::stdout().write_all(&pages)?;
    Ok(())
}

/// A command, then those below it.
fn with_all_below(command: &clap::Command) -> Vec<&clap::Command> {
    let below = command.get_subcommands().filter(|c| !c.is_hide_set());
    let below = below.flat_map(with_all_below);
    std::iter::once(command).chain(below).collect()
}

fn find<'a>(program: &'a clap::Command, words: &[String]) -> Result<&'a clap::Command, Failure> {
    let mut found = program;
    for word in words {
        found = found.find_subcommand(word).ok_or_else(|| {
            let name = found.get_name();
            Failure::Usage(format!("`{name}` has no command `{}`", word.escape_debug()))
        })?;
    }
    Ok(found)
}

fn write_files(commands: &[&clap::Command], folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for command in commands {
        let mut page = Vec::new();
        write_page(command, &mut page)?;
        let name = Man::new((*command).clone()).get_filename();
        fs::write(folder.join(name), page)?;
    }
    Ok(())
}

fn write_page(command: &clap::Command, out: &mut Vec<u8>) -> io::Result<()> {
    let man = Man::new(command.clone());
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(out)?;
    }
    write_closing(command, out)
}

/// What stands below the flags in the help: notes, or examples line by line.
fn write_closing(command: &clap::Command, out: &mut Vec<u8>) -> io::Result<()> {
    let help = command.get_after_long_help().or(command.get_after_help());
    let Some(text) = help.map(ToString::to_string) else {
        return Ok(());
    };
    let mut roff = Roff::new();
    match text.strip_prefix("Examples:\n") {
        Some(examples) => {
            roff.control("SH", ["EXAMPLES"]).control("nf", []);
            roff.text([roman(examples)]).control("fi", []);
        }
        None => {
            roff.control("SH", ["NOTES"]).control("nf", []);
            roff.text([roman(text)]).control("fi", []);
        }
    }
    roff.to_writer(out)
}

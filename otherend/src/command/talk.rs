//! `otherend talk`: work on transcripts as files.

mod convert;
mod fmt;
mod generalise;
mod lint;
mod shrink;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::exit::Failure;
use crate::output::stdio;
use crate::output::style::Palette;
use crate::output::terminal_text::tamed;
use crate::talk::{diff, files, replace};

/// The flags of `otherend talk`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Talk,
}

/// What can be done with transcripts.
#[derive(Debug, Subcommand)]
enum Talk {
    /// Read transcripts and play both their ends against each other.
    Lint(lint::Args),
    /// Bring transcripts into their canonical spelling.
    Fmt(fmt::Args),
    /// Turn what looks variable in recordings into holes.
    Generalise(generalise::Args),
    /// Convert to JSON Lines and back.
    Convert(convert::Args),
    /// Find the smallest part of a transcript that still does not pass.
    Shrink(shrink::Args),
}

/// Run the chosen command.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Talk::Lint(args) => lint::run(&args),
        Talk::Fmt(args) => fmt::run(&args),
        Talk::Generalise(args) => generalise::run(&args),
        Talk::Convert(args) => convert::run(&args),
        Talk::Shrink(args) => shrink::run(&args),
    }
}

/// The transcripts to work on.
#[derive(Debug, clap::Args)]
struct Files {
    /// Transcripts, or folders of them; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What is done with a rewritten transcript.
#[derive(Debug, clap::Args)]
struct Rewriting {
    /// Write the changed files; without this, show what would change.
    #[arg(long)]
    write: bool,
}

/// A transcript's text before and after.
struct Rewritten {
    old: Vec<u8>,
    new: String,
    /// What was done, in a few words; then the difference is shown in any case.
    what: Option<String>,
}

impl Rewriting {
    /// Show or write what `rewrite` makes of each file; gives how many change.
    fn each(
        &self,
        files: &Files,
        rewrite: impl Fn(&Path) -> Result<Rewritten, Failure>,
    ) -> anyhow::Result<usize> {
        let mut out = stdio::stdout();
        let palette = Palette::of_stdout();
        let mut changed = 0;
        for path in files::find(&files.files)? {
            let Rewritten { old, new, what } =
                rewrite(&path).map_err(|failure| self.unwritten(failure))?;
            if path == Path::new("-") {
                out.write_all(new.as_bytes())?;
                continue;
            }
            let name = tamed(&path.display().to_string());
            let differs = old != new.as_bytes();
            let old = String::from_utf8_lossy(&old);
            let shows = differs && (what.is_some() || !self.write);
            if shows && !diff::write(&mut out, palette, &name, (&old, &new))? {
                writeln!(out, "{name}: only its line ends change")?;
            }
            if let Some(what) = what {
                writeln!(out, "{name}: {what}")?;
            }
            if !differs {
                continue;
            }
            changed += 1;
            if self.write {
                files::check_length(&path, &new).map_err(|failure| self.unwritten(failure))?;
                replace::whole(&path, &new)?;
                writeln!(out, "{name}: written")?;
            }
        }
        Ok(changed)
    }

    /// Whoever asked to write hears that the file is as it was.
    fn unwritten(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Usage(text) if self.write => {
                Failure::Usage(format!("{text}\n  the file is left as it is"))
            }
            other => other,
        }
    }
}

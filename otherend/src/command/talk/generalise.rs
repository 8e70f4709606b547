//! `otherend talk generalise`: from a recording to a test.

use otherend_core::transcript::generalise;

use super::{Files, Rewriting, Rewritten};
use crate::talk::files;

/// The flags of `otherend talk generalise`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  otherend talk generalise x.talk           what would change
  otherend talk generalise --write x.talk
  otherend talk generalise - < x.talk > test.talk

Dates, addresses, ports, ids, long numbers and hex digits become holes; a value that
occurs again becomes one hole and references to it. Read the difference: it is a guess.")]
pub(crate) struct Args {
    #[command(flatten)]
    files: Files,

    #[command(flatten)]
    rewriting: Rewriting,
}

/// Show or write every file with holes.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    args.rewriting.each(&args.files, |path| {
        let file = files::read_whole(path)?;
        Ok(Rewritten {
            new: generalise(&file.transcript).to_string(),
            old: file.source,
        })
    })?;
    Ok(())
}

//! `otherend talk generalise`: from a recording to a test.

use otherend_core::transcript::{Item, Part, Text, Transcript, generalise};

use super::{Files, Rewriting, Rewritten};
use crate::output::human::plural;
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
        let file = files::read_whole(path, files::only_text())?;
        let general = generalise(&file.transcript);
        let found = holes(&general).saturating_sub(holes(&file.transcript));
        let what = match found {
            0 => "nothing in it looks variable".to_owned(),
            found => plural(found as u64, "new hole"),
        };
        Ok(Rewritten {
            new: general.to_string(),
            old: file.source,
            what: Some(what),
        })
    })?;
    Ok(())
}

/// How many holes `transcript` has; generalising takes none away.
fn holes(transcript: &Transcript) -> usize {
    let parts = transcript.items().iter().filter_map(Item::text);
    let parts = parts.flat_map(Text::parts);
    parts.filter(|part| matches!(part, Part::Hole(_))).count()
}

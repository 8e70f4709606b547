//! `otherend talk fmt`: the canonical spelling.

use std::path::Path;

use otherend_core::transcript::{Item, ReadError, Recording, Tail, Transcript, unsealed};

use super::{Files, Rewriting, Rewritten};
use crate::exit::Failure;
use crate::talk::files;

/// The flags of `otherend talk fmt`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  otherend talk fmt x.talk               what would change
  otherend talk fmt --write transcripts/
  otherend talk fmt --exit-code transcripts/ || echo 'run otherend talk fmt --write'
  otherend talk fmt - < x.talk
  otherend talk fmt --accept --write x.talk
                                         a recording that was edited or cut short

A recording holds seals, and what they do not vouch for is not written anew: --accept keeps it.
A last line without an end is not kept.")]
pub(crate) struct Args {
    #[command(flatten)]
    files: Files,

    #[command(flatten)]
    rewriting: Rewriting,

    /// End with exit code 2 if a file would change.
    #[arg(long, conflicts_with = "write")]
    exit_code: bool,

    /// Accept what a recording's seals do not vouch for, and take them off.
    #[arg(long)]
    accept: bool,
}

/// Show or write the canonical spelling of every file.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let changed = args.rewriting.each(&args.files, |path| {
        if args.accept {
            return accept(path);
        }
        let file = files::read_whole(path, files::only_text())?;
        Ok(Rewritten {
            new: canonical(&file.transcript),
            old: file.source,
            what: None,
        })
    })?;
    match changed {
        0 => Ok(()),
        _ if !args.exit_code => Ok(()),
        1 => Err(Failure::Usage("1 file is not in its canonical spelling".to_owned()).into()),
        many => {
            let many = format!("{many} files are not in their canonical spelling");
            Err(Failure::Usage(many).into())
        }
    }
}

/// A recording keeps its seals only if they still fit.
fn canonical(transcript: &Transcript) -> String {
    let new = transcript.to_string();
    let may_be_seal = |item: &Item| matches!(item, Item::Comment(text) if text.starts_with('='));
    if !transcript.items().iter().any(may_be_seal) {
        return new;
    }
    match Recording::read_within(new.as_bytes(), files::only_text()) {
        Err(ReadError::Broken { .. }) => unsealed(transcript).to_string(),
        _ => new,
    }
}

/// All that stands in the file, without seals; of a recording that was cut only whole lines.
fn accept(path: &Path) -> Result<Rewritten, Failure> {
    let old = files::source(path)?;
    let name = path.display().to_string();
    let cut = matches!(
        Recording::read_within(&old, files::only_text()),
        Ok(Recording {
            tail: Tail::Cut { .. },
            ..
        })
    );
    let whole = old.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let kept = if cut { &old[..whole] } else { &old[..] };
    let transcript = Transcript::parse_within(kept, files::only_text())
        .map_err(|error| Failure::Usage(files::complaint(&ReadError::Parse(error), &name, &old)))?;
    if kept.len() < old.len() {
        files::remark(&format!("{name}: its last line is not whole, and left out"));
    }
    let new = unsealed(&transcript).to_string();
    Ok(Rewritten {
        old,
        new,
        what: None,
    })
}

//! `otherend talk fmt`: the canonical spelling.

use otherend_core::transcript::{ReadError, Recording, Transcript, unsealed};

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
  otherend talk fmt - < x.talk")]
pub(crate) struct Args {
    #[command(flatten)]
    files: Files,

    #[command(flatten)]
    rewriting: Rewriting,

    /// End with exit code 2 if a file would change.
    #[arg(long, conflicts_with = "write")]
    exit_code: bool,
}

/// Show or write the canonical spelling of every file.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let changed = args.rewriting.each(&args.files, |path| {
        let old = files::source(path)?;
        let name = path.display().to_string();
        let new = canonical(&old)
            .map_err(|error| Failure::Usage(files::complaint(&error, &name, &old)))?;
        Ok(Rewritten { old, new })
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
fn canonical(source: &[u8]) -> Result<String, ReadError> {
    let transcript = Transcript::parse(source).map_err(ReadError::Parse)?;
    let new = transcript.to_string();
    match Recording::read(new.as_bytes()) {
        Err(ReadError::Broken { .. }) => Ok(unsealed(&transcript).to_string()),
        _ => Ok(new),
    }
}

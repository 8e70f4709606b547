//! `otherend talk convert`: to JSON Lines and back.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::exit::Failure;
use crate::exit::file::unwritable;
use crate::file;
use crate::output::stdio;
use crate::system::files::create_as;
use crate::talk::{files, jsonl};

/// JSON Lines may be some times as large as their transcript.
const LARGEST: usize = 256 << 20;

/// The flags of `otherend talk convert`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  otherend talk convert x.talk                  to JSON Lines, on standard output
  otherend talk convert x.talk x.talk.jsonl
  otherend talk convert x.talk.jsonl x.talk     and back: nothing is lost
  otherend connect host:25 --json | otherend talk convert - session.talk")]
pub(crate) struct Args {
    /// A transcript or its JSON Lines; `-` is standard input.
    file: PathBuf,

    /// Where to write; standard output if it is left out.
    output: Option<PathBuf>,

    /// Write over a file that is there already.
    #[arg(long, requires = "output")]
    force: bool,
}

/// Read one form, write the other.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let source = file::read(&args.file, LARGEST)?;
    let converted = if source.trim_ascii_start().starts_with(b"{") {
        let text = String::from_utf8_lossy(&source);
        let transcript = jsonl::read(&text)
            .map_err(|error| Failure::Usage(format!("{}: {error}", args.file.display())))?;
        transcript.to_string()
    } else {
        let name = args.file.display().to_string();
        jsonl::write(&files::parse(&name, source, files::only_text())?.transcript)
    };
    match &args.output {
        None => stdio::stdout().write_all(converted.as_bytes())?,
        Some(path) => write(path, args, &converted)?,
    }
    Ok(())
}

/// It holds what its source holds, and nobody can read it who cannot read that.
fn write(path: &Path, args: &Args, text: &str) -> anyhow::Result<()> {
    let source = fs::metadata(&args.file).ok();
    let written = create_as(source.as_ref())
        .create_new(!args.force)
        .create(true)
        .truncate(args.force)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            let path = path.display();
            let text = format!("cannot write {path}: it exists already; --force writes over it");
            Failure::Usage(text).into()
        }
        _ => unwritable(path, &error).into(),
    })
}

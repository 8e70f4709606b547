//! `otherend talk convert`: to JSON Lines and back.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::exit::Failure;
use crate::exit::file::unwritable;
use crate::file;
use crate::output::stdio;
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
        Some(path) => write(path, args.force, &converted)?,
    }
    Ok(())
}

fn write(path: &Path, force: bool, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create_new(!force)
        .create(true)
        .truncate(force);
    let written = options
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

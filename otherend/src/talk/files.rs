//! Finding and reading transcripts.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use otherend_core::transcript::{Item, Limits, ReadError, Recording, Tail, Transcript};

use crate::exit::file::unreadable;
use crate::exit::{self, Failure};
use crate::file::{self, STDIN};
use crate::output::human::plural;
use crate::system::files::Identity;

/// The files named by `paths`; of a folder every `.talk` file below it, in order.
///
/// # Errors
/// A path that is not there, or a folder without transcripts.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let before = found.len();
        let mut seen = HashSet::new();
        below(path, &mut seen, &mut found).map_err(|error| unreadable(path, &error))?;
        found[before..].sort();
        if found.len() == before {
            let path = path.display();
            return Err(Failure::Usage(format!("{path} holds no .talk files")));
        }
    }
    Ok(found)
}

/// Each folder once: a link may lead back up, and then there are paths without end.
fn below(folder: &Path, seen: &mut HashSet<Identity>, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if !seen.insert(Identity::of(&fs::metadata(folder)?)) {
        return Ok(());
    }
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        } else if path.extension().is_some_and(|ending| ending == "talk") {
            found.push(path);
        }
    }
    // Only now, with this one closed: the descriptors would not do for all that lie within another.
    folders.sort();
    folders
        .iter()
        .try_for_each(|folder| below(folder, seen, found))
}

/// The bytes of a file; `-` is standard input.
///
/// # Errors
/// It cannot be read, is no regular file, or is too large.
pub(crate) fn source(path: &Path) -> Result<Vec<u8>, Failure> {
    file::read(path, Limits::FILE)
}

/// What a file is read with of which nothing is filled in: it is only written in other words.
pub(crate) fn only_text() -> Limits {
    Limits::filled(Limits::MOST_FILLED)
}

/// `text` is what the file at `path` is to hold.
///
/// # Errors
/// It could not be read again: another spelling can be longer than a file or a line may be.
pub(crate) fn check_length(path: &Path, text: &str) -> Result<(), Failure> {
    let fits = text.len() <= Limits::FILE && text.lines().all(|line| line.len() <= Limits::LINE);
    if fits {
        return Ok(());
    }
    let path = path.display();
    let text = format!("{path}: written so, it would be larger than a transcript may be");
    Err(Failure::Usage(text))
}

/// A transcript with its name, as it was read.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) source: Vec<u8>,
    pub(crate) transcript: Transcript,
    tail: Tail,
}

/// Read a transcript; of a recording only what its seals vouch for, which is said on stderr.
///
/// # Errors
/// It cannot be read or is no transcript: the message is the screen that shows where. Or it is a
/// recording of which nothing is left.
pub(crate) fn read(path: &Path, limits: Limits) -> Result<File, Failure> {
    parse(&path.display().to_string(), source(path)?, limits)
}

/// Read a transcript of which nothing is skipped: one that is to be written anew.
///
/// # Errors
/// As [`read`], and when no seal vouches for some of its lines.
pub(crate) fn read_whole(path: &Path, limits: Limits) -> Result<File, Failure> {
    let file = open(&path.display().to_string(), source(path)?, limits)?;
    match file.skipped() {
        Some(skipped) => Err(file.to_accept(&skipped)),
        None => Ok(file),
    }
}

/// The transcript in `source`, as [`read`] does it.
///
/// # Errors
/// It is no transcript: the message is the screen that shows where.
pub(crate) fn parse(name: &str, source: Vec<u8>, limits: Limits) -> Result<File, Failure> {
    let file = open(name, source, limits)?;
    let Some(skipped) = file.skipped() else {
        return Ok(file);
    };
    let speaks = |item: &Item| matches!(item, Item::Step(_) | Item::Rule(_));
    if !file.transcript.items().iter().any(speaks) {
        return Err(file.to_accept(&format!("{skipped}, and nothing is left")));
    }
    remark(&skipped);
    Ok(file)
}

fn open(name: &str, source: Vec<u8>, limits: Limits) -> Result<File, Failure> {
    let recording = Recording::read_within(&source, limits)
        .map_err(|error| Failure::Usage(complaint(&error, name, &source)))?;
    let file = File {
        name: name.to_owned(),
        source,
        transcript: recording.transcript,
        tail: recording.tail,
    };
    if let Some(endless) = file.endless() {
        remark(&endless);
    }
    Ok(file)
}

impl File {
    /// What of a recording that ended early is not read, in a sentence.
    fn skipped(&self) -> Option<String> {
        let (after, lines) = match self.tail {
            Tail::Cut { after, lines } if lines > 0 => (after, plural(lines as u64, "line")),
            _ => return None,
        };
        let name = &self.name;
        Some(format!(
            "{name}: the recording ended early: {lines} after line {after} skipped, no seal vouches for them"
        ))
    }

    /// That a recording stops behind a seal that is not its last line, in a sentence. One that is
    /// still being written looks so too.
    fn endless(&self) -> Option<String> {
        let Tail::Cut { after, lines: 0 } = self.tail else {
            return None;
        };
        let name = &self.name;
        Some(format!(
            "{name}: the recording ended early, or is still being written: \
            it stops after line {after}, with nothing to skip"
        ))
    }

    /// A refusal that says how to keep what would be skipped.
    fn to_accept(&self, why: &str) -> Failure {
        Failure::Usage(format!("{why}{}", how_to_accept(&self.name)))
    }
}

fn how_to_accept(name: &str) -> String {
    match name {
        STDIN => "\n  to accept them as they are: otherend talk fmt --accept -".to_owned(),
        name => {
            format!("\n  to accept them as they are: otherend talk fmt --accept --write {name}")
        }
    }
}

/// What is wrong with a file, as a screen shows it.
pub(crate) fn complaint(error: &ReadError, name: &str, source: &[u8]) -> String {
    match error {
        ReadError::Parse(error) => error.render(name, source).trim_end().to_owned(),
        broken => format!("{name}:{broken}{}", how_to_accept(name)),
    }
}

/// Say something about a file that is no result.
pub(crate) fn remark(text: &str) {
    exit::complain(text);
}

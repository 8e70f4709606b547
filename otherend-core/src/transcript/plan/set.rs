//! Other values for a `let` or a hole (usually: parameters), set before a transcript is made ready.

use std::fmt;
use std::sync::Arc;

use crate::nearest::nearest;
use crate::transcript::error::Size;
use crate::transcript::model::{Hole, Item, Part, Setting, Text};
use crate::transcript::parse::{Excess, excess};
use crate::transcript::{Kind, Limits, Transcript};

/// Give the `let` or the holes named `name` another value.
pub(super) fn set(transcript: &mut Transcript, name: &str, value: &[u8]) -> Result<(), SetError> {
    let mut found = false;
    let mut names = Vec::new();
    // In the transcript, before it is a plan: from there on all is as if the file had said so, its
    // holes and its messages included. Every hole of the name gets the value: the same name twice
    // is one value that changes on the way, and whoever sets it wants it to be this one throughout.
    for item in &mut transcript.items {
        if let Item::Setting(Setting::Let(set)) = item {
            if &*set.name == name {
                set.value = value.to_vec();
                found = true;
            }
            names.push(Arc::clone(&set.name));
        }
        for hole in holes(item) {
            if hole.name.as_deref() == Some(name) {
                let Some(sample) = hole.kind.sample(value.to_vec()) else {
                    let (name, kind) = (name.to_owned(), hole.kind.clone());
                    return Err(SetError::Misfit { name, kind });
                };
                hole.sample = sample;
                found = true;
            }
            names.extend(hole.name.clone());
        }
    }
    if found {
        return Ok(());
    }
    let near = nearest(name, names.iter().map(|name| &**name)).map(str::to_owned);
    let name = name.to_owned();
    Err(SetError::Unknown { name, near })
}

/// With its values as they are now `transcript` must not be too long.
pub(super) fn check(transcript: &Transcript) -> Result<(), SetError> {
    let limits = transcript.limits;
    match excess(transcript.items(), limits) {
        None => Ok(()),
        Some((line, Excess::Line)) => Err(SetError::LongLine(line)),
        Some((line, Excess::File)) => Err(SetError::LongFile(line, limits)),
    }
}

/// The holes of a line.
fn holes(item: &mut Item) -> impl Iterator<Item = &mut Hole> {
    item.text_mut()
        .into_iter()
        .flat_map(Text::parts_mut)
        .filter_map(|part| match part {
            Part::Hole(hole) => Some(Arc::make_mut(hole)),
            _ => None,
        })
}

/// A value that cannot be set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetError {
    /// Nothing in the file has this name; perhaps this one was meant.
    Unknown {
        /// The name.
        name: String,
        /// The most similar one.
        near: Option<String>,
    },
    /// The value does not fit the hole.
    Misfit {
        /// The hole's name.
        name: String,
        /// What would fit.
        kind: Kind,
    },
    /// With these values a line has more than 1 MiB: its number.
    LongLine(usize),
    /// With these values the lines up to this one are more than the limit.
    LongFile(usize, Limits),
}

impl std::error::Error for SetError {}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetError::Unknown { name, near: None } => {
                write!(f, "nothing in the transcript is named `{name}`")
            }
            SetError::Unknown {
                name,
                near: Some(near),
            } => {
                write!(
                    f,
                    "nothing in the transcript is named `{name}`: did you mean `{near}`?"
                )
            }
            SetError::Misfit { name, kind } => {
                write!(
                    f,
                    "the value of `{name}` does not fit its hole ({})",
                    kind.name()
                )
            }
            SetError::LongLine(line) => {
                write!(f, "with these values line {line} has more than 1 MiB")
            }
            SetError::LongFile(line, limits) => {
                let most = Size(limits.most_filled());
                write!(
                    f,
                    "with these values the lines up to {line} have more than {most}"
                )
            }
        }
    }
}

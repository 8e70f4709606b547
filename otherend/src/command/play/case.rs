//! One file: read, played, and how that ended.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use otherend_core::transcript::{Mismatch, Outcome, Plan, Reason};
use otherend_net::play::{PlayError, PlayOptions, play};
use otherend_net::{ConnectError, Endpoint};

use crate::args::talk::PlayArgs;
use crate::exit::Failure;
use crate::talk::files;

/// A file that is ready to be played.
pub(super) struct Case {
    name: String,
    plan: Arc<Plan>,
}

/// A file that was played.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) name: String,
    pub(super) took: Duration,
    /// What did not fit, if anything.
    pub(super) mismatch: Option<Mismatch>,
}

/// How it ended, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Passed,
    Differed,
    /// All that was heard fitted, and the rest did not come in time.
    Silent,
}

/// Read all files; every one that cannot be used is in the error.
pub(super) fn read(paths: &[PathBuf], args: &PlayArgs) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    let mut complaints = Vec::new();
    for path in paths {
        match read_one(path, args) {
            Ok(case) => cases.push(case),
            Err(error) => complaints.push(error.to_string()),
        }
    }
    if complaints.is_empty() {
        Ok(cases)
    } else {
        Err(Failure::Usage(complaints.join("\n")))
    }
}

fn read_one(path: &Path, args: &PlayArgs) -> Result<Case, Failure> {
    let file = files::read(path)?;
    let plan = args.plan(path, file.transcript)?;
    if !plan.has_script() {
        let name = file.name;
        let nothing = format!("{name}: it has only rules, so a client has nothing to say");
        return Err(Failure::Usage(nothing));
    }
    Ok(Case {
        name: file.name,
        plan: Arc::new(plan),
    })
}

impl Case {
    /// Play it once.
    pub(super) fn play(
        self,
        endpoint: &Endpoint,
        options: &PlayOptions,
    ) -> Result<Played, ConnectError> {
        let began = Instant::now();
        let outcome = play(self.plan, endpoint, options).map_err(|error| match error {
            PlayError::Connect(error) => error,
            PlayError::Local(error) => ConnectError::Local(error),
            other => ConnectError::Local(std::io::Error::other(other)),
        })?;
        Ok(Played {
            name: self.name,
            took: began.elapsed(),
            mismatch: match outcome {
                Outcome::Passed => None,
                Outcome::Failed(mismatch) => Some(*mismatch),
            },
        })
    }
}

impl Played {
    pub(super) fn ending(&self) -> Ending {
        match &self.mismatch {
            None => Ending::Passed,
            Some(mismatch) if is_silence(mismatch) => Ending::Silent,
            Some(_) => Ending::Differed,
        }
    }
}

fn is_silence(mismatch: &Mismatch) -> bool {
    let fits = match &mismatch.difference {
        Some(difference) => difference.at >= mismatch.heard.len(),
        None => mismatch.heard.is_empty(),
    };
    matches!(mismatch.reason, Reason::Silent(_)) && fits
}

//! One file: read, played, and how that ended.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use otherend_core::transcript::{
    Act, Item, Mismatch, Outcome, Plan, Reason, Setting, Transcript, Transport, unsealed,
};
use otherend_diagnose::CauseKind;
use otherend_net::play::{PlayError, PlayOptions, play, update};
use otherend_net::{ConnectError, Endpoint};

use crate::args::talk::PlayArgs;
use crate::exit::Failure;
use crate::talk::{files, replace};

/// A file that is ready to be played.
pub(super) struct Case {
    name: String,
    path: PathBuf,
    plan: Arc<Plan>,
    /// As the file has it, without the values that were set, if it is to be brought up to date.
    original: Option<Transcript>,
}

/// A file that was played.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) name: String,
    pub(super) took: Duration,
    /// What did not fit, if anything.
    pub(super) mismatch: Option<Mismatch>,
    /// Why it could not be played to its end, if it could not.
    pub(super) obstacle: Option<Obstacle>,
    /// The file was brought up to date.
    pub(super) updated: bool,
}

/// What was in the way of a file: nothing is known of whether it fits.
#[derive(Debug)]
pub(super) struct Obstacle {
    /// The word of the likeliest cause, as `otherend diagnose` has it.
    pub(super) cause: Option<CauseKind>,
    /// What failed, in a line.
    pub(super) text: String,
}

/// What ends a whole test run.
#[derive(Debug)]
pub(super) enum Trouble {
    Connect(ConnectError),
    File(Failure),
}

impl From<PlayError> for Trouble {
    fn from(error: PlayError) -> Self {
        Trouble::Connect(match error {
            PlayError::Connect(error) => error,
            PlayError::Local(error) => ConnectError::Local(error),
            other => ConnectError::Local(std::io::Error::other(other)),
        })
    }
}

/// How it ended, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Passed,
    Differed,
    /// All that was heard fitted, and the rest did not come in time.
    Silent,
    NotPlayed,
}

/// Read all files; every one that cannot be used is in the error.
pub(super) fn read(
    paths: &[PathBuf],
    args: &PlayArgs,
    updates: bool,
) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    // All of them are read before the first is played: a typing error in the last file is told now
    // and not after ten minutes.
    let mut complaints = Vec::new();
    for path in paths {
        match read_one(path, args, updates) {
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

fn read_one(path: &Path, args: &PlayArgs, updates: bool) -> Result<Case, Failure> {
    let file = match updates {
        true => files::read_whole(path, args.limits())?,
        false => files::read(path, args.limits())?,
    };
    if updates && let Some(why) = never_updated(&file.transcript) {
        return Err(Failure::Usage(format!("{}{why}", file.name)));
    }
    let original = updates.then(|| file.transcript.clone());
    let plan = args.client_plan(path, file.transcript)?;
    if !plan.has_script() {
        let name = file.name;
        let nothing = match plan.has_rules() {
            true => "it has only rules, so a client has nothing to say",
            false => "nothing is said in it",
        };
        return Err(Failure::Usage(format!("{name}: {nothing}")));
    }
    Ok(Case {
        name: file.name,
        path: path.to_owned(),
        plan: Arc::new(plan),
        original,
    })
}

/// Why `--update` cannot write this file anew: the place in it and the reason.
fn never_updated(transcript: &Transcript) -> Option<String> {
    let may_miss = |item: &Item| matches!(item, Item::Step(step) if matches!(step.act, Act::Optional(_) | Act::Repeated(_)));
    let framed = |item: &Item| matches!(item, Item::Setting(Setting::Framing(_)));
    let items = transcript.items().iter().zip(2..);
    items.into_iter().find_map(|(item, line)| match item {
        item if framed(item) => Some(format!(
            ":{line}: --update writes lines anew, and here messages stand in frames: edit what differs, or record it again"
        )),
        item if may_miss(item) => Some(format!(
            ":{line}: --update cannot tell what of a turn may be missing (`S?`, `S*`): edit what differs"
        )),
        _ => None,
    })
}

impl Case {
    pub(super) fn has_several_connections(&self) -> bool {
        self.plan.connections() > 1
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What carries it.
    pub(super) fn transport(&self) -> Transport {
        self.plan.transport()
    }

    /// Play it once; if it is to be brought up to date, write into the file what it should say.
    pub(super) fn play(
        self,
        endpoint: &Endpoint,
        options: &PlayOptions,
    ) -> Result<Played, Trouble> {
        let began = Instant::now();
        let plan = Arc::clone(&self.plan);
        let (outcome, updated) = match &self.original {
            None => (play(plan, endpoint, options)?, false),
            Some(original) => {
                let (outcome, updated) = update(plan, original, endpoint, options)?;
                (outcome, *original != updated && self.write(&updated)?)
            }
        };
        Ok(Played {
            name: self.name,
            took: began.elapsed(),
            mismatch: match outcome {
                Outcome::Passed => None,
                Outcome::Failed(mismatch) => Some(*mismatch),
            },
            obstacle: None,
            updated,
        })
    }

    /// Write the file, which has changed.
    fn write(&self, updated: &Transcript) -> Result<bool, Trouble> {
        let text = unsealed(updated).to_string();
        files::check_length(&self.path, &text)
            .and_then(|()| replace::whole(&self.path, &text))
            .map_err(Trouble::File)?;
        Ok(true)
    }
}

impl Played {
    /// The file `name`, which `error` kept from being played.
    pub(super) fn not(name: &str, error: &anyhow::Error) -> Self {
        let cause = match error.downcast_ref() {
            Some(Failure::Unreached { causes, .. }) => causes.first().copied(),
            _ => None,
        };
        let text = error.to_string();
        let text = text.lines().next().unwrap_or_default().to_owned();
        Played {
            name: name.to_owned(),
            took: Duration::ZERO,
            mismatch: None,
            obstacle: Some(Obstacle { cause, text }),
            updated: false,
        }
    }

    pub(super) fn ending(&self) -> Ending {
        match &self.mismatch {
            None if self.obstacle.is_some() => Ending::NotPlayed,
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
    // `250 ok` with its LF missing is silence: what has come is the beginning of what is wanted.
    // `550 no` without a LF is another answer, and that it is not complete either does not matter.
    matches!(mismatch.reason, Reason::Silent(_)) && fits
}

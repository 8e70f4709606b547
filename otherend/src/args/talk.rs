//! How a transcript is played, the same for every command that plays one.

use std::path::Path;
use std::str::FromStr;

use otherend_core::Role;
use otherend_core::transcript::{Limits, Plan, Timing, Transcript};

use super::size;
use crate::exit::Failure;

/// How large a transcript may become.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct FilledArgs {
    /// What a transcript may come to when filled in [default: 16m].
    ///
    /// At most 1g. Short lines that refer to a long `let` can come to more than there is memory.
    #[arg(long, value_name = "SIZE", value_parser = most_filled)]
    max_filled: Option<usize>,
}

/// What a transcript says in place of what it has.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SetArgs {
    /// Give a `let` or what a hole says another value; repeatable.
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<Assignment>,

    #[command(flatten)]
    filled: FilledArgs,
}

/// How to play.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PlayArgs {
    #[command(flatten)]
    set: SetArgs,

    /// Keep the transcript's pauses: `real`, or `x2` for twice as fast.
    #[arg(long, value_name = "TIMING", value_parser = timing)]
    timing: Option<f64>,
}

/// `NAME=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Assignment {
    name: String,
    value: String,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Assignment {
                name: name.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("write NAME=VALUE, as in room=kitchen".to_owned()),
        }
    }
}

fn most_filled(text: &str) -> Result<usize, String> {
    match size::parse_limit(text)? {
        most if most > Limits::MOST_FILLED => Err("write at most 1g".to_owned()),
        most => Ok(most),
    }
}

fn timing(text: &str) -> Result<f64, String> {
    if text == "real" {
        return Ok(1.0);
    }
    let speed = text.strip_prefix('x').and_then(|speed| speed.parse().ok());
    let sound = speed.filter(|speed: &f64| speed.is_finite() && *speed > 0.0);
    sound.ok_or_else(|| "write `real`, or `x2` for twice as fast".to_owned())
}

impl FilledArgs {
    /// Nothing was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.max_filled.is_none()
    }

    /// What a file is read with.
    pub(crate) fn limits(&self) -> Limits {
        self.max_filled.map_or_else(Limits::default, Limits::filled)
    }
}

impl PlayArgs {
    /// What a file is read with.
    pub(crate) fn limits(&self) -> Limits {
        self.set.limits()
    }

    /// Nothing was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.timing.is_none()
    }

    /// What becomes of the pauses.
    pub(crate) fn timing(&self) -> Timing {
        self.timing.map_or(Timing::Ignored, Timing::Speed)
    }

    /// `transcript` made ready, with the values that were set.
    ///
    /// # Errors
    /// It has no such name, or a value does not fit.
    pub(crate) fn plan(&self, file: &Path, transcript: Transcript) -> Result<Plan, Failure> {
        self.set.plan(file, transcript)
    }

    /// The same for the client's side, which needs its secrets.
    ///
    /// # Errors
    /// Also: a secret that the recording masked was not given.
    pub(crate) fn client_plan(&self, file: &Path, transcript: Transcript) -> Result<Plan, Failure> {
        self.set.client_plan(file, transcript)
    }
}

impl SetArgs {
    /// Nothing was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.filled.is_empty()
    }

    /// What a file is read with.
    pub(crate) fn limits(&self) -> Limits {
        self.filled.limits()
    }

    /// `transcript` made ready, with the values that were set.
    ///
    /// # Errors
    /// It has no such name, or a value does not fit.
    pub(crate) fn plan(&self, file: &Path, transcript: Transcript) -> Result<Plan, Failure> {
        Plan::with_values(transcript, &self.values())
            .map_err(|error| Failure::Usage(format!("--set: {error} ({})", file.display())))
    }

    /// `transcript` made ready for the client's side, which needs its secrets.
    ///
    /// # Errors
    /// As of [`plan`](Self::plan), or a secret that the recording masked was not given.
    pub(crate) fn client_plan(&self, file: &Path, transcript: Transcript) -> Result<Plan, Failure> {
        let plan = self.plan(file, transcript)?;
        if let Some((line, name)) = plan.masked(Role::Client)
            // A masked secret said as it stands would be the wrong password: three of those, and
            // the account is locked.
            && !self.set.iter().any(|set| set.name == name)
        {
            let file = file.display();
            return Err(Failure::Usage(format!(
                "{file}:{line}: this file needs a secret: --set {name}=…"
            )));
        }
        Ok(plan)
    }

    /// A part of a transcript made ready, with those values that it has a name for.
    pub(crate) fn plan_part(&self, part: &Transcript) -> Plan {
        let mut values = self.values();
        let is_there = |value: &(String, Vec<u8>)| {
            Plan::with_values(part.clone(), std::slice::from_ref(value)).is_ok()
        };
        // `shrink` plays parts, and a part may lack the line that a value belongs to. In the whole
        // file a name that is not there is an error, and was told.
        values.retain(is_there);
        Plan::with_values(part.clone(), &values).unwrap_or_else(|_| Plan::new(part.clone()))
    }

    fn values(&self) -> Vec<(String, Vec<u8>)> {
        let values = self.set.iter();
        values
            .map(|set| (set.name.clone(), set.value.clone().into_bytes()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_anything() {
        let set: Assignment = "token=a=b c".parse().unwrap();
        assert_eq!((&set.name[..], &set.value[..]), ("token", "a=b c"));
        let set: Assignment = "token=".parse().unwrap();
        assert_eq!(set.value, "");
        assert!("token".parse::<Assignment>().is_err());
        assert!("=x".parse::<Assignment>().is_err());
    }

    #[test]
    fn timing_is_real_or_a_factor() {
        assert_eq!(timing("real"), Ok(1.0));
        assert_eq!(timing("x2.5"), Ok(2.5));
        for text in ["", "2", "x", "x0", "x-1", "xinf", "fast"] {
            assert!(timing(text).is_err(), "{text}");
        }
    }
}

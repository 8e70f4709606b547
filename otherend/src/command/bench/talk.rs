//! `otherend bench --talk`: a transcript as the load.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use otherend_core::transcript::Transport;
use otherend_net::Endpoint;
use otherend_net::play::{PlayError, PlayOptions};
use serde_json::json;

use super::load::LoadArgs;
use super::results::ResultArgs;
use crate::args::talk::SetArgs;
use crate::bench::report::time::time;
use crate::bench::talk::{TalkOutcome, TalkPlan, run};
use crate::exit::Failure;
use crate::output::human::{count, plural};
use crate::output::stdio;
use crate::output::{self, why};
use crate::talk::files;

/// A transcript as the load.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Transcript")]
pub(super) struct TalkArgs {
    /// Play this transcript instead, every client from its start.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "in_flight", "rate", "size", "grace", "prefix", "crlf", "reply_end", "threads",
            "every_address", "retry", "html", "save",
        ]
    )]
    talk: Option<PathBuf>,

    #[command(flatten)]
    set: SetArgs,
}

/// More threads than this are a load on the machine themselves.
const MOST_CLIENTS: u32 = 4096;
/// The parts of the conversations whose times are told.
const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

impl TalkArgs {
    /// The transcript, if one is the load.
    pub(super) fn file(&self) -> Result<Option<&Path>, Failure> {
        if self.talk.is_none() && !self.set.is_empty() {
            let without = "--set is for transcripts: add --talk FILE";
            return Err(Failure::Usage(without.to_owned()));
        }
        Ok(self.talk.as_deref())
    }

    /// Play `file` as the load and report.
    pub(super) fn play(
        &self,
        file: &Path,
        load: &LoadArgs,
        results: &ResultArgs,
        stop: &AtomicBool,
    ) -> anyhow::Result<()> {
        let endpoint = load.endpoint()?;
        let plan = self.plan(file, load, endpoint)?;
        let outcome = run(&plan, stop)?;
        if outcome.took.is_empty()
            // Nobody ever got through: that is no result of a measurement, and deserves a
            // diagnosis.
            && let Some(PlayError::Connect(error)) = &outcome.first_error
        {
            let options = &plan.options.connect;
            return Err(why::not_connected(error, &plan.endpoint, options));
        }
        let name = file.display().to_string();
        let text = match (results.json, results.quiet) {
            (true, _) => output::json::to_string(&json_of(&name, &plan, &outcome))? + "\n",
            (false, true) => String::new(),
            (false, false) => text_of(&name, &plan, &outcome),
        };
        stdio::stdout().write_all(text.as_bytes())?;
        verdict(&name, &outcome)
    }

    fn plan(&self, file: &Path, load: &LoadArgs, endpoint: Endpoint) -> anyhow::Result<TalkPlan> {
        if load.clients() > MOST_CLIENTS {
            let text = format!("--talk: at most {} clients", count(MOST_CLIENTS.into()));
            return Err(Failure::Usage(text).into());
        }
        let transcript = self
            .set
            .client_plan(file, files::read(file, self.set.limits())?.transcript)?;
        if !transcript.has_script() || transcript.transport() == Transport::Udp {
            let text = format!("{}: a load needs a script over TCP", file.display());
            return Err(Failure::Usage(text).into());
        }
        let mut options = PlayOptions::default();
        options.connect = load.options();
        Ok(TalkPlan {
            transcript: Arc::new(transcript),
            endpoint,
            options,
            clients: load.clients(),
            times: load.times()?,
        })
    }
}

fn per_second(outcome: &TalkOutcome) -> f64 {
    let seconds = outcome.measured.as_secs_f64();
    match seconds > 0.0 {
        true => outcome.took.len() as f64 / seconds,
        false => 0.0,
    }
}

fn text_of(name: &str, plan: &TalkPlan, outcome: &TalkOutcome) -> String {
    let clients = plural(plan.clients.into(), "client");
    let mut text = format!("{}: {clients}, playing {name}\n", plan.endpoint);
    if !outcome.took.is_empty() {
        let each = QUANTILES.map(|quantile| {
            let value = time(outcome.took.value_at_quantile(quantile));
            format!("p{} {value}", quantile * 100.0)
        });
        let conversations = plural(outcome.took.len(), "conversation");
        text += &format!(
            "  passed    {} a second   {conversations} in {:.1} s\n  each took {}   longest {}\n",
            count(per_second(outcome).round() as u64),
            outcome.measured.as_secs_f64(),
            each.join("   "),
            time(outcome.took.max()),
        );
    }
    if let Some(mismatch) = &outcome.first_difference {
        text += &mismatch.render(name);
    }
    text
}

fn json_of(name: &str, plan: &TalkPlan, outcome: &TalkOutcome) -> serde_json::Value {
    let at = |quantile| outcome.took.value_at_quantile(quantile);
    json!({
        "file": name,
        "address": plan.endpoint.to_string(),
        "clients": plan.clients,
        "measured_s": outcome.measured.as_secs_f64(),
        "conversations": outcome.took.len(),
        "conversations_per_s": per_second(outcome),
        "p50_ns": at(0.5),
        "p90_ns": at(0.9),
        "p99_ns": at(0.99),
        "p999_ns": at(0.999),
        "max_ns": outcome.took.max(),
        "differed": outcome.differed,
        "first_difference": outcome.first_difference.as_ref().map(|first| first.render(name)),
        "clients_not_connected": outcome.ended,
        "first_error": outcome.first_error.as_ref().map(ToString::to_string),
    })
}

/// What differs weighs more than clients that could not connect.
fn verdict(name: &str, outcome: &TalkOutcome) -> anyhow::Result<()> {
    if outcome.differed > 0 {
        let conversations = plural(outcome.differed, "conversation");
        let text = format!("{conversations} did not match {name}");
        return Err(Failure::Mismatch(text).into());
    }
    match &outcome.first_error {
        Some(error) => {
            let clients = plural(outcome.ended, "client");
            anyhow::bail!("{clients} could not go on, the first: {error}")
        }
        None if outcome.took.is_empty() => {
            let text = "no conversation ended in the measured time: give it more --seconds";
            Err(Failure::TimedOut(text.to_owned()).into())
        }
        None => Ok(()),
    }
}

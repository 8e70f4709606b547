//! A load made of a transcript: clients that play it again and again, each time from the start.
//!
//! One thread a client, since playing waits for what it hears. What is measured is whole
//! conversations, from connecting to the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use otherend_core::transcript::{self, Mismatch};
use otherend_net::Endpoint;
use otherend_net::play::{PlayError, PlayOptions, play};

use super::Times;
use super::measurements::fine_histogram;
use super::plan::nanos;

/// A run that can be started.
pub(crate) struct TalkPlan {
    pub(crate) transcript: Arc<transcript::Plan>,
    pub(crate) endpoint: Endpoint,
    pub(crate) options: PlayOptions,
    pub(crate) clients: u32,
    pub(crate) times: Times,
}

/// All that a run found out.
#[derive(Debug)]
pub(crate) struct TalkOutcome {
    /// How long conversations of the measured part took that were as the transcript says.
    pub(crate) took: Histogram<u64>,
    /// Conversations that were not.
    pub(crate) differed: u64,
    pub(crate) first_difference: Option<Mismatch>,
    /// Clients that could not connect and went no further.
    pub(crate) ended: u64,
    pub(crate) first_error: Option<PlayError>,
    /// How long the measured part was.
    pub(crate) measured: Duration,
}

/// One conversation.
struct Played {
    began: u64,
    ended: u64,
    result: Result<transcript::Outcome, PlayError>,
}

/// Play until the time is over or `stop` is set.
///
/// # Errors
/// The system has no thread left for a client.
pub(crate) fn run(plan: &TalkPlan, stop: &AtomicBool) -> std::io::Result<TalkOutcome> {
    let start = Instant::now();
    thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..plan.clients {
            let sender = sender.clone();
            let client = move || be_client(plan, start, stop, &sender);
            let spawned = thread::Builder::new().spawn_scoped(scope, client);
            // Those who run already must end before the scope can.
            if let Err(error) = spawned {
                stop.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        drop(sender);
        Ok(gather(plan, &results))
    })
}

fn be_client(plan: &TalkPlan, start: Instant, stop: &AtomicBool, results: &Sender<Played>) {
    let now = || nanos(start.elapsed());
    loop {
        let began = now();
        if began >= plan.times.end || stop.load(Ordering::Relaxed) {
            return;
        }
        let result = play(Arc::clone(&plan.transcript), &plan.endpoint, &plan.options);
        // A server that is gone would be connected to thousands of times a second. One that differs
        // goes on: that is what is counted.
        let failed = result.is_err();
        let played = Played {
            began,
            ended: now(),
            result,
        };
        if results.send(played).is_err() || failed {
            return;
        }
    }
}

fn gather(plan: &TalkPlan, results: &Receiver<Played>) -> TalkOutcome {
    let mut outcome = TalkOutcome {
        took: fine_histogram(),
        differed: 0,
        first_difference: None,
        ended: 0,
        first_error: None,
        measured: Duration::ZERO,
    };
    let mut last = 0;
    for played in results {
        last = last.max(played.ended);
        match played.result {
            Ok(transcript::Outcome::Passed) if plan.times.measures(played.ended) => {
                outcome.took.saturating_record(played.ended - played.began);
            }
            Ok(transcript::Outcome::Passed) => {}
            Ok(transcript::Outcome::Failed(mismatch)) => {
                outcome.differed += 1;
                outcome.first_difference.get_or_insert(*mismatch);
            }
            Err(error) => {
                outcome.ended += 1;
                outcome.first_error.get_or_insert(error);
            }
        }
    }
    let until = last.min(plan.times.end);
    outcome.measured = Duration::from_nanos(until.saturating_sub(plan.times.measured_from));
    outcome
}

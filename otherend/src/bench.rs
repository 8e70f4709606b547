//! The load generator: many clients that say lines, check every reply and take the time.
//!
//! A run goes from a [`Plan`] over connections to workers, one thread each, and ends as an
//! [`LoadOutcome`]. It knows no server and shows nothing: reports are made from the outcome.

mod connect;
mod connection;
mod cpu;
mod difference;
mod in_flight;
mod measurements;
pub(crate) mod payload;
pub(crate) mod plan;
mod poller;
pub(crate) mod report;
mod schedule;
pub(crate) mod server;
pub(crate) mod talk;
mod worker;

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

pub(crate) use connect::{Connected, Missing, connect};
pub(crate) use connection::End;
pub(crate) use cpu::CpuShare;
pub(crate) use difference::Difference;
pub(crate) use measurements::Interval;
pub(crate) use plan::{Pace, Plan, Times};
use worker::{Common, Findings, Worker};

/// All that a run found out. Times are nanoseconds since its start.
#[derive(Debug)]
pub(crate) struct LoadOutcome {
    /// Latencies of the lines of the measured part.
    pub(crate) latency: Histogram<u64>,
    /// Open loop: how late the load itself was.
    pub(crate) lateness: Histogram<u64>,
    /// Replies heard in the measured part.
    pub(crate) heard: u64,
    /// Until when lines were said.
    pub(crate) until: u64,
    /// The run, interval by interval.
    pub(crate) intervals: Vec<Interval>,
    /// What each thread of the load did with its time.
    pub(crate) cpu: Vec<CpuShare>,
    /// The clients whose connection ended too early, and how.
    pub(crate) ends: Vec<(u32, End)>,
    /// Lines that were never answered though their connection stood.
    pub(crate) unanswered: u64,
    /// Lines that were never answered since their connection was gone.
    pub(crate) lost: u64,
    /// Connections that did not come about.
    pub(crate) missing: Vec<Missing>,
    /// How long connecting took.
    pub(crate) connecting: Duration,
}

/// Carry out `plan` over `connected`; `watch` sees every interval of every worker as it ends.
/// Setting `stop` ends the run early.
///
/// # Errors
///
/// When a thread or a poller is not to be had, or fails.
pub(crate) fn run(
    plan: &Plan,
    connected: Connected,
    stop: &AtomicBool,
    mut watch: impl FnMut(&Interval),
) -> io::Result<LoadOutcome> {
    let (sender, receiver) = mpsc::channel();
    let common = Common { plan, stop };
    // In turn, not in blocks: where the server is slow to its last clients no thread of the load
    // has all of them.
    let workers = deal(connected.streams, plan.threads)
        .into_iter()
        .map(|clients| Worker::new(common, clients, sender.clone()))
        .collect::<io::Result<Vec<Worker<'_>>>>()?;
    // The channel ends with the last worker, and with it the loop below.
    drop(sender);
    let mut intervals = BTreeMap::<usize, Interval>::new();
    let findings = thread::scope(|scope| {
        let threads = start(scope, workers)?;
        for interval in receiver {
            watch(&interval);
            match intervals.get_mut(&interval.index) {
                Some(joined) => joined.join(&interval),
                None => drop(intervals.insert(interval.index, interval)),
            }
        }
        let done = threads.into_iter().map(ScopedJoinHandle::join);
        done.map(|found| found.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<io::Result<Vec<Findings>>>()
    })?;
    let mut outcome = sum(findings);
    outcome.intervals = intervals.into_values().collect();
    outcome.missing = connected.missing;
    outcome.connecting = connected.took;
    Ok(outcome)
}

/// Start a thread for each worker; all count from the same moment.
fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    workers: Vec<Worker<'scope>>,
) -> io::Result<Vec<ScopedJoinHandle<'scope, io::Result<Findings>>>> {
    let start = Instant::now();
    let numbered = workers.into_iter().enumerate();
    numbered
        .map(|(number, worker)| {
            let thread = thread::Builder::new().name(format!("load {number}"));
            thread.spawn_scoped(scope, move || worker.run(start))
        })
        .collect()
}

/// A client and its connection, if that came about.
type Client = (u32, Option<mio::net::TcpStream>);

/// Deal the clients to `threads` workers, in turn.
fn deal(streams: Vec<Option<mio::net::TcpStream>>, threads: u32) -> Vec<Vec<Client>> {
    let mut shares: Vec<Vec<Client>> = (0..threads).map(|_| Vec::new()).collect();
    for (client, stream) in (0..).zip(streams) {
        shares[(client % threads) as usize].push((client, stream));
    }
    shares
}

fn sum(findings: Vec<Findings>) -> LoadOutcome {
    let mut outcome = LoadOutcome {
        latency: measurements::fine_histogram(),
        lateness: measurements::fine_histogram(),
        heard: 0,
        until: 0,
        intervals: Vec::new(),
        cpu: Vec::new(),
        ends: Vec::new(),
        unanswered: 0,
        lost: 0,
        missing: Vec::new(),
        connecting: Duration::ZERO,
    };
    for found in findings {
        let same_bounds = "all fine histograms have the same bounds";
        outcome
            .latency
            .add(found.measurements.latency)
            .expect(same_bounds);
        outcome
            .lateness
            .add(found.measurements.lateness)
            .expect(same_bounds);
        outcome.heard += found.measurements.heard;
        outcome.until = outcome.until.max(found.until);
        outcome.cpu.push(found.cpu);
        outcome.ends.extend(found.ends);
        outcome.unanswered += found.unanswered;
        outcome.lost += found.lost;
        drop(found.connections);
    }
    outcome
}

#[cfg(test)]
mod tests;

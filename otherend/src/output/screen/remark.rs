//! What otherend itself has to say about conversations, for people and for programs.

mod tap;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use otherend_core::transcript::Mismatch;
use otherend_core::{Address, Counts, EndReason};
use otherend_diagnose::CauseKind;
use otherend_diagnose::interfaces::Reach;
use otherend_diagnose::listeners::Protocol;
use otherend_net::{Refusal, Report};
use serde_json::json;

use crate::output::interfaces::text::reached_from;
use crate::output::{self, human};
pub(crate) use tap::TapRemark;

/// A remark on the screen.
#[derive(Debug)]
pub(crate) enum Remark<'a> {
    /// The server listens.
    Listening(SocketAddr, Protocol),
    /// The server can be reached there.
    Reachable(&'a Reach),
    /// A peer came.
    Came(&'a Address),
    /// A peer that there is no connection to sent its first datagram.
    FirstDatagram(&'a Address),
    /// A peer has finished sending.
    FinishedSending,
    /// A line was too long and is discarded.
    LineTooLong,
    /// A peer left.
    Left {
        /// Why.
        reason: EndReason,
        /// What went both ways.
        counts: Counts,
        /// How long it was here.
        after: Duration,
        /// There was no connection to leave.
        datagrams: bool,
    },
    /// A peer was turned away.
    Refused(&'a Address, Refusal),
    /// An answer did not leave: what the system said, or it would have been too long.
    Withheld(&'a Address, Option<&'a str>),
    /// A connection could not be accepted.
    AcceptFailed(&'a str),
    /// A connection to itself was closed.
    SelfConnect(&'a Address),
    /// The server stops.
    Stopping,
    /// The server has stopped.
    Stopped(&'a Report),
    /// It could not connect or listen: nothing else comes.
    Failed {
        /// What failed.
        text: &'a str,
        /// The causes that fit, the likeliest first.
        causes: &'a [CauseKind],
    },
    /// What happens at a tap.
    Tap(TapRemark<'a>),
    /// A peer said what the transcript does not have.
    Unexpected {
        /// The transcript.
        file: &'a str,
        /// What and where.
        mismatch: &'a Mismatch,
    },
    /// So many lines were not shown.
    Skipped(u64),
    /// A client's only conversation is over, and how in a sentence.
    Ended(EndReason, &'a str),
    /// Anything else: a stable word for programs, a sentence for people.
    Note(&'static str, &'a str),
}

impl fmt::Display for Remark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::Listening(address, Protocol::Tcp) => write!(f, "listening on {address}"),
            Remark::Listening(address, Protocol::Udp) => write!(f, "listening on udp {address}"),
            Remark::Reachable(reach) => write!(f, "reach it at {reach} {}", reached_from(reach)),
            Remark::Came(address) => write!(f, "{address} connected"),
            Remark::FirstDatagram(address) => write!(f, "first datagram from {address}"),
            Remark::FinishedSending => f.write_str("the peer has finished sending"),
            Remark::LineTooLong => f.write_str("a line is too long, the rest of it is discarded"),
            Remark::Left {
                reason,
                counts,
                after,
                datagrams,
            } => {
                let over = if *datagrams { "over" } else { "left" };
                let after = human::duration(*after);
                let heard = human::plural(counts.messages_heard, "line");
                let said = human::count(counts.messages_said);
                write!(
                    f,
                    "{over} after {after}: {reason} ({heard} heard, {said} said)"
                )
            }
            Remark::Refused(address, refusal) => write!(f, "{address} was turned away: {refusal}"),
            Remark::Withheld(address, None) => {
                write!(
                    f,
                    "{address} got no answer: it would be longer than what was sent"
                )
            }
            Remark::Withheld(address, Some(error)) => {
                write!(f, "{address} got no answer: {error}")
            }
            Remark::AcceptFailed(error) => write!(f, "a connection could not be accepted: {error}"),
            Remark::SelfConnect(address) => write!(f, "{address} connected to itself: closed"),
            Remark::Stopping => {
                f.write_str("stopping: conversations may finish (once more stops at once)")
            }
            Remark::Stopped(report) => stopped(f, report),
            Remark::Tap(remark) => remark.fmt(f),
            Remark::Skipped(lines) => {
                let lines = human::plural(*lines, "line");
                write!(f, "{lines} not shown: they came too fast")
            }
            Remark::Unexpected { file, mismatch } => f.write_str(&mismatch.render(file)),
            Remark::Failed { text, .. } | Remark::Ended(_, text) | Remark::Note(_, text) => {
                f.write_str(text)
            }
        }
    }
}

fn stopped(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let counts = report.stats.counts;
    write!(
        f,
        "stopped{}; {} in all, {} heard, {} said",
        open_at_the_stop(report),
        human::plural(report.stats.accepted, "conversation"),
        human::plural(counts.messages_heard, "line"),
        human::count(counts.messages_said),
    )?;
    let refused = (report.stats.refused, "turned away");
    let withheld = (report.stats.withheld, "not sent");
    for part in counted([refused, withheld]) {
        write!(f, ", {part}")?;
    }
    Ok(())
}

/// What became of the conversations that were open when the stop began; empty if there was none.
fn open_at_the_stop(report: &Report) -> String {
    let parts = counted([
        (report.finished, "finished"),
        (report.idle_closed, "idle closed"),
        (report.aborted, "cut off"),
    ]);
    match parts.is_empty() {
        true => String::new(),
        false => format!(": {}", parts.join(", ")),
    }
}

/// The counts that are not zero.
fn counted<const N: usize>(counts: [(u64, &str); N]) -> Vec<String> {
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    counts
        .map(|(count, what)| format!("{} {what}", human::count(count)))
        .collect()
}

impl Remark<'_> {
    /// The members of a JSON object, without its braces.
    pub(crate) fn as_json(&self) -> String {
        let object = match self {
            Remark::Listening(address, protocol) => json!({
                "event": "listening", "address": address, "over": protocol.label(),
            }),
            Remark::Reachable(reach) => json!({
                "event": "reachable", "address": reach.address, "scope": reach.scope.label(),
                "interface": reach.interface,
            }),
            Remark::Came(address) | Remark::FirstDatagram(address) => {
                json!({"event": "connected", "peer": address.to_string()})
            }
            Remark::FinishedSending => json!({"event": "finished-sending"}),
            Remark::LineTooLong => json!({"event": "line-too-long"}),
            Remark::Left {
                reason,
                counts,
                after,
                ..
            } => json!({
                "event": "left", "reason": reason.label(), "seconds": after.as_secs_f64(),
                "lines_heard": counts.messages_heard, "lines_said": counts.messages_said,
                "bytes_heard": counts.bytes_heard, "bytes_said": counts.bytes_said,
            }),
            Remark::Refused(address, refusal) => {
                json!({"event": "refused", "peer": address.to_string(), "reason": refusal.label()})
            }
            Remark::Withheld(address, error) => {
                json!({"event": "withheld", "peer": address.to_string(), "error": error})
            }
            Remark::AcceptFailed(error) => json!({"event": "accept-failed", "error": error}),
            Remark::SelfConnect(address) => {
                json!({"event": "self-connect", "peer": address.to_string()})
            }
            Remark::Stopping => json!({"event": "stopping"}),
            Remark::Stopped(report) => json!({
                "event": "stopped", "finished": report.finished,
                "idle_closed": report.idle_closed, "aborted": report.aborted,
                "conversations": report.stats.accepted, "refused": report.stats.refused,
                "withheld": report.stats.withheld,
                "lines_heard": report.stats.counts.messages_heard,
                "lines_said": report.stats.counts.messages_said,
            }),
            Remark::Failed { text, causes } => json!({
                "event": "failed", "cause": causes.first(), "causes": causes, "text": text,
            }),
            Remark::Tap(remark) => remark.as_json(),
            Remark::Skipped(lines) => json!({"event": "skipped", "lines": lines}),
            Remark::Unexpected { file, mismatch } => json!({
                "event": "unexpected", "file": file, "line": mismatch.line,
                "expected": mismatch.expected, "heard": mismatch.heard_as_text(),
                "at": mismatch.difference.as_ref().map(|difference| difference.at),
                "text": mismatch.to_string(),
            }),
            Remark::Ended(reason, text) => {
                json!({"event": "ended", "reason": reason.label(), "text": text})
            }
            Remark::Note(word, text) => json!({"event": word, "text": text}),
        };
        // An object always has a form in JSON.
        let text = output::json::to_string(&object).unwrap_or_default();
        text[1..text.len() - 1].to_owned()
    }
}

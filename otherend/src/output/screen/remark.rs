//! What otherend itself has to say about conversations, for people and for programs.

mod form;
mod happened;

use std::fmt;
use std::net::SocketAddr;

use otherend_core::{Address, EndReason, Role};
use otherend_diagnose::CauseKind;
use otherend_diagnose::interfaces::Reach;
use otherend_diagnose::listeners::Protocol;
use otherend_net::tap::Fault;
use otherend_net::{Endpoint, Refusal, Report};
use serde::Serialize;

use crate::output::interfaces::text::reached_from;
use crate::output::{hex, human, json};
pub(crate) use happened::Happened;

/// A remark on the screen. Serialized it is the JSON that programs read: its word is the event.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Remark<'a> {
    /// It listens.
    Listening {
        address: SocketAddr,
        #[serde(rename = "over", serialize_with = "form::protocol")]
        protocol: Protocol,
    },
    /// It can be reached there.
    #[serde(serialize_with = "form::reach")]
    Reachable(&'a Reach),
    /// A tap passes clients on to this.
    Target {
        #[serde(serialize_with = "form::text")]
        address: &'a Endpoint,
    },
    /// An end of a tap began to speak TLS.
    Tls { who: Role },
    /// A line of this end of a tap is too long to be shown; without one: the peer's is discarded.
    LineTooLong {
        #[serde(skip_serializing_if = "Option::is_none")]
        who: Option<Role>,
    },
    /// An end of a tap said what is no frame as drawn.
    OutOfStep {
        who: Role,
        reason: &'a str,
        #[serde(serialize_with = "form::bytes")]
        heard: &'a [u8],
    },
    /// No line met this fault of a tap.
    FaultNeverMet {
        #[serde(serialize_with = "form::text")]
        fault: &'a Fault,
    },
    /// A peer was turned away.
    Refused {
        #[serde(serialize_with = "form::text")]
        peer: &'a Address,
        #[serde(serialize_with = "form::refusal")]
        reason: Refusal,
    },
    /// An answer did not leave: what the system said, or it would have been too long.
    Withheld {
        #[serde(serialize_with = "form::text")]
        peer: &'a Address,
        error: Option<&'a str>,
    },
    /// A connection could not be accepted.
    AcceptFailed { error: &'a str },
    /// A connection to itself was closed.
    SelfConnect {
        #[serde(serialize_with = "form::text")]
        peer: &'a Address,
    },
    /// It stops.
    Stopping,
    /// The server has stopped.
    #[serde(serialize_with = "form::stopped")]
    Stopped(&'a Report),
    /// The tap has stopped.
    #[serde(rename = "stopped", serialize_with = "form::tap_stopped")]
    TapStopped(&'a Report),
    /// It could not connect or listen: nothing else comes.
    #[serde(serialize_with = "form::failed")]
    Failed {
        /// What failed.
        text: &'a str,
        /// The causes that fit, the likeliest first.
        causes: &'a [CauseKind],
    },
    /// So many lines were not shown.
    Skipped { lines: u64 },
    /// Something happened in a conversation.
    #[serde(untagged)]
    Happened(Happened<'a>),
    /// A client's only conversation is over, and how in a sentence.
    #[serde(untagged, serialize_with = "form::ended")]
    Ended { reason: EndReason, text: &'a str },
    /// Anything else: a stable word for programs, a sentence for people.
    #[serde(untagged)]
    Note { event: &'static str, text: &'a str },
}

impl fmt::Display for Remark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::Listening { address, protocol } => match protocol {
                Protocol::Tcp => write!(f, "listening on {address}"),
                Protocol::Udp => write!(f, "listening on udp {address}"),
            },
            Remark::Reachable(reach) => write!(f, "reach it at {reach} {}", reached_from(reach)),
            Remark::Target { address } => write!(f, "passing on to {address}"),
            Remark::Tls { who } => write!(
                f,
                "the {who} speaks TLS: it passes untouched and is not shown (--hex shows it)"
            ),
            Remark::LineTooLong { who: Some(who) } => write!(
                f,
                "a line of the {who} is too long to be shown; it passes untouched"
            ),
            Remark::OutOfStep { who, reason, heard } => write!(
                f,
                "the {who} is out of step, {reason}: {}",
                hex::message(heard)
            ),
            Remark::LineTooLong { who: None } => f.write_str(happened::TOO_LONG),
            Remark::FaultNeverMet { fault } => write!(f, "fault never met: {fault}"),
            Remark::Refused { peer, reason } => write!(f, "{peer} was turned away: {reason}"),
            Remark::Withheld { peer, error: None } => write!(
                f,
                "{peer} got no answer: it would be longer than what was sent"
            ),
            Remark::Withheld {
                peer,
                error: Some(error),
            } => write!(f, "{peer} got no answer: {error}"),
            Remark::AcceptFailed { error } => {
                write!(f, "a connection could not be accepted: {error}")
            }
            Remark::SelfConnect { peer } => write!(f, "{peer} connected to itself: closed"),
            Remark::Stopping => {
                f.write_str("stopping: conversations may finish (once more stops at once)")
            }
            Remark::Stopped(report) => stopped(f, report),
            Remark::TapStopped(report) => tap_stopped(f, report),
            Remark::Skipped { lines } => {
                let lines = human::plural(*lines, "line");
                write!(f, "{lines} not shown: they came too fast")
            }
            Remark::Happened(happened) => happened.fmt(f),
            Remark::Failed { text, .. }
            | Remark::Ended { text, .. }
            | Remark::Note { text, .. } => f.write_str(text),
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

fn tap_stopped(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let counts = report.stats.counts;
    write!(
        f,
        "stopped{}; {} in all, clients said {}, servers said {}",
        open_at_the_stop(report),
        human::plural(report.stats.accepted, "connection"),
        human::size(counts.bytes_heard),
        human::size(counts.bytes_said),
    )
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

impl<'a> Remark<'a> {
    /// A stable word for programs, a sentence for people.
    pub(crate) const fn note(event: &'static str, text: &'a str) -> Self {
        Remark::Note { event, text }
    }

    /// As an object of JSON. Its members stand sorted: people look for them in one place.
    pub(crate) fn as_json(&self) -> String {
        let sorted = serde_json::to_value(self).and_then(|object| json::to_string(&object));
        // A remark always has a form in JSON.
        sorted.unwrap_or_default()
    }
}

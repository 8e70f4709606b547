//! What happens at a tap, for people and for programs.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use otherend_core::{Address, Between, Counts, Role, escaped};
use otherend_net::tap::Fault;
use otherend_net::{Endpoint, Report};
use serde_json::{Value, json};

use super::open_at_the_stop;
use crate::output::human;

/// A remark about a tap or one of its connections.
#[derive(Debug)]
pub(crate) enum TapRemark<'a> {
    /// Where clients are passed on to.
    Target(&'a Endpoint),
    /// The target answered.
    Connected {
        /// The address that did.
        target: &'a Address,
        /// How long it took.
        after: Duration,
    },
    /// The target could not be reached.
    NotConnected(&'a dyn Error),
    /// An end has finished sending.
    Finished(Role),
    /// A fault met a line of this end; at the start of a connection there is none.
    Fault(Role, &'a str, &'a [u8]),
    /// An end began to speak TLS.
    Tls(Role),
    /// A line of this end is too long to be shown.
    LineTooLong(Role),
    /// A connection is over.
    Ended {
        /// Why.
        ending: Between,
        /// What was passed on: the client was heard, what the server said was said.
        counts: Counts,
        /// How long it lasted.
        after: Duration,
    },
    /// No line met this fault.
    NeverMet(&'a Fault),
    /// The tap has stopped.
    Stopped(&'a Report),
}

impl fmt::Display for TapRemark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TapRemark::Target(target) => write!(f, "passing on to {target}"),
            TapRemark::Connected { target, after } => {
                write!(f, "reached {target} in {}", human::duration(*after))
            }
            TapRemark::NotConnected(error) => error.fmt(f),
            TapRemark::Finished(from) => write!(f, "the {} has finished sending", name(*from)),
            TapRemark::Fault(_, fault, b"") => write!(f, "fault: {fault}"),
            TapRemark::Fault(_, fault, line) => {
                let line = line.trim_ascii_end();
                write!(f, "fault: {fault} (it meets: {})", escaped(line))
            }
            TapRemark::NeverMet(fault) => write!(f, "fault never met: {fault}"),
            TapRemark::Tls(from) => write!(
                f,
                "the {} speaks TLS: it passes untouched and is not shown (--hex shows it)",
                name(*from)
            ),
            TapRemark::LineTooLong(from) => write!(
                f,
                "a line of the {} is too long to be shown; it passes untouched",
                name(*from)
            ),
            TapRemark::Ended {
                ending,
                counts,
                after,
            } => write!(
                f,
                "ended after {}: {ending} (client said {}, server said {})",
                human::duration(*after),
                human::size(counts.bytes_heard),
                human::size(counts.bytes_said),
            ),
            TapRemark::Stopped(report) => {
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
        }
    }
}

impl TapRemark<'_> {
    pub(super) fn as_json(&self) -> Value {
        match self {
            TapRemark::Target(target) => {
                json!({"event": "target", "address": target.to_string()})
            }
            TapRemark::Connected { target, after } => {
                json!({"event": "reached", "target": target.to_string(), "seconds": after.as_secs_f64()})
            }
            TapRemark::NotConnected(error) => {
                json!({"event": "not-reached", "error": error.to_string()})
            }
            TapRemark::Finished(from) => json!({"event": "finished-sending", "who": name(*from)}),
            TapRemark::Fault(from, fault, line) => json!({
                "event": "fault", "fault": fault, "who": name(*from),
                "line": escaped(line.trim_ascii_end()),
            }),
            TapRemark::NeverMet(fault) => {
                json!({"event": "fault-never-met", "fault": fault.to_string()})
            }
            TapRemark::Tls(from) => json!({"event": "tls", "who": name(*from)}),
            TapRemark::LineTooLong(from) => json!({"event": "line-too-long", "who": name(*from)}),
            TapRemark::Ended {
                ending,
                counts,
                after,
            } => json!({
                "event": "ended", "reason": ending.label(), "seconds": after.as_secs_f64(),
                "bytes_of_client": counts.bytes_heard, "bytes_of_server": counts.bytes_said,
            }),
            TapRemark::Stopped(report) => json!({
                "event": "stopped", "finished": report.finished,
                "idle_closed": report.idle_closed, "aborted": report.aborted,
                "connections": report.stats.accepted, "refused": report.stats.refused,
                "bytes_of_clients": report.stats.counts.bytes_heard,
                "bytes_of_servers": report.stats.counts.bytes_said,
            }),
        }
    }
}

fn name(role: Role) -> &'static str {
    match role {
        Role::Client => "client",
        Role::Server => "server",
    }
}

//! What a remark's parts are in JSON, where that is not what they are in the program.

use std::fmt::Display;

use otherend_core::EndReason;
use otherend_core::json::Happening;
use otherend_diagnose::CauseKind;
use otherend_diagnose::interfaces::Reach;
use otherend_diagnose::listeners::Protocol;
use otherend_net::{Refusal, Report};
use serde::{Serialize, Serializer};

pub(super) fn text<S: Serializer>(shown: &impl Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(shown)
}

/// Bytes, as a transcript notes them.
pub(super) fn bytes<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&otherend_core::escaped(bytes))
}

pub(super) fn protocol<S: Serializer>(protocol: &Protocol, to: S) -> Result<S::Ok, S::Error> {
    protocol.label().serialize(to)
}

pub(super) fn refusal<S: Serializer>(refusal: &Refusal, to: S) -> Result<S::Ok, S::Error> {
    refusal.label().serialize(to)
}

pub(super) fn reach<S: Serializer>(reach: &Reach, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Form<'a> {
        address: String,
        scope: &'a str,
        interface: Option<&'a str>,
    }
    let form = Form {
        address: reach.address.to_string(),
        scope: reach.scope.label(),
        interface: reach.interface.as_deref(),
    };
    form.serialize(to)
}

pub(super) fn failed<S: Serializer>(
    text: &str,
    causes: &[CauseKind],
    to: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Form<'a> {
        cause: Option<&'a CauseKind>,
        causes: &'a [CauseKind],
        text: &'a str,
    }
    let cause = causes.first();
    let form = Form {
        cause,
        causes,
        text,
    };
    form.serialize(to)
}

/// How what was open at the stop ended, and how many were turned away.
#[derive(Serialize)]
struct Stop {
    finished: u64,
    idle_closed: u64,
    aborted: u64,
    refused: u64,
}

impl Stop {
    fn of(report: &Report) -> Self {
        Stop {
            finished: report.finished,
            idle_closed: report.idle_closed,
            aborted: report.aborted,
            refused: report.stats.refused,
        }
    }
}

pub(super) fn stopped<S: Serializer>(report: &Report, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Form {
        #[serde(flatten)]
        stop: Stop,
        conversations: u64,
        withheld: u64,
        lines_heard: u64,
        lines_said: u64,
    }
    let form = Form {
        stop: Stop::of(report),
        conversations: report.stats.accepted,
        withheld: report.stats.withheld,
        lines_heard: report.stats.counts.messages_heard,
        lines_said: report.stats.counts.messages_said,
    };
    form.serialize(to)
}

pub(super) fn tap_stopped<S: Serializer>(report: &Report, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Form {
        #[serde(flatten)]
        stop: Stop,
        connections: u64,
        bytes_of_clients: u64,
        bytes_of_servers: u64,
    }
    let form = Form {
        stop: Stop::of(report),
        connections: report.stats.accepted,
        bytes_of_clients: report.stats.counts.bytes_heard,
        bytes_of_servers: report.stats.counts.bytes_said,
    };
    form.serialize(to)
}

pub(super) fn ended<S: Serializer>(
    reason: &EndReason,
    text: &str,
    to: S,
) -> Result<S::Ok, S::Error> {
    let ended = Happening::Ended {
        reason: reason.label().into(),
        seconds: None,
        bytes_of_client: None,
        bytes_of_server: None,
        text: Some(text.into()),
    };
    ended.serialize(to)
}

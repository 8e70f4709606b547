//! A command that could not connect or listen says why by itself: the first lines of a diagnosis.

use std::time::Duration;

use otherend_net::diagnose::{self, Diagnosis, ListenDiagnosis, Options};
use otherend_net::{BindError, ConnectError, ConnectOptions, Endpoint};

use crate::exit::Failure;

/// How long it may take to find out: the error itself has taken its time already.
const DEADLINE: Duration = Duration::from_secs(5);

/// A connection that failed, and why.
pub(crate) fn not_connected(
    error: &ConnectError,
    endpoint: &Endpoint,
    options: &ConnectOptions,
) -> anyhow::Error {
    if !matches!(error, ConnectError::Failed { .. }) {
        // The others are explained by themselves.
        return failure(error, error.to_string());
    }
    let diagnosis = diagnose::connect(
        endpoint,
        &Options {
            deadline: DEADLINE,
            family: options.family,
            no_dns: options.no_dns,
            search_ports: false,
            converse: false,
            ..Options::default()
        },
    );
    let lines = connect_lines(endpoint, &diagnosis);
    failure(error, format!("{error}{lines}"))
}

fn failure(error: &ConnectError, text: String) -> anyhow::Error {
    match error.is_timeout() {
        true => Failure::TimedOut(text).into(),
        false => anyhow::Error::msg(text),
    }
}

fn connect_lines(endpoint: &Endpoint, diagnosis: &Diagnosis) -> String {
    if diagnosis.verdict.works {
        return "\n  a second attempt, just now, was accepted".to_owned();
    }
    let more = format!("more: otherend diagnose {endpoint}");
    indented(&diagnosis.first_lines(), &more)
}

/// An address that could not be listened on, and why.
pub(crate) fn not_listening(error: BindError) -> anyhow::Error {
    let BindError::Listen { address, .. } = &error else {
        return error.into();
    };
    let endpoint = Endpoint::from(*address);
    let diagnosis = diagnose::listen(&endpoint, &Options::default());
    anyhow::Error::msg(format!("{error}{}", listen_lines(&endpoint, &diagnosis)))
}

fn listen_lines(endpoint: &Endpoint, diagnosis: &ListenDiagnosis) -> String {
    if diagnosis.verdict.works {
        return "\n  a second attempt, just now, was successful".to_owned();
    }
    let more = format!("more: otherend diagnose --listen {endpoint}");
    indented(&diagnosis.first_lines(), &more)
}

fn indented(lines: &[String], more: &str) -> String {
    let lines = lines.iter().map(String::as_str).chain([more]);
    lines.map(|line| format!("\n  {line}")).collect()
}

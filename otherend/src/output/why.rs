//! A command that could not connect or listen says why by itself: the first lines of a diagnosis.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use otherend_core::escaped;
use otherend_net::diagnose::{self, Options};
use otherend_net::listeners::{self, Protocol};
use otherend_net::{BindError, ConnectError, ConnectOptions, Endpoint};

use crate::exit::Failure;

/// How long it may take to find out: the error itself has taken its time already.
const DEADLINE: Duration = Duration::from_secs(5);

/// What to do about a source address that is not ours.
const OTHER_SOURCES: &str = "to do: leave --source out, or take one that `otherend interfaces` has";

/// A connection that failed, and why.
pub(crate) fn not_connected(
    error: &ConnectError,
    endpoint: &Endpoint,
    options: &ConnectOptions,
) -> anyhow::Error {
    let lines = match (error, options.source) {
        (ConnectError::Failed { .. }, Some(_)) if error.is_unusable_source() => {
            vec![OTHER_SOURCES.to_owned()]
        }
        (ConnectError::Failed { .. }, _) => lines(endpoint, options),
        (ConnectError::Resolve(_), _) => vec![more(endpoint)],
        // The others are explained by themselves.
        _ => Vec::new(),
    };
    failure(error, format!("{error}{}", indented(&lines)))
}

/// Why an address does not let us connect, in a few lines. Takes a few seconds at most.
pub(crate) fn lines(endpoint: &Endpoint, options: &ConnectOptions) -> Vec<String> {
    let options = Options {
        deadline: DEADLINE,
        family: options.family,
        no_dns: options.no_dns,
        search_ports: false,
        converse: false,
        ..Options::default()
    };
    let diagnosis = diagnose::connect(endpoint, &options);
    if diagnosis.verdict.works {
        return vec!["a second attempt, just now, was accepted".to_owned()];
    }
    let mut lines = diagnosis.first_lines();
    lines.push(more(endpoint));
    lines
}

fn more(endpoint: &Endpoint) -> String {
    format!("more: otherend diagnose {endpoint}")
}

/// The peer reset a connection that stood.
pub(crate) fn reset(peer: SocketAddr) -> String {
    let lines = [
        "it crashed or was killed, or it closed without reading all that was said to it".to_owned(),
        more(&peer.into()),
    ];
    format!("the peer reset the connection{}", indented(&lines))
}

fn failure(error: &ConnectError, text: String) -> anyhow::Error {
    match error.is_timeout() {
        true => Failure::TimedOut(text).into(),
        false => anyhow::Error::msg(text),
    }
}

/// An address that could not be listened on, and why.
pub(crate) fn not_listening(error: BindError, protocol: Protocol) -> anyhow::Error {
    let BindError::Listen { address, .. } = &error else {
        return error.into();
    };
    if protocol == Protocol::Udp {
        let lines = indented(&owners(address.port(), Protocol::Udp));
        return anyhow::Error::msg(format!("{error} (udp){lines}"));
    }
    let endpoint = Endpoint::from(*address);
    let diagnosis = diagnose::listen(&endpoint, &Options::default());
    let lines = match diagnosis.verdict.works {
        true => vec!["a second attempt, just now, was successful".to_owned()],
        false => {
            let more = format!("more: otherend diagnose --listen {endpoint}");
            [diagnosis.first_lines(), vec![more]].concat()
        }
    };
    anyhow::Error::msg(format!("{error}{}", indented(&lines)))
}

/// Datagrams to `peer` come back as ICMP: port unreachable.
pub(crate) fn nobody_hears(peer: SocketAddr) -> anyhow::Error {
    let here = UdpSocket::bind((peer.ip(), 0)).is_ok();
    let mut lines = match here {
        true => owners(peer.port(), Protocol::Tcp),
        false => Vec::new(),
    };
    if !lines.is_empty() {
        lines.push("to talk over TCP leave --udp out".to_owned());
    }
    let lines = indented(&lines);
    anyhow::Error::msg(format!("nothing is listening on udp {peer}{lines}"))
}

/// Who has this port of this machine, as far as the system tells.
fn owners(port: u16, protocol: Protocol) -> Vec<String> {
    let found = listeners::on_port(port).unwrap_or_default();
    let found = found.iter().filter(|owner| owner.protocol == protocol);
    let owners = found.filter_map(|owner| {
        let process = owner.process.as_ref()?;
        let (label, name) = (protocol.label(), escaped(process.name.as_bytes()));
        let (address, pid) = (owner.address, process.pid);
        Some(format!(
            "{label} {address} belongs to {name} (process {pid})"
        ))
    });
    owners.collect()
}

fn indented(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n  {line}")).collect()
}

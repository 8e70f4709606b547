//! A command that could not connect or listen says why by itself: the first lines of a diagnosis.

use std::io::Write;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use otherend_core::{Time, escaped};
use otherend_diagnose::listeners::{self, Protocol};
use otherend_diagnose::{CauseKind, Options};
use otherend_net::endpoint::{Host, ResolveError};
use otherend_net::{BindError, ConnectError, ConnectOptions, Endpoint};

use crate::args::screen::ScreenArgs;
use crate::exit::Failure;
use crate::output::screen::{Batch, Remark, Renderer};
use crate::output::stdio;
use crate::output::time::TimeStyle;

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
    let (lines, causes) = match (error, options.source) {
        (ConnectError::Failed { .. }, Some(_)) if error.is_unusable_source() => {
            (vec![OTHER_SOURCES.to_owned()], Vec::new())
        }
        (ConnectError::Failed { attempts, .. }, _) => {
            let tried = attempts.iter().map(|attempt| attempt.address).collect();
            explained(endpoint, options, tried)
        }
        (ConnectError::Resolve(error), _) => (vec![more(endpoint)], unresolved(error)),
        // The others are explained by themselves.
        _ => Default::default(),
    };
    unreached(&error.to_string(), &lines, causes, error.is_timeout())
}

/// Why an address does not let us connect, in a few lines. Takes a few seconds at most.
pub(crate) fn lines(endpoint: &Endpoint, options: &ConnectOptions) -> Vec<String> {
    explained(endpoint, options, Vec::new()).0
}

/// The same, and the words of the causes. Addresses that were tried are not looked up again.
fn explained(
    endpoint: &Endpoint,
    options: &ConnectOptions,
    addresses: Vec<SocketAddr>,
) -> (Vec<String>, Vec<CauseKind>) {
    let options = Options {
        deadline: DEADLINE,
        family: options.family,
        no_dns: options.no_dns,
        addresses,
        // Somebody waits for this: what takes longest, and what would say something to the server,
        // is left to `otherend diagnose`.
        search_ports: false,
        converse: false,
        ..Options::default()
    };
    let diagnosis = otherend_diagnose::connect(endpoint, &options);
    if diagnosis.verdict.works {
        // Said as it is: to explain a failure that is not there any more would be a guess.
        let text = "a second attempt, just now, was accepted".to_owned();
        return (vec![text], Vec::new());
    }
    let mut lines = diagnosis.first_lines();
    lines.push(more(endpoint));
    (lines, diagnosis.verdict.kinds())
}

fn unresolved(error: &ResolveError) -> Vec<CauseKind> {
    match error {
        ResolveError::PortZero => vec![CauseKind::PortZero],
        ResolveError::NotFound { .. } => vec![CauseKind::NameUnknown],
        ResolveError::NoAnswer { .. } | ResolveError::TimedOut { .. } => {
            vec![CauseKind::ResolverSilent]
        }
        _ => Vec::new(),
    }
}

fn more(endpoint: &Endpoint) -> String {
    format!("more: otherend diagnose {endpoint}")
}

/// The peer reset a connection that stood; `half_closed`: after it was told that nothing more comes.
pub(crate) fn reset(peer: SocketAddr, half_closed: bool) -> String {
    let mut lines = vec![
        "it crashed or was killed, or it closed without reading all that was said to it".to_owned(),
    ];
    if half_closed {
        // Devices in particular: they take the end of the input for that of the client.
        let text = "or it takes the end of what was said for a client that is gone";
        lines.push(format!("{text}: try --no-half-close"));
    }
    lines.push(more(&peer.into()));
    format!("the peer reset the connection{}", indented(&lines))
}

fn unreached(
    headline: &str,
    lines: &[String],
    causes: Vec<CauseKind>,
    timed_out: bool,
) -> anyhow::Error {
    let text = format!("{headline}{}", indented(lines));
    let failure = Failure::Unreached {
        text,
        causes,
        timed_out,
    };
    failure.into()
}

/// Tell a program that reads `--json` why nothing else comes; people read it on stderr.
pub(crate) fn tell_program(error: &anyhow::Error, screen: &ScreenArgs) {
    let Some(Failure::Unreached { text, causes, .. }) = error.downcast_ref() else {
        return;
    };
    if !screen.json {
        return;
    }
    let text = text.lines().next().unwrap_or_default();
    let remark = Remark::Failed { text, causes };
    let mut batch = Batch::default();
    batch.remark(Time::ZERO, 0, &remark, true);
    let mut line = Vec::new();
    let look = screen.look(false, TimeStyle::None);
    Renderer::new(look, Instant::now()).batch_into(&mut line, &batch);
    // The exit code tells it too.
    let _ = stdio::stdout().write_all(&line);
}

/// An address that could not be listened on, and why.
pub(crate) fn not_listening(error: BindError, protocol: Protocol) -> anyhow::Error {
    let BindError::Listen { address, .. } = &error else {
        return error.into();
    };
    // What is no host and port is diagnosed by its error alone.
    let Some(address) = address.inet() else {
        return error.into();
    };
    let udp = protocol == Protocol::Udp;
    let endpoint = Endpoint::from(address);
    let options = Options {
        udp,
        ..Options::default()
    };
    let diagnosis = otherend_diagnose::listen(&endpoint, &options);
    let (lines, causes) = match diagnosis.verdict.works {
        true => {
            let text = "a second attempt, just now, was successful".to_owned();
            (vec![text], Vec::new())
        }
        false => {
            let mut lines = diagnosis.first_lines();
            // The steps of a diagnosis are those of connections.
            if !udp {
                lines.push(format!("more: otherend diagnose --listen {endpoint}"));
            }
            (lines, diagnosis.verdict.kinds())
        }
    };
    let which = if udp { " (udp)" } else { "" };
    unreached(&format!("{error}{which}"), &lines, causes, false)
}

/// Datagrams to `peer` come back as ICMP: port unreachable.
pub(crate) fn nobody_hears(peer: SocketAddr) -> anyhow::Error {
    // Who has a port can only be told of this machine, and an address is this machine's if a socket
    // can be bound to it.
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

/// A connection that failed; add who hears datagrams at that port of this machine, if nobody hears
/// connections there.
pub(crate) fn unless_over_udp(error: anyhow::Error, endpoint: &Endpoint) -> anyhow::Error {
    let mut failure = match error.downcast() {
        Ok(failure) => failure,
        Err(error) => return error,
    };
    if let Failure::Unreached { text, causes, .. } = &mut failure
        && causes.contains(&CauseKind::NotListening)
        && is_here(endpoint.host())
    {
        let mut lines = owners(endpoint.port(), Protocol::Udp);
        if !lines.is_empty() {
            lines.push("to talk over UDP add --udp".to_owned());
        }
        text.push_str(&indented(&lines));
    }
    failure.into()
}

/// The host is this machine, as far as can be told without asking for its name.
fn is_here(host: &Host) -> bool {
    match host {
        Host::V4(address) => UdpSocket::bind((*address, 0)).is_ok(),
        Host::V6 { address, .. } => UdpSocket::bind((*address, 0)).is_ok(),
        Host::Name(name) => name == "localhost",
        _ => false,
    }
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

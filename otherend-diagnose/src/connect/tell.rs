//! Each step in words, with its mark.

use std::net::SocketAddr;

use crate::evidence::{
    Asked, ConnectAttempt, ConnectOutcome, Contrast, End, Evidence, Icmp, Link, Listening,
    LocalServer, Oddity, Route, Talk, Target, TlsAnswer, Way,
};
use crate::firewall::Ruleset;
use crate::verdict::{Meaning, icmp_text, meaning, who};
use crate::{Mark, phrase, protocol, way};

use super::other_end::Answer;

type Told = (Mark, String);

pub(super) fn oddity(address: SocketAddr, oddity: &Oddity) -> String {
    let ip = address.ip();
    match oddity {
        Oddity::PortZero => "port 0 cannot be connected to".to_owned(),
        Oddity::Unspecified => {
            format!("{ip} means \"any\" and is for listening; here it is this machine")
        }
        Oddity::Multicast => format!("{ip} is a multicast address; a connection has one peer"),
        Oddity::NearOwnNetwork { network, meant } => {
            format!("{ip} is not in {network}, this machine's network: was {meant} meant?")
        }
    }
}

pub(super) fn way(address: SocketAddr, way: &Way) -> Told {
    let mark = match way.route {
        Route::None | Route::Forbidden(_) | Route::Broadcast => Mark::Bad,
        Route::Unknown => Mark::Unknown,
        _ => Mark::Good,
    };
    let text = format!("{}: {}", address.ip(), way::describe(&way.route));
    match &way.down {
        // A link that is not up yet shows when it fails.
        _ if mark == Mark::Good => (mark, text),
        Some(interface) => (
            Mark::Bad,
            format!(
                "{text}; {interface} would lead there, and is {}",
                way.down_because()
            ),
        ),
        None => (mark, text),
    }
}

pub(super) fn attempt(address: SocketAddr, way: Option<&Way>, attempt: &ConnectAttempt) -> Told {
    if let Some(icmp) = &attempt.icmp {
        return (Mark::Bad, format!("{address} {}", by_icmp(way, icmp)));
    }
    let text = match &attempt.outcome {
        ConnectOutcome::Accepted(_) => return (Mark::Good, format!("{address} accepted")),
        ConnectOutcome::NotTried => "not tried".to_owned(),
        ConnectOutcome::ResetAtOnce => "accepted, and reset at once".to_owned(),
        ConnectOutcome::SelfConnected => "connected to itself".to_owned(),
        ConnectOutcome::Refused => "refused: a reset came back".to_owned(),
        ConnectOutcome::TimedOut => "no answer".to_owned(),
        ConnectOutcome::HostUnreachable => "host unreachable".to_owned(),
        ConnectOutcome::NetworkUnreachable => "network unreachable".to_owned(),
        ConnectOutcome::Forbidden => "this machine does not allow it".to_owned(),
        ConnectOutcome::NoLocalPort => "no local port is free".to_owned(),
        ConnectOutcome::NoDescriptors => "too many open files in otherend itself".to_owned(),
        ConnectOutcome::FamilyMissing => {
            "this machine does not have that address family".to_owned()
        }
        ConnectOutcome::Other(text) => text.clone(),
    };
    (Mark::Bad, format!("{address} {text}"))
}

fn by_icmp(way: Option<&Way>, icmp: &Icmp) -> String {
    let meaning = meaning(icmp);
    let what = match meaning {
        Meaning::NoRoute => "network unreachable",
        Meaning::Circle => "sent in a circle",
        Meaning::HostSilent => "host unreachable",
        Meaning::Rejected => "rejected",
    };
    let own = way.is_some_and(|way| way.is_from(icmp.from));
    let from = match (own, meaning) {
        (true, Meaning::HostSilent) => {
            "this machine itself: nobody answered on the link".to_owned()
        }
        (true, _) => "this machine itself".to_owned(),
        (false, _) => icmp.from.to_string(),
    };
    format!("{what}: ICMP \"{}\" from {from}", icmp_text(icmp))
}

/// `None` when nothing was looked at.
pub(super) fn contrast(target: &Target, contrast: &Contrast) -> Option<Told> {
    let ip = target.address.ip();
    let link = link(&target.way.route, contrast);
    let parts: Vec<String> = [ports(contrast), ping(contrast), link]
        .into_iter()
        .flatten()
        .collect();
    let told = (!parts.is_empty()).then(|| format!("{ip}: {}", parts.join(", ")))?;
    match (&target.way.down, &target.way.route) {
        (Some(interface), Route::Direct { .. }) => Some((
            Mark::Bad,
            format!("{told}; {interface} is {}", target.way.down_because()),
        )),
        _ => Some((Mark::Note, told)),
    }
}

fn ports(contrast: &Contrast) -> Option<String> {
    if !contrast.open.is_empty() {
        let ports = phrase::list(&contrast.open);
        return Some(format!("accepts on port {ports}, which is one digit away"));
    }
    let answered = |(port, outcome): &(u16, ConnectOutcome)| outcome.answered().then_some(*port);
    let answering: Vec<u16> = contrast.neighbours.iter().filter_map(answered).collect();
    let count = contrast.neighbours.len();
    match (count, answering.as_slice()) {
        (0, _) => None,
        (_, []) => Some(format!("none of {count} other ports answers")),
        (_, all) if all.len() == count && count > 4 => Some(format!(
            "none of {count} similar port numbers (one digit changed) accepts"
        )),
        (_, [port]) => Some(format!("port {port} answers, so it is up")),
        (_, some) => Some(format!("ports {} answer, so it is up", phrase::list(some))),
    }
}

fn ping(contrast: &Contrast) -> Option<String> {
    contrast.ping.map(|answered| match answered {
        true => "it answers an echo request".to_owned(),
        false => "no echo".to_owned(),
    })
}

fn link(route: &Route, contrast: &Contrast) -> Option<String> {
    let who = match route {
        Route::Via { gateway, .. } => format!("the router {gateway}"),
        _ => "it".to_owned(),
    };
    contrast.link.map(|link| match link {
        Link::Answers => format!("{who} answers on the link"),
        Link::Silent => format!("{who} does not answer on the link"),
    })
}

/// `quiet`: no server has said anything; one that does not accept is then the reason.
pub(super) fn machine(asked: SocketAddr, machine: Option<&LocalServer>, quiet: bool) -> Told {
    let Some(machine) = machine else {
        return (
            Mark::Unknown,
            "this system does not tell who listens".to_owned(),
        );
    };
    let who: Vec<String> = machine.listeners.iter().map(listening).collect();
    if !who.is_empty() {
        let here = |l: &Listening| l.address.ip() == asked.ip() || l.address.ip().is_unspecified();
        let stuck = quiet && machine.listeners.iter().any(Listening::keeps_waiting);
        let mark = match machine.listeners.iter().any(here) && !stuck {
            true => Mark::Good,
            false => Mark::Bad,
        };
        return (mark, who.join("; "));
    }
    let near: Vec<String> = machine
        .nearby
        .iter()
        .map(|l| l.address.to_string())
        .collect();
    let text = format!("nobody listens on port {} here", asked.port());
    match near.is_empty() {
        true => (Mark::Bad, text),
        false => (
            Mark::Bad,
            format!("{text}; close to it: {}", near.join(", ")),
        ),
    }
}

fn listening(listening: &Listening) -> String {
    let who = who(listening);
    match (
        &listening.queue,
        listening.process.as_ref().and_then(|process| process.state),
    ) {
        (_, Some('T' | 't')) => format!("{who}, stopped"),
        (Some(queue), _) if queue.waiting > 0 => {
            format!(
                "{who}, {} wait to be accepted (limit {})",
                queue.waiting, queue.limit
            )
        }
        _ => who,
    }
}

pub(super) fn rules(rules: &Result<Ruleset, String>, evidence: &Evidence) -> Told {
    if let Err(reason) = rules {
        return (
            Mark::Unknown,
            format!("the firewall rules of this machine cannot be read: {reason}"),
        );
    }
    let outgoing = evidence
        .targets
        .iter()
        .find_map(|target| target.way.outgoing.as_ref());
    let incoming = evidence
        .machine
        .as_ref()
        .and_then(|machine| machine.rules.incoming.as_ref());
    match outgoing.or(incoming) {
        Some(hit) => (Mark::Bad, format!("firewall: {}: {}", hit.place, hit.text)),
        None => (
            Mark::Good,
            "no firewall rule of this machine stops it".to_owned(),
        ),
    }
}

pub(super) fn talk(asked: &Asked, talk: &Talk) -> String {
    match talk.tls {
        Some(tls) if asked.tls => tls_text(tls, &talk.tls_heard),
        Some(tls) => format!("{}; {}", plain(talk), tls_text(tls, &talk.tls_heard)),
        None => plain(talk),
    }
}

fn plain(talk: &Talk) -> String {
    let end = match talk.end {
        End::Open if talk.flooding => ", and floods: more than 1 MiB without a pause",
        End::Open if talk.flowing => ", and goes on without a pause",
        End::Open => "",
        End::Closed => ", then it closed",
        End::Reset => ", then it reset the connection",
    };
    let heard = if talk.reply.is_empty() {
        &talk.greeting
    } else {
        &talk.reply
    };
    match (heard.is_empty(), talk.said) {
        (true, true) => format!("no reply to the line{end}"),
        (true, false) => format!("it says nothing by itself{end}"),
        (false, _) => {
            let name = protocol::recognise(heard);
            let name = name.map_or(String::new(), |name| format!(" ({name})"));
            format!("it said \"{}\"{name}{end}", phrase::excerpt(heard))
        }
    }
}

fn tls_text(tls: TlsAnswer, heard: &[u8]) -> String {
    let answer = match tls {
        TlsAnswer::Hello => "was answered with a server hello: it speaks TLS".to_owned(),
        TlsAnswer::Alert(code) => format!("was answered with alert {code}: it speaks TLS"),
        TlsAnswer::NotTls if protocol::is_client_hello(heard) => {
            "came back as it was said: it is an echo".to_owned()
        }
        TlsAnswer::NotTls => match protocol::recognise(heard) {
            Some(protocol) => format!("was answered in {protocol}"),
            None => format!(
                "was answered with what is no TLS, \"{}\"",
                phrase::excerpt(heard)
            ),
        },
        TlsAnswer::Ended => "was answered by closing".to_owned(),
        TlsAnswer::Silent => "was not answered".to_owned(),
    };
    format!("a TLS hello {answer}")
}

pub(super) fn other_end(answer: &Answer) -> Told {
    let seen = match answer {
        Answer::Sees(seen) => seen,
        Answer::Refused(refusal) => {
            let text = format!("it is `otherend serve`, and says \"{}\"", refusal.line());
            return (Mark::Note, text);
        }
        Answer::Nothing => {
            let text = "it does not answer as `otherend serve` does";
            return (Mark::Note, text.to_owned());
        }
    };
    let translated = match (seen.source_translated, seen.destination_translated) {
        (false, false) => "nothing is translated on the way",
        (true, false) => "the source address is translated on the way",
        (false, true) => "the destination address is translated on the way",
        (true, true) => "source and destination address are translated on the way",
    };
    let text = format!(
        "it sees {} coming to {}: {translated}",
        seen.seen_from, seen.seen_to
    );
    (Mark::Good, text)
}

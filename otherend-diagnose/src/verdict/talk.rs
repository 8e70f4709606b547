//! The connection was accepted. What came after it: nothing, an end, another protocol, a strange
//! reply.

pub(super) mod ended;
mod not_served;
mod silent;
mod tls;

use std::net::SocketAddr;

use super::{list_listeners, name, refused};
use crate::Mark;
use crate::cause::{Cause, CauseKind, Likelihood, Verdict};
use crate::evidence::{ConnectOutcome, End, Evidence, Talk, Target};
use crate::phrase;
use crate::protocol;

/// What the conversation at the first address that accepted amounts to.
pub(super) fn verdict(evidence: &Evidence, target: &Target) -> Verdict {
    let mut causes = Vec::new();
    let mut works = true;
    if let Some(talk) = &evidence.talk {
        causes = causes_of(evidence, target, talk);
        works = is_as_asked(evidence, talk, &causes);
    }
    causes.extend(earlier_addresses(evidence, target));
    if works {
        // What only delays is no reason for a conversation that fails.
        causes.extend(name::slow(evidence));
        causes.extend(evidence.talk.as_ref().and_then(silent::late));
    }
    let address = phrase::endpoint(&evidence.asked.host, evidence.asked.port);
    let silent = causes.iter().any(|cause| cause.kind == CauseKind::Silent);
    let headline = match (works, causes.is_empty()) {
        (true, true) if evidence.asked.tls => {
            format!("{address} speaks TLS; its certificate and a login were not checked")
        }
        (true, true) => format!("{address} works"),
        (true, false) if silent && !causes.iter().any(is_certain) => {
            format!("{address} accepts connections. If it should have said something:")
        }
        (true, false) if causes.len() == 1 => format!("{address} works, with a remark:"),
        (true, false) => format!("{address} works, with remarks:"),
        (false, _) => format!("{address} accepts connections, and the conversation fails"),
    };
    Verdict::new(works, headline, causes)
}

/// The mark of the step: what a cause or a remark is drawn from is not as it should be.
pub(crate) fn mark(evidence: &Evidence, address: SocketAddr, talk: &Talk) -> Mark {
    let mut targets = evidence.targets.iter();
    let Some(target) = targets.find(|target| target.address == address) else {
        return Mark::Note;
    };
    let causes = causes_of(evidence, target, talk);
    match is_as_asked(evidence, talk, &causes) {
        false => Mark::Bad,
        true if talk.late().is_some() || causes.iter().any(is_certain) => Mark::Note,
        true => Mark::Good,
    }
}

fn is_certain(cause: &Cause) -> bool {
    cause.likelihood == Likelihood::Certain
}

/// Accepting, and then silence before anything was said, is how most servers behave.
fn is_as_asked(evidence: &Evidence, talk: &Talk, causes: &[Cause]) -> bool {
    let asked = &evidence.asked;
    let nothing_asked = asked.say.is_none() && asked.expect.is_none();
    // Without --say and --expect, a server that waits does what it should: an HTTP server is silent,
    // too. That it may be stopped, or want TLS, stays in the list and makes no failure of it.
    let waits = nothing_asked && talk.end == End::Open;
    let harmless = |cause: &Cause| match cause.kind {
        CauseKind::Silent => true,
        CauseKind::ServerStopped | CauseKind::NotAccepting => is_possible(cause),
        // A prompt.
        CauseKind::LineUnfinished | CauseKind::NotFlushed => is_possible(cause),
        CauseKind::OtherProtocol | CauseKind::TlsExpected => nothing_asked,
        _ => false,
    };
    let only_harmless = causes.iter().all(harmless);
    if asked.tls {
        only_harmless
    } else {
        only_harmless && (waits || causes.iter().all(is_possible))
    }
}

fn is_possible(cause: &Cause) -> bool {
    cause.likelihood == Likelihood::Possible
}

fn causes_of(evidence: &Evidence, target: &Target, talk: &Talk) -> Vec<Cause> {
    // What explains everything comes first and alone: over the wrong protocol, or to a server that says
    // that it is full, no reply can be as expected. What was expected excuses everything else.
    if let Some(cause) = tls::mismatch(evidence, talk) {
        return vec![cause];
    }
    if let Some(cause) = told(target, talk) {
        return vec![cause];
    }
    if let Some(text) = &evidence.asked.expect
        && (talk.met || contains(talk, text))
    {
        return Vec::new();
    }
    if let Some(cause) = other_protocol(evidence, talk) {
        return vec![cause];
    }
    match talk.end {
        _ if evidence.asked.tls => tls::unanswered(evidence, target, talk),
        End::Closed | End::Reset => ended::causes(evidence, target, talk),
        End::Open => silent::causes(evidence, target, talk),
    }
}

fn contains(talk: &Talk, text: &str) -> bool {
    let heard = [talk.greeting.as_slice(), talk.reply.as_slice()].concat();
    String::from_utf8_lossy(&heard).contains(text)
}

/// What servers say to those that they do not take, before anything was said to them.
const FULL: [&str; 5] = [
    "is full",
    "too many",
    "server busy",
    "connection limit",
    "try again later",
];
const REFUSED: [&str; 6] = [
    "not allowed",
    "denied",
    "forbidden",
    "not permitted",
    "not welcome",
    "unauthorized",
];

/// The server said itself why it will not talk, and ended.
fn told(target: &Target, talk: &Talk) -> Option<Cause> {
    if talk.end == End::Open {
        return None;
    }
    let text = phrase::excerpt(&talk.greeting);
    let lower = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let said = format!("it said \"{text}\" and closed");
    if has(&FULL) {
        let says = "the server has as many connections as it allows";
        let cause = Cause::certain(CauseKind::ServerFull, says)
            .because(said)
            .check("does it answer when other clients have left?")
            .remedy("close other connections, or raise its limit (otherend serve --max-clients)");
        return Some(cause);
    }
    if has(&REFUSED) {
        let cause = Cause::certain(
            CauseKind::NotAllowed,
            "the server does not let this machine in",
        )
        .because(said)
        .remedy(format!(
            "add {} to its allow list (otherend serve --allow)",
            own_address(target)
        ));
        return Some(cause);
    }
    None
}

/// The address that the server sees, unless it is translated on the way.
fn own_address(target: &Target) -> String {
    match target.attempt.outcome {
        ConnectOutcome::Accepted(local) => format!("this machine's address {}", local.ip()),
        _ => "this machine's address".to_owned(),
    }
}

fn other_protocol(evidence: &Evidence, talk: &Talk) -> Option<Cause> {
    if evidence.asked.tls {
        return None;
    }
    // HTTP that answers GET is what was wanted; HTTP that answers HELLO is another server.
    let heard = [&talk.greeting, &talk.reply, &talk.tls_heard]
        .into_iter()
        .find(|h| !h.is_empty())?;
    let protocol = protocol::recognise(heard)?;
    if evidence
        .asked
        .say
        .as_deref()
        .is_some_and(|say| protocol::is_said_by(protocol, say))
    {
        return None;
    }
    let said = match talk.greeting.is_empty() && talk.reply.is_empty() {
        true => "a TLS hello was answered with",
        false => "the server said",
    };
    Some(
        Cause::certain(
            CauseKind::OtherProtocol,
            format!("{protocol} answers on port {}", evidence.asked.port),
        )
        .because(format!("{said} \"{}\"", phrase::excerpt(heard)))
        .remedy(format!(
            "use a client for {protocol}, or the port of the server that was meant"
        )),
    )
}

/// Addresses of the name that failed before one accepted.
fn earlier_addresses(evidence: &Evidence, accepted: &Target) -> Option<Cause> {
    let is_accepted = |target: &&Target| std::ptr::eq(*target, accepted);
    let failed = evidence
        .targets
        .iter()
        .take_while(|target| !is_accepted(target));
    let failed: Vec<&Target> = failed.collect();
    let first = failed.first()?;
    let host = &evidence.asked.host;
    let (tried, works) = (first.address.ip(), accepted.address.ip());
    let other_family = tried.is_ipv4() != works.is_ipv4();
    let cause = if other_family && first.attempt.outcome == ConnectOutcome::Refused {
        let says = format!(
            "{host} is {tried} first, and the server listens on {works} only; \
             a program that tries only the first address fails"
        );
        let both = format!(
            "use {} in place of {host}, or start the server on both",
            accepted.address
        );
        Cause::certain(CauseKind::FamilyMismatch, says).remedy(both)
    } else {
        let says = format!(
            "{host} is {tried} first, which fails; a program that tries only the first \
                address fails"
        );
        Cause::certain(CauseKind::SomeAddressesFail, says)
            .check(format!("otherend diagnose {}", first.address))
            .remedy("start the server on all addresses of the name, or correct the name")
    };
    let seen = failed
        .iter()
        .map(|t| format!("{} {}", t.address, outcome(&t.attempt.outcome)));
    Some(
        seen.fold(cause, Cause::because)
            .because(format!("{} accepted", accepted.address)),
    )
}

fn outcome(outcome: &ConnectOutcome) -> &'static str {
    match outcome {
        ConnectOutcome::Refused => "refused",
        ConnectOutcome::TimedOut => "did not answer",
        _ => "cannot be reached",
    }
}

//! The connection was accepted. What came after it: nothing, an end, another protocol, a strange
//! reply.

pub(super) mod ended;
mod not_served;
mod silent;

use super::{list_listeners, refused};
use crate::diagnose::cause::{Cause, Likelihood, Verdict};
use crate::diagnose::evidence::{Asked, End, Evidence, Outcome, Process, Talk, Target, TlsAnswer};
use crate::diagnose::phrase;
use crate::diagnose::protocol;
use crate::diagnose::word::Word;

/// What the conversation at the first address that accepted amounts to.
pub(super) fn verdict(evidence: &Evidence, target: &Target) -> Verdict {
    let mut causes = Vec::new();
    let mut works = true;
    if let Some(talk) = &evidence.talk {
        causes = causes_of(evidence, target, talk);
        works = is_as_asked(evidence, talk, &causes);
    }
    causes.extend(earlier_addresses(evidence, target));
    let address = phrase::endpoint(&evidence.asked.host, evidence.asked.port);
    let headline = match (works, causes.is_empty()) {
        (true, true) => format!("{address} works"),
        (true, false) if causes.iter().any(|cause| cause.word == Word::Silent) => {
            format!("{address} accepts connections. If it should have said something:")
        }
        (true, false) => format!("{address} works, with a remark:"),
        (false, _) => format!("{address} accepts connections, and the conversation fails"),
    };
    Verdict::new(works, headline, causes)
}

/// Accepting, and then silence before anything was said, is how most servers behave.
fn is_as_asked(evidence: &Evidence, talk: &Talk, causes: &[Cause]) -> bool {
    let asked = &evidence.asked;
    let waits = asked.say.is_none() && asked.expect.is_none() && talk.end == End::Open;
    let harmless = |cause: &Cause| match cause.word {
        Word::Silent => true,
        Word::ServerStopped | Word::NotAccepting | Word::TlsExpected => {
            cause.likelihood == Likelihood::Possible
        }
        Word::OtherProtocol => asked.say.is_none() && asked.expect.is_none(),
        _ => false,
    };
    let only_harmless = causes.iter().all(harmless);
    if asked.tls {
        only_harmless
    } else {
        only_harmless && (waits || causes.is_empty())
    }
}

fn causes_of(evidence: &Evidence, target: &Target, talk: &Talk) -> Vec<Cause> {
    if let Some(cause) = tls_mismatch(evidence, talk) {
        return vec![cause];
    }
    if let Some(cause) = told(talk) {
        return vec![cause];
    }
    if let Some(text) = &evidence.asked.expect
        && contains(talk, text)
    {
        return Vec::new();
    }
    if let Some(cause) = other_protocol(evidence, talk) {
        return vec![cause];
    }
    match talk.end {
        _ if evidence.asked.tls => tls_silent(evidence, target, talk),
        End::Closed | End::Reset => ended::causes(evidence, target, talk),
        End::Open => silent::causes(evidence, target, talk),
    }
}

fn contains(talk: &Talk, text: &str) -> bool {
    let heard = [talk.greeting.as_slice(), talk.reply.as_slice()].concat();
    String::from_utf8_lossy(&heard).contains(text)
}

/// TLS spoken to a plain port, and the reverse.
fn tls_mismatch(evidence: &Evidence, talk: &Talk) -> Option<Cause> {
    let asked = &evidence.asked;
    let speaks_tls = matches!(talk.tls, Some(TlsAnswer::Hello | TlsAnswer::Alert(_)));
    let alerted = protocol::is_tls(&talk.greeting) || protocol::is_tls(&talk.reply);
    if !asked.tls && (speaks_tls || alerted) {
        return Some(tls_expected(asked, talk));
    }
    if asked.tls && talk.tls == Some(TlsAnswer::NotTls) {
        return Some(not_tls(asked.port, &talk.tls_heard));
    }
    None
}

fn tls_expected(asked: &Asked, talk: &Talk) -> Cause {
    let address = phrase::endpoint(&asked.host, asked.port);
    let says = format!(
        "port {} speaks TLS, and does not understand plain text",
        asked.port
    );
    let cause = Cause::certain(Word::TlsExpected, says);
    let cause = match talk.tls {
        Some(TlsAnswer::Hello) => cause.because("a TLS hello was answered with a server hello"),
        Some(TlsAnswer::Alert(code)) => {
            cause.because(format!("a TLS hello was answered with TLS alert {code}"))
        }
        _ => cause.because("what came back is a TLS alert"),
    };
    cause
        .check(format!("otherend diagnose --tls {address}"))
        .remedy("speak TLS to it, or use the server's plain port")
}

fn not_tls(port: u16, heard: &[u8]) -> Cause {
    let speaks = match protocol::recognise(heard) {
        Some(protocol) => format!(", it speaks {protocol}"),
        None => String::new(),
    };
    Cause::certain(
        Word::PlainExpected,
        format!("port {port} does not speak TLS{speaks}"),
    )
    .because(format!(
        "a TLS hello was answered with \"{}\"",
        phrase::excerpt(heard)
    ))
    .check("the same without --tls")
    .remedy("speak plain text to it, or use the server's TLS port")
}

/// With `--tls`: the hello was answered with an end or with silence.
fn tls_silent(evidence: &Evidence, target: &Target, talk: &Talk) -> Vec<Cause> {
    let port = evidence.asked.port;
    let plain = |cause: Cause| {
        cause
            .check("the same without --tls")
            .remedy("speak plain text to it, or use the server's TLS port")
    };
    match talk.tls {
        Some(TlsAnswer::Ended) => vec![
            plain(
                Cause::likely(
                    Word::PlainExpected,
                    format!("port {port} does not speak TLS and ends at the hello"),
                )
                .because("a TLS hello was answered by closing"),
            ),
            Cause::possible(
                Word::ClosesAtOnce,
                "the server ends every connection, TLS or not",
            )
            .because("a TLS hello was answered by closing")
            .check("the same without --tls"),
        ],
        Some(TlsAnswer::Silent) => {
            let mut causes = vec![plain(
                Cause::likely(
                    Word::PlainExpected,
                    format!("port {port} does not speak TLS and waits for the end of a line"),
                )
                .because("a TLS hello was not answered"),
            )];
            causes.extend(not_served::causes(evidence, target, talk));
            causes
        }
        _ => Vec::new(),
    }
}

/// The server said itself why it will not talk.
fn told(talk: &Talk) -> Option<Cause> {
    let text = phrase::excerpt(if talk.greeting.is_empty() {
        &talk.reply
    } else {
        &talk.greeting
    });
    let lower = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if talk.end == End::Open {
        return None;
    }
    let said = format!("it said \"{text}\" and closed");
    if has(&[
        "is full",
        "too many",
        "server busy",
        "connection limit",
        "try again later",
    ]) {
        return Some(
            Cause::certain(
                Word::ServerFull,
                "the server has as many connections as it allows",
            )
            .because(said)
            .check("does it answer when other clients have left?")
            .remedy(
                "close other connections, or raise the server's limit (otherend serve \
                    --max-clients)",
            ),
        );
    }
    if has(&[
        "not allowed",
        "denied",
        "forbidden",
        "not permitted",
        "not welcome",
        "unauthorized",
    ]) {
        return Some(
            Cause::certain(Word::NotAllowed, "the server does not let this machine in")
                .because(said)
                .remedy("add this machine's address to the server's allow list"),
        );
    }
    None
}

fn other_protocol(evidence: &Evidence, talk: &Talk) -> Option<Cause> {
    if evidence.asked.tls {
        return None;
    }
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
    Some(
        Cause::certain(
            Word::OtherProtocol,
            format!("{protocol} lives on port {}", evidence.asked.port),
        )
        .because(format!("the server said \"{}\"", phrase::excerpt(heard)))
        .remedy(format!(
            "use a client for {protocol}, or the port of the server that was meant"
        )),
    )
}

/// Addresses of the name that failed before one accepted.
fn earlier_addresses(evidence: &Evidence, accepted: &Target) -> Vec<Cause> {
    let position = |target: &Target| std::ptr::eq(target, accepted);
    let failed: Vec<&Target> = evidence
        .targets
        .iter()
        .take_while(|t| !position(t))
        .collect();
    let Some(first) = failed.first() else {
        return Vec::new();
    };
    let (has, wants) = (
        phrase::family(accepted.address.ip()),
        phrase::family(first.address.ip()),
    );
    let host = &evidence.asked.host;
    let because = failed
        .iter()
        .map(|t| format!("{} {}", t.address, outcome(&t.attempt.outcome)));
    let cause = if has == wants {
        Cause::certain(
            Word::SomeAddressesFail,
            format!(
                "{host} has several addresses, and the first does not answer; a program \
                that tries only that one fails"
            ),
        )
        .remedy("start the server on all addresses of the name, or correct the name")
    } else {
        Cause::certain(
            Word::FamilyMismatch,
            format!(
                "{host} is {} first, and the server listens on {} only; a program that tries \
                    only the first address fails",
                first.address.ip(),
                accepted.address.ip()
            ),
        )
        .remedy(format!(
            "use {} in place of {host}, or start the server on both",
            accepted.address
        ))
    };
    let cause = because.fold(cause, Cause::because);
    vec![cause.because(format!("{} accepted", accepted.address))]
}

fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Refused => "refused",
        Outcome::TimedOut => "did not answer",
        _ => "cannot be reached",
    }
}

/// Whether the process is stopped, by a signal or by a debugger.
pub(super) fn is_stopped(process: &Process) -> bool {
    matches!(process.state, Some('T' | 't'))
}

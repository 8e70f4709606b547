//! The server accepted and did not end the connection: it says nothing, or not enough.

use super::not_served;
use crate::cause::{Cause, CauseKind, Likelihood};
use crate::evidence::{Asked, Evidence, Talk, Target, TlsAnswer};
use crate::phrase;

pub(super) fn causes(evidence: &Evidence, target: &Target, talk: &Talk) -> Vec<Cause> {
    let asked = &evidence.asked;
    let not_served = not_served::here(evidence, target, talk);
    if !not_served.is_empty() {
        return not_served;
    }
    let heard = if talk.said {
        &talk.reply
    } else {
        &talk.greeting
    };
    match (talk.said, heard.is_empty()) {
        (false, true) => waits(evidence, target, talk),
        (true, true) => no_reply(evidence, target, talk),
        (_, false) => heard_something(asked, talk, heard),
    }
}

/// Nothing was said by either side.
fn waits(evidence: &Evidence, target: &Target, talk: &Talk) -> Vec<Cause> {
    let silent = Cause::likely(
        CauseKind::Silent,
        "the server waits for the client to speak first",
    )
    .because("it accepted, and said nothing by itself");
    let silent = match talk.tls {
        Some(TlsAnswer::Silent) => silent.because("nor did it answer a TLS hello"),
        Some(_) => silent.because(
            "it reacted to a TLS hello on a second connection, and not in TLS: its process runs",
        ),
        None => silent,
    };
    let mut causes = vec![
        silent
            .check("say something that it knows: --say LINE --expect TEXT")
            .remedy("nothing, if the client is to speak first"),
    ];
    causes.extend(not_served::causes(evidence, target, talk));
    if talk.tls.is_none() {
        let address = phrase::endpoint(&evidence.asked.host, evidence.asked.port);
        causes.push(
            Cause::possible(CauseKind::TlsExpected, "the server waits for a TLS hello")
                .because("a TLS server says nothing by itself, too")
                .check(format!("otherend diagnose --tls {address}"))
                .remedy("speak TLS to it, or use the server's plain port"),
        );
    }
    causes
}

/// A line was said and not answered.
fn no_reply(evidence: &Evidence, target: &Target, talk: &Talk) -> Vec<Cause> {
    // What was tried and answered is the cause, unless it was a coincidence: `at_once` has excluded
    // that, or could not, and then a slow server stays as likely.
    if talk.crlf_answered == Some(true) {
        return told_from_time(talk, vec![crlf_expected(talk)]);
    }
    if let Some(late) = talk
        .after_half_close
        .as_ref()
        .filter(|late| !late.is_empty())
    {
        return told_from_time(talk, late_reply(late));
    }
    let silent = Cause::likely(CauseKind::Silent, "the server does not answer this line");
    let mut causes = vec![
        tries(talk)
            .into_iter()
            .fold(silent, Cause::because)
            .check("a line that the server surely answers, and its own log")
            .remedy("see in the server's log whether the line arrived, and what it expects"),
    ];
    causes.extend(not_served::causes(evidence, target, talk));
    causes.push(perhaps_slow(talk, Likelihood::Possible));
    causes
}

/// What was answered after an experiment, and could not be repeated: it may only have taken time.
fn told_from_time(talk: &Talk, mut causes: Vec<Cause>) -> Vec<Cause> {
    if talk.at_once.is_none() {
        causes.push(perhaps_slow(talk, Likelihood::Likely));
    }
    causes
}

const BE_PATIENT: &str = "let the client wait longer, or see in the server what takes so long";

fn perhaps_slow(talk: &Talk, likelihood: Likelihood) -> Cause {
    let waited = phrase::duration(talk.waited);
    let says = format!("the server is slow: it needs more than {waited} to answer");
    Cause::new(CauseKind::Slow, likelihood, says)
        .because(format!(
            "the line was left {waited} to be answered by itself; -w allowed no more"
        ))
        .check("the same with more time, -w 60: is the line answered by itself?")
        .remedy(BE_PATIENT)
}

/// The reply came by itself, late.
pub(super) fn late(talk: &Talk) -> Option<Cause> {
    let after = phrase::duration(talk.late()?);
    let cause = Cause::certain(
        CauseKind::Slow,
        format!("the server takes {after} to answer"),
    )
    .because(format!("the reply began {after} after the line was said"));
    let cause = match talk.at_once {
        Some(false) => cause.because(
            "it came after an end of the line or of the input was said once more; said at once, \
                on a second connection, that was not answered at once",
        ),
        _ => cause,
    };
    Some(cause.remedy(BE_PATIENT))
}

/// What was said and done, and not answered.
fn tries(talk: &Talk) -> Vec<&'static str> {
    let mut tries = vec!["nothing came after the line was said"];
    if talk.crlf_answered == Some(false) {
        tries.push("nor when its end was said once more as CR LF");
    }
    if talk.after_half_close.is_some() {
        tries.push("nor when this side had ended its input (half-close)");
    }
    if talk.tls == Some(TlsAnswer::Silent) {
        tries.push("nor to a TLS hello on a connection of its own");
    }
    tries
}

fn crlf_expected(talk: &Talk) -> Cause {
    let says = "the server waits for CR LF, or for an empty line after this one";
    let cause = match talk.at_once {
        Some(_) => Cause::certain(CauseKind::CrlfExpected, says),
        None => Cause::likely(CauseKind::CrlfExpected, says),
    };
    let cause = cause
        .because("the line was not answered with LF, and answered when CR LF followed")
        .check("the same line with an empty one after it: is it answered at once?")
        .remedy("end lines with CR LF (--crlf), or end the request with an empty line");
    match talk.at_once {
        Some(_) => cause.because("said at once, on a second connection, it was answered at once"),
        None => cause,
    }
}

/// The reply came only when this side had finished sending.
fn late_reply(late: &[u8]) -> Vec<Cause> {
    let came = format!(
        "\"{}\" came only after this side had ended its input (half-close)",
        phrase::excerpt(late)
    );
    // From outside the two are the same; the server's code tells.
    vec![
        Cause::likely(
            CauseKind::NotFlushed,
            "the server wrote its reply and did not flush it \
            before the end",
        )
        .because(&came)
        .check(
            "in the server's code: AutoFlush or Flush() after each reply (a .NET \
                StreamWriter holds it back)",
        )
        .remedy("flush after each reply: AutoFlush = true, flush(), setvbuf"),
        Cause::likely(
            CauseKind::WaitsForEnd,
            "the server reads until the end of the input before \
            it answers",
        )
        .because(came)
        .check(
            "in the server's code: it reads to the end (ReadToEnd, read_to_end) and \
                not a line",
        )
        .remedy(
            "half-close after the line (the client's end of input), or let the server \
                read lines",
        ),
    ]
}

fn heard_something(asked: &Asked, talk: &Talk, heard: &[u8]) -> Vec<Cause> {
    let echoed = asked
        .say
        .as_ref()
        .is_some_and(|say| heard.trim_ascii_end() == say.as_bytes());
    let said = match echoed {
        true => format!(
            "it said back the very line, \"{}\": it echoes",
            phrase::excerpt(heard)
        ),
        false => format!("it said \"{}\"", phrase::excerpt(heard)),
    };
    match &asked.expect {
        _ if talk.unfinished && !(talk.is_prompt() && asked.expect.is_some()) => {
            unfinished(talk, &said)
        }
        Some(text) => vec![differs(text, talk).because(said)],
        None => Vec::new(),
    }
}

/// A part of a line came, and no end within the time: it never comes, or it is held back. A prompt
/// is meant so.
fn unfinished(talk: &Talk, said: &str) -> Vec<Cause> {
    // "login: " is a prompt and whole; "From server -> HEL" is a line that was cut off. The last
    // character tells them apart, which is a guess: a prompt stays possible as a cause.
    let waited = match talk.flowing {
        _ if talk.flooding => "it floods: more than 1 MiB came without a pause or a line end",
        true => "it went on without a line end for as long as it was listened to",
        false => "no line end followed while it was waited for",
    };
    let (likelihood, says) = match talk.is_prompt() {
        true => (
            Likelihood::Possible,
            "the server ends what it says without a line end, as a prompt: fine for a person; a \
                client that reads lines waits for ever",
        ),
        false => (
            Likelihood::Likely,
            "the server does not end its reply with a line end; a client that reads lines waits \
                for ever",
        ),
    };
    let mut causes = vec![
        Cause::new(CauseKind::LineUnfinished, likelihood, says)
            .because(said)
            .because(waited)
            .check("in the server's code: does what it sends end with a line end?")
            .remedy("let the server end each reply with a line end"),
    ];
    // Who floods holds nothing back.
    if !talk.flooding {
        let cause = Cause::new(
            CauseKind::NotFlushed,
            likelihood,
            "the rest of the reply is still in the server's buffer, or still to come",
        );
        let cause = cause
            .because(said)
            .because(waited)
            .check("does the rest come later, or when the connection ends?")
            .remedy("flush after each reply: AutoFlush = true, flush(), setvbuf");
        causes.push(cause);
    }
    causes
}

/// The reply is complete, and not the expected one.
pub(super) fn differs(expected: &str, talk: &Talk) -> Cause {
    let (likelihood, when) = match talk.flowing {
        true => (Likelihood::Likely, ", as far as it was heard"),
        false => (Likelihood::Certain, ""),
    };
    let says = format!("the reply does not contain \"{expected}\"{when}");
    Cause::new(CauseKind::ReplyDiffers, likelihood, says)
        .check("is it the right server, and the right line?")
        .remedy("correct --say or --expect, or the server")
}

//! The server accepted and did not end the connection: it says nothing, or not enough.

use super::not_served;
use crate::diagnose::cause::Cause;
use crate::diagnose::evidence::{Asked, Evidence, Talk, Target, TlsAnswer};
use crate::diagnose::phrase;
use crate::diagnose::word::Word;

pub(super) fn causes(evidence: &Evidence, target: &Target, talk: &Talk) -> Vec<Cause> {
    let asked = &evidence.asked;
    let not_served = not_served::here(evidence, target);
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
        (_, false) => heard_something(asked, heard),
    }
}

/// Nothing was said by either side.
fn waits(evidence: &Evidence, target: &Target, talk: &Talk) -> Vec<Cause> {
    let silent = Cause::likely(
        Word::Silent,
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
            Cause::possible(Word::TlsExpected, "the server waits for a TLS hello")
                .because("a TLS server says nothing by itself, too")
                .check(format!("otherend diagnose --tls {address}"))
                .remedy("speak TLS to it, or use the server's plain port"),
        );
    }
    causes
}

/// A line was said and not answered.
fn no_reply(evidence: &Evidence, target: &Target, talk: &Talk) -> Vec<Cause> {
    if talk.crlf_answered == Some(true) {
        return vec![crlf_expected()];
    }
    if let Some(late) = talk
        .after_half_close
        .as_ref()
        .filter(|late| !late.is_empty())
    {
        return late_reply(late);
    }
    let silent = Cause::likely(Word::Silent, "the server does not answer this line");
    let mut causes = vec![
        tries(talk)
            .into_iter()
            .fold(silent, Cause::because)
            .check("a line that the server surely answers, and its own log")
            .remedy("see in the server's log whether the line arrived, and what it expects"),
    ];
    causes.extend(not_served::causes(evidence, target, talk));
    causes
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

fn crlf_expected() -> Cause {
    Cause::certain(
        Word::CrlfExpected,
        "the server waits for CR LF, or for an empty line after this one",
    )
    .because("the line was not answered with LF, and answered when CR LF followed")
    .remedy("end lines with CR LF (--crlf), or end the request with an empty line")
}

/// The reply came only when this side had finished sending.
fn late_reply(late: &[u8]) -> Vec<Cause> {
    let came = format!(
        "\"{}\" came only after this side had ended its input (half-close)",
        phrase::excerpt(late)
    );
    vec![
        Cause::likely(
            Word::NotFlushed,
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
            Word::WaitsForEnd,
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

fn heard_something(asked: &Asked, heard: &[u8]) -> Vec<Cause> {
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
    if heard
        .last()
        .is_some_and(|&byte| byte != b'\n' && byte != b'\r')
    {
        return unfinished(&said);
    }
    match &asked.expect {
        Some(text) => vec![differs(text).because(said)],
        None => Vec::new(),
    }
}

/// A part of a line came, and no end within the time: it never comes, or it is held back.
fn unfinished(said: &str) -> Vec<Cause> {
    let waited = "no line end followed while it was waited for";
    vec![
        Cause::likely(
            Word::LineUnfinished,
            "the server does not end its reply with a line end; a client that reads lines waits \
                for ever",
        )
        .because(said)
        .because(waited)
        .check("in the server's code: does what it sends end with a line end?")
        .remedy("let the server end each reply with a line end"),
        Cause::likely(
            Word::NotFlushed,
            "the rest of the reply is still in the server's buffer, or still to come",
        )
        .because(said)
        .because(waited)
        .check("does the rest come later, or when the connection ends?")
        .remedy("flush after each reply: AutoFlush = true, flush(), setvbuf"),
    ]
}

/// The reply is complete, and not the expected one.
pub(super) fn differs(expected: &str) -> Cause {
    Cause::certain(
        Word::ReplyDiffers,
        format!("the reply does not contain \"{expected}\""),
    )
    .check("is it the right server, and the right line?")
    .remedy("correct --say or --expect, or the server")
}

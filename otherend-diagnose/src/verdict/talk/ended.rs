//! The server ended the conversation: at once, after the line, or in the middle of a reply.

use super::super::is_local;
use super::{own_address, silent};
use crate::cause::{Cause, CauseKind};
use crate::evidence::{End, Evidence, Talk, Target};
use crate::phrase;

pub(super) fn causes(evidence: &Evidence, target: &Target, talk: &Talk) -> Vec<Cause> {
    // The second attempt decides. Refused: the process is gone, by a crash or because it serves one
    // client and ends. Accepted: it lives, and ends each conversation like this one.
    let gone = talk.again.as_ref().is_some_and(|again| !again.accepted());
    if gone {
        return vec![crashed(target, talk), one_shot(target, talk)];
    }
    if talk.greeting.is_empty() && talk.reply.is_empty() {
        return at_once(target, talk);
    }
    match &evidence.asked.expect {
        Some(text) => vec![silent::differs(text, talk).because(what_happened(talk))],
        None if talk.end == End::Reset => vec![after_some_words(talk)],
        None => Vec::new(),
    }
}

/// The connection was reset before anything could be said or heard.
pub(in crate::verdict) fn reset_at_once(target: &Target) -> Vec<Cause> {
    let talk = Talk {
        end: End::Reset,
        ended_after: target.attempt.took,
        ..Talk::default()
    };
    at_once(target, &talk)
}

fn what_happened(talk: &Talk) -> String {
    let how = match talk.end {
        End::Reset => "reset the connection",
        _ => "closed",
    };
    let after = phrase::duration(talk.ended_after);
    match [&talk.reply, &talk.greeting]
        .into_iter()
        .find(|heard| !heard.is_empty())
    {
        Some(heard) => format!(
            "it said \"{}\" and {how} after {after}",
            phrase::excerpt(heard)
        ),
        None => format!("it {how} after {after}, without a word"),
    }
}

/// Nobody accepts any more: the process that did has ended.
fn crashed(target: &Target, talk: &Talk) -> Cause {
    let says = "the server ended in the middle of the conversation: it crashed or was ended";
    let cause = Cause::likely(CauseKind::Crashed, says)
        .because(what_happened(talk))
        .because(format!("{} was refused right after", target.address));
    let cause = if talk.unfinished && !talk.reply.is_empty() {
        cause.because("its last line is unfinished")
    } else {
        cause
    };
    cause
        .check("the server's own output and exit code; on Linux: journalctl, coredumpctl, dmesg")
        .remedy("start it again and see what it says with the same line")
}

fn one_shot(target: &Target, talk: &Talk) -> Cause {
    Cause::possible(
        CauseKind::OneShot,
        "the server serves one conversation and ends, as nc -l does without -k",
    )
    .because(what_happened(talk))
    .because(format!("{} was refused right after", target.address))
    .check("how was the server started?")
    .remedy("start it so that it keeps listening (otherend serve, nc -lk)")
}

/// The server lives, and ends every connection without a word.
fn at_once(target: &Target, talk: &Talk) -> Vec<Cause> {
    let mut causes = vec![ends_each(talk)];
    if !talk.said {
        causes.push(allow_list(target, talk));
        causes.push(silently_full(target, talk));
        causes.push(nobody_behind(talk));
    }
    causes
}

fn ends_each(talk: &Talk) -> Cause {
    let when = if talk.said {
        "after the line"
    } else {
        "at once"
    };
    let (kind, what) = match talk.end {
        End::Reset => (CauseKind::ResetsAtOnce, "resets"),
        _ => (CauseKind::ClosesAtOnce, "closes"),
    };
    let says = format!("the server {what} each connection {when}: it fails, or is meant to");
    let cause = Cause::likely(kind, says).because(what_happened(talk));
    let cause = match &talk.again {
        Some(again) if again.accepted() => {
            cause.because("a second connection was accepted, so the server lives")
        }
        _ => cause,
    };
    cause
        .check("the server's log")
        .remedy("see in the server's log why it ends the conversation")
}

fn silently_full(target: &Target, talk: &Talk) -> Cause {
    let says = "the server has as many connections as it allows, and does not say so";
    let established = format!("state established 'sport = :{}'", target.address.port());
    Cause::possible(CauseKind::ServerFull, says)
        .because(what_happened(talk))
        .check(format!(
            "on the server: ss -tn {established} shows as many as it allows"
        ))
        .remedy("close other connections, or raise the server's limit")
}

fn nobody_behind(talk: &Talk) -> Cause {
    let says = "a proxy or port forward accepts, and the server behind it does not run";
    Cause::possible(CauseKind::BackendDown, says)
        .because(what_happened(talk))
        .check("on the server: does ss -ltnp name a proxy (docker-proxy, haproxy, nginx, ssh)?")
        .remedy("start the server behind the proxy, or correct where the proxy leads")
}

fn allow_list(target: &Target, talk: &Talk) -> Cause {
    let cause = Cause::possible(
        CauseKind::NotAllowed,
        "the server's allow list refuses this machine, and does not say so",
    )
    .because(what_happened(talk));
    let cause = match is_local(target) {
        true if target.address.ip().is_loopback() => cause
            .check("connect to another address of this machine: otherend interfaces lists them"),
        true => cause.check("connect to 127.0.0.1, or to another address of this machine"),
        false => cause.check("connect from the server's own machine"),
    };
    cause.remedy(format!(
        "add {} to the server's allow list",
        own_address(target)
    ))
}

fn after_some_words(talk: &Talk) -> Cause {
    Cause::certain(
        CauseKind::ResetsAtOnce,
        "the server answered and reset the connection; what it said last may be lost",
    )
    .because(what_happened(talk))
    .remedy("let the server close after it has read everything")
}

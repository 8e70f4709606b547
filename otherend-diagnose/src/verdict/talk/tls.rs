//! TLS and plain text, spoken to the wrong port.

use super::not_served;
use crate::cause::{Cause, CauseKind};
use crate::evidence::{Asked, Evidence, Talk, Target, TlsAnswer};
use crate::phrase;
use crate::protocol;

/// TLS spoken to a plain port, and the reverse.
pub(super) fn mismatch(evidence: &Evidence, talk: &Talk) -> Option<Cause> {
    let asked = &evidence.asked;
    let speaks_tls = matches!(talk.tls, Some(TlsAnswer::Hello | TlsAnswer::Alert(_)));
    // A TLS server that hears "HELLO" answers with an alert, if at all: what was heard without a hello
    // of ours is TLS, too.
    let alerted = protocol::is_tls(&talk.greeting) || protocol::is_tls(&talk.reply);
    if !asked.tls && (speaks_tls || alerted) {
        return Some(expected(asked, talk));
    }
    if asked.tls && talk.tls == Some(TlsAnswer::NotTls) {
        return Some(not_tls(asked.port, &talk.tls_heard));
    }
    None
}

fn expected(asked: &Asked, talk: &Talk) -> Cause {
    let address = phrase::endpoint(&asked.host, asked.port);
    let cause = Cause::certain(
        CauseKind::TlsExpected,
        format!("port {} speaks TLS", asked.port),
    );
    let cause = match asked.say.is_some() && talk.reply.is_empty() {
        true => cause.because("the plain line was not answered"),
        false => cause,
    };
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
        CauseKind::PlainExpected,
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
pub(super) fn unanswered(evidence: &Evidence, target: &Target, talk: &Talk) -> Vec<Cause> {
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
                    CauseKind::PlainExpected,
                    format!("port {port} does not speak TLS and ends at the hello"),
                )
                .because("a TLS hello was answered by closing"),
            ),
            Cause::possible(
                CauseKind::ClosesAtOnce,
                "the server ends every connection, TLS or not, or speaks TLS and refuses this hello \
                    (its version, or the name asked for)",
            )
            .because("a TLS hello was answered by closing")
            .check(format!("the same without --tls; openssl s_client -connect {}", target.address))
            .remedy("see in the server's log why it ends the connection"),
        ],
        Some(TlsAnswer::Silent) => {
            let mut causes = vec![plain(
                Cause::likely(
                    CauseKind::PlainExpected,
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

//! What is concluded from a conversation.

use super::*;
use crate::Mark;

fn accepted(talk: Talk) -> Evidence {
    let mut evidence = remote(ConnectOutcome::Accepted(address("192.168.1.20:40000")));
    evidence.asked.say = talk.said.then(|| "hello".to_owned());
    evidence.talk = Some(talk);
    evidence
}

fn said(reply: &str) -> Talk {
    Talk {
        said: true,
        unfinished: !reply.is_empty() && !reply.ends_with('\n'),
        reply: reply.into(),
        ..Talk::default()
    }
}

#[test]
fn silence_after_accepting_is_how_most_servers_begin() {
    gives(
        &accepted(Talk::default()),
        true,
        &[Silent, ServerStopped, NotAccepting, TlsExpected],
    );
    let answered_tls = |tls| Talk {
        tls: Some(tls),
        ..Talk::default()
    };
    gives(
        &accepted(answered_tls(TlsAnswer::Silent)),
        true,
        &[Silent, ServerStopped, NotAccepting],
    );
    gives(&accepted(answered_tls(TlsAnswer::NotTls)), true, &[Silent]);
    gives(
        &accepted(said("")),
        false,
        &[Silent, ServerStopped, NotAccepting, Slow],
    );
    gives(&accepted(said("world\n")), true, &[]);
}

#[test]
fn a_server_here_that_does_not_accept_shows_why() {
    let state = |state, waiting, used| {
        let mut evidence = local(
            "127.0.0.1:8080",
            ConnectOutcome::Accepted(address("127.0.0.1:40000")),
            &["127.0.0.1:8080"],
        );
        let server = &mut evidence.machine.as_mut().unwrap().listeners[0];
        server.queue = Some(AcceptQueue {
            waiting,
            limit: 128,
        });
        let process = server.process.as_mut().unwrap();
        process.state = Some(state);
        process.descriptors = Some((used, 1024));
        evidence.talk = Some(Talk::default());
        evidence
    };
    gives(&state('S', 0, 7), true, &[Silent, TlsExpected]);
    gives(&state('T', 1, 7), false, &[ServerStopped]);
    gives(&state('S', 1, 7), false, &[NotAccepting]);
    gives(&state('S', 1, 1024), false, &[ServerNoDescriptors]);
    let mut hidden = state('S', 1, 7);
    hidden.machine.as_mut().unwrap().listeners[0].process = None;
    gives(&hidden, false, &[NotAccepting, ServerStopped]);
}

#[test]
fn the_step_is_marked_as_the_verdict_has_it() {
    let marked = |evidence: &Evidence| {
        let talk = evidence.talk.as_ref().unwrap();
        mark_of_talk(evidence, evidence.targets[0].address, talk)
    };
    assert_eq!(marked(&accepted(Talk::default())), Mark::Good);
    assert_eq!(marked(&accepted(said("world\n"))), Mark::Good);
    assert_eq!(marked(&accepted(said("wor"))), Mark::Bad);
    let ssh = Talk {
        greeting: b"SSH-2.0-x\r\n".to_vec(),
        ..Talk::default()
    };
    assert_eq!(marked(&accepted(ssh)), Mark::Note);
}

#[test]
fn an_end_without_a_word_is_the_servers_doing() {
    let ended = |end| Talk {
        end,
        again: Some(ConnectOutcome::Accepted(address("192.168.1.20:40001"))),
        ..Talk::default()
    };
    gives(
        &accepted(ended(End::Closed)),
        false,
        &[ClosesAtOnce, NotAllowed, ServerFull, BackendDown],
    );
    gives(
        &accepted(ended(End::Reset)),
        false,
        &[ResetsAtOnce, NotAllowed, ServerFull, BackendDown],
    );
}

#[test]
fn a_server_that_ends_with_the_conversation_crashed_or_serves_once() {
    let talk = Talk {
        end: End::Closed,
        again: Some(ConnectOutcome::Refused),
        ..said("half a li")
    };
    gives(&accepted(talk), false, &[Crashed, OneShot]);
}

#[test]
fn a_server_may_say_itself_why_it_refuses() {
    let told = |text: &str| Talk {
        greeting: text.into(),
        end: End::Closed,
        ..Talk::default()
    };
    gives(
        &accepted(told("ERR server is full\r\n")),
        false,
        &[ServerFull],
    );
    gives(
        &accepted(told("ERR 192.168.1.20 is not allowed here\n")),
        false,
        &[NotAllowed],
    );
}

#[test]
fn tls_and_plain_text_are_not_mixed_up() {
    let hello = Talk {
        tls: Some(TlsAnswer::Hello),
        ..said("")
    };
    gives(&accepted(hello.clone()), false, &[TlsExpected]);
    let unasked = Talk {
        said: false,
        ..hello
    };
    gives(&accepted(unasked), true, &[TlsExpected]);
    let alert = Talk {
        end: End::Closed,
        ..said("\x15\x03\x01\x00\x02\x02\x46")
    };
    gives(&accepted(alert), false, &[TlsExpected]);
    let tls = |answer, heard: &[u8]| {
        let mut evidence = accepted(Talk {
            tls: Some(answer),
            tls_heard: heard.to_vec(),
            ..Talk::default()
        });
        evidence.asked.tls = true;
        evidence
    };
    gives(&tls(TlsAnswer::Hello, b""), true, &[]);
    gives(
        &tls(TlsAnswer::NotTls, b"HTTP/1.1 400 Bad Request\r\n"),
        false,
        &[PlainExpected],
    );
    gives(
        &tls(TlsAnswer::Ended, b""),
        false,
        &[PlainExpected, ClosesAtOnce],
    );
    gives(
        &tls(TlsAnswer::Silent, b""),
        false,
        &[PlainExpected, ServerStopped, NotAccepting],
    );
}

#[test]
fn another_protocol_is_named() {
    let greeting = Talk {
        greeting: b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
        ..Talk::default()
    };
    gives(&accepted(greeting), true, &[OtherProtocol]);
    let reply = "HTTP/1.1 400 Bad Request\r\n";
    gives(&accepted(said(reply)), false, &[OtherProtocol]);
    let mut evidence = accepted(said("HTTP/1.1 200 OK\r\n"));
    evidence.asked.say = Some("GET / HTTP/1.0".into());
    gives(&evidence, true, &[]);
}

#[test]
fn a_reply_may_be_late_unfinished_or_another() {
    let late = |at_once| Talk {
        after_half_close: Some(b"world\n".to_vec()),
        at_once,
        ..said("")
    };
    gives(
        &accepted(late(Some(true))),
        false,
        &[NotFlushed, WaitsForEnd],
    );
    gives(
        &accepted(late(None)),
        false,
        &[NotFlushed, WaitsForEnd, Slow],
    );
    gives(&accepted(said("wor")), false, &[LineUnfinished, NotFlushed]);
    let crlf = |at_once, reply| Talk {
        crlf_answered: Some(true),
        at_once,
        heard_after: Some(Duration::from_secs(3)),
        ..said(reply)
    };
    gives(&accepted(crlf(Some(true), "")), false, &[CrlfExpected]);
    gives(&accepted(crlf(None, "")), false, &[CrlfExpected, Slow]);
    gives(&accepted(crlf(Some(false), "world\n")), true, &[Slow]);
    let mut evidence = accepted(said("hello\n"));
    evidence.asked.expect = Some("world".into());
    gives(&evidence, false, &[ReplyDiffers]);
    let echoed = verdict(&evidence).causes.remove(0).because.remove(0);
    assert!(echoed.contains("it echoes"), "{echoed}");
    let mut evidence = accepted(said("moon\n"));
    evidence.asked.expect = Some("world".into());
    gives(&evidence, false, &[ReplyDiffers]);
    evidence.asked.expect = Some("moon".into());
    gives(&evidence, true, &[]);
}

#[test]
fn a_prompt_is_no_failure() {
    let prompts = Talk {
        greeting: b"login: ".to_vec(),
        unfinished: true,
        ..Talk::default()
    };
    gives(&accepted(prompts), true, &[LineUnfinished, NotFlushed]);
    gives(
        &accepted(said("Password: ")),
        true,
        &[LineUnfinished, NotFlushed],
    );
    let mut evidence = accepted(said("Password: "));
    evidence.asked.expect = Some("welcome".into());
    gives(&evidence, false, &[ReplyDiffers]);
}

#[test]
fn that_our_second_connection_waits_means_that_the_first_was_served() {
    let asked = "127.0.0.1:8080";
    let mut evidence = local(
        asked,
        ConnectOutcome::Accepted(address("127.0.0.1:40000")),
        &[asked],
    );
    let server = &mut evidence.machine.as_mut().unwrap().listeners[0];
    server.queue = Some(AcceptQueue {
        waiting: 1,
        limit: 128,
    });
    let second = true;
    evidence.talk = Some(Talk { second, ..said("") });
    gives(&evidence, false, &[Silent, Slow]);
}

#[test]
fn a_name_whose_first_address_has_no_server_works_with_a_remark() {
    let mut evidence = local(
        "127.0.0.1:8080",
        ConnectOutcome::Accepted(address("127.0.0.1:40000")),
        &["127.0.0.1:8080"],
    );
    let first = local("[::1]:8080", ConnectOutcome::Refused, &[])
        .targets
        .remove(0);
    evidence.targets.insert(0, first);
    evidence.asked.host = "localhost".into();
    gives(&evidence, true, &[FamilyMismatch]);
}

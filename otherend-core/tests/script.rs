//! A conversation that plays a transcript: its bytes, its pauses, its ends, under every limit.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use otherend_core::pair::{Notes, Pair};
use otherend_core::transcript::{Options, Plan, Timing, Transcript};
use otherend_core::{Conversation, EndReason, Handler, Loss, Script, Settings, Step, Time};

fn script(file: &str) -> Script {
    let file = format!("otherend talk 1\n{file}");
    let transcript = Transcript::parse(file.as_bytes()).unwrap();
    Script::server(Arc::new(Plan::new(transcript))).unwrap()
}

fn conversation(script: Script, settings: Settings) -> Conversation {
    let behaviour = Handler::from(script);
    Conversation::new(Arc::new(settings), behaviour, Time::ZERO)
}

fn pair(file: &str) -> Pair {
    Pair::new(conversation(script(file), Settings::server()))
}

#[test]
fn it_greets_answers_and_closes() {
    let mut pair = pair("eol crlf\nS: 220 hi\nC: QUIT\nS: 221 bye\nS! close\n");
    pair.drive();
    assert_eq!(pair.client.heard(), b"220 hi\r\n");
    pair.client.write(b"QUIT\r\n");
    pair.drive();
    assert_eq!(pair.client.heard(), b"220 hi\r\n221 bye\r\n");
    assert_eq!(
        pair.server.conversation().reason(),
        Some(EndReason::BehaviourFinished)
    );
}

#[test]
fn a_strict_one_ends_because_of_what_it_heard() {
    let script = script("C: QUIT\nS! close\n").with(|options| Options {
        strict: true,
        ..options
    });
    let mut pair = Pair::new(conversation(script, Settings::server()));
    pair.client.write(b"exit\nQUIT\n");
    pair.drive();
    assert_eq!(
        pair.server.conversation().reason(),
        Some(EndReason::Mismatch)
    );
}

#[test]
fn exit_words_are_lines_of_the_script() {
    let mut pair = pair("on C: exit\nS: not so soon\n");
    pair.client.write(b"exit\nexit\n");
    pair.drive();
    assert_eq!(pair.client.heard(), b"not so soon\nnot so soon\n");
}

#[test]
fn a_peer_that_finished_sending_still_gets_every_answer() {
    let mut pair = pair("on C: a\nS: 1\n");
    pair.client.write(b"a\na\n");
    pair.client.finish();
    pair.drive();
    assert_eq!(pair.client.heard(), b"1\n1\n");
    assert_eq!(
        pair.server.conversation().reason(),
        Some(EndReason::PeerFinished)
    );
}

#[test]
fn a_reset_comes_after_what_was_said() {
    let script = script("C: a\nS. half a li\nS! reset\n");
    let mut served = conversation(script, Settings::server());
    served.open(Time::ZERO);
    served.receive(Time::ZERO, b"a\n");
    assert_eq!(served.unsent(), b"half a li");
    assert!(!served.is_over());
    served.sent(Time::ZERO, 9);
    assert_eq!(served.step(), Step::Reset);
}

#[test]
fn a_half_close_leaves_the_script_listening() {
    let mut pair = pair("S: bye\nS! half-close\nC: still here\nC! close\n");
    pair.drive();
    assert_eq!(pair.client.heard(), b"bye\n");
    assert_eq!(pair.server.conversation().reason(), None);
    pair.client.write(b"still here\n");
    pair.client.finish();
    pair.drive();
    assert_eq!(
        pair.server.conversation().reason(),
        Some(EndReason::PeerFinished)
    );
}

#[test]
fn pauses_are_deadlines() {
    let slow = script("on C: a\nS. wait\n+2s\nS:  for it\n").with(|options| {
        otherend_core::transcript::Options {
            timing: Timing::Speed(1.0),
            ..options
        }
    });
    let mut pair = Pair::new(conversation(slow, Settings::server()));
    pair.client.write(b"a\n");
    pair.drive();
    assert_eq!(pair.client.heard(), b"wait");
    pair.turn(Duration::from_millis(1999));
    assert_eq!(pair.client.heard(), b"wait");
    pair.turn(Duration::from_millis(1));
    assert_eq!(pair.client.heard(), b"wait for it\n");
}

#[test]
fn what_nothing_fits_is_told_and_the_rest_is_answered() {
    let (notes, observer) = Notes::new();
    let served = conversation(script("C: a\nS: 1\n\non C: b\nS: 2\n"), Settings::server());
    let mut pair = Pair::new(served.observed(observer));
    pair.client.write(b"b\nx\na\n");
    pair.drive();
    assert_eq!(pair.client.heard(), b"2\n1\n");
    assert_eq!(
        notes.taken(),
        [
            "opened",
            "heard b",
            "said 2",
            "heard x",
            "unexpected: the client said something else",
            "heard a",
            "said 1"
        ]
    );
}

#[test]
fn idleness_and_unfinished_lines_end_it_as_ever() {
    let mut idle = pair("on C: a\nS: 1\n");
    idle.turn(Duration::from_secs(600));
    assert_eq!(idle.server.conversation().reason(), Some(EndReason::Idle));
    let mut slow = pair("on C: a\nS: 1\n");
    slow.client.write(b"unfinished");
    slow.turn(Duration::from_secs(30));
    assert_eq!(
        slow.server.conversation().reason(),
        Some(EndReason::MessageTimeout)
    );
}

#[test]
fn a_pause_of_its_own_is_no_idleness() {
    let settings = Settings {
        idle_timeout: Some(Duration::from_secs(1)),
        ..Settings::server()
    };
    let script = script("C: a\n+3s\nS: b\n").with(|options| Options {
        timing: Timing::Speed(1.0),
        ..options
    });
    let mut served = conversation(script, settings);
    let at = |millis| Time::ZERO + Duration::from_millis(millis);
    served.open(at(0));
    served.receive(at(0), b"a\n");
    served.tick(at(2900));
    assert_eq!((served.reason(), served.deadline()), (None, Some(at(3000))));
    served.tick(at(3000));
    assert_eq!(served.unsent(), b"b\n");
    served.sent(at(3000), 2);
    assert_eq!(served.deadline(), Some(at(4000)));
    served.tick(at(4000));
    assert_eq!(served.reason(), Some(EndReason::Idle));
}

#[test]
fn who_breaks_off_in_the_middle_has_said_nothing_wrong() {
    // In its own turn, in the server's pause, and after half a line.
    for (heard, lines) in [("", 0), ("A\n", 1), ("B", 1)] {
        let script = script("S: hi\nC: A\n+3s\nS: late\n").with(|options| Options {
            timing: Timing::Speed(1.0),
            strict: true,
            ..options
        });
        let mut served = conversation(script, Settings::server());
        served.open(Time::ZERO);
        served.receive(Time::ZERO, heard.as_bytes());
        served.peer_lost(Time::ZERO, Loss::Reset);
        assert_eq!(served.reason(), Some(EndReason::PeerReset), "{heard}");
        assert_eq!(served.counts().messages_heard, lines, "{heard}");
    }
}

#[test]
fn a_peer_that_reads_slowly_gets_every_answer() {
    let settings = Settings {
        max_output: 1000,
        ..Settings::server()
    };
    let long = "x".repeat(400);
    let limited = script(&format!("on C: a\nS: {long}\n"));
    let mut served = conversation(limited, settings);
    served.open(Time::ZERO);
    served.receive(Time::ZERO, "a\n".repeat(50).as_bytes());
    let mut answers = 0;
    while !served.unsent().is_empty() {
        assert!(served.unsent().len() < 2000);
        answers += served.unsent().iter().filter(|b| **b == b'\n').count();
        let all = served.unsent().len();
        served.sent(Time::ZERO, all);
    }
    assert_eq!(answers, 50);
}

#[test]
fn several_connections_are_refused() {
    let transcript = Transcript::parse(b"otherend talk 1\nC: a\n2C: b\n").unwrap();
    let error = Script::server(Arc::new(Plan::new(transcript)))
        .err()
        .unwrap();
    assert!(error.to_string().contains("2 connections"), "{error}");
}

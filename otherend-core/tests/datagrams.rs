//! Conversations over datagrams: one is one line, and nothing is said that nobody asked for.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::{Arc, mpsc};
use std::time::Duration;

use otherend_core::Framing;
use otherend_core::Handler;
use otherend_core::transcript::{Plan, Transcript};
use otherend_core::{
    AnyBehaviour, Conversation, Echo, EndReason, Event, Loss, Observer, Script, Settings, Step,
    Time,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn settings() -> Settings {
    Settings {
        framing: Framing::Datagram,
        ..Settings::server()
    }
}

fn echo(settings: Settings) -> Conversation {
    let echo = AnyBehaviour::Echo(Echo::new(b"= "));
    let mut conversation = Conversation::new(Arc::new(settings), echo, Time::ZERO);
    conversation.open(Time::ZERO);
    conversation
}

/// What is said to one datagram, taken away as a socket would.
fn say(conversation: &mut Conversation, datagram: &[u8]) -> Vec<u8> {
    conversation.receive(Time::ZERO, datagram);
    let said = conversation.unsent().to_vec();
    conversation.sent(Time::ZERO, said.len());
    said
}

#[test]
fn a_datagram_is_a_line_with_or_without_an_end() {
    let mut conversation = echo(settings());
    for (datagram, said) in [
        (&b"a"[..], &b"= a"[..]),
        (b"a\n", b"= a\n"),
        (b"a\r\n", b"= a\r\n"),
        (b"a\nb", b"= a\nb"),
        (b"\xff\xfd\x01", b"= \xff\xfd\x01"),
        (b"", b"= "),
    ] {
        assert_eq!(say(&mut conversation, datagram), said);
    }
    assert_eq!(conversation.counts().messages_heard, 6);
    assert_eq!(conversation.step(), Step::Wait { read: true });
}

#[test]
fn one_that_is_longer_than_a_line_is_not_answered() {
    let mut conversation = echo(Settings {
        max_message: 3,
        ..settings()
    });
    for _ in 0..5 {
        assert_eq!(say(&mut conversation, b"four\n"), b"");
        assert_eq!(say(&mut conversation, b"six\n"), b"= six\n");
    }
    assert_eq!(conversation.counts().messages_heard, 5);
}

#[test]
fn an_idle_peer_is_told_nothing() {
    let mut conversation = echo(settings());
    let later = Time::ZERO + Duration::from_secs(601);
    conversation.tick(later);
    assert_eq!(conversation.unsent(), b"");
    assert_eq!(conversation.step(), Step::Close);
    assert_eq!(conversation.reason(), Some(EndReason::Idle));
}

#[test]
fn the_exit_word_ends_it_at_once() {
    let mut conversation = echo(settings());
    assert_eq!(say(&mut conversation, b"Exit\n"), b"");
    assert_eq!(conversation.step(), Step::Close);
    assert_eq!(conversation.reason(), Some(EndReason::ExitWord));
}

#[test]
fn what_is_withheld_was_not_said() {
    let mut conversation = echo(settings());
    conversation.receive(Time::ZERO, b"a");
    conversation.withheld(Time::ZERO, conversation.unsent().len());
    assert_eq!(
        (conversation.unsent(), conversation.counts().bytes_said),
        (&b""[..], 0)
    );
}

#[test]
fn nobody_listening_has_a_reason_of_its_own() {
    let mut conversation = echo(settings());
    conversation.peer_lost(Time::ZERO, Loss::Refused);
    assert_eq!(conversation.reason(), Some(EndReason::Refused));
    assert_eq!(conversation.reason().map(EndReason::label), Some("refused"));
}

/// Every line that was heard or said.
struct Lines(mpsc::Sender<String>);

impl Observer for Lines {
    fn on_event(&mut self, _now: Time, event: &Event<'_>) {
        let line = match event {
            Event::Heard { message: line, .. } => format!("C {}", line.escape_ascii()),
            Event::Said { message: line, .. } => format!("S {}", line.escape_ascii()),
            _ => return,
        };
        self.0.send(line).unwrap();
    }
}

#[test]
fn each_step_of_a_transcript_is_a_datagram() {
    let text = "otherend talk 1\nover udp\n\nC: a\nS. one\\ntwo\nS: three\n";
    let plan = Arc::new(Plan::new(Transcript::parse(text.as_bytes()).unwrap()));
    let script = Handler::from(Script::server(plan).unwrap());
    let (sender, lines) = mpsc::channel();
    let mut conversation = Conversation::new(Arc::new(settings()), script, Time::ZERO)
        .observed(Box::new(Lines(sender)));
    conversation.open(Time::ZERO);
    conversation.receive(Time::ZERO, b"a\n");
    assert_eq!(conversation.unsent(), b"one\ntwo");
    conversation.sent(Time::ZERO, 7);
    assert_eq!(conversation.unsent(), b"three\n");
    conversation.sent(Time::ZERO, 6);
    let told: Vec<String> = lines.try_iter().collect();
    assert_eq!(told, ["C a", "S one\\ntwo", "S three"]);
    assert_eq!(conversation.counts().messages_said, 2);
}

proptest! {
    #[test]
    fn every_datagram_is_said_back_whole(datagrams in vec(vec(any::<u8>(), 0..40), 0..20)) {
        let exit = |datagram: &[u8]| [&b"exit"[..], b"Exit"].contains(&datagram.trim_ascii_end());
        let mut conversation = echo(settings());
        for datagram in datagrams.iter().filter(|datagram| !exit(datagram)) {
            prop_assert_eq!(say(&mut conversation, datagram), [b"= ", &datagram[..]].concat());
        }
    }
}

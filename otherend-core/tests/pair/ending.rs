//! How conversations end: who half-closes, what still arrives, and which reason is told.

use otherend_core::pair::{Link, Pair};
use otherend_core::{
    AnyBehaviour, Behaviour, Counts, Echo, EndReason, ExitWords, Flow, Framing, Loss, Replies,
    Said, Settings, Sink, Step,
};

use super::{answering, conversation, echo, narrow, noted_echo, seconds, text};

#[test]
fn a_peer_that_finished_sending_gets_every_answer_and_then_the_end() {
    for pieces in [1, 3, 64 * 1024] {
        let link = Link {
            max_piece: pieces,
            ..Link::default()
        };
        let mut pair = echo(Settings::server()).over(link);
        let mut expected = String::new();
        for number in 0..1000 {
            pair.client.write(format!("{number}\n").as_bytes());
            expected += &format!("-> {number}\n");
        }
        pair.client.write(b"and one without its end");
        pair.client.finish();
        pair.drive();
        expected += "-> and one without its end\n";
        assert_eq!(text(pair.client.heard()), expected);
        assert!(pair.client.peer_finished() && pair.server.is_closed());
    }
}

#[test]
fn nothing_is_lost_when_the_last_reply_is_large_and_input_is_unread() {
    let settings = Settings {
        exit_words: ExitWords::new(["bye"]),
        ..Settings::server()
    };
    let server = conversation(
        settings,
        answering(|_, replies| {
            replies.message(&[b'x'; 2_000_000]);
            Flow::FinishAfterReplies
        }),
    );
    let mut pair = Pair::new(server).over(narrow(5000));
    pair.client.write(b"big\n");
    pair.client.write(&b"never answered\n".repeat(1000));
    pair.drive();
    assert_eq!(pair.client.heard().len(), 2_000_001);
    assert!(pair.client.peer_finished());
    assert_eq!(pair.client.loss(), None);
}

#[test]
fn the_exit_word_ends_after_the_answers_before_it() {
    let mut pair = echo(Settings::server());
    pair.client.write(b"one\nExit\ntwo\n");
    pair.drive();
    assert_eq!(text(pair.client.heard()), "-> one\n");
    assert!(pair.client.peer_finished());
    pair.client.close();
    pair.drive();
    assert!(pair.server.is_closed());
    assert_eq!(pair.client.loss(), None);
}

#[test]
fn only_the_exact_exit_word_ends() {
    let mut pair = echo(Settings::server());
    pair.client.write(b"EXIT\nexit \nExit now\nexi\n");
    pair.drive();
    let answers = "-> EXIT\n-> exit \n-> Exit now\n-> exi\n";
    assert_eq!(text(pair.client.heard()), answers);

    let none = Settings {
        exit_words: ExitWords::none(),
        ..Settings::server()
    };
    let mut pair = echo(none);
    pair.client.write(b"exit\n");
    pair.drive();
    assert_eq!(text(pair.client.heard()), "-> exit\n");
}

#[test]
fn an_exit_word_without_its_end_counts_when_the_peer_finishes() {
    let mut pair = echo(Settings::server());
    pair.client.write(b"exit");
    pair.client.finish();
    pair.drive();
    let reason = pair.server.conversation().reason();
    assert_eq!(reason, Some(EndReason::ExitWord));
}

#[test]
fn a_behaviour_can_greet_and_say_goodbye() {
    struct Polite;
    impl Behaviour for Polite {
        fn on_open(&mut self, replies: &mut Replies<'_>) -> Flow {
            replies.message(b"welcome");
            Flow::Continue
        }
        fn on_message(&mut self, _line: &[u8], _replies: &mut Replies<'_>) -> Flow {
            Flow::Continue
        }
        fn on_peer_finished(&mut self, replies: &mut Replies<'_>) -> Flow {
            replies.message(b"goodbye");
            Flow::Continue
        }
    }
    let mut pair = Pair::new(conversation(
        Settings::server(),
        AnyBehaviour::custom(Polite),
    ));
    pair.client.write(b"well\n");
    pair.client.finish();
    pair.drive();
    assert_eq!(text(pair.client.heard()), "welcome\ngoodbye\n");
}

#[test]
fn a_behaviour_that_finishes_now_resets() {
    let server = conversation(Settings::server(), answering(|_, _| Flow::FinishNow));
    let mut pair = Pair::new(server);
    pair.client.write(b"boom\n");
    pair.drive();
    assert_eq!(pair.client.loss(), Some(Loss::Reset));
    let reason = pair.server.conversation().reason();
    assert_eq!(reason, Some(EndReason::BehaviourFinished));
}

#[test]
fn a_drain_closes_an_idle_conversation_at_once() {
    let (mut pair, notes) = noted_echo(Settings::server());
    pair.client.write(b"hello\n");
    pair.turn(seconds(2));
    let now = pair.now();
    pair.server.conversation().drain(now);
    pair.server.conversation().nothing_to_read(now);
    pair.drive();
    assert!(pair.server.is_closed() && pair.client.peer_finished());
    assert_eq!(pair.client.loss(), None);
    assert_eq!(notes.taken().last().unwrap(), "ended drained");
}

#[test]
fn a_line_that_crosses_a_drain_makes_no_reset() {
    let mut pair = echo(Settings::server());
    pair.client.write(b"hello\n");
    pair.drive();
    pair.client.write(b"on its way\n");
    let now = pair.now();
    pair.server.conversation().drain(now);
    pair.server.conversation().nothing_to_read(now);
    pair.turn(seconds(5));
    assert_eq!(text(pair.client.heard()), "-> hello\n");
    assert!(pair.client.peer_finished());
    assert_eq!(pair.client.loss(), None);
    let reason = pair.server.conversation().reason();
    assert_eq!(reason, Some(EndReason::Drained));
}

#[test]
fn a_drain_lets_a_line_that_has_begun_end() {
    let mut pair = echo(Settings::server());
    pair.client.write(b"beg");
    pair.drive();
    let now = pair.now();
    pair.server.conversation().drain(now);
    pair.server.conversation().nothing_to_read(now);
    pair.turn(seconds(5));
    assert!(!pair.client.peer_finished());
    pair.client.write(b"un\n");
    pair.drive();
    assert_eq!(text(pair.client.heard()), "-> begun\n");
    assert!(pair.client.peer_finished());
    let reason = pair.server.conversation().reason();
    assert_eq!(reason, Some(EndReason::Drained));
}

#[test]
fn a_drain_hears_the_bytes_that_were_already_there() {
    let link = Link {
        max_piece: 4,
        ..Link::default()
    };
    let mut pair = echo(Settings::server()).over(link);
    let waiting = b"one\ntwo\nthree\n";
    pair.server.set_reading(false);
    pair.client.write(waiting);
    pair.drive();
    let now = pair.now();
    pair.server.conversation().drain(now);
    pair.server.set_reading(true);
    pair.drive();
    assert_eq!(text(pair.client.heard()), "-> one\n-> two\n-> three\n");
    assert!(pair.client.peer_finished());
}

#[test]
fn a_drain_waits_for_a_slow_reader() {
    let mut pair = echo(Settings::server()).over(narrow(100));
    pair.client.set_reading(false);
    pair.client.write(&b"again\n".repeat(15));
    pair.drive();
    let now = pair.now();
    pair.server.conversation().drain(now);
    pair.server.conversation().nothing_to_read(now);
    pair.turn(seconds(5));
    assert!(!pair.server.is_closed());
    pair.client.set_reading(true);
    pair.drive();
    assert_eq!(text(pair.client.heard()), "-> again\n".repeat(15));
    assert!(pair.client.peer_finished());
}

#[test]
fn a_kick_says_what_was_queued_and_closes() {
    let (mut pair, notes) = noted_echo(Settings::server());
    pair.client.write(b"hello\nunfin");
    pair.drive();
    let now = pair.now();
    assert_eq!(
        pair.server.conversation().say(now, b"you are out"),
        Said::Queued
    );
    pair.server.conversation().close(now, EndReason::ClosedHere);
    pair.drive();
    assert_eq!(text(pair.client.heard()), "-> hello\nyou are out\n");
    assert!(pair.client.peer_finished());
    assert_eq!(
        pair.server.conversation().say(now, b"and another thing"),
        Said::Ending
    );
    pair.client.close();
    pair.drive();
    assert_eq!(notes.taken().last().unwrap(), "ended closed-here");
}

#[test]
fn an_abort_resets_and_tells_the_reason_once() {
    let (mut pair, notes) = noted_echo(Settings::server());
    let now = pair.now();
    pair.server.conversation().abort(now, EndReason::Stopped);
    pair.server.conversation().abort(now, EndReason::Idle);
    pair.server.conversation().close(now, EndReason::ClosedHere);
    pair.drive();
    assert_eq!(pair.client.loss(), Some(Loss::Reset));
    assert_eq!(notes.taken(), ["opened", "ended stopped"]);
}

#[test]
fn a_reset_in_the_middle_of_a_line_ends_as_reset() {
    let (mut pair, notes) = noted_echo(Settings::server());
    pair.client.write(b"one\ntw");
    pair.drive();
    pair.client.reset();
    pair.drive();
    let story = ["opened", "heard one", "said -> one", "ended reset"];
    assert_eq!(notes.taken(), story);
    assert_eq!(pair.server.conversation().step(), Step::Close);
}

#[test]
fn a_reset_in_the_middle_of_a_reply_ends_as_reset() {
    let mut pair = echo(Settings::server()).over(narrow(100));
    pair.client.set_reading(false);
    pair.client.write(&b"again\n".repeat(50));
    pair.drive();
    pair.client.reset();
    pair.drive();
    let reason = pair.server.conversation().reason();
    assert_eq!(reason, Some(EndReason::PeerReset));
    assert_eq!(pair.server.conversation().unsent(), b"");
}

#[test]
fn the_counts_are_those_of_both_ends() {
    let client = conversation(Settings::client(), AnyBehaviour::Sink(Sink));
    let server = conversation(Settings::server(), AnyBehaviour::Echo(Echo::new(b"> ")));
    let mut pair = Pair::joined(client, server);
    let now = pair.now();
    for line in ["one", "", "three"] {
        assert_eq!(
            pair.client.conversation().say(now, line.as_bytes()),
            Said::Queued
        );
    }
    pair.client.conversation().finish_saying();
    pair.drive();
    let server = Counts {
        messages_heard: 3,
        messages_said: 3,
        bytes_heard: 14,
        bytes_said: 17,
    };
    let client = Counts {
        bytes_heard: 17,
        bytes_said: 14,
        ..server
    };
    assert_eq!(pair.server.conversation().counts(), server);
    assert_eq!(pair.client.conversation().counts(), client);
    assert!(pair.client.is_closed() && pair.server.is_closed());
    assert!(pair.client.loss().is_none() && pair.server.loss().is_none());
}

#[test]
fn a_client_that_finished_saying_still_hears() {
    let client = conversation(Settings::client(), AnyBehaviour::Sink(Sink));
    let server = conversation(Settings::server(), AnyBehaviour::Echo(Echo::new(b"")));
    let mut pair = Pair::joined(client, server).over(narrow(64));
    let now = pair.now();
    pair.client.conversation().say(now, &[b'x'; 5000]);
    pair.client.conversation().finish_saying();
    assert_eq!(
        pair.client.conversation().say(now, b"no more"),
        Said::Ending
    );
    pair.drive();
    assert_eq!(pair.client.heard().len(), 5001);
    assert!(pair.client.is_closed() && pair.server.is_closed());
    let reason = pair.client.conversation().reason();
    assert_eq!(reason, Some(EndReason::PeerFinished));
}

#[test]
fn a_client_that_finished_saying_refuses_no_telnet_option() {
    let settings = Settings {
        framing: Framing::Auto,
        ..Settings::client()
    };
    let client = conversation(settings, AnyBehaviour::Sink(Sink));
    let will_echo = AnyBehaviour::Echo(Echo::new(b"\xff\xfb\x01"));
    let server = conversation(Settings::server(), will_echo);
    let mut pair = Pair::joined(client, server);
    let now = pair.now();
    pair.client.conversation().say(now, b"hi");
    pair.client.conversation().finish_saying();
    pair.drive();
    let counts = pair.client.conversation().counts();
    assert_eq!((counts.messages_heard, counts.bytes_said), (1, 3));
    assert!(pair.client.loss().is_none());
}

#[test]
fn a_client_never_says_an_err_line() {
    let limits = Settings {
        framing: Framing::Auto,
        max_message: 10,
        message_timeout: Some(seconds(30)),
        idle_timeout: Some(seconds(600)),
        ..Settings::client()
    };
    let long_lines = b"this line is too long\n".repeat(3);
    let faults: [(&[u8], EndReason); 4] = [
        (b"", EndReason::Idle),
        (b"unfinished", EndReason::MessageTimeout),
        (&long_lines, EndReason::MessagesTooLong),
        (b"\xff\xfeh\0i\0", EndReason::Utf16),
    ];
    for (bytes, reason) in faults {
        let client = conversation(limits.clone(), AnyBehaviour::Sink(Sink));
        let mut pair = Pair::joined(client, by_itself());
        pair.server.write(bytes);
        pair.turn(seconds(601));
        assert_eq!(pair.client.conversation().reason(), Some(reason));
        assert_eq!(text(pair.server.heard()), "");
    }
}

/// A server that says nothing of its own accord.
fn by_itself() -> otherend_core::Conversation {
    conversation(Settings::client(), AnyBehaviour::Sink(Sink))
}

#[test]
fn two_echoes_without_limits_are_stopped_by_the_exit_word() {
    let talker = answering(|line, replies| {
        let number: u32 = text(line).parse().unwrap();
        if number == 100 {
            replies.message(b"exit");
        } else {
            replies.message((number + 1).to_string().as_bytes());
        }
        Flow::Continue
    });
    let client = conversation(Settings::client(), talker);
    let server = conversation(Settings::server(), AnyBehaviour::Echo(Echo::new(b"")));
    let mut pair = Pair::joined(client, server);
    let now = pair.now();
    pair.client.conversation().say(now, b"1");
    pair.drive();
    let reason = pair.server.conversation().reason();
    assert_eq!(reason, Some(EndReason::ExitWord));
    assert!(pair.client.is_closed());
}

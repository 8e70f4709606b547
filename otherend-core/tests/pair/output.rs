//! Bounded output: a slow peer slows itself, pushes to it are bounded, and memory comes back.

use otherend_core::{AnyBehaviour, Echo, Outbox, Said, Settings, Sink};

use super::{answering, conversation, echo, narrow, seconds, text};
use otherend_core::Flow;
use otherend_core::pair::Pair;

fn small_output(max_output: usize) -> Settings {
    Settings {
        max_output,
        ..Settings::server()
    }
}

#[test]
fn a_peer_that_does_not_read_is_not_read_from_until_it_does() {
    let mut pair = echo(small_output(1000)).over(narrow(500));
    pair.client.set_reading(false);
    pair.client.write(&b"0123456789\n".repeat(1000));
    pair.drive();
    let waiting = pair.server.conversation().waiting_bytes();
    let heard = pair.server.conversation().counts().bytes_heard;
    assert!(waiting < 2000, "{waiting} bytes wait");
    assert!(heard < 4000, "{heard} bytes were read");
    pair.client.set_reading(true);
    pair.drive();
    assert_eq!(text(pair.client.heard()), "-> 0123456789\n".repeat(1000));
}

#[test]
fn even_a_limit_of_one_byte_answers_every_line() {
    for max_output in [0, 1, 2] {
        let mut pair = echo(small_output(max_output)).over(narrow(7));
        pair.client.write(b"one\ntwo\nthree\n");
        pair.client.finish();
        pair.drive();
        assert_eq!(text(pair.client.heard()), "-> one\n-> two\n-> three\n");
        assert!(pair.client.peer_finished());
    }
}

#[test]
fn one_line_with_a_large_answer_holds_the_next_line_back() {
    let large = answering(|_, replies| {
        replies.message(&[b'x'; 100_000]);
        Flow::Continue
    });
    let mut pair = Pair::new(conversation(small_output(1000), large)).over(narrow(500));
    pair.client.set_reading(false);
    pair.client.write(b"1\n2\n3\n4\n5\n");
    pair.drive();
    assert_eq!(pair.server.conversation().counts().messages_heard, 1);
    pair.client.set_reading(true);
    pair.client.finish();
    pair.drive();
    assert_eq!(pair.client.heard().len(), 5 * 100_001);
    assert!(pair.client.peer_finished());
}

#[test]
fn a_slow_peer_is_told_no_more_until_it_reads() {
    let mut pair = echo(small_output(1000)).over(narrow(500));
    pair.client.set_reading(false);
    let mut told = 0;
    let now = pair.now();
    while pair.server.conversation().say(now, b"news for everybody") == Said::Queued {
        told += 1;
        pair.drive();
    }
    // 19 bytes each: 500 in the link, 1000 waiting, and the one that was too much.
    assert_eq!(told, 1500 / 19 + 1);
    assert_eq!(pair.server.conversation().reason(), None);
    pair.client.set_reading(true);
    pair.drive();
    let said = pair.server.conversation().say(now, b"the latest");
    assert_eq!(said, Said::Queued);
    pair.drive();
    assert_eq!(pair.client.heard().len(), told * 19 + 11);
}

#[test]
fn one_line_may_be_longer_than_all_that_may_wait() {
    let mut pair = echo(small_output(1000)).over(narrow(500));
    let now = pair.now();
    let said = pair.server.conversation().say(now, &[b'x'; 5000]);
    assert_eq!(said, Said::Queued);
    pair.drive();
    assert_eq!(pair.client.heard().len(), 5001);
    assert_eq!(pair.server.conversation().reason(), None);
}

#[test]
fn a_client_lets_its_own_lines_wait() {
    let settings = Settings {
        max_output: 1000,
        ..Settings::client()
    };
    let client = conversation(settings, AnyBehaviour::Sink(Sink));
    let server = conversation(Settings::server(), AnyBehaviour::Echo(Echo::new(b"")));
    let mut pair = Pair::joined(client, server).over(narrow(500));
    let now = pair.now();
    for _ in 0..500 {
        assert_eq!(
            pair.client.conversation().say(now, b"a line of mine"),
            Said::Queued
        );
    }
    pair.client.conversation().finish_saying();
    pair.drive();
    assert_eq!(pair.client.conversation().counts().messages_heard, 500);
}

#[test]
fn a_line_said_to_a_peer_arrives_between_answers() {
    let mut pair = echo(Settings::server());
    pair.client.write(b"half a li");
    pair.drive();
    let now = pair.now();
    assert_eq!(
        pair.server.conversation().say(now, b"by the way"),
        Said::Queued
    );
    pair.client.write(b"ne\n");
    pair.drive();
    assert_eq!(text(pair.client.heard()), "by the way\n-> half a line\n");
}

#[test]
fn an_idle_conversation_holds_no_memory() {
    let mut pair = echo(Settings::server());
    let mut scratch = Outbox::with_capacity(4096);
    for round in ["hello\n", "in two ", "parts\n"] {
        pair.server.conversation().lend(&mut scratch);
        pair.client.write(round.as_bytes());
        pair.drive();
        pair.server.conversation().give_back(&mut scratch);
        assert_eq!(scratch.capacity(), 4096);
    }
    assert_eq!(pair.server.conversation().memory(), 0);
}

#[test]
fn a_burst_gives_its_memory_back() {
    let mut pair = echo(Settings::server()).over(narrow(1000));
    let mut scratch = Outbox::with_capacity(4096);
    pair.client.set_reading(false);
    pair.client.write(&vec![b'\n'; 1_000_000]);
    pair.server.conversation().lend(&mut scratch);
    pair.drive();
    pair.server.conversation().give_back(&mut scratch);
    assert!(pair.server.conversation().memory() > 100_000);
    pair.client.set_reading(true);
    pair.server.conversation().lend(&mut scratch);
    pair.drive();
    pair.server.conversation().give_back(&mut scratch);
    assert_eq!(pair.client.heard().len(), 4_000_000);
    assert_eq!(pair.server.conversation().memory(), 0);
}

#[test]
fn a_line_that_was_too_long_leaves_no_memory_behind() {
    let mut pair = echo(Settings {
        max_message: 1000,
        ..Settings::server()
    });
    pair.client.write(&[b'x'; 1000]);
    pair.drive();
    pair.client.write(b"x\n");
    pair.drive();
    let mut scratch = Outbox::new();
    pair.server.conversation().give_back(&mut scratch);
    assert_eq!(pair.server.conversation().memory(), 0);
    pair.turn(seconds(1));
    assert_eq!(
        text(pair.client.heard()),
        "ERR line longer than 1000 bytes\n"
    );
}

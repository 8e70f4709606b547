//! Every limit in time: it holds to the microsecond, and not a microsecond earlier.

use std::time::Duration;

use otherend_core::pair::{Link, Pair};
use otherend_core::{AnyBehaviour, EndReason, Framing, Loss, Said, Settings, Sink};

use super::{conversation, echo, narrow, noted_echo, seconds, text};

const INSTANT: Duration = Duration::from_micros(1);

fn short_lines() -> Settings {
    Settings {
        max_message: 10,
        ..Settings::server()
    }
}

#[test]
fn an_unfinished_line_ends_the_conversation_after_30_seconds() {
    let mut pair = echo(Settings::server());
    pair.turn(seconds(100));
    pair.client.write(b"begun");
    pair.turn(seconds(30) - INSTANT);
    assert_eq!(pair.server.conversation().reason(), None);
    pair.turn(INSTANT);
    assert_eq!(text(pair.client.heard()), "ERR line took too long\n");
    assert!(pair.client.peer_finished());
    let reason = pair.server.conversation().reason();
    assert_eq!(reason, Some(EndReason::MessageTimeout));
}

#[test]
fn one_byte_a_second_does_not_put_the_line_deadline_off() {
    let mut pair = echo(Settings::server());
    for _ in 0..29 {
        pair.client.write(b"x");
        pair.turn(seconds(1));
    }
    assert_eq!(text(pair.client.heard()), "");
    pair.client.write(b"x");
    pair.turn(seconds(1));
    assert_eq!(text(pair.client.heard()), "ERR line took too long\n");
}

#[test]
fn each_line_has_its_own_deadline() {
    let mut pair = echo(Settings::server());
    pair.client.write(b"on");
    pair.turn(seconds(29));
    pair.client.write(b"e\ntwo, begun with the end of one");
    pair.turn(seconds(29));
    assert_eq!(text(pair.client.heard()), "-> one\n");
    pair.turn(seconds(1));
    assert_eq!(
        text(pair.client.heard()),
        "-> one\nERR line took too long\n"
    );
}

#[test]
fn the_line_after_one_that_was_too_long_has_its_own_deadline() {
    let mut pair = echo(short_lines());
    pair.client.write(b"more than ten bytes");
    pair.turn(seconds(29));
    pair.client.write(b" and its end\nnext");
    pair.turn(seconds(29));
    assert_eq!(pair.server.conversation().reason(), None);
    pair.turn(seconds(1));
    let reason = pair.server.conversation().reason();
    assert_eq!(reason, Some(EndReason::MessageTimeout));
}

#[test]
fn a_line_that_was_too_long_and_over_lends_its_time_to_no_later_line() {
    let mut pair = echo(short_lines());
    pair.client.write(b"more than ten bytes");
    pair.turn(INSTANT);
    pair.client.write(b" and its end\na line\nbegun");
    pair.turn(seconds(29));
    pair.client.write(b"x");
    pair.turn(seconds(1));
    let reason = pair.server.conversation().reason();
    assert_eq!(reason, Some(EndReason::MessageTimeout));
}

#[test]
fn the_end_of_a_line_that_is_too_long_is_awaited_no_longer() {
    let mut pair = echo(short_lines());
    for _ in 0..30 {
        pair.client.write(b"more than ten bytes");
        pair.turn(seconds(1));
    }
    let told = "ERR line longer than 10 bytes\nERR line took too long\n";
    assert_eq!(text(pair.client.heard()), told);
}

#[test]
fn an_unfinished_subnegotiation_is_under_the_line_deadline() {
    let settings = Settings {
        framing: Framing::Telnet,
        ..Settings::server()
    };
    let mut pair = echo(settings);
    pair.client.write(b"\xff\xfa\x18");
    pair.turn(seconds(30));
    assert_eq!(text(pair.client.heard()), "ERR line took too long\r\n");
}

#[test]
fn silence_ends_the_conversation_after_10_minutes() {
    let (mut pair, notes) = noted_echo(Settings::server());
    pair.client.write(b"hello\n");
    pair.turn(seconds(600) - INSTANT);
    assert_eq!(pair.server.conversation().reason(), None);
    pair.turn(INSTANT);
    assert_eq!(text(pair.client.heard()), "-> hello\nERR idle\n");
    pair.client.close();
    pair.drive();
    let story = [
        "opened",
        "heard hello",
        "said -> hello",
        "said ERR idle",
        "peer finished",
        "ended idle",
    ];
    assert_eq!(notes.taken(), story);
}

#[test]
fn a_byte_in_either_direction_puts_idleness_off() {
    let mut pair = echo(Settings::server());
    pair.turn(seconds(599));
    pair.client.write(b"hello\n");
    pair.turn(seconds(599));
    let now = pair.now();
    assert_eq!(
        pair.server.conversation().say(now, b"still there?"),
        Said::Queued
    );
    pair.turn(seconds(599));
    assert_eq!(pair.server.conversation().reason(), None);
}

#[test]
fn a_peer_that_takes_nothing_for_10_seconds_is_reset() {
    let mut pair = echo(Settings::server()).over(narrow(1000));
    pair.client.set_reading(false);
    for _ in 0..400 {
        pair.client.write(b"a line of twenty byte\n");
    }
    pair.turn(seconds(10) - INSTANT);
    assert_eq!(pair.server.conversation().reason(), None);
    pair.turn(INSTANT);
    let reason = pair.server.conversation().reason();
    assert_eq!(reason, Some(EndReason::PeerNotReading));
    assert_eq!(pair.client.loss(), Some(Loss::Reset));
}

#[test]
fn a_peer_that_takes_a_little_every_9_seconds_is_kept() {
    let mut pair = echo(Settings::server()).over(narrow(1000));
    pair.client.set_reading(false);
    pair.client.write(&b"a line of twenty byte\n".repeat(400));
    for _ in 0..3 {
        pair.turn(seconds(9));
        assert_eq!(pair.server.conversation().reason(), None);
        let taken = pair.client.heard().len();
        pair.client.read_once();
        pair.drive();
        assert!(pair.client.heard().len() > taken);
    }
}

#[test]
fn a_peer_that_does_not_close_is_left_after_2_silent_seconds() {
    let mut pair = echo(Settings::server());
    pair.client.write(b"exit\n");
    pair.drive();
    assert!(pair.client.peer_finished() && !pair.server.is_closed());
    pair.turn(seconds(2) - INSTANT);
    assert!(!pair.server.is_closed());
    pair.turn(INSTANT);
    assert!(pair.server.is_closed());
    let reason = pair.server.conversation().reason();
    assert_eq!(reason, Some(EndReason::ExitWord));
}

#[test]
fn a_peer_that_goes_on_sending_is_reset_after_10_seconds() {
    let mut pair = echo(Settings::server());
    pair.client.write(b"exit\n");
    for second in 0..10 {
        assert_eq!(pair.client.loss(), None, "after {second} seconds");
        pair.client.write(b"and another thing\n");
        pair.turn(seconds(1));
    }
    assert_eq!(pair.client.loss(), Some(Loss::Reset));
    let reason = pair.server.conversation().reason();
    assert_eq!(reason, Some(EndReason::ExitWord));
}

#[test]
fn a_client_waits_for_ever_unless_told_otherwise() {
    let client = conversation(Settings::client(), AnyBehaviour::Sink(Sink));
    let no_idling = Settings {
        idle_timeout: None,
        ..Settings::server()
    };
    let server = conversation(no_idling, AnyBehaviour::Sink(Sink));
    let mut pair = Pair::joined(client, server);
    pair.turn(seconds(1_000_000_000));
    assert_eq!(pair.client.conversation().deadline(), None);
    assert_eq!(pair.client.conversation().reason(), None);
}

#[test]
fn latency_alone_ends_nothing() {
    let link = Link {
        latency: seconds(7),
        ..Link::default()
    };
    let mut pair = echo(Settings::server()).over(link);
    pair.client.write(b"far\nexit\n");
    pair.client.finish();
    pair.drive();
    assert_eq!(text(pair.client.heard()), "-> far\n");
    assert_eq!(pair.now().as_micros(), 14_000_000);
    assert!(pair.server.is_closed());
}

#[test]
fn a_link_that_went_dead_ends_as_unreachable() {
    let (mut pair, notes) = noted_echo(Settings::server());
    pair.unplug();
    let now = pair.now();
    assert_eq!(
        pair.server.conversation().say(now, b"are you there?"),
        Said::Queued
    );
    pair.turn(seconds(30));
    pair.server.lose(pair.now(), Loss::Unreachable);
    pair.drive();
    let story = ["opened", "said are you there?", "ended unreachable"];
    assert_eq!(notes.taken(), story);
}

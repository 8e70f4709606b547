//! How a conversation ends, and that its last reply arrives.

use std::time::Instant;

use otherend_net::core::{AnyBehaviour, EndReason, Flow};
use otherend_net::{Engine, Peer};

use super::stage::{PATIENCE, RawPeer, answering, config, echo, millis, serve, serve_watched};

on_engines! {
    for_all:
        a_peer_that_finished_sending_gets_every_answer_and_then_the_end
        a_large_last_reply_survives_unread_input
        the_exit_word_ends_the_conversation
        a_reset_in_the_middle_of_a_reply_ends_nothing_else
        a_peer_that_closes_without_a_word_is_no_trouble
        what_goes_both_ways_is_counted_while_it_goes
        a_kicked_peer_hears_what_was_said_and_the_end;
    for_many:;
    over_tcp for_all:
        a_reset_in_the_middle_of_a_line_ends_nothing_else
        a_reset_is_noticed_while_an_answer_is_owed
        a_reset_behind_the_last_line_is_noticed_while_an_answer_is_owed
        a_reset_behind_what_is_held_back_is_noticed
        a_behaviour_that_finishes_now_resets;
    for_many:
        a_line_said_to_one_peer_reaches_that_peer_alone
}

fn a_peer_that_finished_sending_gets_every_answer_and_then_the_end(engine: Engine) {
    let server = serve(config(engine), echo);
    let mut peer = RawPeer::connect(&server);
    let lines: String = (0..10_000).map(|number| format!("{number}\n")).collect();
    peer.send(lines.as_bytes());
    peer.finish();
    assert!(peer.rest_text() == lines, "an answer is missing or wrong");
}

fn a_large_last_reply_survives_unread_input(engine: Engine) {
    let large = |_: &_| {
        answering(|_, replies| {
            replies.message(&[b'x'; 2_000_000]);
            Flow::FinishAfterReplies
        })
    };
    let server = serve(config(engine), large);
    for round in 0..100 {
        let mut peer = RawPeer::connect(&server);
        peer.send(b"big\n");
        peer.send(&b"nobody reads this\n".repeat(2000));
        let length = peer.rest().len();
        assert_eq!(length, 2_000_001, "in round {round}");
    }
}

fn the_exit_word_ends_the_conversation(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), echo);
    let mut peer = RawPeer::connect(&server);
    peer.send(b"one\nExit\ntwo\n");
    assert_eq!(peer.rest_text(), "one\n");
    drop(peer);
    assert_eq!(watch.wait_for_end(1), "exit-word");
}

fn a_reset_in_the_middle_of_a_line_ends_nothing_else(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), echo);
    let mut peer = RawPeer::connect(&server);
    peer.send(b"one\ntw");
    watch.wait_for_bytes(1, 6);
    assert_eq!(peer.line(), "one\n");
    peer.reset();
    assert_eq!(watch.wait_for_end(1), "reset");
    assert_eq!(
        RawPeer::connect(&server).ask("still there?"),
        "still there?\n"
    );
}

fn a_reset_in_the_middle_of_a_reply_ends_nothing_else(engine: Engine) {
    let mut config = config(engine);
    config.settings.max_output = 16 * 1024 * 1024;
    let large = |_: &_| {
        answering(|line, replies| {
            replies.message(&line.repeat(4_000_000));
            Flow::Continue
        })
    };
    let (server, watch) = serve_watched(config, large);
    let mut peer = RawPeer::connect(&server);
    peer.send(b"b\n");
    watch.wait_for_bytes(1, 2);
    peer.reset();
    assert_eq!(watch.wait_for_end(1), "reset");
    let mut next = RawPeer::connect(&server);
    next.send(b"\n");
    assert_eq!(next.line(), "\n");
}

fn a_peer_that_closes_without_a_word_is_no_trouble(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), echo);
    for number in 1..=20 {
        drop(RawPeer::connect(&server));
        assert_eq!(watch.wait_for_end(number), "peer-finished");
    }
    assert_eq!(RawPeer::connect(&server).ask("hello"), "hello\n");
}

fn a_kicked_peer_hears_what_was_said_and_the_end(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), echo);
    let mut peer = RawPeer::connect(&server);
    assert_eq!(peer.ask("hello"), "hello\n");
    let handle = server.handle();
    let open = handle.conversations();
    assert_eq!(open.len(), 1);
    let number = open[0].peer.number;
    assert!(handle.say(number, b"time to go").is_taken());
    assert!(handle.close(number));
    assert_eq!(peer.rest_text(), "time to go\n");
    drop(peer);
    assert_eq!(watch.wait_for_end(number), "closed-here");
    assert!(!handle.say(number + 1, b"nobody").is_taken());
    assert!(!handle.close(number + 1));
}

fn a_line_said_to_one_peer_reaches_that_peer_alone(engine: Engine) {
    let server = serve(config(engine), echo);
    let mut peers: Vec<RawPeer> = (0..5).map(|_| RawPeer::connect(&server)).collect();
    for peer in &mut peers {
        assert_eq!(peer.ask("hello"), "hello\n");
    }
    let handle = server.handle();
    let open = handle.conversations();
    assert_eq!(open.len(), 5);
    let third = peers[2].stream.get_ref().local_addr().unwrap().as_socket();
    let chosen = open
        .iter()
        .find(|open| open.peer.address.inet() == third)
        .unwrap();
    assert!(handle.say(chosen.peer.number, b"only you").is_taken());
    assert_eq!(peers[2].line(), "only you\n");
    for peer in &mut peers {
        assert_eq!(peer.ask("bye"), "bye\n");
    }
}

fn a_behaviour_that_finishes_now_resets(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), |_| answering(|_, _| Flow::FinishNow));
    let mut peer = RawPeer::connect(&server);
    peer.send(b"boom\n");
    assert_eq!(peer.rest_before_reset(), b"");
    assert_eq!(watch.wait_for_end(1), "behaviour-finished");
}

fn what_goes_both_ways_is_counted_while_it_goes(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), echo);
    let handle = server.handle();
    let mut peer = RawPeer::connect(&server);
    assert_eq!(peer.ask("one"), "one\n");
    // The answer may be here before it is counted.
    let began = Instant::now();
    while handle.stats().counts.bytes_said < 4 {
        assert!(began.elapsed() < PATIENCE, "it is never counted");
        std::thread::yield_now();
    }
    let stats = handle.stats();
    assert_eq!(stats.ended, 0);
    assert_eq!(
        (stats.counts.messages_heard, stats.counts.messages_said),
        (1, 1)
    );
    peer.finish();
    assert_eq!(peer.rest_text(), "");
    watch.wait_for_end(1);
    let stats = server.drain().stats;
    assert_eq!((stats.ended, stats.counts.messages_heard), (1, 1));
    assert_eq!(stats.reasons.of(EndReason::PeerFinished), 1);
    assert_eq!(stats.reasons.of(EndReason::Idle), 0);
}

/// Answers nothing, ever.
fn owing(_: &Peer) -> AnyBehaviour {
    answering(|_, _| Flow::Pending)
}

fn a_reset_is_noticed_while_an_answer_is_owed(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), owing);
    let mut peer = RawPeer::connect(&server);
    peer.send(b"what?\n");
    watch.wait_for_bytes(1, 6);
    peer.reset();
    assert_eq!(watch.wait_for_end(1), "reset");
    assert!(server.handle().wait_until_empty(PATIENCE));
}

fn a_reset_behind_the_last_line_is_noticed_while_an_answer_is_owed(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), owing);
    let mut peer = RawPeer::connect(&server);
    peer.send(b"what?\n");
    watch.wait_for_bytes(1, 6);
    peer.finish();
    peer.hears_nothing_for(millis(50));
    peer.reset();
    assert_eq!(watch.wait_for_end(1), "reset");
}

fn a_reset_behind_what_is_held_back_is_noticed(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), owing);
    let mut peer = RawPeer::connect(&server);
    peer.send(b"what?\n");
    watch.wait_for_bytes(1, 6);
    for _ in 0..10 {
        peer.send(&b"and this?\n".repeat(1000));
    }
    peer.hears_nothing_for(millis(50));
    peer.reset();
    assert_eq!(watch.wait_for_end(1), "reset");
}

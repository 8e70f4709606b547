//! A behaviour that panics: its peer is closed, and nobody else notices.

use std::panic::resume_unwind;

use otherend_net::core::{AnyBehaviour, Behaviour, Flow, Replies};
use otherend_net::{Engine, Peer};

use super::stage::{RawPeer, answering, config, echo, serve_watched};

on_engines! {
    for_all:
        a_panic_while_the_behaviour_is_made_is_one_conversations_own;
    for_many:;
    over_tcp for_all:
        a_panic_over_a_line_is_one_conversations_own
        a_panic_over_a_greeting_is_one_conversations_own;
    for_many:
        the_neighbours_of_a_panic_go_on
}

/// As `panic!`, without a report on stderr for each test.
fn panic_quietly() -> ! {
    resume_unwind(Box::new("a panic that the test asked for"))
}

fn touchy(_peer: &Peer) -> AnyBehaviour {
    answering(|line, replies| {
        if line == b"boom" {
            panic_quietly();
        }
        replies.message(line);
        Flow::Continue
    })
}

fn a_panic_over_a_line_is_one_conversations_own(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), touchy);
    for number in 1..=3 {
        let mut peer = RawPeer::connect(&server);
        assert_eq!(peer.ask("hello"), "hello\n");
        peer.send(b"boom\n");
        assert_eq!(peer.rest_before_reset(), b"");
        assert_eq!(watch.wait_for_end(number), "panicked");
    }
    let stats = server.drain().stats;
    assert_eq!((stats.accepted, stats.ended, stats.disorderly), (3, 3, 3));
}

fn a_panic_over_a_greeting_is_one_conversations_own(engine: Engine) {
    struct Greeter(u64);
    impl Behaviour for Greeter {
        fn on_open(&mut self, replies: &mut Replies<'_>) -> Flow {
            if self.0 == 1 {
                panic_quietly();
            }
            replies.message(b"welcome");
            Flow::Continue
        }
        fn on_message(&mut self, _line: &[u8], _replies: &mut Replies<'_>) -> Flow {
            Flow::Continue
        }
    }
    let (server, watch) = serve_watched(config(engine), |peer| {
        AnyBehaviour::custom(Greeter(peer.number))
    });
    let mut first = RawPeer::connect(&server);
    assert_eq!(first.rest_before_reset(), b"");
    assert_eq!(watch.wait_for_end(1), "panicked");
    assert_eq!(RawPeer::connect(&server).line(), "welcome\n");
}

fn a_panic_while_the_behaviour_is_made_is_one_conversations_own(engine: Engine) {
    let (server, _watch) = serve_watched(config(engine), |peer| {
        if peer.number == 1 {
            panic_quietly();
        }
        echo(peer)
    });
    let mut first = RawPeer::connect(&server);
    // Nothing was said or unread, so whether it sees an end or a reset is the same to it.
    let _ = std::io::Read::read_to_end(&mut first.stream, &mut Vec::new());
    assert_eq!(RawPeer::connect(&server).ask("hello"), "hello\n");
    assert!(server.handle().conversations().len() <= 1);
}

fn the_neighbours_of_a_panic_go_on(engine: Engine) {
    let (server, _watch) = serve_watched(config(engine), touchy);
    let mut neighbours: Vec<RawPeer> = (0..20).map(|_| RawPeer::connect(&server)).collect();
    for round in 0..5 {
        let mut unlucky = RawPeer::connect(&server);
        unlucky.send(b"boom\n");
        assert_eq!(unlucky.rest_before_reset(), b"");
        for peer in &mut neighbours {
            let line = format!("round {round}");
            assert_eq!(peer.ask(&line), format!("{line}\n"));
        }
    }
}

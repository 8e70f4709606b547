//! An observer is told what it wants, and nothing is built for nobody.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::{Arc, mpsc};

use otherend_core::{
    AnyBehaviour, Conversation, Echo, Event, Observer, Role, Settings, Time, Wants,
};

/// Says by a word what it is told.
struct Choosy(Wants, mpsc::Sender<&'static str>);

impl Observer for Choosy {
    fn on_event(&mut self, _: Time, event: &Event<'_>) {
        let word = match event {
            Event::Opened => "opened",
            Event::Bytes {
                from: Role::Client, ..
            } => "client's bytes",
            Event::Bytes {
                from: Role::Server, ..
            } => "server's bytes",
            Event::Heard { .. } => "heard",
            Event::Said { .. } => "said",
            Event::Finished { from: Role::Client } => "finished",
            Event::Stopped { .. } => "stopped",
            Event::Ended {
                who: Some(Role::Client),
                ..
            } => "ended by the client",
            _ => "something else",
        };
        self.1.send(word).unwrap();
    }

    fn wants(&self) -> Wants {
        self.0
    }
}

fn told(wants: Wants) -> Vec<&'static str> {
    let (tell, told) = mpsc::channel();
    let now = Time::ZERO;
    let echo = AnyBehaviour::Echo(Echo::new(b""));
    let mut conversation = Conversation::new(Arc::new(Settings::server()), echo, now)
        .observed(Box::new(Choosy(wants, tell)));
    conversation.open(now);
    conversation.receive(now, b"hi\n");
    conversation.sent(now, 0);
    conversation.sent(now, conversation.unsent().len());
    conversation.peer_finished(now);
    told.try_iter().collect()
}

#[test]
fn everything_comes_in_order() {
    assert_eq!(
        told(Wants::ALL),
        [
            "opened",
            "client's bytes",
            "heard",
            "said",
            "server's bytes",
            "finished",
            "stopped",
            "ended by the client",
        ]
    );
}

#[test]
fn who_wants_only_lines_or_bytes_or_neither_is_told_no_others() {
    let bytes = Wants {
        messages: false,
        bytes: true,
    };
    let messages = Wants {
        messages: true,
        bytes: false,
    };
    let ends = ["finished", "stopped", "ended by the client"];
    let with = |middle: &[&'static str]| [&["opened"], middle, &ends].concat();
    assert_eq!(told(bytes), with(&["client's bytes", "server's bytes"]));
    assert_eq!(told(messages), with(&["heard", "said"]));
    assert_eq!(told(Wants::default()), with(&[]));
}

//! What a conversation promises, with a clock turned by hand.

#[path = "pair/deadlines.rs"]
mod deadlines;
#[path = "pair/ending.rs"]
mod ending;
#[path = "pair/frames.rs"]
mod frames;
#[path = "pair/framing.rs"]
mod framing;
#[path = "pair/output.rs"]
mod output;
#[path = "pair/pending.rs"]
mod pending;
#[path = "pair/piped.rs"]
mod piped;
#[path = "pair/scripts.rs"]
mod scripts;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use otherend_core::pair::{Link, Notes, Pair};
use otherend_core::{
    AnyBehaviour, Behaviour, Conversation, Echo, Flow, Handler, Replies, Settings, Time,
};

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A server that says back each line, and its peer in the hands of the test.
fn echo(settings: Settings) -> Pair {
    Pair::new(conversation(
        settings,
        AnyBehaviour::Echo(Echo::new(b"-> ")),
    ))
}

/// The same with notes of what the server saw.
fn noted_echo(settings: Settings) -> (Pair, Notes) {
    let (notes, observer) = Notes::new();
    let echo = AnyBehaviour::Echo(Echo::new(b"-> "));
    let server = conversation(settings, echo).observed(observer);
    (Pair::new(server), notes)
}

fn conversation(settings: Settings, handler: impl Into<Handler>) -> Conversation {
    Conversation::new(Arc::new(settings), handler, Time::ZERO)
}

/// A behaviour of one function.
fn answering(answer: impl FnMut(&[u8], &mut Replies<'_>) -> Flow + Send + 'static) -> AnyBehaviour {
    struct Answering<F>(F);
    impl<F: FnMut(&[u8], &mut Replies<'_>) -> Flow + Send> Behaviour for Answering<F> {
        fn on_message(&mut self, line: &[u8], replies: &mut Replies<'_>) -> Flow {
            (self.0)(line, replies)
        }
    }
    AnyBehaviour::custom(Answering(answer))
}

/// A link that holds few bytes.
fn narrow(capacity: usize) -> Link {
    Link {
        capacity,
        ..Link::default()
    }
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

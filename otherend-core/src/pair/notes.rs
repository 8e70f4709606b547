//! Writes down (usually: an event log) what happens in a conversation, one readable line an event.

use std::sync::mpsc::{Receiver, Sender, channel};

use crate::{Event, Observer, Time, Wants};

/// The events of a conversation as text, for a test to compare.
///
/// ```
/// use std::sync::Arc;
/// use otherend_core::pair::{Notes, Pair};
/// use otherend_core::{AnyBehaviour, Conversation, Echo, Settings, Time};
///
/// let (notes, observer) = Notes::new();
/// let echo = AnyBehaviour::Echo(Echo::new(b""));
/// let server = Conversation::new(Arc::new(Settings::server()), echo, Time::ZERO).observed(observer);
/// let mut pair = Pair::new(server);
/// pair.client.write(b"hi\nexit\n");
/// pair.client.finish();
/// pair.drive();
/// assert_eq!(
///     notes.taken(),
///     ["opened", "heard hi", "said hi", "heard exit", "peer finished", "ended exit-word"]
/// );
/// ```
#[derive(Debug)]
pub struct Notes(Receiver<String>);

impl Notes {
    /// Empty notes, and the observer that fills them.
    #[must_use]
    pub fn new() -> (Notes, Box<dyn Observer>) {
        let (writer, notes) = channel();
        (Notes(notes), Box::new(Writer(writer)))
    }

    /// What was noted since the last call: lines with control bytes escaped, without their ends.
    #[must_use]
    pub fn taken(&self) -> Vec<String> {
        self.0.try_iter().collect()
    }
}

struct Writer(Sender<String>);

impl Observer for Writer {
    fn on_event(&mut self, _now: Time, event: &Event<'_>) {
        // Words rather than the events: these borrow the line of a buffer that is about to be used
        // again.
        let note = match event {
            Event::Opened => "opened".into(),
            Event::Heard { message: line, .. } => format!("heard {}", line.escape_ascii()),
            Event::Said { message: line, .. } => format!("said {}", line.escape_ascii()),
            Event::MessageTooLong => "line too long".into(),
            Event::Recognised(what) => format!("recognised {}", what.word()),
            Event::OutOfStep { bytes, why } => {
                format!("{}: {}", why.reason(), bytes.escape_ascii())
            }
            Event::Unframed { error, .. } => format!("not said: {error}"),
            Event::Unexpected(mismatch) => format!("unexpected: {mismatch}"),
            Event::Finished { .. } => "peer finished".into(),
            Event::Ended { reason, .. } => format!("ended {}", reason.label()),
            // How it went over the wire, and what only a tap can tell.
            _ => return,
        };
        // Nobody reads the notes any more: nothing is lost.
        let _ = self.0.send(note);
    }

    fn wants(&self) -> Wants {
        Wants {
            messages: true,
            bytes: false,
        }
    }
}

//! Where a behaviour writes what it says (usually: a response writer).

use crate::framing::datagram::Boundaries;
use crate::framing::{ReplyStyle, Spelling};
use crate::outbox::Outbox;
use crate::{Counts, Drawing, Event, Time, Watched, short};

/// The way from a behaviour to its peer: lines are queued here and leave together.
pub struct Replies<'a> {
    pub(crate) outbox: &'a mut Outbox,
    pub(crate) counts: &'a mut Counts,
    /// Over datagrams: each line is one of them.
    pub(crate) boundaries: Option<&'a mut Boundaries>,
    pub(crate) watched: &'a mut Watched,
    /// What messages are said in, if it is drawn.
    pub(crate) drawing: Option<&'a Drawing>,
    pub(crate) now: Time,
    pub(crate) style: ReplyStyle,
}

impl Replies<'_> {
    /// Say a message; what ends or frames it is added.
    pub fn message(&mut self, message: &[u8]) {
        self.prefixed(b"", message);
    }

    /// Say `prefix` and `line` as one message; what ends or frames it is added. In a frame that has a
    /// head the prefix comes behind that. A message for which there is no frame is not said, which
    /// watchers are told ([`Event::Unframed`]).
    #[inline(always)]
    pub fn prefixed(&mut self, prefix: &[u8], line: &[u8]) {
        match self.style.spelling {
            Spelling::Plain => {}
            Spelling::Telnet if !needs_escape(prefix) && !needs_escape(line) => {}
            Spelling::Telnet => return self.escaped(prefix, line),
            Spelling::Framed => return self.framed(prefix, line),
        }
        let end = self.style.end.bytes();
        let said = prefix.len() + line.len();
        let room = self.outbox.room(said + end.len());
        let (text, terminator) = room.split_at_mut(said);
        let (head, tail) = text.split_at_mut(prefix.len());
        short::copy(head, prefix);
        short::copy(tail, line);
        short::copy(terminator, end);
        self.counts.messages_said += 1;
        if let Some(boundaries) = &mut self.boundaries {
            boundaries.push(said + end.len());
        }
        if let Some(observer) = self.watched.of_messages() {
            observer.on_event(
                self.now,
                &Event::Said {
                    message: text,
                    end: self.style.end,
                },
            );
        }
    }

    /// In a frame. What stands before a body keeps its place: the prefix comes behind it.
    #[cold]
    fn framed(&mut self, prefix: &[u8], message: &[u8]) {
        let Some(drawing) = self.drawing else { return };
        let (head, body) = message.split_at(drawing.head_of(message));
        let message = [head, prefix, body].concat();
        let mut frame = Vec::with_capacity(message.len() + 16);
        match drawing.encode(&message, &mut frame) {
            Ok(()) => self.outbox.push(&frame),
            Err(error) => {
                let event = Event::Unframed {
                    message: &message,
                    error: &error,
                };
                return self.watched.tell(self.now, &event);
            }
        }
        self.tell_said(&message);
    }

    /// RFC 854: in telnet text a CR becomes CR NUL and 0xFF is doubled.
    #[cold]
    fn escaped(&mut self, prefix: &[u8], line: &[u8]) {
        let text = [prefix, line].concat();
        let mut escaped = Vec::with_capacity(text.len() + 16);
        for &byte in &text {
            escaped.push(byte);
            match byte {
                b'\r' => escaped.push(0),
                0xff => escaped.push(0xff),
                _ => {}
            }
        }
        escaped.extend_from_slice(self.style.end.bytes());
        self.outbox.push(&escaped);
        self.tell_said(&text);
    }

    fn tell_said(&mut self, message: &[u8]) {
        self.counts.messages_said += 1;
        let end = self.style.end;
        self.watched.tell(self.now, &Event::Said { message, end });
    }
}

impl std::fmt::Debug for Replies<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replies")
            .field("unsent", &self.outbox.len())
            .finish_non_exhaustive()
    }
}

fn needs_escape(text: &[u8]) -> bool {
    memchr::memchr2(b'\r', 0xff, text).is_some()
}

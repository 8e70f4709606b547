//! Where a behaviour writes what it says (usually: a response writer).

use crate::framing::ReplyStyle;
use crate::framing::datagram::Boundaries;
use crate::outbox::Outbox;
use crate::{Counts, Event, Observer, Time, short};

/// The way from a behaviour to its peer: lines are queued here and leave together.
pub struct Replies<'a> {
    pub(crate) outbox: &'a mut Outbox,
    pub(crate) counts: &'a mut Counts,
    /// Over datagrams: each line is one of them.
    pub(crate) boundaries: Option<&'a mut Boundaries>,
    pub(crate) observer: Option<&'a mut (dyn Observer + 'static)>,
    pub(crate) now: Time,
    pub(crate) style: ReplyStyle,
}

impl Replies<'_> {
    /// Say a line; its terminator is added.
    pub fn message(&mut self, message: &[u8]) {
        self.prefixed(b"", message);
    }

    /// Say `prefix` and `line` as one line; its terminator is added.
    #[inline(always)]
    pub fn prefixed(&mut self, prefix: &[u8], line: &[u8]) {
        if self.style.telnet && (needs_escape(prefix) || needs_escape(line)) {
            return self.escaped(prefix, line);
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
        if let Some(observer) = &mut self.observer {
            observer.on_event(
                self.now,
                &Event::Said {
                    message: text,
                    end: self.style.end,
                },
            );
        }
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
        self.counts.messages_said += 1;
        if let Some(observer) = &mut self.observer {
            observer.on_event(
                self.now,
                &Event::Said {
                    message: &text,
                    end: self.style.end,
                },
            );
        }
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

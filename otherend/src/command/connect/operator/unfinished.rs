//! The line that a peer has begun and not ended, as one that asks `login: ` and waits.

use otherend_core::transcript::asks_for_secret;

/// More of a line than this is not shown before its end.
const ENOUGH: usize = 1024;

/// The bytes since the last line end.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    tail: Vec<u8>,
    /// How many of them were shown already.
    shown: usize,
}

impl Unfinished {
    /// The next bytes of the peer.
    pub(super) fn heard(&mut self, bytes: &[u8]) {
        let line_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let mut rest = bytes;
        if let Some(end) = bytes.iter().rposition(line_end) {
            rest = &bytes[end + 1..];
            self.tail.clear();
            self.shown = 0;
        }
        let room = ENOUGH.saturating_sub(self.tail.len());
        self.tail.extend_from_slice(&rest[..rest.len().min(room)]);
    }

    /// The operator said something: what stands there unfinished has its answer, and what comes is a
    /// question of its own. A device that only ever prompts would repeat all of them with each.
    pub(super) fn answered(&mut self) {
        self.tail.clear();
        self.shown = 0;
    }

    /// A message that is no line: it came as a whole, so nothing of it is left to show.
    pub(super) fn heard_whole(&mut self, message: &[u8]) {
        self.tail.clear();
        let end = message.len().saturating_sub(ENOUGH);
        self.tail.extend_from_slice(&message[end..]);
        self.shown = self.tail.len();
    }

    /// It is a prompt for a password or its like.
    pub(super) fn asks_for_secret(&self) -> bool {
        asks_for_secret(&self.tail)
    }

    /// The beginning of the line, if there is more of it than at the last call.
    pub(super) fn news(&mut self) -> Option<&[u8]> {
        let text = after_telnet(&self.tail);
        if text.is_empty() || self.shown == self.tail.len() {
            return None;
        }
        self.shown = self.tail.len();
        Some(text)
    }
}

/// What follows the last telnet command: IAC, a verb and an option (RFC 854).
fn after_telnet(bytes: &[u8]) -> &[u8] {
    let command = bytes.iter().rposition(|byte| *byte == 0xff);
    command.map_or(bytes, |at| bytes.get(at + 3..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_line_is_news_once_and_when_it_grows() {
        let mut unfinished = Unfinished::default();
        unfinished.heard(b"welcome\r\nlog");
        assert_eq!(unfinished.news(), Some(&b"log"[..]));
        assert_eq!(unfinished.news(), None);
        unfinished.heard(b"in: ");
        assert_eq!(unfinished.news(), Some(&b"login: "[..]));
        unfinished.heard(b"\n");
        assert_eq!(unfinished.news(), None);
    }

    #[test]
    fn a_whole_message_may_ask_for_a_secret_and_is_no_news() {
        let mut unfinished = Unfinished::default();
        unfinished.heard_whole(b"welcome\nPassword: ");
        assert!(unfinished.asks_for_secret());
        assert_eq!(unfinished.news(), None);
        unfinished.heard_whole(b"welcome back");
        assert!(!unfinished.asks_for_secret());
        assert_eq!(unfinished.news(), None);
    }

    #[test]
    fn a_question_that_was_answered_is_not_repeated_with_the_next() {
        let mut unfinished = Unfinished::default();
        unfinished.heard(b"login: ");
        assert_eq!(unfinished.news(), Some(&b"login: "[..]));
        unfinished.answered();
        assert_eq!(unfinished.news(), None);
        unfinished.heard(b"Password: ");
        assert!(unfinished.asks_for_secret());
        assert_eq!(unfinished.news(), Some(&b"Password: "[..]));
    }

    #[test]
    fn telnet_commands_are_no_text() {
        let mut unfinished = Unfinished::default();
        unfinished.heard(b"\xff\xfd\x18\xff\xfb\x01");
        assert_eq!(unfinished.news(), None);
        unfinished.heard(b"login: ");
        assert_eq!(unfinished.news(), Some(&b"login: "[..]));
    }

    #[test]
    fn a_line_without_end_takes_no_memory_without_end() {
        let mut unfinished = Unfinished::default();
        for _ in 0..100 {
            unfinished.heard(&[b'x'; 1000]);
        }
        assert_eq!(unfinished.news().map(<[u8]>::len), Some(ENOUGH));
    }
}

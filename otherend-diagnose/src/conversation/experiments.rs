//! Why a line is not answered: perhaps CR LF is missing, the end of the input, TLS, or only time.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::hear::{Patience, Response, hear};
use super::{FAREWELL, Talking, let_go, tls_answer};
use crate::evidence::{End, Talk};
use crate::protocol;

/// For each experiment.
pub(super) const EXPERIMENT: Duration = Duration::from_millis(800);
/// For the same once more: longer than the answer took, much shorter than it was waited for.
const REPEAT: Duration = Duration::from_secs(1);
/// What all of them together need of the time.
pub(super) const RESERVE: Duration = Duration::from_millis(2900);

impl Talking {
    pub(super) fn has_late_reply(&self) -> bool {
        let Talk {
            crlf_answered,
            after_half_close,
            ..
        } = &self.talk;
        let late = after_half_close.as_ref();
        *crlf_answered == Some(true) || late.is_some_and(|late| !late.is_empty())
    }

    // What each of them finds, by what it is answered with:
    //
    //   CR LF        a server that reads up to CR LF, or up to an empty line, as HTTP does
    //   half-close   one that reads to the end (`read_to_end`), or whose reply stands unflushed in a
    //                buffer until it ends itself (a StreamWriter without AutoFlush)
    //
    // The end of the input comes last: after it nothing can be said on this connection.
    /// The line was not answered: say its end once more as CR LF, then end the input.
    pub(super) fn try_ends(&mut self, line: &str) {
        if self.stream.write_all(b"\r\n").is_err() {
            return;
        }
        let heard = self.hear(Patience::of(EXPERIMENT), None);
        let answered = !heard.bytes.is_empty();
        self.talk.crlf_answered = Some(answered);
        if answered {
            return self.tell_from_time(line, heard, false);
        }
        if heard.end != End::Open || self.stream.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let late = self.hear(Patience::of(EXPERIMENT), None);
        self.talk.after_half_close = Some(late.bytes.clone());
        if !late.bytes.is_empty() {
            self.tell_from_time(line, late, true);
        }
    }

    /// An answer that came after an experiment need not come from it: the server may be slow. What
    /// has been said, said at once on a connection of its own, tells.
    //
    // Two servers, both quiet for 6 s and answering at 6.5 s, after CR LF was said:
    //
    //   slow: takes 6.5 s for every line      at once, anew: nothing within a second; it was slow
    //   strict: had waited for CR LF          at once, anew: answered within a millisecond
    fn tell_from_time(&mut self, line: &str, heard: Response, half_close: bool) {
        let after = self.said_at.map(|said| said.elapsed());
        self.talk.at_once = self.repeat(line, half_close);
        if self.talk.at_once == Some(false) {
            // It was the answer to the line. That the peer leaves the rest unread is our doing.
            self.talk.heard_after = after;
            self.reply_is(heard);
        }
    }

    /// Whether the same is answered at once; `None` when it cannot be told.
    fn repeat(&mut self, line: &str, half_close: bool) -> Option<bool> {
        let mut stream = self.second()?;
        if !self.talk.greeting.is_empty() {
            let limit = Patience::of(self.left(EXPERIMENT));
            hear(&mut stream, limit, None);
        }
        stream.write_all(format!("{line}\n\r\n").as_bytes()).ok()?;
        if half_close {
            stream.shutdown(Shutdown::Write).ok()?;
        }
        let limit = self.left(REPEAT);
        let heard = hear(&mut stream, Patience::of(limit), None);
        let_go(&mut stream, self.left(FAREWELL));
        // Between "at once" and "as late as before" lies what proves nothing, such as a server that is
        // faster the second time.
        match heard.after {
            Some(after) => (after < self.talk.waited / 2).then_some(true),
            None => (heard.end == End::Open && limit == REPEAT).then_some(false),
        }
    }

    /// A silent port may wait for TLS: say hello on a connection of its own.
    pub(super) fn try_tls(&mut self, host: &str) {
        let Some(mut stream) = self.second() else {
            return;
        };
        if stream.write_all(&protocol::tls_hello(host)).is_ok() {
            let limit = Patience::of(self.left(EXPERIMENT));
            let heard = hear(&mut stream, limit, None);
            self.talk.tls = Some(tls_answer(&heard));
            self.talk.tls_heard = heard.bytes;
        }
        let_go(&mut stream, self.left(FAREWELL));
    }

    /// A second connection, when the first is over: there are servers that serve one at a time.
    fn second(&mut self) -> Option<TcpStream> {
        let limit = self.left(FAREWELL);
        let_go(&mut self.stream, limit);
        let limit = self.left(EXPERIMENT);
        let stream = TcpStream::connect_timeout(&self.peer, limit).ok()?;
        let _ = stream.set_write_timeout(Some(limit));
        self.talk.second = true;
        Some(stream)
    }
}

//! Peers that were turned away (usually: a lingering close): each gets one line and a moment to
//! read it.
//!
//! Closing at once would reset the connection if the peer has already said something, and the
//! line would be lost. So they wait here, half-closed, until they close, 2 s at most, and no more
//! of them than there are descriptors for.

use std::time::Duration;

use otherend_core::Time;

use crate::stream::Stream;

const PATIENCE: Duration = Duration::from_secs(2);

/// Those who were told, and until when they may stay.
#[derive(Debug)]
pub(super) struct Doorstep {
    waiting: Vec<(Stream, Time)>,
    /// How many may wait; at least 1.
    room: usize,
}

impl Doorstep {
    pub(super) fn new(room: usize) -> Self {
        Doorstep {
            waiting: Vec::new(),
            room,
        }
    }

    /// Tell `stream` the `line` and let it stay for a moment.
    pub(super) fn turn_away(&mut self, now: Time, stream: Stream, line: &str) {
        // Say that the server is full, and that this peer has said `RING 3` before it knew:
        //
        //     closed at once                       kept here
        //     there is unread input: RST           `ERR server is full`, then FIN
        //     the RST overtakes the line           the peer reads the line, sees the end, closes
        //     the peer: connection reset by peer   `RING 3` is read and discarded; its FIN frees the place
        //
        // So the stream stays open for what it may still send, and nothing of that is looked at. It
        // holds a descriptor and no thread, no mailbox and no conversation: the acceptor waits for
        // all of them in the same `poll` as for its listeners.
        if !tell(&stream, line) {
            return;
        }
        // Who has been here longest has had the most time to read its line. Were the new one closed
        // at once instead, it might hear a reset in place of a reason.
        if self.waiting.len() >= self.room {
            self.waiting.remove(0);
        }
        self.waiting.push((stream, now + PATIENCE));
    }

    pub(super) fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.waiting.iter().map(|(stream, _)| stream)
    }

    /// How long until somebody has stayed long enough.
    pub(super) fn deadline(&self, now: Time) -> Option<Duration> {
        self.waiting
            .first()
            .map(|(_, until)| until.since(now) + Duration::from_millis(1))
    }

    /// Let go those who have closed or stayed long enough; `ready` tells who has something to read.
    pub(super) fn sweep(&mut self, now: Time, ready: &[bool]) {
        let mut ready = ready.iter();
        self.waiting.retain_mut(|(stream, until)| {
            let readable = *ready.next().unwrap_or(&false);
            *until > now && !(readable && has_closed(stream))
        });
    }
}

/// Say one line and half-close. `false`: the peer is gone already.
pub(crate) fn tell(stream: &Stream, line: &str) -> bool {
    let text = format!("{line}\n");
    // A fresh socket has room for a line; without blocking, a strange one cannot hold us up.
    let told = stream
        .set_nonblocking()
        .and_then(|()| stream.write(text.as_bytes()));
    let told_all = told.is_ok_and(|count| count == text.len());
    told_all && stream.half_close().is_ok()
}

/// Discard what it says. `true`: it has finished or broken.
fn has_closed(stream: &Stream) -> bool {
    // One read a round: what is not read now is there in the next, and who never stops sending is
    // let go after 2 s all the same.
    let mut discarded = [0; 4096];
    match stream.read(&mut discarded) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

//! Stdin on its way into the conversation, piece by piece: as it comes, or a line a datagram.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};

use otherend_net::Voice;

use super::super::Args;
use super::super::linger::Limits;
use super::Trouble;
use super::passing::{Passing, Source, Taken};
use crate::output::stdio;

const CHUNK: usize = 64 * 1024;
/// The most that a datagram can hold over IPv4 (RFC 768: 65,535 with the headers).
const LONGEST: usize = 65_507;

/// Reads stdin and hands it on.
pub(super) struct Input {
    say: SyncSender<Source>,
    all_said: Receiver<()>,
    voice: Voice,
    crlf: Option<LineEnds>,
    /// Over UDP: the line that has begun.
    begun: Option<Vec<u8>>,
}

/// The conversation is over: nothing more is said.
struct Over;

impl Input {
    pub(super) fn new(args: &Args, (say, all_said): Taken, voice: Voice) -> Input {
        Input {
            say,
            all_said,
            voice,
            crlf: args.crlf.then(LineEnds::default),
            begun: args.udp.then(Vec::new),
        }
    }

    /// Hand stdin on to its end, then give the server its time to close.
    pub(super) fn hand_on_all(mut self, passing: &Passing, after_input: Option<Limits>) {
        let end = match self.read_all(passing) {
            Ok(Ok(())) => Source::End,
            Ok(Err(trouble)) => Source::Failed(trouble),
            Err(Over) => return,
        };
        // Behind all that was read: that is still said.
        if self.hand_on(end, passing).is_err() {
            return;
        }
        self.wake(passing);
        // The server's time begins when the last byte has left and not when it was read: on a slow
        // link megabytes of it may still be on the way.
        let all_said = self.all_said.recv().is_ok();
        if all_said && after_input.is_some_and(|limits| passing.linger.is_up(limits)) {
            self.voice.close();
        }
    }

    fn read_all(&mut self, passing: &Passing) -> Result<Result<(), Trouble>, Over> {
        let stdin = stdio::stdin();
        loop {
            let mut chunk = passing.memory();
            let count = match stdin.read_behind(&mut chunk, CHUNK) {
                Ok(count) => count,
                Err(error) => return Ok(Err(Trouble::Input(error))),
            };
            for piece in self.pieces(chunk) {
                if self.begun.is_some() && piece.len() > LONGEST {
                    return Ok(Err(too_long(piece.len())));
                }
                passing.taken(piece.len());
                self.hand_on(Source::Bytes(piece), passing)?;
            }
            match self.begun.as_ref().map_or(0, Vec::len) {
                0..=LONGEST if count == 0 => return Ok(Ok(())),
                0..=LONGEST => self.wake(passing),
                length => return Ok(Err(too_long(length))),
            }
        }
    }

    /// What is to be said of `chunk`, of which none is the end.
    fn pieces(&mut self, chunk: Vec<u8>) -> Vec<Vec<u8>> {
        let is_end = chunk.is_empty();
        let bytes = match &mut self.crlf {
            Some(ends) => ends.with_cr(&chunk),
            None => chunk,
        };
        let Some(begun) = &mut self.begun else {
            return vec![bytes];
        };
        // One datagram is one line, and a read of stdin ends anywhere: `a`, LF, `b`, LF, `c` is two
        // datagrams and the beginning of a third, which goes once its LF or the end has come.
        begun.extend_from_slice(&bytes);
        let whole = match is_end {
            true => begun.len(),
            false => begun
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1),
        };
        let rest = begun.split_off(whole);
        let lines = std::mem::replace(begun, rest);
        let lines = lines.split_inclusive(|byte| *byte == b'\n');
        lines.map(<[u8]>::to_vec).collect()
    }

    fn hand_on(&self, source: Source, passing: &Passing) -> Result<(), Over> {
        match self.say.try_send(source) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(source)) => {
                // Whoever fetches it is woken at the end of what was read, or now.
                self.wake(passing);
                self.say.send(source).map_err(|_| Over)
            }
            Err(TrySendError::Disconnected(_)) => Err(Over),
        }
    }

    fn wake(&self, passing: &Passing) {
        if passing.is_asleep() {
            self.voice.go_on();
        }
    }
}

fn too_long(length: usize) -> Trouble {
    let text = format!("a line of {length} bytes or more, and a datagram holds {LONGEST}");
    Trouble::Input(io::Error::new(io::ErrorKind::InvalidInput, text))
}

/// Puts a CR before each LF that has none, however the text is cut.
#[derive(Debug, Default)]
struct LineEnds {
    after_cr: bool,
}

impl LineEnds {
    fn with_cr(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut changed = Vec::with_capacity(bytes.len() + bytes.len() / 8);
        for byte in bytes {
            if *byte == b'\n' && !self.after_cr {
                changed.push(b'\r');
            }
            self.after_cr = *byte == b'\r';
            changed.push(*byte);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_feed_gets_one_carriage_return() {
        let mut ends = LineEnds::default();
        assert_eq!(ends.with_cr(b"a\nb\r\nc\r"), b"a\r\nb\r\nc\r");
        assert_eq!(ends.with_cr(b"\n\n"), b"\n\r\n");
    }
}

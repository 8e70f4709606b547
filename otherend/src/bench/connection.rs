//! One client: a socket, and how far its two streams have come.
//!
//! Nothing that is said or heard is stored, since [`Payload`] knows every byte of both; a connection
//! costs two positions, and in closed loop the moments of its unanswered lines.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;

use super::difference::{Difference, first_difference};
use super::in_flight::InFlight;
use super::payload::Payload;

/// Bytes read at a time.
const SCRATCH: usize = 128 * 1024;
/// Bytes kept of a reply that differs.
const KEPT: usize = 4 * 1024;

/// What all connections of a worker read and write with.
#[derive(Debug)]
pub(crate) struct Buffers {
    pub(crate) said: Payload,
    pub(crate) heard: Payload,
    pub(crate) scratch: Vec<u8>,
}

impl Buffers {
    pub(crate) fn new(said: Payload, heard: Payload) -> Buffers {
        let scratch = vec![0; SCRATCH];
        Buffers {
            said,
            heard,
            scratch,
        }
    }
}

/// Why a connection is over before its time.
#[derive(Debug)]
pub(crate) enum End {
    /// A reply is not the one expected.
    Differs(Box<Difference>),
    /// More replies came than lines were said.
    Unasked,
    /// The server closed.
    Closed,
    /// The server reset it.
    Reset,
    /// Reading or writing failed in another way.
    Failed(io::Error),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> End {
        match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
                End::Reset
            }
            _ => End::Failed(error),
        }
    }
}

/// One client.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: u32,
    pub(crate) stream: TcpStream,
    /// When the unanswered lines were said; unused in open loop, where the schedule tells.
    pub(crate) in_flight: InFlight,
    /// Lines that it was told to say, and replies that it heard whole.
    pub(crate) lines_due: u64,
    pub(crate) lines_answered: u64,
    bytes_said: u64,
    bytes_heard: u64,
    writable: bool,
}

impl Connection {
    pub(crate) fn new(client: u32, stream: TcpStream) -> Connection {
        Connection {
            client,
            stream,
            in_flight: InFlight::default(),
            lines_due: 0,
            lines_answered: 0,
            bytes_said: 0,
            bytes_heard: 0,
            writable: true,
        }
    }

    pub(crate) fn unanswered(&self) -> u64 {
        self.lines_due - self.lines_answered
    }

    /// The socket takes bytes again.
    pub(crate) fn set_writable(&mut self) {
        self.writable = true;
    }

    /// Say what is due of the first `lines` lines, as far as the socket takes it.
    #[inline]
    pub(crate) fn say(&mut self, buffers: &mut Buffers, lines: u64) -> Result<(), End> {
        let target = lines.min(self.lines_due) * buffers.said.line() as u64;
        // Until the socket takes no more, and not once: what is left would wait for the next event,
        // which may be the answer to the first half.
        while self.writable && self.bytes_said < target {
            let bytes = buffers
                .said
                .show(self.client, self.bytes_said, target - self.bytes_said);
            match self.stream.write(bytes) {
                Ok(taken) => self.bytes_said += taken as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.last_words(buffers, error)),
            }
        }
        Ok(())
    }

    /// Hear all that has come, and give the number of replies it completes. With `to_the_end`, the
    /// server is known to have closed: read until that is seen.
    #[inline]
    pub(crate) fn hear(&mut self, buffers: &mut Buffers, to_the_end: bool) -> Result<u64, End> {
        loop {
            match self.stream.read(&mut buffers.scratch) {
                Ok(0) => return Err(End::Closed),
                Ok(count) => {
                    self.check(buffers, count)?;
                    // A short read has emptied the socket, and the poller tells when more comes.
                    if count < buffers.scratch.len() && !to_the_end {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let answered = self.bytes_heard / buffers.heard.line() as u64;
        let new = answered - self.lines_answered;
        self.lines_answered = answered;
        Ok(new)
    }

    /// Compare the first `count` bytes of the scratch buffer with what should have come.
    fn check(&mut self, buffers: &mut Buffers, count: usize) -> Result<(), End> {
        // A read ends anywhere: in the middle of a reply, or after many. The payload shows as much of
        // the stream as it has room for, from the very byte that is due.
        let mut got = &buffers.scratch[..count];
        while !got.is_empty() {
            let expected = buffers
                .heard
                .show(self.client, self.bytes_heard, got.len() as u64);
            let now = &got[..expected.len()];
            if let Some(at) = first_difference(expected, now) {
                self.bytes_heard += at as u64;
                return Err(End::Differs(
                    self.difference(&mut buffers.heard, &got[at..]),
                ));
            }
            self.bytes_heard += now.len() as u64;
            got = &got[now.len()..];
        }
        // A reply that was right, to a line that nobody has said yet.
        match self.bytes_heard > self.lines_due * buffers.heard.line() as u64 {
            true => Err(End::Unasked),
            false => Ok(()),
        }
    }

    /// The byte that is to be heard next is not the first of `got`.
    fn difference(&self, heard: &mut Payload, got: &[u8]) -> Box<Difference> {
        let line = heard.line() as u64;
        let (reply, at) = (self.bytes_heard / line, (self.bytes_heard % line) as usize);
        let expected = heard.show(self.client, reply * line, line).to_vec();
        let end = got.iter().position(|&byte| byte == b'\n');
        let end = end.map_or(got.len(), |end| end + 1).min(KEPT);
        Box::new(Difference {
            client: self.client,
            reply,
            at,
            got: [&expected[..at], &got[..end]].concat(),
            expected,
        })
    }

    /// The socket takes nothing any more: what the server said before that explains it best.
    fn last_words(&mut self, buffers: &mut Buffers, error: io::Error) -> End {
        // The server says `ERR line too long` and closes; our write fails first. What it said is in
        // the socket, and tells more than `connection reset`.
        match self.hear(buffers, true) {
            Err(end @ (End::Differs(_) | End::Unasked)) => end,
            _ => error.into(),
        }
    }
}

//! Hearing a peer for as long as it has something to say, within bounds of time and memory.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::evidence::End;
use crate::protocol;

/// How much of what a server says is kept; the rest is only looked at.
const MOST: usize = 4096;
/// One that says so much without a pause floods: nothing more is learned from listening.
pub(crate) const FLOOD: usize = 1 << 20;
/// When a line has ended, more that belongs to it comes within this time.
pub(super) const REST: Duration = Duration::from_millis(60);
/// One that has spoken so shortly before the end would have gone on.
const FLOWING: Duration = Duration::from_millis(200);

/// How long a peer is listened to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Until it begins.
    pub(super) first: Duration,
    /// In the middle of a line, or before the text that is waited for.
    pub(super) quiet: Duration,
    /// In all.
    pub(super) most: Duration,
}

impl Patience {
    /// So long and no longer.
    pub(super) fn of(time: Duration) -> Patience {
        Patience {
            first: time,
            quiet: time,
            most: time,
        }
    }
}

/// What came within a time.
pub(super) struct Response {
    /// The first of it.
    pub(super) bytes: Vec<u8>,
    pub(super) end: End,
    /// When the first byte came.
    pub(super) after: Option<Duration>,
    /// No more came, and the last line has no end; or more came without end and no line ended.
    pub(super) unfinished: bool,
    /// It was still speaking when the time was over.
    pub(super) flowing: bool,
    /// It said more than is listened to.
    pub(super) flooding: bool,
    /// The text that was waited for has come.
    pub(super) met: bool,
}

/// Read until the peer ends, pauses, or the patience is over.
pub(super) fn hear(stream: &mut TcpStream, patience: Patience, until: Option<&str>) -> Response {
    let started = Instant::now();
    let mut ear = Ear::new(until);
    let mut buffer = vec![0; 16 * 1024];
    let end = loop {
        let left = ear.until(patience).saturating_sub(started.elapsed());
        if left.is_zero() || ear.count > FLOOD {
            break End::Open;
        }
        match read(stream, left, &mut buffer) {
            Ok(0) => break End::Closed,
            Ok(count) => ear.hears(&buffer[..count], started.elapsed()),
            Err(error) if is_pause(&error) => {}
            Err(_) => break End::Reset,
        }
    };
    ear.heard(end, patience.most)
}

fn read(stream: &mut TcpStream, left: Duration, buffer: &mut [u8]) -> io::Result<usize> {
    stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
    stream.read(buffer)
}

fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// What is remembered of a stream without keeping it.
struct Ear<'a> {
    wanted: Option<&'a [u8]>,
    met: bool,
    kept: Vec<u8>,
    /// The end of what came, one byte shorter than the wanted text, which may begin there.
    tail: Vec<u8>,
    last: Option<u8>,
    /// How many bytes came.
    count: usize,
    line_ended: bool,
    first_at: Option<Duration>,
    last_at: Duration,
}

impl<'a> Ear<'a> {
    fn new(until: Option<&'a str>) -> Ear<'a> {
        Ear {
            wanted: until.map(str::as_bytes),
            met: false,
            kept: Vec::new(),
            tail: Vec::new(),
            last: None,
            count: 0,
            line_ended: false,
            first_at: None,
            last_at: Duration::ZERO,
        }
    }

    fn hears(&mut self, bytes: &[u8], at: Duration) {
        self.look_for_wanted(bytes);
        let room = MOST.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..room]);
        self.last = bytes.last().copied();
        self.count = self.count.saturating_add(bytes.len());
        self.line_ended |= bytes.iter().copied().any(is_line_end);
        self.first_at.get_or_insert(at);
        self.last_at = at;
    }

    fn look_for_wanted(&mut self, bytes: &[u8]) {
        let Some(wanted) = self.wanted.filter(|_| !self.met) else {
            return;
        };
        // The text may come in pieces: of "HEL" and "LO", "HEL" is kept until "LO" comes. Never more
        // than the text is long, however much a peer says.
        self.tail.extend_from_slice(bytes);
        let length = wanted.len();
        self.met = length == 0 || self.tail.windows(length).any(|part| part == wanted);
        let old = self.tail.len().saturating_sub(length.saturating_sub(1));
        self.tail.drain(..old);
    }

    fn is_complete(&self) -> bool {
        // Lines are complete at their end; so is TLS, whose records have none and end where they say.
        // Where a text is expected, only that text is: "220 ready" ends a line and is not yet "250".
        match self.wanted {
            Some(_) => self.met,
            None => self.last.is_some_and(is_line_end) || protocol::is_tls(&self.kept),
        }
    }

    /// Until when more is waited for, from the beginning.
    fn until(&self, patience: Patience) -> Duration {
        // "READY" CR LF at 3 ms is over at 63 ms, though 700 ms were allowed: nobody waits for more
        // once a line has ended and nothing follows it.
        let until = match self.first_at {
            None => patience.first,
            Some(_) if self.is_complete() => self.last_at + REST.min(patience.quiet),
            Some(_) => self.last_at + patience.quiet,
        };
        until.min(patience.most)
    }

    fn heard(self, end: End, most: Duration) -> Response {
        // A ticker that says a line every 100 ms goes on; one that said a line and was cut off in the
        // middle of the next is not called unfinished for it. A stream without any line end is both.
        let spoke_lately = self.first_at.is_some() && self.last_at + FLOWING >= most;
        let flooding = end == End::Open && self.count > FLOOD;
        let flowing = end == End::Open && spoke_lately && !self.is_complete() || flooding;
        let in_line = self.last.is_some_and(|byte| !is_line_end(byte));
        Response {
            bytes: self.kept,
            end,
            after: self.first_at,
            unfinished: in_line && !(flowing && self.line_ended),
            flowing,
            flooding,
            met: self.met,
        }
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

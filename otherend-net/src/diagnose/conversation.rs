//! Step 6, the conversation: what the server says by itself, to a line, to a half-close and to a
//! TLS hello, and whether it lives after it has ended.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::evidence::{Asked, End, Outcome, Talk, TlsAnswer};
use super::{probe, protocol};

/// How much of what a server says is kept.
const MOST: usize = 4096;
/// A server that greets does so within this time.
const GREETING: Duration = Duration::from_millis(700);
/// A server that answers does so within this time.
const REPLY: Duration = Duration::from_secs(2);
/// When a line has ended, more that belongs to it comes within this time.
const REST: Duration = Duration::from_millis(60);
/// For each of the further experiments.
const EXPERIMENT: Duration = Duration::from_millis(800);

/// Talk to a server that has accepted, until `deadline` at the latest.
pub(super) fn talk(stream: TcpStream, peer: SocketAddr, asked: &Asked, deadline: Instant) -> Talk {
    // What is said is short; a peer that takes none of it must not hold us up.
    let limit = deadline.saturating_duration_since(Instant::now());
    let _ = stream.set_write_timeout(Some(limit.max(REST)));
    let mut talking = Talking {
        stream,
        peer,
        deadline,
        started: Instant::now(),
        talk: Talk {
            peer: Some(peer),
            ..Talk::default()
        },
    };
    if asked.tls {
        talking.say_tls(asked);
    } else {
        talking.say_plain(asked);
    }
    talking.look_again();
    talking.talk
}

struct Talking {
    stream: TcpStream,
    peer: SocketAddr,
    deadline: Instant,
    started: Instant,
    talk: Talk,
}

/// What came within a time.
struct Heard {
    bytes: Vec<u8>,
    end: End,
    /// When the first byte came.
    after: Option<Duration>,
}

impl Talking {
    fn say_plain(&mut self, asked: &Asked) {
        let mut greeting = self.hear(GREETING, None);
        self.talk.greeting.append(&mut greeting.bytes);
        self.talk.heard_after = greeting.after;
        self.ended(greeting.end);
        if let Some(line) = &asked.say {
            self.say(line, asked.expect.as_deref());
        }
        let heard_nothing = self.talk.greeting.is_empty() && self.talk.reply.is_empty();
        // One that ends without having been told anything waits for nothing.
        let waits = asked.say.is_some() || self.talk.end == End::Open;
        if heard_nothing && waits && !self.has_late_reply() {
            self.try_tls(&asked.host);
        }
    }

    fn has_late_reply(&self) -> bool {
        let talk = &self.talk;
        talk.crlf_answered == Some(true)
            || talk
                .after_half_close
                .as_ref()
                .is_some_and(|late| !late.is_empty())
    }

    /// Say the line and hear the reply. Without one: perhaps CR LF is missing, or the end of the
    /// input.
    fn say(&mut self, line: &str, expect: Option<&str>) {
        if self.talk.end != End::Open {
            return;
        }
        self.talk.said = true;
        if self
            .stream
            .write_all(format!("{line}\n").as_bytes())
            .is_err()
        {
            self.ended(End::Reset);
            return;
        }
        let reply = self.hear(REPLY, expect);
        self.talk.reply = reply.bytes;
        self.talk.heard_after = reply.after.or(self.talk.heard_after);
        self.ended(reply.end);
        if self.talk.reply.is_empty() && self.talk.end == End::Open {
            self.add_line_end();
        }
    }

    fn add_line_end(&mut self) {
        if self.stream.write_all(b"\r\n").is_err() {
            return;
        }
        let heard = self.hear(EXPERIMENT, None);
        let answered = !heard.bytes.is_empty();
        self.talk.crlf_answered = Some(answered);
        if answered || heard.end != End::Open {
            return;
        }
        if self.stream.shutdown(Shutdown::Write).is_ok() {
            let late = self.hear(EXPERIMENT, None);
            self.talk.after_half_close = Some(late.bytes);
        }
    }

    /// The TLS hello is all that is said; no handshake is finished.
    fn say_tls(&mut self, asked: &Asked) {
        if self
            .stream
            .write_all(&protocol::tls_hello(&asked.host))
            .is_err()
        {
            self.ended(End::Reset);
            return;
        }
        let heard = self.hear(REPLY, None);
        self.talk.tls = Some(tls_answer(&heard));
        self.talk.tls_heard = heard.bytes;
        self.talk.heard_after = heard.after;
        self.ended(heard.end);
    }

    /// A silent port may wait for TLS: say hello on a connection of its own, when the first is
    /// over, since there are servers that serve one at a time.
    fn try_tls(&mut self, host: &str) {
        // A connection that is broken already needs no end.
        let _ = self.stream.shutdown(Shutdown::Both);
        let limit = self.left(EXPERIMENT);
        let Ok(mut stream) = TcpStream::connect_timeout(&self.peer, limit) else {
            return;
        };
        if stream.write_all(&protocol::tls_hello(host)).is_ok() {
            let heard = hear(&mut stream, Instant::now() + self.left(EXPERIMENT), None);
            self.talk.tls = Some(tls_answer(&heard));
            self.talk.tls_heard = heard.bytes;
        }
    }

    /// After the server has ended the conversation: does it still accept?
    fn look_again(&mut self) {
        if self.talk.end != End::Open {
            let limit = self.left(EXPERIMENT);
            let probes = probe::connect_all(&[self.peer], limit, |_| ());
            let outcome = probes.first().map(|probe| probe.attempt.outcome.clone());
            self.talk.again = outcome.filter(|outcome| *outcome != Outcome::NotTried);
        }
    }

    fn ended(&mut self, end: End) {
        if end != End::Open && self.talk.end == End::Open {
            self.talk.end = end;
            self.talk.ended_after = self.started.elapsed();
        }
    }

    fn left(&self, most: Duration) -> Duration {
        let left = self.deadline.saturating_duration_since(Instant::now());
        left.clamp(Duration::from_millis(1), most)
    }

    fn hear(&mut self, most: Duration, until: Option<&str>) -> Heard {
        let deadline = Instant::now() + self.left(most);
        hear(&mut self.stream, deadline, until)
    }
}

/// Read until the deadline, the end, `MOST` bytes, or a short while after the end of a line, or
/// after the text that is waited for.
fn hear(stream: &mut TcpStream, deadline: Instant, until: Option<&str>) -> Heard {
    let started = Instant::now();
    let mut bytes = Vec::new();
    let mut after = None;
    loop {
        let mut left = deadline.saturating_duration_since(Instant::now());
        if is_complete(&bytes, until) {
            left = left.min(REST);
        }
        if left.is_zero() || bytes.len() >= MOST {
            return Heard {
                bytes,
                end: End::Open,
                after,
            };
        }
        let end = match read_some(stream, left, &mut bytes) {
            Ok(0) => End::Closed,
            Ok(_) => {
                after.get_or_insert_with(|| started.elapsed());
                continue;
            }
            Err(error) if is_timeout(&error) => End::Open,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => End::Reset,
        };
        return Heard { bytes, end, after };
    }
}

fn read_some(stream: &mut TcpStream, left: Duration, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; 1024];
    stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
    let count = stream.read(&mut buffer)?;
    bytes.extend_from_slice(&buffer[..count]);
    Ok(count)
}

fn is_complete(bytes: &[u8], until: Option<&str>) -> bool {
    match until {
        Some(text) => String::from_utf8_lossy(bytes).contains(text),
        None => matches!(bytes.last(), Some(b'\n' | b'\r')) || protocol::is_tls(bytes),
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn tls_answer(heard: &Heard) -> TlsAnswer {
    match (heard.bytes.as_slice(), heard.end) {
        ([0x16, 3, ..], _) => TlsAnswer::Hello,
        ([0x15, 3, _, _, _, _, description, ..], _) => TlsAnswer::Alert(*description),
        ([], End::Open) => TlsAnswer::Silent,
        ([], _) => TlsAnswer::Ended,
        _ => TlsAnswer::NotTls,
    }
}

#[cfg(test)]
mod tests;

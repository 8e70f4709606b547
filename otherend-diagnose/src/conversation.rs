//! Step 6, the conversation: what the server says by itself, to a line, to a half-close and to a
//! TLS hello, and whether it lives after it has ended.

mod experiments;
mod hear;

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::evidence::{Asked, ConnectOutcome, End, Talk, TlsAnswer};
use crate::{probe, protocol};
use experiments::{EXPERIMENT, RESERVE};
use hear::{Patience, REST, Response, hear};

/// A server that greets does so within this time.
const GREETING: Duration = Duration::from_millis(700);
/// A server that pauses for longer in the middle of a reply has no more to say.
const QUIET: Duration = Duration::from_secs(2);
/// A server that ends when its client does, does so within this time.
const FAREWELL: Duration = Duration::from_millis(200);

/// Talk to a server that has accepted, until `deadline` at the latest.
pub(crate) fn talk(stream: TcpStream, peer: SocketAddr, asked: &Asked, deadline: Instant) -> Talk {
    // What is said is short; a peer that takes none of it must not hold us up.
    let limit = deadline.saturating_duration_since(Instant::now());
    let _ = stream.set_write_timeout(Some(limit.max(REST)));
    let mut talking = Talking {
        stream,
        peer,
        deadline,
        started: Instant::now(),
        said_at: None,
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
    let limit = talking.left(FAREWELL);
    let_go(&mut talking.stream, limit);
    talking.talk
}

struct Talking {
    stream: TcpStream,
    peer: SocketAddr,
    deadline: Instant,
    started: Instant,
    /// When the line was said.
    said_at: Option<Instant>,
    talk: Talk,
}

impl Talking {
    // With `--say HELLO` and 10 s, to a server that never answers:
    //
    //   0.0 s  connected; does it greet?
    //   0.7 s  HELLO LF, and most of the time for the reply
    //   6.6 s  CR LF, and 0.8 s for what it says to that
    //   7.4 s  the end of the input, and 0.8 s
    //   8.2 s  closed; a TLS hello, on a second connection
    //
    // What is tried comes after the patience for the plain line: before it, an experiment would
    // spoil the conversation that was asked for.
    fn say_plain(&mut self, asked: &Asked) {
        self.greeting(asked);
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

    /// What the server says by itself; all that is waited for when nothing is to be said.
    fn greeting(&mut self, asked: &Asked) {
        let expected = asked.expect.as_deref().filter(|_| asked.say.is_none());
        let patience = match expected {
            Some(_) => self.for_reply(),
            None => Patience {
                first: GREETING,
                quiet: GREETING,
                most: self.left(Duration::MAX) / 3,
            },
        };
        let greeting = self.hear(patience, expected);
        self.talk.heard_after = greeting.after;
        self.talk.unfinished = greeting.unfinished;
        self.talk.flowing = greeting.flowing;
        self.talk.flooding = greeting.flooding;
        self.talk.met = greeting.met;
        self.talk.greeting = greeting.bytes;
        self.ended(greeting.end);
    }

    /// Say the line and hear the reply.
    fn say(&mut self, line: &str, expect: Option<&str>) {
        if self.talk.end != End::Open {
            return;
        }
        self.talk.said = true;
        let said_at = Instant::now();
        self.said_at = Some(said_at);
        let written = self.stream.write_all(format!("{line}\n").as_bytes());
        if written.is_err() {
            self.ended(End::Reset);
            return;
        }
        let reply = self.hear(self.for_reply(), expect);
        self.talk.waited = said_at.elapsed();
        self.talk.heard_after = reply.after.or(self.talk.heard_after);
        self.ended(reply.end);
        self.reply_is(reply);
        if self.talk.reply.is_empty() && self.talk.end == End::Open {
            self.try_ends(line);
        }
    }

    fn reply_is(&mut self, reply: Response) {
        self.talk.unfinished = reply.unfinished;
        self.talk.flowing = reply.flowing;
        self.talk.flooding = reply.flooding;
        self.talk.met = reply.met;
        self.talk.reply = reply.bytes;
    }

    /// As long as there is time, but for what is tried when no reply comes.
    fn for_reply(&self) -> Patience {
        let left = self.left(Duration::MAX);
        let most = left.saturating_sub(RESERVE).max(left / 2);
        Patience {
            first: most,
            quiet: QUIET,
            most,
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
        let heard = self.hear(self.for_reply(), None);
        self.talk.tls = Some(tls_answer(&heard));
        self.talk.tls_heard = heard.bytes;
        self.talk.heard_after = heard.after;
        self.ended(heard.end);
    }

    /// After the server has ended the conversation: does it still accept?
    fn look_again(&mut self) {
        if self.talk.end != End::Open {
            let limit = self.left(EXPERIMENT);
            let probes = probe::connect_all(&[self.peer], limit, |_| ());
            let outcome = probes.first().map(|probe| probe.attempt.outcome.clone());
            self.talk.again = outcome.filter(|outcome| *outcome != ConnectOutcome::NotTried);
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

    fn hear(&mut self, patience: Patience, until: Option<&str>) -> Response {
        let most = self.left(patience.most);
        hear(&mut self.stream, Patience { most, ..patience }, until)
    }
}

/// End a connection and wait a moment until the server has done so, too: it may count us, and serve
/// one at a time.
fn let_go(stream: &mut TcpStream, limit: Duration) {
    let started = Instant::now();
    // A connection that is broken already needs no end.
    let mut open = stream.shutdown(Shutdown::Write).is_ok();
    while open {
        let left = limit.saturating_sub(started.elapsed());
        let heard = hear(stream, Patience::of(left), None);
        open = heard.end == End::Open && !left.is_zero();
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn tls_answer(heard: &Response) -> TlsAnswer {
    // A record begins with its type (0x16 handshake, 0x15 alert), version 3.x and two octets of length
    // (RFC 8446 §5.1); an alert is its level and its description (§6).
    match (heard.bytes.as_slice(), heard.end) {
        // Nor is every handshake an answer: an echo says our own hello again.
        (bytes, _) if protocol::is_client_hello(bytes) => TlsAnswer::NotTls,
        ([0x16, 3, ..], _) => TlsAnswer::Hello,
        ([0x15, 3, _, _, _, _, description, ..], _) => TlsAnswer::Alert(*description),
        ([], End::Open) => TlsAnswer::Silent,
        ([], _) => TlsAnswer::Ended,
        _ => TlsAnswer::NotTls,
    }
}

#[cfg(test)]
mod tests;

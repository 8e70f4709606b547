//! The client's part when both ends diagnose together.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::diagnose::evidence::OtherEnd;
use crate::diagnose::two_ended::{Seen, Word};

/// A server that recognises the line answers it within this time.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much is read in search of the answer: a server may say other things first.
const MOST: u64 = 16 * 1024;

/// Ask the other end what it sees. `None` when it does not answer as otherend does.
pub(super) fn ask(peer: SocketAddr, deadline: Instant) -> Option<OtherEnd> {
    let limit = deadline.saturating_duration_since(Instant::now());
    let limit = limit.clamp(Duration::from_millis(1), PATIENCE);
    let mut stream = TcpStream::connect_timeout(&peer, limit).ok()?;
    let here = Seen {
        source: stream.local_addr().ok()?,
        destination: peer,
    };
    // Only to tell our answer from an echo or from another's; nothing is protected by it.
    let token = RandomState::new().hash_one(here.source);
    stream.set_read_timeout(Some(limit)).ok()?;
    writeln!(stream, "{}", Word::Diagnose(token, here)).ok()?;
    let there = answer(&stream, token, Instant::now() + limit)?;
    writeln!(stream, "{}", Word::Heard(token)).ok()?;
    Some(OtherEnd::compare(here, there))
}

fn answer(stream: &TcpStream, token: u64, deadline: Instant) -> Option<Seen> {
    let mut reader = BufReader::new(stream.take(MOST));
    let mut line = Vec::new();
    while Instant::now() < deadline && reader.read_until(b'\n', &mut line).ok()? > 0 {
        match Word::read(line.trim_ascii_end()) {
            Some(Word::Sees(answered, there)) if answered == token => return Some(there),
            _ => line.clear(),
        }
    }
    None
}

//! The client's part when both ends diagnose together.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use otherend_net::Refusal;

use crate::evidence::OtherEnd;
use crate::two_ended::{Line, Seen};

/// A server that recognises the line answers it within this time.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much is read in search of the answer: a server may say other things first.
const MOST: u64 = 16 * 1024;
/// A server that is full may still count our earlier connections: how often it is asked, and the
/// pause between.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

/// What the other end answers.
pub(super) enum Answer {
    /// What it sees.
    Sees(OtherEnd),
    /// It is otherend's, and does not take the connection.
    Refused(Refusal),
    /// It does not answer as otherend does.
    Nothing,
}

/// Ask the other end what it sees.
pub(super) fn ask(peer: SocketAddr, deadline: Instant) -> Answer {
    for _ in 1..ATTEMPTS {
        match ask_once(peer, deadline) {
            Some(Answer::Refused(Refusal::Full | Refusal::TapFull | Refusal::SourceFull)) => {
                thread::sleep(PAUSE);
            }
            answer => return answer.unwrap_or(Answer::Nothing),
        }
    }
    ask_once(peer, deadline).unwrap_or(Answer::Nothing)
}

/// `None` when it does not answer as otherend does.
fn ask_once(peer: SocketAddr, deadline: Instant) -> Option<Answer> {
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
    // One that refuses says so, whether it takes the line or not.
    let _ = say(&mut stream, Line::Diagnose(token, here));
    match answer(&stream, token, Instant::now() + limit)? {
        Ok(there) => {
            // For the other end's screen; what it sees is known here.
            let _ = say(&mut stream, Line::Heard(token));
            Some(Answer::Sees(OtherEnd::compare(here, there)))
        }
        Err(refusal) => Some(Answer::Refused(refusal)),
    }
}

/// In one piece: a line that comes in many is not whole when the other end has closed meanwhile.
fn say(stream: &mut TcpStream, line: Line) -> io::Result<()> {
    stream.write_all(format!("{line}\n").as_bytes())
}

fn answer(stream: &TcpStream, token: u64, deadline: Instant) -> Option<Result<Seen, Refusal>> {
    let mut reader = BufReader::new(stream.take(MOST));
    let mut line = Vec::new();
    // A server may greet, or echo the line, before the answer comes: what is no answer is passed over.
    while Instant::now() < deadline && reader.read_until(b'\n', &mut line).ok()? > 0 {
        let said = line.trim_ascii_end();
        if let Some(refusal) = Refusal::read(said) {
            return Some(Err(refusal));
        }
        match Line::read(said) {
            Some(Line::Sees(answered, there)) if answered == token => return Some(Ok(there)),
            _ => line.clear(),
        }
    }
    None
}

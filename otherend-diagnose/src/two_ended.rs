//! Two ends that diagnose together: what each says to the other, and what it learns from it.
//!
//! The client says which addresses it sees on its side; the server answers with those that arrived;
//! the client confirms that the answer came. Each is one line, so that a server that knows nothing
//! of it takes it for any other line.
//!
//! ```text
//! C: OTHEREND DIAGNOSE 1 TOKEN SOURCE DESTINATION
//! S: OTHEREND SEES 1 TOKEN SOURCE DESTINATION
//! C: OTHEREND HEARD 1 TOKEN
//! ```

use std::fmt;
use std::net::SocketAddr;

use crate::evidence::OtherEnd;

/// The most that is understood; a line with another number is not answered.
const VERSION: &str = "1";

/// Source and destination of a connection, as one end sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Where it comes from.
    pub source: SocketAddr,
    /// Where it goes.
    pub destination: SocketAddr,
}

/// A line of the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The client says what it sees.
    Diagnose(u64, Seen),
    /// The server says what arrived.
    Sees(u64, Seen),
    /// The client has the answer.
    Heard(u64),
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, token, seen) = match self {
            Line::Diagnose(token, seen) => ("DIAGNOSE", token, Some(seen)),
            Line::Sees(token, seen) => ("SEES", token, Some(seen)),
            Line::Heard(token) => ("HEARD", token, None),
        };
        write!(f, "OTHEREND {verb} {VERSION} {token:016x}")?;
        match seen {
            Some(seen) => write!(f, " {} {}", seen.source, seen.destination),
            None => Ok(()),
        }
    }
}

impl Line {
    /// Reads a line; `None` for any other line.
    #[must_use]
    pub fn read(line: &[u8]) -> Option<Line> {
        let rest = line.strip_prefix(b"OTHEREND ")?;
        let mut words = std::str::from_utf8(rest).ok()?.split(' ');
        let verb = words.next()?;
        if words.next()? != VERSION {
            return None;
        }
        let token = u64::from_str_radix(words.next()?, 16).ok()?;
        let mut seen = || {
            Some(Seen {
                source: words.next()?.parse().ok()?,
                destination: words.next()?.parse().ok()?,
            })
        };
        let line = match verb {
            "DIAGNOSE" => Line::Diagnose(token, seen()?),
            "SEES" => Line::Sees(token, seen()?),
            "HEARD" => Line::Heard(token),
            _ => return None,
        };
        words.next().is_none().then_some(line)
    }
}

impl OtherEnd {
    /// What was translated on the way, from what both ends see of one connection.
    #[must_use]
    pub fn compare(here: Seen, there: Seen) -> OtherEnd {
        OtherEnd {
            seen_from: there.source,
            seen_to: there.destination,
            source_translated: !same(here.source, there.source),
            destination_translated: !same(here.destination, there.destination),
        }
    }

    /// How many address translations there are at least: two that undo each other cannot be told.
    #[must_use]
    pub fn translations(&self) -> usize {
        usize::from(self.source_translated) + usize::from(self.destination_translated)
    }
}

/// An IPv4 address may be written as IPv6 by a socket that takes both.
fn same(a: SocketAddr, b: SocketAddr) -> bool {
    (a.ip().to_canonical(), a.port()) == (b.ip().to_canonical(), b.port())
}

/// The server's part, for one connection: hears each line, and knows what to answer and to log.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recogniser {
    token: Option<u64>,
}

/// What a line meant to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognised {
    /// The peer diagnoses: answer with this line, and log what both ends see.
    Diagnosing {
        /// Without its end.
        answer: String,
        /// For the log.
        compared: OtherEnd,
    },
    /// The peer has heard the answer.
    Heard,
}

impl Recogniser {
    /// The peer said a line on a connection that this end sees so.
    pub fn line(&mut self, line: &[u8], there: Seen) -> Option<Recognised> {
        // Behind a home router, of one connection:
        //
        //   client sees   192.168.1.20:40000 -> 203.0.113.5:8080
        //   server sees   198.51.100.7:61000 -> 10.0.0.5:80
        //
        // Both addresses were translated, and which of them tells whose router did it. The token binds
        // the answer to the question: an echo says the question back, and a proxy that keeps
        // connections may have the answer to another.
        match Line::read(line)? {
            Line::Diagnose(token, here) => {
                self.token = Some(token);
                Some(Recognised::Diagnosing {
                    answer: Line::Sees(token, there).to_string(),
                    compared: OtherEnd::compare(here, there),
                })
            }
            Line::Heard(token) if self.token == Some(token) => Some(Recognised::Heard),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(source: &str, destination: &str) -> Seen {
        Seen {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
        }
    }

    #[test]
    fn every_line_is_read_back() {
        let seen = seen("[fe80::1%3]:40000", "192.0.2.1:8080");
        for line in [
            Line::Diagnose(7, seen),
            Line::Sees(u64::MAX, seen),
            Line::Heard(0),
        ] {
            assert_eq!(Line::read(line.to_string().as_bytes()), Some(line));
        }
    }

    #[test]
    fn other_lines_are_not_recognised() {
        for line in [
            "OTHEREND",
            "OTHEREND HEARD 2 0",
            "OTHEREND HEARD 1 x",
            "OTHEREND HEARD 1 0 0",
            "OTHEREND DIAGNOSE 1 0 192.0.2.1 192.0.2.2:80",
            "From server -> OTHEREND HEARD 1 0",
            "otherend heard 1 0",
        ] {
            assert_eq!(Line::read(line.as_bytes()), None, "{line}");
        }
        assert_eq!(Line::read(b"OTHEREND \xff"), None);
    }

    #[test]
    fn both_ends_learn_what_was_translated() {
        let here = seen("192.168.1.20:40000", "203.0.113.5:8080");
        let there = seen("198.51.100.7:61000", "10.0.0.5:80");
        let mut recogniser = Recogniser::default();
        let said = Line::Diagnose(7, here).to_string();
        let Some(Recognised::Diagnosing { answer, compared }) =
            recogniser.line(said.as_bytes(), there)
        else {
            panic!("not recognised");
        };
        assert_eq!(compared.translations(), 2);
        assert_eq!(Line::read(answer.as_bytes()), Some(Line::Sees(7, there)));
        assert_eq!(recogniser.line(b"OTHEREND HEARD 1 8", there), None);
        assert_eq!(
            recogniser.line(b"OTHEREND HEARD 1 7", there),
            Some(Recognised::Heard)
        );
    }

    #[test]
    fn the_same_address_in_two_forms_is_no_translation() {
        let here = seen("192.0.2.1:40000", "192.0.2.2:80");
        let there = seen("[::ffff:192.0.2.1]:40000", "[::ffff:192.0.2.2]:80");
        assert_eq!(OtherEnd::compare(here, there).translations(), 0);
    }
}

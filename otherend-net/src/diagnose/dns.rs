//! One question to a name server, without the system's resolver between: what it answers tells
//! "does not exist" from "does not answer" (RFC 1035).

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::evidence::{Resolver, ResolverAnswer};
use crate::endpoint::Family;

const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;
/// The longest answer that is read; what is cut off is not needed here.
const ANSWER: usize = 1500;

/// The name servers that the system is told to ask, and the name with the first search domain where
/// the system would add one.
pub(super) struct Configured {
    pub(super) servers: Vec<SocketAddr>,
    search: Option<String>,
}

impl Configured {
    /// From /etc/resolv.conf; without one, the system asks this machine itself (resolv.conf(5)).
    pub(super) fn read() -> Configured {
        let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        Configured::parse(&text)
    }

    fn parse(text: &str) -> Configured {
        let mut servers = Vec::new();
        let mut search = None;
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("nameserver"), Some(address)) => {
                    servers.extend(address.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)));
                }
                (Some("search" | "domain"), Some(domain)) => search = Some(domain.to_owned()),
                _ => {}
            }
        }
        // Only the first three are used.
        servers.truncate(3);
        if servers.is_empty() {
            servers.push(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)));
        }
        Configured { servers, search }
    }

    /// The name that is really asked for: one without a dot gets the search domain.
    pub(super) fn full_name(&self, name: &str) -> String {
        match &self.search {
            Some(domain) if !name.contains('.') => format!("{name}.{domain}"),
            _ => name.to_owned(),
        }
    }
}

/// Ask one server for the addresses of a name.
pub(super) fn ask(server: SocketAddr, name: &str, family: Family, limit: Duration) -> Resolver {
    let started = Instant::now();
    let mut best = None;
    for kind in [TYPE_A, TYPE_AAAA] {
        let wanted = match kind {
            TYPE_A => family != Family::V6,
            _ => family != Family::V4,
        };
        let left = limit.saturating_sub(started.elapsed());
        if wanted && !left.is_zero() {
            let answer = answer(server, name, kind, left);
            best = Some(better(best, answer));
        }
        // One that is silent for one type is not asked for the other.
        if matches!(
            best,
            Some(ResolverAnswer::Silent | ResolverAnswer::Unreachable)
        ) {
            break;
        }
    }
    Resolver {
        address: server,
        answer: best.unwrap_or(ResolverAnswer::Silent),
        took: started.elapsed(),
    }
}

/// Addresses of both types add up; otherwise any address wins over none.
fn better(known: Option<ResolverAnswer>, new: ResolverAnswer) -> ResolverAnswer {
    match (known, new) {
        (Some(ResolverAnswer::Addresses(a)), ResolverAnswer::Addresses(b)) => {
            ResolverAnswer::Addresses(a.saturating_add(b))
        }
        (Some(known @ ResolverAnswer::Addresses(_)), _) => known,
        (_, new) => new,
    }
}

fn answer(server: SocketAddr, name: &str, kind: u16, limit: Duration) -> ResolverAnswer {
    let Some(question) = question(name, kind) else {
        return ResolverAnswer::NoSuchName;
    };
    match exchange(server, &question, limit) {
        Ok(Some(answer)) => read(&answer, kind),
        Ok(None) => ResolverAnswer::Silent,
        Err(_) => ResolverAnswer::Unreachable,
    }
}

/// Send the question and wait for an answer with its number; `None` when none came in time.
fn exchange(
    server: SocketAddr,
    question: &[u8],
    limit: Duration,
) -> std::io::Result<Option<Vec<u8>>> {
    let any = if server.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    socket.send(question)?;
    let deadline = Instant::now() + limit;
    let mut buffer = [0; ANSWER];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        socket.set_read_timeout(Some(left))?;
        match socket.recv(&mut buffer) {
            Ok(length) if buffer[..length].starts_with(&question[..2]) => {
                return Ok(Some(buffer[..length].to_vec()));
            }
            Ok(_) => {}
            Err(error) if is_timeout(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
    )
}

/// Header and question (RFC 1035 §4.1); `None` for a name that cannot be one.
fn question(name: &str, kind: u16) -> Option<Vec<u8>> {
    // The number only has to differ between the two questions of one run, each on its own socket.
    let mut question = vec![0x6F, kind.to_be_bytes()[1], 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len())
            .ok()
            .filter(|length| (1..=63).contains(length))?;
        question.push(length);
        question.extend_from_slice(label.as_bytes());
    }
    question.push(0);
    question.extend_from_slice(&kind.to_be_bytes());
    question.extend_from_slice(&[0, 1]);
    Some(question)
}

/// The response code, and how many of the answers are addresses of this type.
fn read(answer: &[u8], kind: u16) -> ResolverAnswer {
    let Some(code) = answer.get(3).map(|octet| octet & 0x0F) else {
        return ResolverAnswer::Error(1);
    };
    match (code, addresses(answer, kind)) {
        (3, _) => ResolverAnswer::NoSuchName,
        (0, None | Some(0)) => ResolverAnswer::NoSuchAddress,
        (0, Some(count)) => ResolverAnswer::Addresses(count),
        (code, _) => ResolverAnswer::Error(code),
    }
}

fn addresses(answer: &[u8], kind: u16) -> Option<u16> {
    let records = u16::from_be_bytes([*answer.get(6)?, *answer.get(7)?]);
    let mut at = after_name(answer, 12)? + 4;
    let mut found = 0;
    for _ in 0..records {
        let start = after_name(answer, at)?;
        let fields = answer.get(start..start + 10)?;
        found += u16::from(fields[..2] == kind.to_be_bytes());
        at = start + 10 + usize::from(u16::from_be_bytes([fields[8], fields[9]]));
    }
    Some(found)
}

/// Where the name that begins at `at` ends; it may end in a pointer (RFC 1035 §4.1.4).
fn after_name(answer: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match usize::from(*answer.get(at)?) {
            0 => return Some(at + 1),
            length if length >= 0xC0 => return Some(at + 2),
            length => at += 1 + length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(code: u8, records: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = question("server.test", TYPE_A).unwrap();
        bytes[2] = 0x81;
        bytes[3] = code;
        bytes[7] = u8::try_from(records.len()).unwrap();
        for (kind, data) in records {
            bytes.extend_from_slice(&[0xC0, 12]);
            bytes.extend_from_slice(&kind.to_be_bytes());
            bytes.extend_from_slice(&[0, 1, 0, 0, 0, 60, 0, u8::try_from(data.len()).unwrap()]);
            bytes.extend_from_slice(data);
        }
        bytes
    }

    #[test]
    fn answers_are_told_apart() {
        let alias = (5, &[1, b'x', 0][..]);
        let address = (TYPE_A, &[192, 0, 2, 1][..]);
        assert_eq!(
            read(&response(0, &[alias, address]), TYPE_A),
            ResolverAnswer::Addresses(1)
        );
        assert_eq!(
            read(&response(0, &[alias]), TYPE_A),
            ResolverAnswer::NoSuchAddress
        );
        assert_eq!(read(&response(3, &[]), TYPE_A), ResolverAnswer::NoSuchName);
        assert_eq!(read(&response(2, &[]), TYPE_A), ResolverAnswer::Error(2));
        assert_eq!(read(&[0, 0], TYPE_A), ResolverAnswer::Error(1));
    }

    #[test]
    fn a_cut_answer_has_no_addresses() {
        let whole = response(0, &[(TYPE_A, &[192, 0, 2, 1])]);
        for length in 4..whole.len() - 4 {
            assert_eq!(
                read(&whole[..length], TYPE_A),
                ResolverAnswer::NoSuchAddress
            );
        }
    }

    #[test]
    fn the_configuration_names_servers_and_a_search_domain() {
        let text = "# comment\nsearch lan.test other\nnameserver 192.0.2.53\nnameserver ::1\n";
        let configured = Configured::parse(text);
        assert_eq!(
            configured.servers,
            [
                "192.0.2.53:53".parse().unwrap(),
                "[::1]:53".parse().unwrap()
            ]
        );
        assert_eq!(configured.full_name("server"), "server.lan.test");
        assert_eq!(configured.full_name("a.test"), "a.test");
        assert_eq!(
            Configured::parse("").servers,
            ["127.0.0.1:53".parse().unwrap()]
        );
    }

    #[test]
    fn names_that_cannot_be_asked_for_are_not() {
        assert!(question(&"a".repeat(64), TYPE_A).is_none());
        assert!(question("a..b", TYPE_A).is_none());
    }

    #[test]
    fn a_server_that_says_nothing_is_silent() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap();
        let resolver = ask(
            address,
            "server.test",
            Family::Any,
            Duration::from_millis(20),
        );
        assert_eq!(resolver.answer, ResolverAnswer::Silent);
    }
}

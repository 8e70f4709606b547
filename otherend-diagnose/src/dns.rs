//! One question to a name server, without the system's resolver between: what it answers tells
//! "does not exist" from "does not answer" (RFC 1035).

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use otherend_net::endpoint::Family;

use crate::evidence::{Resolver, ResolverAnswer};

const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;
/// The longest answer that is read; what is cut off is not needed here.
const ANSWER: usize = 1500;
/// When there are addresses of one type: how long those of the other are waited for.
const OTHER_TYPE: Duration = Duration::from_millis(300);

/// The name servers that the system is told to ask, and the name with the first search domain where
/// the system would add one.
pub(crate) struct Configured {
    pub(crate) servers: Vec<SocketAddr>,
    search: Option<String>,
}

impl Configured {
    /// From /etc/resolv.conf; without one, the system asks this machine itself (resolv.conf(5)).
    pub(crate) fn read() -> Configured {
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
    pub(crate) fn full_name(&self, name: &str) -> String {
        match &self.search {
            Some(domain) if !name.contains('.') => format!("{name}.{domain}"),
            _ => name.to_owned(),
        }
    }
}

/// Ask one server for the addresses of a name, of both types at once.
pub(crate) fn ask(server: SocketAddr, name: &str, family: Family, limit: Duration) -> Resolver {
    let started = Instant::now();
    let kinds = match family {
        Family::Any => &[TYPE_A, TYPE_AAAA][..],
        Family::V4 => &[TYPE_A],
        Family::V6 => &[TYPE_AAAA],
    };
    let asked: Vec<Question> = kinds
        .iter()
        .map(|kind| Question::send(server, name, *kind))
        .collect();
    let (mut best, mut addresses) = (None, Vec::new());
    for question in asked {
        let left = limit.saturating_sub(started.elapsed());
        let left = if addresses.is_empty() {
            left
        } else {
            left.min(OTHER_TYPE)
        };
        let (answer, more) = question.answer(left);
        best = Some(better(best, answer));
        addresses.extend(more);
    }
    Resolver {
        address: server,
        answer: best.unwrap_or(ResolverAnswer::Silent),
        addresses,
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

/// A question on its way, on a socket of its own.
struct Question {
    kind: u16,
    /// `None` for a name that cannot be one.
    sent: Option<std::io::Result<UdpSocket>>,
}

impl Question {
    fn send(server: SocketAddr, name: &str, kind: u16) -> Question {
        let question = question(name, kind);
        Question {
            kind,
            sent: question.map(|question| send(server, &question)),
        }
    }

    fn answer(self, limit: Duration) -> (ResolverAnswer, Vec<IpAddr>) {
        let answer = match self.sent {
            None => return (ResolverAnswer::NoSuchName, Vec::new()),
            Some(sent) => sent.and_then(|socket| receive(&socket, self.kind, limit)),
        };
        match answer {
            Ok(Some(answer)) => read(&answer, self.kind),
            Ok(None) => (ResolverAnswer::Silent, Vec::new()),
            Err(_) => (ResolverAnswer::Unreachable, Vec::new()),
        }
    }
}

fn send(server: SocketAddr, question: &[u8]) -> std::io::Result<UdpSocket> {
    let any = if server.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    socket.send(question)?;
    Ok(socket)
}

/// Wait for the answer with the question's number; `None` when none came in time.
fn receive(socket: &UdpSocket, kind: u16, limit: Duration) -> std::io::Result<Option<Vec<u8>>> {
    let deadline = Instant::now() + limit;
    let mut buffer = [0; ANSWER];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // What has come by the deadline is still taken.
        socket.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match socket.recv(&mut buffer) {
            Ok(length) if buffer[..length].starts_with(&number(kind)) => {
                return Ok(Some(buffer[..length].to_vec()));
            }
            Ok(_) if !left.is_zero() => {}
            Ok(_) => return Ok(None),
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

/// The number only has to differ between the two questions of one run, each on its own socket.
fn number(kind: u16) -> [u8; 2] {
    [0x6F, kind.to_be_bytes()[1]]
}

/// Header and question (RFC 1035 §4.1); `None` for a name that cannot be one.
fn question(name: &str, kind: u16) -> Option<Vec<u8>> {
    let [high, low] = number(kind);
    let mut question = vec![high, low, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
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

/// The response code, and those of the answers that are addresses of this type.
fn read(answer: &[u8], kind: u16) -> (ResolverAnswer, Vec<IpAddr>) {
    let code = answer.get(3).map(|octet| octet & 0x0F);
    let addresses = match code {
        Some(0) => addresses(answer, kind).unwrap_or_default(),
        _ => Vec::new(),
    };
    let said = match (code, addresses.len()) {
        (None, _) => ResolverAnswer::Error(1),
        (Some(3), _) => ResolverAnswer::NoSuchName,
        (Some(0), 0) => ResolverAnswer::NoSuchAddress,
        (Some(0), count) => ResolverAnswer::Addresses(u16::try_from(count).unwrap_or(u16::MAX)),
        (Some(code), _) => ResolverAnswer::Error(code),
    };
    (said, addresses)
}

fn addresses(answer: &[u8], kind: u16) -> Option<Vec<IpAddr>> {
    let records = u16::from_be_bytes([*answer.get(6)?, *answer.get(7)?]);
    let mut at = after_name(answer, 12)? + 4;
    let mut found = Vec::new();
    for _ in 0..records {
        let start = after_name(answer, at)?;
        let fields = answer.get(start..start + 10)?;
        let length = usize::from(u16::from_be_bytes([fields[8], fields[9]]));
        at = start + 10 + length;
        let data = answer.get(start + 10..at)?;
        if fields[..2] == kind.to_be_bytes() {
            found.extend(address(data));
        }
    }
    Some(found)
}

fn address(data: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(data).map(IpAddr::from).ok();
    v4.or_else(|| <[u8; 16]>::try_from(data).map(IpAddr::from).ok())
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

    fn said(answer: &[u8]) -> ResolverAnswer {
        read(answer, TYPE_A).0
    }

    #[test]
    fn answers_are_told_apart() {
        let alias = (5, &[1, b'x', 0][..]);
        let address = (TYPE_A, &[192, 0, 2, 1][..]);
        assert_eq!(
            said(&response(0, &[alias, address])),
            ResolverAnswer::Addresses(1)
        );
        assert_eq!(said(&response(0, &[alias])), ResolverAnswer::NoSuchAddress);
        assert_eq!(said(&response(3, &[])), ResolverAnswer::NoSuchName);
        assert_eq!(said(&response(2, &[])), ResolverAnswer::Error(2));
        assert_eq!(said(&[0, 0]), ResolverAnswer::Error(1));
    }

    #[test]
    fn the_addresses_are_read() {
        let records = [
            (TYPE_A, &[192, 0, 2, 1][..]),
            (5, &[0]),
            (TYPE_A, &[192, 0, 2, 2]),
        ];
        let (_, addresses) = read(&response(0, &records), TYPE_A);
        let expected = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        assert_eq!(addresses, expected);
    }

    #[test]
    fn a_cut_answer_has_no_addresses() {
        let whole = response(0, &[(TYPE_A, &[192, 0, 2, 1])]);
        for length in 4..whole.len() - 4 {
            assert_eq!(said(&whole[..length]), ResolverAnswer::NoSuchAddress);
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

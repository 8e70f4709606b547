//! A name server asked for a name, without the system's resolver between: what it answers tells
//! "does not exist" from "does not answer" (RFC 1035).

mod configured;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use otherend_net::endpoint::Family;
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, ResourceRecord, TYPE};

use crate::evidence::{Resolver, ResolverAnswer};

pub(crate) use configured::Configured;

/// Every question has it: each is asked on a socket of its own.
const NUMBER: u16 = 0x6F65;
/// The longest answer that is read; what is cut off is not needed here.
const ANSWER: usize = 1500;
/// When there are addresses of one type: how long those of the other are waited for.
const OTHER_TYPE: Duration = Duration::from_millis(300);

/// Ask one server for the addresses of the first of these names that has any.
///
/// A server that does not answer for one of them is not asked for the next, as the C library does.
/// That a name exists without such an address is told rather than that another does not exist.
pub(crate) fn ask(
    server: SocketAddr,
    names: &[String],
    family: Family,
    limit: Duration,
) -> Resolver {
    let started = Instant::now();
    let mut resolver = Resolver {
        address: server,
        answer: ResolverAnswer::NoSuchName,
        addresses: Vec::new(),
        took: Duration::ZERO,
    };
    for name in names {
        let left = limit.saturating_sub(started.elapsed());
        let (answer, addresses) = addresses_of(server, name, family, left);
        // `server` with `search a.test b.test`: that server.a.test does not exist says nothing of
        // server.b.test. An error of one zone's servers says nothing of the next zone, either.
        resolver.addresses = addresses;
        match answer {
            ResolverAnswer::NoSuchName => {}
            ResolverAnswer::Error(_) if resolver.answer == ResolverAnswer::NoSuchAddress => {}
            ResolverAnswer::NoSuchAddress | ResolverAnswer::Error(_) => resolver.answer = answer,
            ResolverAnswer::Addresses(_) | ResolverAnswer::Silent | ResolverAnswer::Unreachable => {
                resolver.answer = answer;
                break;
            }
        }
    }
    resolver.took = started.elapsed();
    resolver
}

/// Ask for the addresses of one name, of both types at once.
fn addresses_of(
    server: SocketAddr,
    name: &str,
    family: Family,
    limit: Duration,
) -> (ResolverAnswer, Vec<IpAddr>) {
    let started = Instant::now();
    let kinds = match family {
        Family::Any => &[TYPE::A, TYPE::AAAA][..],
        Family::V4 => &[TYPE::A],
        Family::V6 => &[TYPE::AAAA],
    };
    let asked: Vec<Query> = kinds
        .iter()
        .map(|kind| Query::send(server, name, *kind))
        .collect();
    // Both questions are under way; once there is an address of one type, the other's answer is waited
    // for no longer than it usually takes.
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
    (best.unwrap_or(ResolverAnswer::Silent), addresses)
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
struct Query {
    /// `None` for a name that cannot be one.
    sent: Option<io::Result<UdpSocket>>,
}

impl Query {
    fn send(server: SocketAddr, name: &str, kind: TYPE) -> Query {
        Query {
            sent: question(name, kind).map(|question| send(server, &question)),
        }
    }

    fn answer(self, limit: Duration) -> (ResolverAnswer, Vec<IpAddr>) {
        let answer = match self.sent {
            None => return (ResolverAnswer::NoSuchName, Vec::new()),
            Some(sent) => sent.and_then(|socket| receive(&socket, limit)),
        };
        match answer {
            Ok(Some(answer)) => read(&answer),
            Ok(None) => (ResolverAnswer::Silent, Vec::new()),
            Err(_) => (ResolverAnswer::Unreachable, Vec::new()),
        }
    }
}

fn send(server: SocketAddr, question: &[u8]) -> io::Result<UdpSocket> {
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
fn receive(socket: &UdpSocket, limit: Duration) -> io::Result<Option<Vec<u8>>> {
    let deadline = Instant::now() + limit;
    let mut buffer = [0; ANSWER];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // What has come by the deadline is still taken.
        socket.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match socket.recv(&mut buffer) {
            Ok(length) if buffer[..length].starts_with(&NUMBER.to_be_bytes()) => {
                return Ok(Some(buffer[..length].to_vec()));
            }
            Ok(_) if !left.is_zero() => {}
            Ok(_) => return Ok(None),
            Err(error) if is_timeout(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// A question for addresses of one type; `None` for a name that cannot be one.
fn question(name: &str, kind: TYPE) -> Option<Vec<u8>> {
    // `Name` passes over empty labels, and `a..b` is not `a.b`.
    let name = Name::new(name).ok().filter(|_| !name.contains(".."))?;
    let mut packet = Packet::new_query(NUMBER);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let question = Question::new(name, kind.into(), CLASS::IN.into(), false);
    packet.questions.push(question);
    packet.build_bytes_vec().ok()
}

/// What a server said, and the addresses in it. What is no DNS message is as good as an error.
fn read(answer: &[u8]) -> (ResolverAnswer, Vec<IpAddr>) {
    let Ok(packet) = Packet::parse(answer) else {
        return (ResolverAnswer::Error(RCODE::FormatError as u8), Vec::new());
    };
    let addresses: Vec<IpAddr> = packet.answers.iter().filter_map(address).collect();
    match (packet.rcode(), addresses.len()) {
        (RCODE::NameError, _) => (ResolverAnswer::NoSuchName, Vec::new()),
        (RCODE::NoError, 0) => (ResolverAnswer::NoSuchAddress, Vec::new()),
        (RCODE::NoError, count) => {
            let count = u16::try_from(count).unwrap_or(u16::MAX);
            (ResolverAnswer::Addresses(count), addresses)
        }
        (code, _) => (ResolverAnswer::Error(code as u8), Vec::new()),
    }
}

/// An answer may name aliases (CNAME) on the way to its addresses.
fn address(record: &ResourceRecord<'_>) -> Option<IpAddr> {
    match &record.rdata {
        RData::A(found) => Some(Ipv4Addr::from(found.address).into()),
        RData::AAAA(found) => Some(Ipv6Addr::from(found.address).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(code: RCODE, records: Vec<RData<'_>>) -> Vec<u8> {
        let mut packet = Packet::new_reply(NUMBER);
        *packet.rcode_mut() = code;
        let name = Name::new("server.test").unwrap();
        let record = |data| ResourceRecord::new(name.clone(), CLASS::IN, 60, data);
        packet.answers = records.into_iter().map(record).collect();
        packet.build_bytes_vec().unwrap()
    }

    fn said(code: RCODE, records: Vec<RData<'_>>) -> ResolverAnswer {
        read(&response(code, records)).0
    }

    fn alias() -> RData<'static> {
        RData::CNAME(Name::new("x").unwrap().into())
    }

    #[test]
    fn answers_are_told_apart() {
        let address = RData::A(Ipv4Addr::new(192, 0, 2, 1).into());
        assert_eq!(
            said(RCODE::NoError, vec![alias(), address]),
            ResolverAnswer::Addresses(1)
        );
        assert_eq!(
            said(RCODE::NoError, vec![alias()]),
            ResolverAnswer::NoSuchAddress
        );
        assert_eq!(said(RCODE::NameError, vec![]), ResolverAnswer::NoSuchName);
        assert_eq!(said(RCODE::ServerFailure, vec![]), ResolverAnswer::Error(2));
        assert_eq!(read(&[0, 0]).0, ResolverAnswer::Error(1));
    }

    #[test]
    fn the_addresses_are_read() {
        let v4 = Ipv4Addr::new(192, 0, 2, 1);
        let v6 = Ipv6Addr::LOCALHOST;
        let records = vec![RData::A(v4.into()), alias(), RData::AAAA(v6.into())];
        let (_, addresses) = read(&response(RCODE::NoError, records));
        assert_eq!(addresses, [IpAddr::from(v4), IpAddr::from(v6)]);
    }

    #[test]
    fn a_cut_answer_is_an_error() {
        let address = RData::A(Ipv4Addr::new(192, 0, 2, 1).into());
        let whole = response(RCODE::NoError, vec![address]);
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]).0, ResolverAnswer::Error(1));
        }
    }

    #[test]
    fn names_that_cannot_be_asked_for_are_not() {
        assert!(question(&"a".repeat(64), TYPE::A).is_none());
        assert!(question("a..b", TYPE::A).is_none());
    }

    #[test]
    fn a_server_that_says_nothing_is_silent() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap();
        let resolver = ask(
            address,
            &["server.test".to_owned()],
            Family::Any,
            Duration::from_millis(20),
        );
        assert_eq!(resolver.answer, ResolverAnswer::Silent);
    }

    /// A name server that answers so many questions: it knows one address of one name.
    fn knows(known: &'static str, questions: usize) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        std::thread::spawn(move || {
            for _ in 0..questions {
                let mut buffer = [0; ANSWER];
                let (length, peer) = socket.recv_from(&mut buffer).unwrap();
                let asked = Packet::parse(&buffer[..length]).unwrap();
                let answer = match asked.questions[0].qname.to_string() == known {
                    true => response(RCODE::NoError, vec![RData::A(Ipv4Addr::LOCALHOST.into())]),
                    false => response(RCODE::NameError, vec![]),
                };
                socket.send_to(&answer, peer).unwrap();
            }
        });
        address
    }

    #[test]
    fn the_first_name_with_addresses_is_taken() {
        let server = knows("server.b.test", 2);
        let names = ["server.a.test", "server.b.test", "server"].map(str::to_owned);
        let found = ask(server, &names, Family::V4, Duration::from_secs(10));
        assert_eq!(found.answer, ResolverAnswer::Addresses(1));
        assert_eq!(found.addresses, [IpAddr::from(Ipv4Addr::LOCALHOST)]);

        let server = knows("server.c.test", 3);
        let found = ask(server, &names, Family::V4, Duration::from_secs(10));
        assert_eq!(found.answer, ResolverAnswer::NoSuchName);
    }
}

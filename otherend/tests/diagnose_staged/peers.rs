//! Servers of a few lines, each with one manner, and a name server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use crate::host::Host;

/// Treat each connection so, in a thread of its own, for as long as the test runs.
pub(crate) fn serve(listener: TcpListener, manner: fn(TcpStream)) {
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || manner(stream));
        }
    });
}

/// Accept, and keep the connection open without a word until the peer ends it.
pub(crate) fn silent(mut stream: TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Accept and close.
pub(crate) fn closing(stream: TcpStream) {
    drop(stream);
}

/// Accept and reset.
pub(crate) fn resetting(stream: TcpStream) {
    let _ = SockRef::from(&stream).set_linger(Some(std::time::Duration::ZERO));
}

/// Greet as an SSH server, then wait.
pub(crate) fn ssh(mut stream: TcpStream) {
    let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n");
    silent(stream);
}

/// Answer whatever comes as a web server does that does not understand it.
pub(crate) fn http(mut stream: TcpStream) {
    line_of(&stream);
    let _ = stream
        .write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

/// Read lines and write the answers when the peer has ended, as a buffer that nobody flushes does.
pub(crate) fn not_flushing(mut stream: TcpStream) {
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    let _ = stream.write_all(b"210 hello\n");
}

/// Answer without ever ending the line.
pub(crate) fn unfinished(mut stream: TcpStream) {
    line_of(&stream);
    let _ = stream.write_all(b"210 hel");
    silent(stream);
}

/// Answer only a line that ends with CR LF.
pub(crate) fn strict(mut stream: TcpStream) {
    let mut heard = Vec::new();
    let mut byte = [0];
    while stream.read_exact(&mut byte).is_ok() {
        heard.push(byte[0]);
        if heard.ends_with(b"\r\n") {
            let _ = stream.write_all(b"210 hello\r\n");
            heard.clear();
        }
    }
}

/// Answer a line after a while, and nothing else.
pub(crate) fn slow(mut stream: TcpStream, delay: Duration) {
    line_of(&stream);
    thread::sleep(delay);
    let _ = stream.write_all(b"250 late\r\n");
    silent(stream);
}

/// Greet with more than anybody keeps, in lines that all end.
pub(crate) fn talkative(mut stream: TcpStream) {
    let line = "x".repeat(98) + "\r\n";
    let _ = stream.write_all(line.repeat(41).as_bytes());
    silent(stream);
}

/// Answer with one very long line.
pub(crate) fn long_line(mut stream: TcpStream) {
    line_of(&stream);
    let _ = stream.write_all(("x".repeat(300_000) + "\n").as_bytes());
    silent(stream);
}

/// Say lines for ever.
pub(crate) fn endless(mut stream: TcpStream) {
    while stream.write_all(b"tick tock\n").is_ok() {}
}

/// Ask for a name, as a login does.
pub(crate) fn prompting(mut stream: TcpStream) {
    let _ = stream.write_all(b"login: ");
    silent(stream);
}

/// Echo lines.
pub(crate) fn echo(mut stream: TcpStream) {
    let Ok(reading) = stream.try_clone() else {
        return;
    };
    for line in BufReader::new(reading).lines().map_while(Result::ok) {
        if stream.write_all(format!("{line}\n").as_bytes()).is_err() {
            return;
        }
    }
}

fn line_of(stream: &TcpStream) {
    // An end before the line is a line, too.
    let _ = BufReader::new(stream).read_line(&mut String::new());
}

/// What the name server of a host answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Names {
    /// Nothing at all.
    Silent,
    /// A response code and no addresses: 3 for "does not exist", 2 for a failure.
    Code(u8),
    /// One IPv4 address for every name, and no other.
    Address([u8; 4]),
    /// The same, 4 s late.
    Slow([u8; 4]),
}

/// Names are answered so on this host, at 127.0.0.1.
pub(crate) fn names(host: &Host, names: Names) {
    host.resolvers(&["127.0.0.1"]);
    name_server(host, "127.0.0.1:53", names);
}

/// Names are asked for at a server that says nothing, and at one that answers so.
pub(crate) fn second_names(host: &Host, names: Names) {
    host.resolvers(&["127.0.0.1", "127.0.0.2"]);
    name_server(host, "127.0.0.1:53", Names::Silent);
    name_server(host, "127.0.0.2:53", names);
}

/// A name server at this address.
fn name_server(host: &Host, address: &'static str, names: Names) {
    let socket = host.inside(move || UdpSocket::bind(address).expect("port 53 is free"));
    thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            let Some(answer) = answer(&question[..length], names) else {
                continue;
            };
            let Ok(socket) = socket.try_clone() else {
                return;
            };
            let reply = move || {
                thread::sleep(names.delay());
                let _ = socket.send_to(&answer, from);
            };
            thread::spawn(reply);
        }
    });
}

impl Names {
    fn delay(self) -> Duration {
        match self {
            Names::Slow(_) => Duration::from_secs(4),
            _ => Duration::ZERO,
        }
    }
}

fn answer(question: &[u8], names: Names) -> Option<Vec<u8>> {
    let end = 12 + question.get(12..)?.iter().position(|octet| *octet == 0)? + 5;
    let mut answer = question.get(..end)?.to_vec();
    let wants_ipv4 = answer[end - 3] == 1;
    answer[2] |= 0x80;
    // No authority or additional records, which the question may have had.
    answer[8..12].fill(0);
    match names {
        Names::Silent => return None,
        Names::Code(code) => answer[3] = code,
        Names::Address(address) | Names::Slow(address) if wants_ipv4 => {
            answer[7] = 1;
            answer.extend_from_slice(&[0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
            answer.extend_from_slice(&address);
        }
        Names::Address(_) | Names::Slow(_) => {}
    }
    Some(answer)
}

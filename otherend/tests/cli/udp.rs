//! `serve --udp` and `connect -u`: datagrams instead of a connection, the rest as ever.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

use expectrl::process::unix::WaitStatus;
use expectrl::{ControlCode, Eof, Expect, Session};
use rustix::process::Signal;
use socket2::{Domain, Protocol, Socket, Type};

use super::program::{Outcome, Running, otherend};
use super::tap::listening;

/// A server over UDP with these flags, and where it is.
fn serve(flags: &[&str]) -> (Running, String) {
    let words = [&["serve", "--udp", "127.0.0.1:0"], flags].concat();
    let mut server = otherend(&words).start();
    let address = listening(&mut server);
    (server, address)
}

fn stop(server: Running) -> Outcome {
    server.signal(Signal::INT);
    server.wait()
}

fn peer(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.connect(address).expect("a way over loopback");
    let patience = Some(Duration::from_secs(20));
    socket.set_read_timeout(patience).expect("a time limit");
    socket
}

fn ask(socket: &UdpSocket, text: &str) -> String {
    socket.send(text.as_bytes()).expect("it is sent");
    let mut heard = [0; 1000];
    let length = socket.recv(&mut heard).expect("an answer");
    String::from_utf8_lossy(&heard[..length]).into_owned()
}

/// An address at which nothing takes datagrams.
fn nobody() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("its address").to_string()
}

#[test]
fn each_line_of_a_pipe_is_a_datagram() {
    let (server, address) = serve(&[]);
    let outcome = otherend(&["connect", "-u", &address, "--linger", "300ms"])
        .input("a\nb\r\n\nc")
        .run();
    let echo = "From server -> a\nFrom server -> b\r\nFrom server -> \nFrom server -> c";
    assert_eq!(outcome.succeeded().stdout, echo);
    stop(server)
        .succeeded()
        .said("1 > a\n1 < From server -> a\n1 > b\n")
        .said("1 * over after ")
        .said("1 conversation in all, 4 lines heard, 4 said\n");
}

#[test]
fn clients_are_told_apart_on_the_screen() {
    let (server, address) = serve(&["--json"]);
    let peers: Vec<_> = (0..30).map(|_| peer(&address)).collect();
    for (number, peer) in peers.iter().enumerate() {
        assert_eq!(
            ask(peer, &format!("I am {number}")),
            format!("From server -> I am {number}")
        );
    }
    for (number, peer) in peers.iter().enumerate().rev() {
        ask(peer, &format!("still {number}"));
    }
    let outcome = stop(server).succeeded();
    for line in outcome.stdout.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        if event["from"] == "C" {
            let text = event["text"].as_str().expect("what was said");
            let number: u64 = text.rsplit(' ').next().unwrap_or_default().parse().unwrap();
            assert_eq!(event["conn"], number + 1, "{line}");
        }
    }
    outcome
        .said("\"over\":\"udp\"")
        .said("\"conversations\":30");
}

#[test]
fn nothing_that_listens_is_said() {
    let address = nobody();
    let outcome = otherend(&["connect", "-u", &address])
        .input("hello\n")
        .run();
    outcome
        .exited(1)
        .complained(&format!("nothing is listening on udp {address}"));
}

#[test]
fn a_line_that_no_datagram_holds_is_refused() {
    let (_server, address) = serve(&[]);
    let outcome = otherend(&["connect", "-u", &address])
        .input(vec![b'x'; 70_000])
        .run();
    outcome.exited(2).complained("a datagram holds 65507");
}

#[test]
fn hex_shows_the_bytes_of_each_datagram() {
    let (server, address) = serve(&["--hex"]);
    ask(&peer(&address), "hi\n");
    stop(server)
        .succeeded()
        .said("1 > 00000000  68 69 0a ")
        .said(
            "1 < 00000000  46 72 6f 6d 20 73 65 72  76 65 72 20 2d 3e 20 68  |From server -> h|\n",
        )
        .said("1 < 00000010  69 0a ");
}

#[test]
fn crlf_ends_each_datagram() {
    let server = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = server.local_addr().expect("its address").to_string();
    let words = ["connect", "-uC", &address, "--linger", "10ms"];
    otherend(&words).input("a\nb\r\n").run().succeeded();
    for expected in ["a\r\n", "b\r\n"] {
        let mut heard = [0; 100];
        let length = server.recv(&mut heard).expect("a datagram");
        assert_eq!(heard[..length], *expected.as_bytes());
    }
}

#[test]
fn flags_that_do_not_fit_are_refused() {
    for flags in [
        &["serve", "--udp", "--engine", "single"][..],
        &["serve", "--udp", "--workers", "2"],
        &["serve", "--udp", "--framing", "crlf"],
        &["serve", "--udp", "--keepalive", "1s"],
        &["serve", "--udp", "--line-timeout", "1s"],
        &["serve", "--udp", "--write-timeout", "1s"],
        &["serve", "--udp", "--max-output", "1k"],
        &["serve", "--udp", "--max-output-in-all", "1k"],
        &["serve", "--udp", "--linger", "1s"],
        &["connect", "-u", ":1", "--framing", "crlf"],
        &["connect", "-u", ":1", "--no-half-close"],
        &["connect", "-u", ":1", "--retry", "1s"],
    ] {
        let outcome = otherend(flags).run().exited(2);
        outcome.complained("'--udp' cannot be used with '--");
    }
}

#[test]
fn beyond_loopback_an_echo_has_no_prefix() {
    let outcome = otherend(&["serve", "--udp", "--any", "--prefix", "you said: ", "0"]).run();
    outcome.exited(2).complained("leave --prefix out");
    let mut server = otherend(&["serve", "--udp", "--any", "-4", "0"]).start();
    let line = server.stdout_with("listening on udp 0.0.0.0:");
    server.stdout_with("no answer to another machine is longer than what it sent");
    let port = line.trim_end().rsplit(':').next().expect("a port");
    assert_eq!(ask(&peer(&format!("127.0.0.1:{port}")), "hello"), "hello");
    stop(server).succeeded();
}

#[test]
fn a_port_that_is_taken_says_by_whom_and_what_to_do() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    let outcome = otherend(&["serve", "--udp", &address]).run().exited(1);
    let outcome = outcome.complained(&format!("cannot listen on {address}"));
    let pid = std::process::id();
    outcome
        .complained(&format!("(pid {pid}) listens on {address} already"))
        .complained("to do: use port ")
        .complained(&format!(
            "which is free, or end the other server (kill {pid})"
        ));
}

#[test]
fn a_client_from_a_low_port_is_turned_away_and_counted() {
    let low = (512..1024).find_map(|port| UdpSocket::bind(("127.0.0.1", port)).ok());
    let Some(low) = low else {
        eprintln!("skipped: only root has ports under 1024 here");
        return;
    };
    let (mut server, address) = serve(&[]);
    for _ in 0..3 {
        low.send_to(b"hello", &address).expect("it is sent");
    }
    server.stdout_with("was turned away: its port is under 1024");
    assert_eq!(ask(&peer(&address), "hello"), "From server -> hello");
    low.set_nonblocking(true).expect("a mode");
    let silence = low.recv(&mut [0; 100]).expect_err("no answer");
    assert_eq!(silence.kind(), ErrorKind::WouldBlock);
    stop(server).succeeded().said(", 3 turned away\n");
}

/// A datagram to `to` that says it is from `from`; `None`: only root may.
fn spoof(from: SocketAddrV4, to: SocketAddrV4, text: &[u8]) -> Option<()> {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP)).ok()?;
    let own = SocketAddr::from((*from.ip(), 0));
    socket.bind(&own.into()).ok()?;
    let mut datagram = Vec::new();
    // RFC 768: ports, length, and a checksum that 0 leaves out.
    let length = u16::try_from(8 + text.len()).ok()?;
    for field in [from.port(), to.port(), length, 0] {
        datagram.extend_from_slice(&field.to_be_bytes());
    }
    datagram.extend_from_slice(text);
    socket.send_to(&datagram, &SocketAddr::V4(to).into()).ok()?;
    Some(())
}

fn v4(address: &str) -> SocketAddrV4 {
    let address: SocketAddrV4 = address.parse().expect("an IPv4 address");
    assert_eq!(*address.ip(), Ipv4Addr::LOCALHOST);
    address
}

#[test]
fn two_echoes_and_one_spoofed_datagram_exchange_at_most_twenty() {
    for flags in [&[][..], &["--prefix", ""]] {
        let (mut first, one) = serve(flags);
        let (second, two) = serve(flags);
        if spoof(v4(&two), v4(&one), b"hello\n").is_none() {
            eprintln!("skipped: spoofing needs root");
            return;
        }
        first.stdout_with("was turned away: it only says back what it is told");
        let heard: usize = [stop(first), stop(second)]
            .map(|outcome| outcome.succeeded().stdout.matches("1 > ").count())
            .into_iter()
            .sum();
        // The last one was heard, but was no line any more.
        assert!((3..20).contains(&heard), "{heard} datagrams");
    }
}

const TALK: &str = "\
otherend talk 1
over     udp

C: time?
S: {{_:time=2026-03-02T10:15:09Z}}
C. ping
S. pong
";

#[test]
fn a_transcript_over_udp_is_served_and_played() {
    let (server, address) = serve(&[
        "--talk",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../transcripts/time-udp.talk"),
    ]);
    let words = ["play", "a.talk", &address];
    otherend(&words).file("a.talk", TALK).run().exited(0);
    let peer = peer(&address);
    assert_eq!(ask(&peer, "time?\n"), "2026-03-02T10:15:09Z\n");
    assert_eq!(ask(&peer, "ping"), "pong");
    stop(server)
        .succeeded()
        .said("2 > time?\n2 < 2026-03-02T10:15:09Z\n2 > ping\n2 < pong\n");
}

#[test]
fn what_carries_a_transcript_is_not_guessed() {
    let outcome = otherend(&["serve", "--talk", "a.talk"])
        .file("a.talk", TALK)
        .run();
    outcome
        .exited(2)
        .complained("a.talk: it is over UDP: add --udp");
    let over_tcp = TALK.replace("over     udp\n", "");
    let outcome = otherend(&["serve", "--udp", "--talk", "a.talk"]).file("a.talk", &over_tcp);
    outcome
        .run()
        .exited(2)
        .complained("a.talk: it is over TCP: leave --udp out");
}

#[test]
fn other_tools_are_answered() {
    let (server, address) = serve(&[]);
    let port = address.rsplit(':').next().expect("a port");
    let socat = format!("UDP:{address}");
    for words in [
        &["nc.openbsd", "-u", "-w", "1", "127.0.0.1", port][..],
        // It leaves at the end of its input, so the input waits for the answer.
        &["ncat", "-u", "127.0.0.1", port],
        &["socat", "-t", "1", "-", &socat],
    ] {
        let child = Command::new(words[0])
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            eprintln!("skipped: {} is not installed", words[0]);
            continue;
        };
        let mut input = child.stdin.take().expect("a pipe");
        std::io::Write::write_all(&mut input, b"hello\n").expect("it reads");
        let mut output = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = Vec::new();
        std::io::BufRead::read_until(&mut output, b'\n', &mut line).expect("an answer");
        assert_eq!(
            String::from_utf8_lossy(&line),
            "From server -> hello\n",
            "{words:?}"
        );
        drop(input);
        child.wait().expect("its end");
    }
    stop(server).succeeded();
}

#[test]
fn a_prompt_talks_in_datagrams() {
    let (server, address) = serve(&[]);
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_otherend"));
    command.args(["connect", "-u", &address, "--linger", "100ms"]);
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    command.env("XDG_STATE_HOME", home.path());
    let mut terminal = Session::spawn(command).expect("a terminal");
    terminal.set_expect_timeout(Some(Duration::from_secs(20)));
    let mut sees = |typed: &str, text: &str| {
        terminal.send(typed).expect("the terminal takes keys");
        let seen = terminal.expect(text);
        seen.unwrap_or_else(|error| panic!("waiting for `{text}`: {error}"));
    };
    sees("", &format!("* talking to udp {address}"));
    sees("", "> ");
    sees("hello\r", "< From server -> hello");
    terminal
        .send(ControlCode::EndOfTransmission)
        .expect("the terminal takes keys");
    terminal
        .expect("* you ended the input (Ctrl-D); 1 line said and 1 heard in")
        .expect("the end");
    terminal.expect(Eof).expect("the end of its output");
    let status = terminal.get_process().wait().expect("its status");
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
    stop(server).succeeded();
}

#[test]
fn a_true_echo_says_back_each_datagram_as_it_came() {
    let (server, address) = serve(&["--reply", "bytes"]);
    let peer = peer(&address);
    for said in [&b"exit\n"[..], b"\xff\xfd\x01\r", b"no line", b"a\nb\r\n"] {
        peer.send(said).expect("it is sent");
        let mut heard = [0; 100];
        let length = peer.recv(&mut heard).expect("an answer");
        assert_eq!(&heard[..length], said);
    }
    stop(server).succeeded();
}

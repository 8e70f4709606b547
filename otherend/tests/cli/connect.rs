//! `otherend connect` without a terminal: a pipe with a server at the other end.

use std::io::{Read, Seek, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, socket};

use super::program::otherend;

/// A server for one peer, and what it came back with.
pub(crate) fn server<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address: SocketAddr = listener.local_addr().expect("its address");
    let thread = thread::spawn(move || serve(listener.accept().expect("a peer").0));
    (address.to_string(), thread)
}

/// Read a peer to the end of what it sends.
fn hear(mut peer: &TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    peer.read_to_end(&mut heard).expect("the peer's bytes");
    heard
}

/// A port that is ours at every address, so that nobody listens on it, and nobody will.
pub(crate) struct Held {
    v4: OwnedFd,
    /// None where the machine has no IPv6.
    _v6: Option<OwnedFd>,
}

/// A port that nobody listens on yet, and its address on loopback.
pub(crate) fn port_without_listener() -> (Held, String) {
    loop {
        let v4 = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        rustix::net::bind(&v4, &any).expect("a free port");
        let bound = rustix::net::getsockname(&v4).expect("its address");
        let port = SocketAddr::try_from(bound).expect("an address").port();
        // Somebody may have it over IPv6 only.
        if let Ok(v6) = held_over_ipv6(port) {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            return (Held { v4, _v6: v6 }, address.to_string());
        }
    }
}

fn held_over_ipv6(port: u16) -> Result<Option<OwnedFd>, Errno> {
    let Ok(v6) = socket(AddressFamily::INET6, SocketType::STREAM, None) else {
        return Ok(None);
    };
    rustix::net::sockopt::set_ipv6_v6only(&v6, true)?;
    match rustix::net::bind(&v6, &SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))) {
        Ok(()) => Ok(Some(v6)),
        Err(Errno::ADDRINUSE) => Err(Errno::ADDRINUSE),
        Err(_) => Ok(None),
    }
}

/// What is truly said first of a port where nobody listens: a server that listens on a port beside it
/// may have been meant, and every machine has its own.
pub(crate) const NOBODY_LISTENS: [&str; 2] = ["not-listening", "other-port"];

#[test]
fn bytes_pass_untouched_both_ways() {
    let (address, server) = server(|mut peer| {
        let heard = hear(&peer);
        peer.write_all(&heard).expect("an echo");
        heard
    });
    let sent: Vec<u8> = (0..200_000_u32).map(|n| (n * 7 % 127) as u8).collect();
    let outcome = otherend(&["connect", &address]).input(sent.clone()).run();
    assert_eq!(outcome.succeeded().stdout.as_bytes(), sent);
    assert_eq!(server.join().unwrap(), sent);
}

#[test]
fn the_end_of_input_is_a_half_close_and_the_answer_is_awaited() {
    let (address, server) = server(|mut peer| {
        let heard = hear(&peer);
        peer.write_all(b"late answer").expect("it still listens");
        heard
    });
    let outcome = otherend(&["connect", &address]).input("question\n").run();
    assert_eq!(outcome.succeeded().stdout, "late answer");
    assert_eq!(server.join().unwrap(), b"question\n");
}

#[test]
fn a_peer_that_does_not_close_is_left_after_the_linger_time() {
    let (address, server) = server(|mut peer| {
        peer.write_all(b"answer\n").expect("a line");
        hear(&peer)
    });
    let words = ["connect", &address, "--no-half-close", "--linger", "100ms"];
    let outcome = otherend(&words).input("question\n").run().exited(0);
    assert_eq!(outcome.stdout, "answer\n");
    outcome.complained("* the peer did not close in time: closed here");
    assert_eq!(server.join().unwrap(), b"question\n");
}

#[test]
fn a_source_that_cannot_be_used_is_blamed() {
    let (_nobody, address) = port_without_listener();
    for (source, why) in [
        ("192.0.2.99", "it is no address of this machine"),
        ("::1", "they are of different families"),
    ] {
        let outcome = otherend(&["connect", &address, "-s", source]).run();
        let said = format!("cannot connect to {address}: {source} cannot be its source, {why}");
        outcome.exited(1).complained(&said).complained("--source");
    }
}

#[test]
fn a_client_connects_from_the_source_it_was_given() {
    let (address, server) = server(|peer| peer.peer_addr().expect("its address").ip());
    let outcome = otherend(&["connect", &address, "-s", "127.0.0.77"]).run();
    outcome.succeeded();
    assert_eq!(server.join().unwrap().to_string(), "127.0.0.77");
}

#[test]
fn a_line_is_shown_before_its_answer() {
    for _ in 0..20 {
        let (address, server) = server(|mut peer| {
            let mut line = [0; 9];
            peer.read_exact(&mut line).expect("a line");
            peer.write_all(b"answer\n").expect("it listens");
        });
        let program = otherend(&["connect", &address, "--json"]);
        let outcome = program.input("question\n").run().succeeded();
        let at = |text: &str| outcome.stdout.find(text).expect("it is shown");
        assert!(at("question") < at("answer"), "{outcome}");
        server.join().unwrap();
    }
}

#[test]
fn crlf_gives_every_line_its_carriage_return() {
    let (address, server) = server(|peer| hear(&peer));
    let outcome = otherend(&["connect", "-C", &address])
        .input("a\nb\r\nc")
        .run();
    outcome.succeeded();
    assert_eq!(server.join().unwrap(), b"a\r\nb\r\nc");
}

#[test]
fn host_and_port_may_be_two_words() {
    let (address, server) = server(|peer| hear(&peer));
    let (host, port) = address.rsplit_once(':').unwrap();
    otherend(&["connect", host, port])
        .input("x")
        .run()
        .succeeded();
    assert_eq!(server.join().unwrap(), b"x");
}

#[test]
fn json_tells_who_said_what() {
    let (address, server) = server(|mut peer| {
        let heard = hear(&peer);
        peer.write_all(b"one\r\ntw\xc3(").expect("an answer");
        heard
    });
    let outcome = otherend(&["connect", "--json", &address])
        .input("hi\n")
        .run();
    server.join().unwrap();
    let lines: Vec<serde_json::Value> = outcome
        .succeeded()
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["from"].is_string())
        .collect();
    let parts = |index: usize| {
        let line = &lines[index];
        ["from", "text", "b64", "eol"].map(|key| line[key].as_str().unwrap_or("").to_owned())
    };
    assert_eq!(parts(0), ["C", "hi", "", "lf"]);
    assert_eq!(parts(1), ["S", "one", "", "crlf"]);
    assert_eq!(parts(2), ["S", "", "dHfDKA==", "none"]);
    assert_eq!(lines.len(), 3);
}

/// The word for how it ended, as programs are told.
fn reason(output: &str) -> String {
    let is_end = |line: &&str| line.contains("\"event\":\"ended\"");
    let ended = output.lines().find(is_end).expect("it ends");
    let ended: serde_json::Value = serde_json::from_str(ended).expect("an object");
    ended["reason"].as_str().expect("a word").to_owned()
}

#[test]
fn json_has_a_word_for_how_it_ended() {
    let (address, server) = server(|peer| drop(hear(&peer)));
    let outcome = otherend(&["connect", "--json", &address]).run();
    assert_eq!(reason(&outcome.succeeded().stdout), "peer-finished");
    server.join().unwrap();
}

#[test]
fn json_has_a_word_for_a_reset() {
    let (address, server) = server(|peer| {
        let mut first = [0];
        (&peer).read_exact(&mut first).expect("a byte");
    });
    let mut running = otherend(&["connect", "--json", "-q", &address]).start();
    running.say_bytes(b"many bytes");
    server.join().unwrap();
    assert_eq!(reason(&running.wait().exited(1).stdout), "reset");
}

#[test]
fn json_has_a_word_for_a_time_that_is_up() {
    let (address, server) = server(|peer| hear(&peer));
    let words = "connect --json --no-half-close --linger 50ms";
    let words: Vec<&str> = words.split(' ').chain([&address[..]]).collect();
    let outcome = otherend(&words).input("question\n").run();
    assert_eq!(reason(&outcome.exited(0).stdout), "closed-here");
    server.join().unwrap();
}

#[test]
fn quiet_leaves_the_lines_alone() {
    let (address, server) = server(|mut peer| {
        hear(&peer);
        peer.write_all(b"answer\n").expect("it listens");
    });
    let words = ["connect", "-q", "--time", "since", &address];
    let outcome = otherend(&words).input("question\n").run().succeeded();
    assert_eq!(outcome.stdout.lines().count(), 2, "{outcome}");
    assert!(!outcome.stdout.contains('*'), "{outcome}");
    server.join().unwrap();
}

#[test]
fn the_environment_leaves_piped_bytes_alone() {
    for (name, value) in [
        ("TIME", "clock"),
        ("JSON", "1"),
        ("HEX", "yes"),
        ("RAW", "1"),
    ] {
        let (address, server) = server(|mut peer| {
            hear(&peer);
            peer.write_all(b"answer\n").expect("it listens");
        });
        let program = otherend(&["connect", &address]).env(&format!("OTHEREND_{name}"), value);
        let outcome = program.input("question\n").run().succeeded();
        assert_eq!(outcome.stdout, "answer\n", "{name}");
        server.join().unwrap();
    }
}

#[test]
fn input_that_the_server_did_not_take_is_told_of() {
    let (address, server) = server(|peer| {
        peer.shutdown(Shutdown::Write).expect("a close");
        peer
    });
    // A file, which always has more: a pipe could be empty for a moment.
    let mut input = tempfile::tempfile().expect("a file");
    input.write_all(&vec![b'x'; 32 << 20]).expect("room");
    input.rewind().expect("a file");
    let mut program = Command::new(env!("CARGO_BIN_EXE_otherend"));
    let outcome = program.args(["connect", &address]).stdin(input).output();
    let outcome = outcome.expect("it runs");
    assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
    let said = String::from_utf8_lossy(&outcome.stderr);
    assert!(said.contains("not everything was sent"), "{said}");
    drop(server.join());
}

#[test]
fn a_port_that_hears_datagrams_only_is_pointed_out() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("its address").to_string();
    let outcome = otherend(&["connect", &address]).run().exited(1);
    outcome
        .complained(&format!("\n  udp {address} belongs to cli"))
        .complained("\n  to talk over UDP add --udp");
}

#[test]
fn hex_shows_both_directions() {
    let (address, server) = server(|mut peer| {
        let heard = hear(&peer);
        peer.write_all(b"\0\xff").expect("an answer");
        heard
    });
    let outcome = otherend(&["connect", "--hex", &address])
        .input("hi\n")
        .run();
    server.join().unwrap();
    outcome
        .succeeded()
        .said("> 00000000  68 69 0a ")
        .said("< 00000000  00 ff ");
}

#[test]
fn a_reset_is_network_trouble() {
    let (address, server) = server(|peer| {
        let mut first = [0];
        (&peer).read_exact(&mut first).expect("a byte");
        // Closing with unread input resets the connection.
        drop(peer);
    });
    let mut running = otherend(&["connect", &address]).start();
    running.say_bytes(b"many bytes");
    server.join().unwrap();
    running.wait().exited(1).complained("the peer");
}

#[test]
fn a_reset_at_the_end_of_the_input_names_the_flag_that_keeps_it_open() {
    let (address, server) = server(|peer| {
        hear(&peer);
        rustix::net::sockopt::set_socket_linger(&peer, Some(Duration::ZERO)).expect("it is open");
    });
    let outcome = otherend(&["connect", &address]).input("on\n").run();
    outcome.exited(1).complained("try --no-half-close");
    server.join().unwrap();
}

#[test]
fn a_reset_without_an_end_of_the_input_names_no_flag() {
    let (address, server) = server(|peer| {
        let mut first = [0];
        (&peer).read_exact(&mut first).expect("a byte");
        rustix::net::sockopt::set_socket_linger(&peer, Some(Duration::ZERO)).expect("it is open");
    });
    let words = ["connect", "--no-half-close", &address];
    let outcome = otherend(&words).input("on\n").run().exited(1);
    assert!(!outcome.stderr.contains("--no-half-close"), "{outcome}");
    server.join().unwrap();
}

#[test]
fn a_framing_that_nothing_goes_by_is_told_of() {
    let text = "* a pipe passes bytes as they are; --framing is for the prompt, --json, --time and --record";
    for (flags, told) in [(&[][..], true), (&["--json"], false), (&["-q"], false)] {
        let (address, server) = server(|peer| hear(&peer));
        let words = [&["connect", "--framing", "stx", &address], flags].concat();
        let outcome = otherend(&words).input("\x02hi\x03").run().exited(0);
        assert_eq!(outcome.stderr.contains(text), told, "{outcome}");
        assert_eq!(server.join().unwrap(), b"\x02hi\x03");
    }
}

#[test]
fn a_closed_stdout_is_no_trouble() {
    let (address, server) = server(|mut peer| {
        let chunk = [b'\n'; 65_536];
        while peer.write_all(&chunk).is_ok() {}
    });
    let running = otherend(&["connect", &address]).start();
    running.close_stdout().exited(0);
    server.join().unwrap();
}

#[test]
fn a_refused_connection_says_so() {
    let (_taken, address) = port_without_listener();
    let outcome = otherend(&["connect", &address]).run().exited(1);
    outcome.complained(&format!("cannot connect to {address}: connection refused"));
}

#[test]
fn a_program_is_told_the_cause_in_json() {
    let (_taken, address) = port_without_listener();
    let outcome = otherend(&["connect", &address, "--json"]).run().exited(1);
    let failed: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("one object");
    assert_eq!(failed["event"], "failed");
    let cause = failed["cause"].as_str().expect("a word");
    assert!(NOBODY_LISTENS.contains(&cause), "{cause}");
    assert_eq!(failed["causes"][0], failed["cause"]);
    let text = format!("cannot connect to {address}: connection refused");
    assert_eq!(failed["text"], text);
    outcome.complained(&text);
}

#[test]
fn retrying_waits_for_a_server_that_is_starting() {
    let (held, address) = port_without_listener();
    let words = ["connect", &address, "--retry", "60s", "-v"];
    let mut running = otherend(&words).start();
    rustix::net::listen(&held.v4, 1).unwrap();
    let (peer, _) = TcpListener::from(held.v4).accept().unwrap();
    running.stderr_with("connected to");
    peer.shutdown(Shutdown::Both).unwrap();
    running.wait().exited(0);
}

#[test]
fn what_is_no_address_is_a_mistake() {
    let outcome = otherend(&["connect", "localhost"]).run().exited(2);
    outcome.complained("`localhost` has no port: add one, as in localhost:8080");
}

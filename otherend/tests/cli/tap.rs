//! `otherend tap` between a client and a server that are both the test.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;

use rustix::process::Signal;

use super::connect::port_without_listener;
use super::program::{Outcome, Running, otherend};

/// The program between a listener of the test and whoever connects.
pub(crate) struct Tap {
    pub(crate) program: Running,
    pub(crate) address: String,
    pub(crate) target: TcpListener,
}

pub(crate) fn tap(flags: &[&str]) -> Tap {
    let target = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = target.local_addr().expect("its address").to_string();
    let words = [&["tap", "127.0.0.1:0", &to], flags].concat();
    let mut program = otherend(&words).start();
    let address = listening(&mut program);
    Tap {
        program,
        address,
        target,
    }
}

/// Where it listens, from its first line.
pub(crate) fn listening(program: &mut Running) -> String {
    let line = program.stdout_with("istening");
    let address = line
        .split([' ', '"'])
        .find(|word| word.contains("127.0.0.1:"));
    address.expect("an address").trim_end().to_owned()
}

impl Tap {
    /// Connect through it.
    pub(crate) fn connect(&self) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(&self.address).expect("the tap");
        let (server, _) = self.target.accept().expect("the tap's connection");
        (client, server)
    }

    /// Stop it and see what it came back with.
    pub(crate) fn stop(self) -> Outcome {
        self.program.signal(Signal::INT);
        self.program.wait()
    }
}

pub(crate) fn say(mut stream: &TcpStream, text: &[u8]) {
    stream.write_all(text).expect("it is taken");
}

pub(crate) fn hear(mut stream: &TcpStream, text: &[u8]) {
    let mut heard = vec![0; text.len()];
    stream.read_exact(&mut heard).expect("it is passed on");
    assert_eq!(heard, text);
}

/// `from` says it, `to` hears it.
pub(crate) fn pass(from: &TcpStream, to: &TcpStream, text: &[u8]) {
    say(from, text);
    hear(to, text);
}

/// The lines with one of the marks, without those of the start and the end.
fn lines<'a>(outcome: &'a Outcome, mark: &str) -> Vec<&'a str> {
    let lines = outcome.stdout.lines();
    lines.filter(|line| line.contains(mark)).collect()
}

#[test]
fn both_directions_are_shown_with_number_and_mark() {
    let mut tap = tap(&[]);
    let (client, server) = tap.connect();
    pass(&server, &client, b"220 ready\r\n");
    pass(&client, &server, b"EHLO \x1b[2Jme\r\nQUIT\r\n");
    client.shutdown(Shutdown::Write).unwrap();
    drop((server, client));
    tap.program.stdout_with("ended after");
    let outcome = tap.stop().succeeded();
    assert_eq!(lines(&outcome, "1 < "), ["1 < 220 ready"]);
    assert_eq!(lines(&outcome, "1 > "), ["1 > EHLO \\x1b[2Jme", "1 > QUIT"]);
    outcome
        .said("both ends have finished (client said 19 B, server said 11 B)")
        .said("1 connection in all, clients said 19 B, servers said 11 B");
}

#[test]
fn a_prompt_without_an_end_is_shown_as_it_waits() {
    let mut tap = tap(&[]);
    let (client, server) = tap.connect();
    pass(&server, &client, b"login: ");
    assert_eq!(
        tap.program.stdout_with("login"),
        "1 < login:  (no line end)\n"
    );
    pass(&client, &server, b"me\n");
    assert_eq!(tap.program.stdout_with("me"), "1 > me\n");
}

#[test]
fn hex_counts_the_bytes_of_each_side() {
    let mut tap = tap(&["--hex"]);
    let (client, server) = tap.connect();
    pass(&client, &server, b"0123456789abcdef\n");
    tap.program.stdout_with("00000010");
    pass(&server, &client, b"\xff\0");
    let line = tap.program.stdout_with("1 < ");
    assert!(line.starts_with("1 < 00000000  ff 00 "), "{line}");
    pass(&client, &server, b"!");
    let line = tap.program.stdout_with("|!|");
    assert!(line.starts_with("1 > 00000011  21 "), "{line}");
}

#[test]
fn json_tells_who_said_what() {
    let mut tap = tap(&["--json"]);
    let (client, server) = tap.connect();
    pass(&client, &server, b"a\r\n\xffb\n");
    tap.program.stdout_with("\"b64\":\"/2I=\",\"eol\":\"lf\"");
    drop((client, server));
    tap.program.stdout_with("\"event\":\"ended\"");
    let outcome = tap.stop().succeeded();
    for line in outcome.stdout.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(event["t"].is_number(), "{line}");
    }
    outcome
        .said("\"conn\":1,\"from\":\"C\",\"text\":\"a\",\"eol\":\"crlf\"")
        .said("\"event\":\"reached\"");
}

#[test]
fn tls_passes_and_is_only_noted() {
    let mut tap = tap(&[]);
    let (client, server) = tap.connect();
    pass(&client, &server, b"\x16\x03\x01\x00\x02\x01\x00\n");
    pass(&client, &server, b"\x17\x03\x03\x00\x02xy\n");
    tap.program.stdout_with("the client speaks TLS");
    drop((client, server));
    tap.program.stdout_with("ended after");
    assert_eq!(lines(&tap.stop(), "1 > "), [""; 0]);
}

#[test]
fn quiet_shows_only_what_went_wrong() {
    let (_nobody, to) = port_without_listener();
    let mut program = otherend(&["tap", "127.0.0.1:0", &to, "-q"]).start();
    let address = listening(&mut program);
    let mut client = TcpStream::connect(address).expect("the tap");
    let error = client.read(&mut [0]).expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    program.stdout_with("connection refused");
    program.stdout_with("not-listening: ");
    program.signal(Signal::INT);
    let outcome = program.wait().succeeded();
    assert!(!outcome.stdout.contains("connected"), "{outcome}");
}

#[test]
fn a_screen_that_nobody_reads_does_not_slow_the_peers() {
    const BYTES: usize = 64 << 20;
    let target = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = target.local_addr().expect("its address").to_string();
    let mut program = Command::new(env!("CARGO_BIN_EXE_otherend"))
        .args(["tap", "127.0.0.1:0", &to, "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdout = program.stdout.take().expect("a pipe");
    let mut first = Vec::new();
    // The first line says where it listens; nobody reads on.
    while !first.ends_with(b"\n") {
        let mut byte = [0];
        stdout.read_exact(&mut byte).expect("a first line");
        first.push(byte[0]);
    }
    let first: serde_json::Value = serde_json::from_slice(&first).expect("JSON");
    let address = first["address"].as_str().expect("an address").to_owned();
    let client = thread::spawn(move || {
        let client = TcpStream::connect(address).expect("the tap");
        say(
            &client,
            &b"a line of thirty-two bytes, yes\n".repeat(BYTES / 32),
        );
    });
    let (mut server, _) = target.accept().expect("the tap's connection");
    let passed = std::io::copy(&mut server, &mut std::io::sink()).expect("all of it");
    assert_eq!(passed, BYTES as u64);
    client.join().unwrap();
    program.kill().unwrap();
    program.wait().unwrap();
}

#[test]
fn one_address_is_not_enough() {
    otherend(&["tap", "localhost", "80"])
        .run()
        .exited(2)
        .complained("where should it be passed on to? otherend tap localhost 80 HOST:PORT");
}

#[test]
fn a_fault_is_shown_and_felt() {
    let mut tap = tap(&["--fault", "on S: 250 {{_:text=}} wrong-eol"]);
    let (client, server) = tap.connect();
    say(&server, b"220 ready\r\n250 ok\r\n");
    hear(&client, b"220 ready\r\n250 ok\n");
    let line = tap.program.stdout_with("fault: ");
    assert_eq!(
        line,
        "1 * fault: on S: 250 {{_:text=}} wrong-eol (it meets: 250 ok)\n"
    );
}

#[test]
fn what_is_no_fault_is_explained() {
    otherend(&["tap", "1", "2", "--fault", "on S: 250 explode"])
        .run()
        .exited(2)
        .complained("`explode` is no fault: use cut, ");
}

#[test]
fn a_fault_that_nothing_met_is_told_at_the_end() {
    let tap = tap(&[
        "--fault",
        "on S: 999 x drop",
        "--fault",
        "on C: one duplicate",
    ]);
    let (client, server) = tap.connect();
    say(&client, b"one\n");
    hear(&server, b"one\none\n");
    drop((client, server));
    let outcome = tap.stop().succeeded();
    let outcome = outcome.said("* fault never met: on S: 999 x drop");
    assert!(!outcome.stdout.contains("never met: on C"), "{outcome}");
}

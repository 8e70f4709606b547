//! Every command with its stdout on a full disk: none loses what it shows without a word.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use otherend_diagnose::listeners;
use rustix::process::Signal;

use super::program::{Program, Running, otherend, program};

const COMPLAINT: &str =
    "otherend: cannot write to stdout: no space left on device; make room, or write elsewhere";

/// Where it listens, which it cannot show.
fn listening(program: &Running) -> SocketAddr {
    let all = listeners::all().expect("Linux tells");
    let mut own = all.into_iter().filter(|listener| {
        let process = listener.process.as_ref();
        process.is_some_and(|process| process.pid == program.pid())
    });
    own.next().expect("it listens").address
}

/// Say a line and hear its answer.
fn ask(peer: &mut BufReader<TcpStream>, line: &str) -> String {
    peer.get_mut().write_all(line.as_bytes()).expect("it reads");
    let mut answer = String::new();
    peer.read_line(&mut answer).expect("it answers");
    answer
}

#[test]
fn a_server_says_once_that_its_log_is_lost_and_goes_on() {
    for flags in [&["--json"][..], &[]] {
        let words = [&["serve", "127.0.0.1:0"], flags].concat();
        let mut server = otherend(&words).on_full_stdout().start();
        let told = server.stderr_with("cannot write");
        let goes_on = "from here on nothing is shown, the conversations go on";
        assert_eq!(told, format!("{COMPLAINT}; {goes_on}\n"));
        for _ in 0..2 {
            let peer = TcpStream::connect(listening(&server)).expect("it listens");
            let mut peer = BufReader::new(peer);
            assert_eq!(ask(&mut peer, "a\n"), "From server -> a\n");
            assert_eq!(ask(&mut peer, "b\n"), "From server -> b\n");
        }
        server.signal(Signal::TERM);
        let outcome = server.wait().exited(2);
        assert_eq!(outcome.stderr, told, "said once: {outcome}");
    }
}

#[test]
fn a_tap_passes_on_what_it_cannot_show() {
    let target = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = target.local_addr().expect("bound").to_string();
    let words = ["tap", "127.0.0.1:0", &to, "--json"];
    let mut tap = otherend(&words).on_full_stdout().start();
    tap.stderr_with("the conversations go on");
    let client = TcpStream::connect(listening(&tap)).expect("it listens");
    let (server, _) = target.accept().expect("the tap connects");
    super::tap::pass(&client, &server, b"one\n");
    super::tap::pass(&server, &client, b"two\n");
    drop((client, server));
    tap.signal(Signal::TERM);
    tap.wait().exited(2);
}

/// Run it: it must say why it shows nothing, and nothing else.
#[track_caller]
fn complains(program: Program) {
    let outcome = program.on_full_stdout().run().exited(2);
    assert_eq!(outcome.stderr, format!("{COMPLAINT}\n"), "{outcome}");
}

#[test]
fn commands_that_only_print_fail() {
    let talk = "otherend talk 1\n\nC: a\n";
    for words in [
        &["man"][..],
        &["--help"],
        &["serve", "-h"],
        &["--version"],
        &["completions", "bash"],
        &["interfaces"],
        &["interfaces", "--json"],
        &["diagnose", "127.0.0.1:1"],
        &["diagnose", "127.0.0.1:1", "--json"],
        &["talk", "lint", "a.talk"],
        &["talk", "convert", "a.talk"],
        &["talk", "fmt", "-"],
    ] {
        complains(otherend(words).file("a.talk", talk).input(talk));
    }
}

#[test]
fn clients_that_show_what_they_heard_fail() {
    let (server, address) = super::serve::serve(&[]);
    let talk = "otherend talk 1\n\nC: a\nS: From server -> a\n";
    let bench = ["--clients", "1", "--seconds", "100ms"];
    for words in [
        &["connect", &address][..],
        &["connect", &address, "--json"],
        &["play", "a.talk", &address],
        &["play", "a.talk", &address, "--json"],
        &[&["bench", &address, "--json"], &bench[..]].concat(),
        &[&["bench", &address], &bench[..]].concat(),
    ] {
        complains(otherend(words).file("a.talk", talk).input("no end"));
    }
    server.signal(Signal::TERM);
    server.wait().succeeded();
}

#[test]
fn a_pipe_that_nobody_reads_any_more_is_no_trouble() {
    let words = ["serve", "127.0.0.1:0", "--json"];
    let mut server = otherend(&words).start();
    let address = super::tap::listening(&mut server);
    let server = server.without_stdout();
    let mut peer = BufReader::new(TcpStream::connect(&address).expect("it listens"));
    for _ in 0..100 {
        assert_eq!(ask(&mut peer, "a\n"), "From server -> a\n");
    }
    server.signal(Signal::TERM);
    server.wait().succeeded();
}

#[test]
fn a_limit_on_the_size_of_files_ends_the_log_and_not_the_server() {
    let script = "ulimit -f 1 && exec \"$0\" serve 127.0.0.1:0 --json >log";
    let words = ["-c", script, env!("CARGO_BIN_EXE_otherend")];
    let mut server = program("sh", &words).start();
    let log = server.folder().join("log");
    while fs::metadata(&log).map_or(0, |log| log.len()) == 0 {
        std::thread::yield_now();
    }
    let peer = TcpStream::connect(listening(&server)).expect("it listens");
    let mut peer = BufReader::new(peer);
    for _ in 0..50 {
        assert_eq!(ask(&mut peer, "a\n"), "From server -> a\n");
    }
    server.stderr_with("cannot write to stdout: file too large; make room, or write elsewhere");
    assert_eq!(ask(&mut peer, "b\n"), "From server -> b\n");
    server.signal(Signal::TERM);
    server.wait().exited(2);
}

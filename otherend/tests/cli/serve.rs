//! `otherend serve` as its operator meets it: the first question, signals, silence.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use expectrl::ControlCode;
use rustix::process::Signal;

use super::program::{Running, otherend};
use super::tap::listening;
use super::terminal::Terminal;

pub(crate) const ENGINES: [&str; 3] = ["single", "threads", "async"];

pub(crate) fn serve(flags: &[&str]) -> (Running, String) {
    let words = [&["serve", "127.0.0.1:0"], flags].concat();
    let mut server = otherend(&words).start();
    let address = listening(&mut server);
    (server, address)
}

/// A client that has said this and heard the answer to its first line.
fn client(address: &str, said: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(said.as_bytes()).expect("it reads");
    let mut stream = BufReader::new(stream);
    let mut answer = String::new();
    stream.read_line(&mut answer).expect("it answers");
    assert_eq!(answer, "From server -> a\n");
    stream
}

#[test]
fn nothing_is_open_to_the_network_unless_asked() {
    for words in [["serve", "0"], ["serve", ":0"]] {
        let mut server = otherend(&words).start();
        let address = listening(&mut server);
        assert!(address.starts_with("127.0.0.1:"), "{words:?}: {address}");
    }
}

#[test]
fn a_signal_closes_idle_clients_and_the_report_counts_them() {
    for (engine, signal) in ENGINES
        .into_iter()
        .zip([Signal::INT, Signal::TERM, Signal::TERM])
    {
        let (server, address) = serve(&["--engine", engine]);
        let mut client = client(&address, "a\n");
        server.signal(signal);
        assert_eq!(client.read(&mut [0]).expect("an orderly end"), 0);
        drop(client);
        server
            .wait()
            .succeeded()
            .said("* stopping: conversations may finish")
            .said("the server is stopping (1 line heard, 1 said)")
            .said("* stopped: 1 idle closed; 1 conversation in all, ");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn one_client_at_a_time_and_who_waits_is_told() {
    let (mut server, address) = serve(&["--engine", "single"]);
    let first = client(&address, "a\n");
    let _second = TcpStream::connect(&address).expect("the system accepts");
    let told = server.stdout_with("waits until");
    assert_eq!(told, "* 1 client waits until conversation 1 ends\n");
    drop(first);
    server.stdout_with("2 * ");
}

#[test]
fn a_client_in_the_middle_of_a_line_may_finish_it() {
    for engine in ENGINES {
        let (mut server, address) = serve(&["--engine", engine]);
        let mut client = client(&address, "a\nhal");
        server.signal(Signal::TERM);
        server.stdout_with("* stopping");
        client.get_mut().write_all(b"f\n").expect("it still reads");
        let mut rest = String::new();
        client.read_to_string(&mut rest).expect("an orderly end");
        assert_eq!(rest, "From server -> half\n");
        drop(client);
        server.wait().succeeded().said("* stopped: 1 ");
    }
}

#[test]
fn a_second_signal_stops_at_once() {
    for engine in ENGINES {
        let flags = [
            "--engine",
            engine,
            "--drain-timeout",
            "1h",
            "--line-timeout",
            "1h",
        ];
        let (mut server, address) = serve(&flags);
        let _client = client(&address, "a\nhalf");
        server.signal(Signal::TERM);
        server.stdout_with("* stopping");
        server.signal(Signal::TERM);
        let outcome = server.wait().succeeded();
        outcome.said("* stopped: 1 cut off; ");
    }
}

/// The port that the system chose is said nevertheless: nobody could know it.
#[test]
fn quiet_says_nothing_of_clients_and_signals() {
    let (server, address) = serve(&["-q"]);
    let _client = client(&address, "a\n");
    server.signal(Signal::TERM);
    let outcome = server.wait().succeeded();
    assert_eq!(outcome.stdout, format!("* listening on {address}\n"));
}

#[test]
fn a_program_is_told_why_it_cannot_listen() {
    let (_server, address) = serve(&[]);
    let outcome = otherend(&["serve", &address, "--json"]).run().exited(1);
    let failed: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("one object");
    assert_eq!(failed["event"], "failed");
    assert_eq!(failed["cause"], "port-taken");
    outcome.complained(&format!("cannot listen on {address}: "));
}

#[test]
fn rubbish_for_an_address_is_explained_and_asked_again() {
    let home = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::start(&["serve", "--ask"], home);
    terminal.sees("listen on which address [127.0.0.1:8080]: ");
    terminal.types("rubbish\r");
    terminal.sees("* `rubbish` has no port: add one, as in rubbish:8080");
    terminal.sees("listen on which address [127.0.0.1:8080]: ");
    terminal.types("127.0.0.1:0\r");
    terminal.sees("* listening on 127.0.0.1:");
    terminal.sees("* only this machine can connect; --any lets others in");
    terminal.sees("* to try it: otherend connect :");
    terminal.presses(ControlCode::EndOfText);
    terminal.sees("* stopped; 0 conversations in all, ");
    terminal.exits(0);
}

#[test]
fn an_address_that_cannot_be_listened_on_is_explained_and_asked_again() {
    let question = "listen on which address [127.0.0.1:8080]: ";
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("bound").to_string();
    let home = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::start(&["serve", "--ask"], home);
    for (address, complaint) in [
        ("192.0.2.99:9000", "* cannot listen on 192.0.2.99:9000: "),
        (&taken[..], "* cannot listen on 127.0.0.1:"),
        ("[fe80::1%nosuch0]:80", "* "),
        ("udp://127.0.0.1:0", "write --udp 127.0.0.1:0"),
    ] {
        terminal.sees(question);
        terminal.types(&format!("{address}\r"));
        terminal.sees(complaint);
    }
    terminal.sees(question);
    terminal.types("127.0.0.1:0\r");
    terminal.sees("* listening on 127.0.0.1:");
    terminal.presses(ControlCode::EndOfText);
    terminal.exits(0);
}

#[test]
fn a_flag_that_would_mean_nothing_is_a_mistake() {
    for (flags, complaint) in [
        ("--max-line 0", "write at least 1"),
        ("--max-clients 0", "write a number, at least 1"),
        ("--max-per-source many", "write a number, at least 1"),
        ("--max-clients 0", "'0' for '--max-clients <N>'"),
        ("--workers 100000", "100000 is not in 1..=1024"),
        (
            "--engine threads --workers 2",
            "--workers means nothing to --engine threads: leave one of the two out",
        ),
        (
            "--engine single --max-clients 5",
            "--max-clients means nothing to --engine single: leave one of the two out",
        ),
    ] {
        let flags: Vec<&str> = flags.split(' ').collect();
        let outcome = otherend(&[&["serve", "127.0.0.1:0"], &flags[..]].concat()).run();
        outcome.exited(2).complained(complaint);
    }
}

#[test]
fn a_true_echo_gives_every_byte_back_and_shows_what_came() {
    for engine in ENGINES {
        let (mut server, address) = serve(&["--reply", "bytes", "--engine", engine]);
        let mut client = TcpStream::connect(&address).expect("it listens");
        for said in [&b"exit\n"[..], b"\xff\xf6\0\r", b"no line"] {
            client.write_all(said).expect("it reads");
            let mut answer = vec![0; said.len()];
            client.read_exact(&mut answer).expect("it answers");
            assert_eq!(answer, said);
        }
        drop(client);
        server.stdout_with("left after");
        server.signal(Signal::TERM);
        server
            .wait()
            .succeeded()
            .said("1 > exit\\n\n1 < exit\\n\n1 > 4 bytes: ff f6 00 0d  |....|\n")
            .said("1 > no line\n1 < no line\n");
    }
}

#[test]
fn what_means_nothing_to_a_true_echo_is_refused() {
    for flags in [
        ["--prefix", "> "],
        ["--exit-word", "bye"],
        ["--framing", "crlf"],
    ] {
        let words = [&["serve", "--reply", "bytes"], &flags[..]].concat();
        let flag = flags[0];
        otherend(&words)
            .run()
            .exited(2)
            .complained(&format!("leave {flag} out"));
    }
}

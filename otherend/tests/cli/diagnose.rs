//! `otherend diagnose`, and the same by itself where a command cannot connect or listen.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use super::connect::port_without_listener;
use super::program::{Running, otherend};

#[test]
fn a_closed_port_is_named_step_by_step() {
    let (_held, address) = port_without_listener();
    let outcome = otherend(&["diagnose", &address]).run().exited(1);
    outcome
        .said(&format!("diagnosing {address}"))
        .said("refused: a reset came back")
        .said(&format!("{address} does not connect. "))
        .said("not-listening")
        .said("start the server");
}

#[test]
fn each_line_of_json_is_a_step_and_the_last_is_the_verdict() {
    let (_held, address) = port_without_listener();
    let outcome = otherend(&["diagnose", "--json", &address]).run().exited(1);
    let lines: Vec<serde_json::Value> = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (verdict, steps) = lines.split_last().unwrap();
    assert!(
        steps.iter().all(|step| step["event"] == "step"),
        "{steps:?}"
    );
    assert_eq!(verdict["event"], "verdict");
    assert_eq!(verdict["works"], false);
    let words: Vec<_> = verdict["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["word"])
        .collect();
    assert!(words.contains(&&"not-listening".into()), "{words:?}");
}

#[test]
fn a_reply_that_is_not_the_expected_one_has_its_own_exit_code() {
    let mut server = otherend(&["serve", "--prefix", "", "127.0.0.1:0"]).start();
    let address = server.stdout_with("listening on ");
    let address = address.rsplit(' ').next().unwrap();
    let ask =
        |expected| otherend(&["diagnose", address, "--say", "HELLO", "--expect", expected]).run();
    ask("HELLO").succeeded().said("works");
    ask("210").exited(3).said("reply-differs");
}

#[test]
fn a_server_that_floods_is_not_heard_for_long() {
    for (line, says) in [("a line\n", "works"), ("no end ", "line-unfinished")] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let flood = line.repeat(10_000);
                std::thread::spawn(move || while stream.write_all(flood.as_bytes()).is_ok() {});
            }
        });
        let words = ["diagnose", "--say", "hello", &address];
        let outcome = otherend(&words).run();
        let outcome = outcome.said("floods: more than 1 MiB").said(says);
        assert!(!outcome.stdout.contains("not-flushed"), "{outcome}");
    }
}

#[test]
fn a_quiet_server_answers_whoever_diagnoses_with_it() {
    let mut server = otherend(&["serve", "--quiet", "127.0.0.1:0"]).start();
    let line = server.stdout_with("listening on ");
    let address = line.trim_end().rsplit(' ').next().unwrap().to_owned();
    let outcome = otherend(&["diagnose", "--json", "--two-ended", &address]).run();
    outcome.succeeded().said("\"seen_to\":\"127.0.0.1:");
    server.signal(rustix::process::Signal::INT);
    let shown = server.wait().succeeded().stdout;
    assert!(!shown.contains("diagnosing"), "{shown}");
}

#[test]
fn a_server_for_one_client_has_room_for_each_probe() {
    // Where others wait, and are not turned away: how soon after its last word a client is no longer
    // counted is up to the machine.
    let mut server = otherend(&["serve", "--engine", "single", "127.0.0.1:0"]).start();
    let line = server.stdout_with("listening on ");
    let address = line.trim_end().rsplit(' ').next().expect("an address");
    let address = address.to_owned();
    let outcome = otherend(&["diagnose", "--json", "--two-ended", &address]).run();
    outcome
        .succeeded()
        .said("\"seen_to\":\"127.0.0.1:")
        .said("was answered with what is no TLS, \\\"From server");
}

#[test]
fn a_server_that_is_full_is_still_recognised() {
    let (_server, address) = for_one_client();
    let _only = TcpStream::connect(&address).expect("one is let in");
    let outcome = otherend(&["diagnose", "--two-ended", &address]).run();
    outcome
        .exited(1)
        .said("it is `otherend serve`, and says \"ERR server is full\"")
        .said("server-full, certain");
}

/// `otherend serve` that takes one client, and its address.
fn for_one_client() -> (Running, String) {
    let mut server = otherend(&["serve", "--max-clients", "1", "127.0.0.1:0"]).start();
    let line = server.stdout_with("listening on ");
    let address = line.trim_end().rsplit(' ').next().expect("an address");
    (server, address.to_owned())
}

#[test]
fn a_server_that_greets_as_otherend_is_asked_what_it_sees() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"220 otherend ready\n");
            let mut line = String::new();
            let _ = BufReader::new(&stream).read_line(&mut line);
            let answer = line.replace("DIAGNOSE", "SEES");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let outcome = otherend(&["diagnose", "--json", &address]).run();
    outcome
        .succeeded()
        .said(&format!("\"seen_to\":\"{address}\""));
}

#[test]
fn a_taken_port_is_explained_to_who_wants_to_listen() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let me = format!("(pid {})", std::process::id());
    otherend(&["diagnose", "--listen", &address])
        .run()
        .exited(1)
        .said("port-taken")
        .said(&me);
    let serve = otherend(&["serve", &address]).run().exited(1);
    serve
        .complained("port-taken: ")
        .complained(&me)
        .complained("to do: use port ");
}

#[test]
fn a_client_that_cannot_connect_says_why_by_itself() {
    let (_held, address) = port_without_listener();
    let outcome = otherend(&["connect", &address]).run().exited(1);
    outcome
        .complained("connection refused")
        .complained("not-listening: ")
        .complained(&format!("more: otherend diagnose {address}"));
}

#[test]
fn a_url_is_no_address() {
    let outcome = otherend(&["diagnose", "http://127.0.0.1:80/"])
        .run()
        .exited(2);
    outcome.complained("write 127.0.0.1:80");
}

#[test]
fn every_word_is_explained_in_the_documentation() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/diagnose.md");
    let text = std::fs::read_to_string(path).unwrap();
    for word in otherend_diagnose::CauseKind::ALL {
        assert!(
            text.contains(&format!("\n| `{word}` | ")),
            "{word} is not explained"
        );
    }
}

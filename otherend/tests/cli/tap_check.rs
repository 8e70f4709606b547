//! `otherend tap --check`: the referee between a client and a server.

use std::io::Read;
use std::net::{Shutdown, TcpStream};

use super::program::Outcome;
use super::tap::{pass, tap};

const BELL: &str =
    "otherend talk 1\nS: 200 ready\nC: RING {{n:int=3}}\nS: 250 rang {{n}}\nC! close\n";

/// A tap with this transcript, and what one connection makes of it.
fn checked(flags: &[&str], talk: impl FnOnce(&TcpStream, &TcpStream)) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("bell.talk");
    std::fs::write(&file, BELL).expect("a transcript");
    let file = file.to_str().expect("a path in UTF-8");
    let mut tap = tap(&[&["--check", file], flags].concat());
    let (client, server) = tap.connect();
    talk(&client, &server);
    client
        .shutdown(Shutdown::Write)
        .expect("an open connection");
    assert_eq!((&server).read(&mut [0]).expect("an end"), 0);
    drop((client, server));
    if !flags.contains(&"-q") {
        tap.program.stdout_with("ended");
    }
    tap.stop()
}

fn ring(client: &TcpStream, server: &TcpStream, rang: &[u8]) {
    pass(server, client, b"200 ready\n");
    pass(client, server, b"RING 5\n");
    pass(server, client, rang);
}

#[test]
fn what_fits_is_said_and_is_success() {
    let outcome = checked(&[], |client, server| ring(client, server, b"250 rang 5\n"));
    outcome
        .succeeded()
        .said("1 * fits ")
        .said("1 conversation fitted ");
}

#[test]
fn who_broke_it_is_shown_with_the_place_and_is_a_mismatch() {
    for flags in [&[][..], &["-q"]] {
        let outcome = checked(flags, |client, server| {
            ring(client, server, b"250 rang 6\n")
        });
        outcome
            .exited(3)
            .said("bell.talk:4: the server said something else")
            .said("1 *     expected  S: 250 rang {{n}}")
            .said("^ expected `5`, the value of n")
            .complained("0 conversations fitted ")
            .complained(", 1 did not");
    }
}

#[test]
fn programs_get_the_place_as_data() {
    let outcome = checked(&["--json"], |client, server| {
        ring(client, server, b"250 rang 6\n");
    });
    let event = outcome
        .stdout
        .lines()
        .find(|line| line.contains("\"unexpected\""));
    let event: serde_json::Value = serde_json::from_str(event.expect("a mismatch")).expect("JSON");
    assert_eq!(event["line"], 4);
    assert_eq!(event["conn"], 1);
}

#[test]
fn checking_nothing_is_no_success() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("bell.talk");
    std::fs::write(&file, BELL).expect("a transcript");
    let tap = tap(&["--check", file.to_str().expect("a path in UTF-8")]);
    tap.stop().exited(3).complained("nothing was checked");
}

#[test]
fn a_file_that_is_no_transcript_is_refused_before_anything_listens() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("bell.talk");
    std::fs::write(&file, "otherend talk 1\nX: hello\n").expect("a file");
    let file = file.to_str().expect("a path in UTF-8");
    let words = ["tap", "127.0.0.1:0", "127.0.0.1:1", "--check", file];
    let outcome = super::program::otherend(&words).run().exited(2);
    assert_eq!(outcome.stdout, "");
}

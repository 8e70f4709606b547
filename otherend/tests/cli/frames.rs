//! Messages in frames, everywhere beside `serve` and `connect`.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use otherend_core::Drawing;
use otherend_core::transcript::{Recording, Tail};

use super::program::otherend;
use super::serve::serve;
use super::tap::{hear, listening, pass, say, tap};

/// These messages, each in its frame.
fn frames(framing: &str, messages: &[&[u8]]) -> Vec<Vec<u8>> {
    let drawing: Drawing = framing.parse().expect("a drawing");
    let framed = |message: &&[u8]| {
        let mut frame = Vec::new();
        drawing.encode(message, &mut frame).expect("a frame");
        frame
    };
    messages.iter().map(framed).collect()
}

/// Say each of the frames and hear it again; then both ends close.
fn converse(address: &str, frames: &[Vec<u8>]) {
    let mut client = TcpStream::connect(address).expect("a connection");
    client.set_nodelay(true).expect("no delay");
    for frame in frames {
        client.write_all(frame).expect("it is taken");
        hear(&client, frame);
    }
    client.shutdown(Shutdown::Write).expect("an end");
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).expect("an end");
    assert_eq!(rest, b"");
}

#[test]
fn a_recording_of_messages_plays_serves_and_lints_as_it_is() {
    let messages: [&[u8]; 3] = [b"ping 1", b"\x01\x02\xff\x04\x05\x06", b"what? {{x}}"];
    for framing in [
        "u16",
        "stx",
        "modbus",
        "pg",
        "{len:dec}:{body}{sum:crc-32/iso-hdlc}",
    ] {
        let frames = frames(framing, &messages);
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
        let (by_server, by_tap, by_client) = (path("s.talk"), path("t.talk"), path("c.talk"));
        let flags = ["--framing", framing, "--prefix", ""];
        let (server, address) = serve(&[&flags[..], &["--record", &by_server]].concat());

        let words = [
            "tap",
            "0",
            &address,
            "--framing",
            framing,
            "--record",
            &by_tap,
        ];
        let mut tap = otherend(&words).start();
        converse(&listening(&mut tap), &frames);
        tap.signal(rustix::process::Signal::INT);
        tap.wait().succeeded();

        let words = [
            "connect",
            &address,
            "--framing",
            framing,
            "--record",
            &by_client,
        ];
        let piped = otherend(&words).input(frames.concat()).run().succeeded();
        assert!(piped.stderr.is_empty(), "{}", piped.stderr);
        server.signal(rustix::process::Signal::INT);
        server.wait().succeeded();

        let (_again, address) = serve(&flags);
        for file in [&by_tap, &by_client, &by_server] {
            let text = std::fs::read(file).expect("a recording");
            let recording = Recording::read(&text).expect("a transcript");
            assert_eq!(recording.tail, Tail::Complete);
            let text = recording.transcript.to_string();
            assert!(text.contains(&format!("\nframing  {framing}\n")), "{text}");
            assert!(
                text.contains("C: ping 1\n") && text.contains("C# 01 02 ff 04 05 06\n"),
                "{text}"
            );
            otherend(&["talk", "lint", file]).run().succeeded();
        }
        for file in [&by_tap, &by_client] {
            otherend(&["play", file, &address]).run().succeeded();
        }
        let (mock, address) = serve(&["--talk", &by_tap, "--strict"]);
        converse(&address, &frames);
        mock.signal(rustix::process::Signal::INT);
        mock.wait().succeeded();
    }
}

#[test]
fn a_tap_shows_messages_and_what_is_in_no_frame() {
    let tap = tap(&["--framing", "stx", "--time", "none"]);
    let (client, server) = tap.connect();
    pass(&client, &server, b"?\x02ID?\x03\x02a");
    pass(&server, &client, b"\x02\x01\xff\x03");
    pass(&client, &server, b"b\x03\x02half");
    drop((client, server));
    let outcome = tap.stop().succeeded();
    let outcome = outcome.said("\n1 > ID?\n").said("\n1 > ab\n");
    let outcome = outcome.said("\n1 < 2 bytes: 01 ff  |..|\n");
    outcome
        .said("1 * the client is out of step, bytes before the start of a message: ?\n")
        .said("1 * the client is out of step, half a message at the end: ");
}

#[test]
fn faults_are_of_messages_and_what_they_change_is_framed_again() {
    let flags = [
        "--framing",
        "u16",
        "--json",
        "--fault",
        "on 2 S# 00 {{_:bytes=}} drop",
        "--fault",
        "on S: garble garble",
        "--fault",
        "on C: length wrong-length",
        "--fault",
        "on C: extra extra-byte",
    ];
    let tap = tap(&flags);
    let (client, server) = tap.connect();
    let said = frames("u16", &[b"\0a", b"\0\n", b"garble", b"\0b"]);
    say(&server, &said.concat());
    let heard = frames("u16", &[b"\0a", b"\xe7ar\xe2le", b"\0b"]);
    hear(&client, &heard.concat());
    say(&client, b"\0\x06length");
    hear(&server, b"\0\x07length");
    say(&client, b"\0\x05extra\0\x01x");
    hear(&server, b"\0\x05extra\0\0\x01x");
    drop((client, server));
    let outcome = tap.stop().succeeded();
    let outcome = outcome.said(r#""event":"fault""#);
    outcome.said(r#""text":"\u0000a","eol":"frame""#);
}

#[test]
fn a_fault_that_means_nothing_there_is_refused() {
    for (framing, fault, why) in [
        ("lf", "on C: x wrong-sum", "the framing lf has no checksums"),
        (
            "u16",
            "on C: x no-end",
            "the framing u16 has no bytes that end a message",
        ),
        (
            "stx",
            "on C: x wrong-length",
            "the framing stx says no lengths",
        ),
        (
            "stx",
            "on C: x wrong-eol",
            "the framing stx has no line ends",
        ),
    ] {
        let words = ["tap", "0", ":1", "--framing", framing, "--fault", fault];
        let outcome = otherend(&words).run();
        outcome.exited(2).complained(why);
    }
}

#[test]
fn a_framing_of_datagrams_is_refused_with_the_reason() {
    for words in [
        &["serve", "0", "--udp", "--framing", "u16"][..],
        &["connect", "-u", ":1", "--framing", "u16"],
    ] {
        let outcome = otherend(words).run();
        outcome
            .exited(2)
            .complained("a datagram is a message already");
    }
}

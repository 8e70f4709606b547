//! Messages in frames: heard out of theirs, answered in one, and what happens out of step.

use std::sync::Arc;
use std::time::Duration;

use otherend_core::pair::Notes;
use otherend_core::transcript::{Plan, Transcript};
use otherend_core::{EndReason, Framing, Script, Settings, Time};

use super::{conversation, echo, noted_echo, text};

fn framed(framing: &str) -> Settings {
    Settings {
        framing: framing.parse::<Framing>().expect("a framing"),
        max_message: 10,
        ..Settings::server()
    }
}

#[test]
fn a_message_is_answered_in_a_frame_of_its_own() {
    for (framing, heard, said) in [
        ("u16", &b"\0\x02hi\0\0"[..], &b"\0\x05-> hi\0\x03-> "[..]),
        ("stx", b"\x02hi\x03", b"\x02-> hi\x03"),
        ("netstring", b"2:hi,", b"5:-> hi,"),
        ("slip", b"\xc0h\xc0", b"-> h\xc0"),
        // What stands before the body stays there.
        ("modbus", b"\0\x07\0\0\0\x02hi", b"\0\x07\0\0\0\x05-> hi"),
        ("\\x02{body}\\x03{sum:xor}", b"\x02A\x03B", b"\x02-> A\x03q"),
    ] {
        let mut pair = echo(framed(framing));
        for byte in heard {
            pair.client.write(&[*byte]);
            pair.drive();
        }
        assert_eq!(
            pair.client.heard().escape_ascii().to_string(),
            said.escape_ascii().to_string(),
            "{framing}"
        );
    }
}

#[test]
fn silence_ends_a_message_of_modbus_rtu() {
    let (mut pair, notes) = noted_echo(framed("rtu"));
    pair.client.write(b"\x11\x03\0\x6b\0\x03");
    pair.client.write(b"\x76\x87");
    pair.drive();
    assert_eq!(notes.taken(), ["opened"]);
    pair.turn(Duration::from_millis(4));
    pair.client.write(b"\x11");
    pair.turn(Duration::from_millis(4));
    let seen = notes.taken();
    assert_eq!(seen[0], "heard \\x11\\x03\\x00k\\x00\\x03");
    assert!(seen[1].starts_with("said -> \\x11"), "{seen:?}");
    assert_eq!(seen[2], "half a message at the end: \\x11");
}

#[test]
fn out_of_step_the_bytes_are_told_and_the_next_frame_is_heard() {
    let (mut pair, notes) = noted_echo(framed("stx"));
    pair.client.write(b"\r\n\x02a\x03");
    pair.drive();
    let seen = [
        "opened",
        "bytes before the start of a message: \\r\\n",
        "heard a",
        "said -> a",
    ];
    assert_eq!(notes.taken(), seen);
}

#[test]
fn a_length_that_is_impossible_ends_the_conversation() {
    for (framing, heard, reason) in [
        ("u32", &b"\xff\xff\xff\xff"[..], EndReason::MessageTooLong),
        ("netstring", b"2:ab;", EndReason::OutOfStep),
        ("pg", b"Q\0\0\0\x03", EndReason::OutOfStep),
    ] {
        let (mut pair, notes) = noted_echo(framed(framing));
        pair.client.write(heard);
        pair.client.write(b"2:hi,");
        pair.drive();
        assert_eq!(
            pair.server.conversation().reason(),
            Some(reason),
            "{framing}"
        );
        // `ERR` is a word of lines.
        assert_eq!(text(pair.client.heard()), "", "{framing}");
        assert!(pair.server.conversation().memory() < 100);
        assert_eq!(
            notes.taken().len(),
            2,
            "{framing}: opened, and what was wrong"
        );
    }
}

#[test]
fn what_is_too_long_is_skipped_up_to_its_end() {
    let mut pair = echo(framed("stx"));
    pair.client.write(b"\x0212345678901\x03\x02b\x03");
    pair.drive();
    assert_eq!(pair.client.heard(), b"\x02-> b\x03");
}

#[test]
fn half_a_message_at_the_end_is_told_and_is_none() {
    let (mut pair, notes) = noted_echo(framed("u16"));
    pair.client.write(b"\0\x05ab");
    pair.client.finish();
    pair.drive();
    assert_eq!(pair.client.heard(), b"");
    assert!(
        notes
            .taken()
            .contains(&"half a message at the end: \\x00\\x05ab".to_owned())
    );
}

#[test]
fn an_answer_that_has_no_frame_is_not_said() {
    let (mut pair, notes) = noted_echo(framed("{body:2}"));
    pair.client.write(b"hi");
    pair.drive();
    assert_eq!(pair.client.heard(), b"");
    let why = "not said: every message of this framing has 2 bytes";
    assert!(notes.taken().contains(&why.to_owned()));
}

#[test]
fn who_looks_for_no_messages_is_not_woken_by_silence() {
    let file = b"otherend talk 1\nS. ready\nC: QUIT\n";
    let plan = Arc::new(Plan::new(Transcript::parse(file).expect("a transcript")));
    let script = Script::server(plan).expect("one connection");
    let (_notes, observer) = Notes::new();
    let mut playing = conversation(framed("rtu"), script).observed(observer);
    playing.open(Time::ZERO);
    playing.receive(Time::ZERO, b"QU");
    let later = Time::ZERO + Duration::from_millis(5);
    playing.tick(later);
    assert!(playing.deadline().is_none_or(|deadline| deadline > later));
}

//! Transcripts whose messages stand in frames.

use std::sync::Arc;
use std::time::Duration;

use otherend_core::transcript::{Outcome, Plan, Player, Transcript, lint};
use otherend_core::{Outbox, Time};

fn plan(body: &str) -> Arc<Plan> {
    let text = format!("otherend talk 1\n{body}");
    let parsed = Transcript::parse(text.as_bytes());
    Arc::new(Plan::new(parsed.unwrap_or_else(|error| {
        panic!("{}", error.render("x.talk", text.as_bytes()))
    })))
}

/// What a server says to `heard`, which comes in pieces of `size` bytes, and what did not fit.
fn serve(plan: &Arc<Plan>, heard: &[u8], size: usize) -> (Vec<u8>, Vec<String>) {
    let mut player = Player::server(Arc::clone(plan));
    let (now, mut out) = (Time::ZERO, Outbox::new());
    player.opened(0, now, &mut out);
    for piece in heard.chunks(size) {
        player.heard(0, now, piece, &mut out);
    }
    player.finished(0, now, &mut out);
    let mismatches = std::iter::from_fn(|| player.unexpected());
    let mismatches = mismatches.map(|it| it.render("x.talk")).collect();
    (out.unsent().to_vec(), mismatches)
}

/// The same however it was cut.
fn serve_cut(plan: &Arc<Plan>, heard: &[u8]) -> (Vec<u8>, Vec<String>) {
    let whole = serve(plan, heard, heard.len().max(1));
    for size in 1..heard.len() {
        assert_eq!(serve(plan, heard, size), whole, "in pieces of {size}");
    }
    whole
}

#[test]
fn what_is_written_is_read_again() {
    for framing in [
        "u16",
        "{len:u16}{body}\\x00",
        "nmea",
        "cr",
        "{body} idle 4ms",
    ] {
        let text = format!("otherend talk 1\nframing  {framing}\n");
        let transcript = Transcript::parse(text.as_bytes()).expect("a transcript");
        assert!(transcript.framing().is_some());
        assert_eq!(transcript.to_string(), text.replace("\\x00", "\\0"));
    }
    let lines = Transcript::parse(b"otherend talk 1\nframing crlf\n").expect("a transcript");
    assert_eq!(lines.to_string(), "otherend talk 1\neol      crlf\n");
}

#[test]
fn rules_answer_messages() {
    let plan = plan(
        "framing u16\n\non C: PING {{x:word=1}}\nS: PONG {{x}}\n\non C: QUIT\nS: bye\nS! close\n\non other\nS: what?\n",
    );
    let heard = b"\0\x06PING 7\0\x01x\0\x04QUIT";
    let (said, wrong) = serve_cut(&plan, heard);
    assert_eq!(said, b"\0\x06PONG 7\0\x05what?\0\x03bye");
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn a_script_is_played_in_frames_and_hex_is_a_whole_message() {
    let plan = plan(
        "framing modbus\n\nC# 00 01 00 00 11 03 00 6b 00 03\nS# 00 01 00 00 11 03 02 00 2a\nC# 00 02 00 00 07\nS! close\n",
    );
    let heard = b"\0\x01\0\0\0\x06\x11\x03\0\x6b\0\x03\0\x02\0\0\0\x01\x07";
    let (said, wrong) = serve_cut(&plan, heard);
    assert_eq!(said, b"\0\x01\0\0\0\x05\x11\x03\x02\0\x2a");
    assert_eq!(wrong, [""; 0]);
    assert_eq!(lint(&plan), []);
}

#[test]
fn a_mismatch_shows_the_message_without_its_frame() {
    let plan = plan("framing u16\n\nC# 00 01 02 03\nS: ok\n");
    let (_, wrong) = serve_cut(&plan, b"\0\x04\0\x01\x07\x03");
    assert_eq!(
        wrong[0],
        "x.talk:4: the client said something else\n    expected  C# 00 01 02 03\n    heard     C# 00 01 07 03\n                       ^ expected `\\x02\\x03`\n"
    );
}

#[test]
fn out_of_step_is_told_and_the_next_frame_is_heard() {
    let plan = plan("framing stx\n\non C: ID?\nS: SCALE 1\n");
    let (said, wrong) = serve_cut(&plan, b"\r\n\x02ID?\x03");
    assert_eq!(said, b"\x02SCALE 1\x03");
    assert_eq!(wrong.len(), 1);
    assert!(
        wrong[0].contains("no message: bytes before the start of a message"),
        "{}",
        wrong[0]
    );
}

#[test]
fn bare_bytes_are_heard_as_the_frames_that_they_make() {
    let plan =
        plan("framing stx\n\nC. \\x02I\n+200ms\nC. D?\\x03\nS: 1\nC. \\r\\n\nC: next\nS! close\n");
    assert_eq!(lint(&plan), []);
    let (said, wrong) = serve_cut(&plan, b"\x02ID?\x03\r\n\x02next\x03");
    assert_eq!(
        (&said[..], wrong.len()),
        (&b"\x021\x03"[..], 0),
        "{wrong:?}"
    );
}

#[test]
fn half_a_message_at_the_end_is_a_mismatch() {
    let plan = plan("framing u16\n\nC: hello\n");
    let (_, wrong) = serve_cut(&plan, b"\0\x05hel");
    assert!(wrong[0].contains("half a message at the end"), "{wrong:?}");
}

#[test]
fn escaped_and_checked_frames_are_played_against_themselves() {
    for framing in [
        "slip",
        "cobs",
        "dot",
        "nmea",
        "rtu",
        "fix",
        "lsp",
        "netstring",
        "mqtt",
        "pg",
        "varint",
        "nul",
        "cr",
        "\\x02{body}\\x03{sum:xor}",
    ] {
        let plan = plan(&format!(
            "framing {framing}\n\nC: 1 {{{{a:word=alpha}}}}\nS: 2 {{{{a}}}}\nC: 3\nS: 4\nS! close\n"
        ));
        assert_eq!(lint(&plan), [], "{framing}");
        let mut client = Player::client(Arc::clone(&plan));
        let (mut now, mut out) = (Time::ZERO, Outbox::new());
        client.opened(0, now, &mut out);
        let mut server = Player::server(Arc::clone(&plan));
        let mut back = Outbox::new();
        server.opened(0, now, &mut back);
        for _ in 0..4 {
            // Byte by byte, and silence behind them.
            for byte in std::mem::take(&mut out).unsent() {
                server.heard(0, now, &[*byte], &mut back);
            }
            now = now + Duration::from_millis(5);
            server.tick(0, now, &mut back);
            for byte in std::mem::take(&mut back).unsent() {
                client.heard(0, now, &[*byte], &mut out);
            }
            now = now + Duration::from_millis(5);
            client.tick(0, now, &mut out);
        }
        client.finished(0, now, &mut out);
        assert_eq!(client.outcome(), Some(&Outcome::Passed), "{framing}");
        assert_eq!(server.unexpected(), None, "{framing}");
    }
}

#[test]
fn what_has_no_frame_is_wrong_where_it_stands() {
    for (body, line, wrong) in [
        (
            "framing stx\n\nC: a\\x03b\n",
            4,
            "the message has what ends it, \\x03, at byte 1",
        ),
        (
            "framing {body:3}\n\nS: four\n",
            4,
            "every message of this framing has 3 bytes",
        ),
        ("framing modbus\n\non C# 01\n", 4, ""),
        (
            "eol lf\nframing u16\n",
            3,
            "this and `eol` on line 2 both say what a message is",
        ),
        (
            "over udp\nframing u16\n",
            3,
            "this and `over udp` on line 2 both say what a message is",
        ),
        ("framing u17\n", 2, "no such framing; did you mean u16?"),
        ("framing auto\n", 2, "`auto` is no value of `framing`"),
    ] {
        let text = format!("otherend talk 1\n{body}");
        let error = Transcript::parse(text.as_bytes()).expect_err(body);
        assert_eq!(error.line, line, "{body}: {error}");
        assert!(error.wrong.to_string().contains(wrong), "{body}: {error}");
    }
}

#[test]
fn a_mock_of_modbus_answers_with_the_requests_id() {
    let plan = plan(
        "framing modbus\n\n\
         on C# {{id:u16=1}} 00 00 {{unit:u8=17}} 03 {{addr:u16=0x006b}} {{_:bytes=00 01}}\n\
         S# {{id}} 00 00 {{unit}} 03 02 {{value:u16=42}}\n\n\
         on other\nS# 00 00 00 00 00 83 01\n",
    );
    let heard = b"\x12\x34\0\0\0\x06\x11\x03\0\x6b\0\x01\0\x02\0\0\0\x02\x11\x07";
    let (said, wrong) = serve_cut(&plan, heard);
    let right = b"\x12\x34\0\0\0\x05\x11\x03\x02\0\x2a\0\0\0\0\0\x03\0\x83\x01";
    assert_eq!((&said[..], wrong.len()), (&right[..], 0), "{wrong:?}");
}

#[test]
fn numbers_are_written_as_people_write_them() {
    let text = "otherend talk 1\nframing  u16\n\nC# 00 {{a:u16=107}} {{b:i8=-1}} {{c:f32=1.5}} {{_:bytes=0a ff}} {{_:bytes(2)=00 01}}\nC: {{n:u32le=7}}{{a}}\n";
    let read = text.replace("107", "0x006b").replace("0a ff", "0AFF");
    let transcript = Transcript::parse(read.as_bytes()).expect("a transcript");
    assert_eq!(transcript.to_string(), text);
    for (wrong, at) in [
        ("C# {{a:u8=256}}", 11),
        ("C# {{a:bytes(2)=01}}", 17),
        ("C# {{a:bytes=1}}", 14),
    ] {
        let text = format!("otherend talk 1\n{wrong}\n");
        let error = Transcript::parse(text.as_bytes()).expect_err(wrong);
        assert_eq!((error.line, error.column), (2, at), "{wrong}: {error}");
    }
}

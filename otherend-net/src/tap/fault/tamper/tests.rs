//! What comes out of a direction under faults.

use super::*;

const S: Role = Role::Server;

fn tamper(faults: &[&str]) -> Tamper {
    let faults: Vec<_> = faults
        .iter()
        .map(|text| Arc::new(text.parse().unwrap()))
        .collect();
    Tamper::new(&faults, S, None).unwrap()
}

/// The pieces in short: bytes as text, the rest by its name.
fn shown(ahead: VecDeque<Piece>) -> Vec<String> {
    let show = |piece| match piece {
        Piece::Bytes(bytes) => bytes.escape_ascii().to_string(),
        Piece::Boundary => "|".to_owned(),
        Piece::Wait(time) => format!("+{}ms", time.as_millis()),
        Piece::Fault(fault, _) => format!("({:?})", fault.action),
        other => format!("{other:?}"),
    };
    ahead.into_iter().map(show).collect()
}

/// What comes of `said`, told in these parts.
fn come_of(faults: &[&str], said: &[&[u8]]) -> Vec<String> {
    let mut tamper = tamper(faults);
    let mut ahead = VecDeque::new();
    tamper.begin(&mut ahead);
    for bytes in said {
        tamper.feed(Time::ZERO, bytes, &mut ahead);
    }
    tamper.finish(&mut ahead);
    let told = |text: &String| !text.starts_with('(');
    shown(ahead).into_iter().filter(told).collect()
}

#[test]
fn lines_that_nothing_is_meant_for_pass_however_they_were_cut() {
    let lines = come_of(&["on S: x drop"], &[b"a\r", b"\nb\nx", b"\r\nx\nxx\nend"]);
    assert_eq!(lines.concat(), "a\\r\\nb\\nxx\\nend");
}

#[test]
fn on_meets_the_line_and_after_what_follows() {
    assert_eq!(come_of(&["on S: a drop"], &[b"a\nb\n"]), ["b\\n"]);
    assert_eq!(
        come_of(&["after S: a drop"], &[b"a\nb\nc\n"]),
        ["a\\n", "c\\n"]
    );
    assert_eq!(come_of(&["on connect S: drop"], &[b"a\nb\n"]), ["b\\n"]);
}

#[test]
fn the_nth_line_is_meant_alone() {
    let said: &[&[u8]] = &[b"a\na\na\n"];
    assert_eq!(
        come_of(&["on 2 S: a duplicate"], said),
        ["a\\n", "a\\na\\n", "a\\n"]
    );
    assert_eq!(come_of(&["on S: a drop"], said), [""; 0]);
}

#[test]
fn a_cut_ends_in_the_middle() {
    let cut = come_of(&["after S: a cut"], &[b"a\n250 ok\nnever\n"]);
    assert_eq!(cut, ["a\\n", "250", "|", "Cut"]);
}

#[test]
fn a_direction_ends_before_or_after_its_line() {
    let end = |fault: &str| come_of(&[fault], &[b"a\nb\nc\n"]);
    assert_eq!(end("on S: b reset"), ["a\\n", "|", "Reset"]);
    assert_eq!(
        end("after S: b half-close"),
        ["a\\n", "b\\n", "|", "HalfClose"]
    );
    assert_eq!(end("on S: b stall"), ["a\\n", "|", "Stall"]);
    assert_eq!(end("on S: b stall 2s"), ["a\\n", "+2000ms", "b\\n", "c\\n"]);
    assert_eq!(end("on connect S: reset"), ["|", "Reset"]);
}

#[test]
fn a_split_line_goes_byte_by_byte() {
    let split = come_of(&["on S: ab split 5ms"], &[b"ab\nc\n"]);
    assert_eq!(
        split,
        [
            "a", "|", "+5ms", "b", "|", "+5ms", "\\n", "|", "+5ms", "c\\n"
        ]
    );
}

#[test]
fn a_rate_holds_from_its_place_on() {
    let limited = come_of(&["after S: go rate 40"], &[b"go\nabcde\n"]);
    let expected = "go\\n ab | +50ms cd | +50ms e\\n | +50ms";
    assert_eq!(limited.join(" "), expected);
}

#[test]
fn a_prompt_passes_though_it_is_no_line() {
    let mut tamper = tamper(&["on S: login: drop"]);
    let mut ahead = VecDeque::new();
    tamper.feed(Time::ZERO, b"login:", &mut ahead);
    assert!(ahead.is_empty());
    let due = tamper.deadline().unwrap();
    tamper.tick(due, &mut ahead);
    tamper.feed(due, b" \nlogin:\nx\n", &mut ahead);
    assert_eq!(shown(ahead), ["login:", " \\n", "(Line(Drop))", "x\\n"]);
    assert_eq!(tamper.deadline(), None);
}

#[test]
fn a_line_too_long_to_hold_passes() {
    let mut tamper = tamper(&["on S: {{_:text=}} drop"]);
    let mut ahead = VecDeque::new();
    let long = vec![b'x'; LONGEST + 1];
    tamper.feed(Time::ZERO, &long, &mut ahead);
    tamper.feed(Time::ZERO, b"x\ny\n", &mut ahead);
    let passed: usize = ahead
        .iter()
        .map(|piece| match piece {
            Piece::Bytes(bytes) => bytes.len(),
            _ => 0,
        })
        .sum();
    assert_eq!(passed, LONGEST + 3);
}

/// What comes of `said` in frames, in pieces of `size`.
fn framed(framing: &str, faults: &[&str], said: &[u8], size: usize) -> Vec<u8> {
    let faults: Vec<_> = faults
        .iter()
        .map(|text| Arc::new(text.parse().unwrap()))
        .collect();
    let drawing = framing.parse().unwrap();
    let mut tamper = Tamper::new(&faults, S, Some(&drawing)).unwrap();
    let mut ahead = VecDeque::new();
    tamper.begin(&mut ahead);
    for bytes in said.chunks(size) {
        tamper.feed(Time::ZERO, bytes, &mut ahead);
    }
    tamper.finish(&mut ahead);
    let bytes = ahead.into_iter().filter_map(|piece| match piece {
        Piece::Bytes(bytes) => Some(bytes),
        _ => None,
    });
    bytes.flatten().collect()
}

#[test]
fn messages_are_counted_in_frames_however_they_were_cut() {
    let said = b"junk\x02a\n\x03\x02b\x03 \x02a\n\x03\x02a\n\x03\x02half";
    for size in 1..said.len() {
        let come = |fault| framed("stx", &[fault], said, size);
        let without = b"junk\x02a\n\x03\x02b\x03 \x02a\n\x03\x02half";
        assert_eq!(come("on 2 S# 61 0a drop"), without);
        assert_eq!(come("on 2 S: a\\n drop"), without);
        assert_eq!(come("on 9 S: a drop"), said, "untouched, whatever it is");
        let late = b"junk\x02a\n\x03\x02b\x03 \x02\xe1\n\x03\x02a\n\x03\x02half";
        assert_eq!(come("after S: b garble"), late);
    }
}

#[test]
fn what_cannot_happen_in_a_framing_is_not_told_as_if_it_had() {
    let faults = [Arc::new("on S: a wrong-sum".parse().unwrap())];
    let drawing = "stx".parse().unwrap();
    assert!(Tamper::new(&faults, S, Some(&drawing)).is_none());
}

#[test]
fn a_frame_that_waits_passes_and_its_rest_with_it() {
    let drawing = "u16".parse().unwrap();
    let faults = [Arc::new("on S: {{_:text=}} drop".parse().unwrap())];
    let mut tamper = Tamper::new(&faults, S, Some(&drawing)).unwrap();
    let mut ahead = VecDeque::new();
    tamper.feed(Time::ZERO, b"\0\x04ha", &mut ahead);
    let due = tamper.deadline().unwrap();
    tamper.tick(due, &mut ahead);
    assert_eq!(tamper.deadline(), None);
    tamper.feed(due, b"lf\0\x01x", &mut ahead);
    assert_eq!(shown(ahead), ["\\x00\\x04ha", "lf", "(Line(Drop))"]);
}

#[test]
fn silence_ends_a_message_and_nothing_behind_a_wrong_length_is_one() {
    let drawing = "{body} idle 4ms".parse().unwrap();
    let faults = [Arc::new("on S: ab drop".parse().unwrap())];
    let mut tamper = Tamper::new(&faults, S, Some(&drawing)).unwrap();
    let mut ahead = VecDeque::new();
    tamper.feed(Time::ZERO, b"ab", &mut ahead);
    let due = tamper.deadline().unwrap();
    assert_eq!(due, Time::ZERO + Duration::from_millis(4));
    tamper.tick(due, &mut ahead);
    assert_eq!(shown(ahead), ["(Line(Drop))"]);
    let said = b"1:a,x:a,1:a,";
    let come = framed("netstring", &["on S: a drop"], said, 3);
    assert_eq!(come, b"x:a,1:a,");
}

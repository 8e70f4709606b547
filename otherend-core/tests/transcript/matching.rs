//! What fits a line with holes, and where the rest differs.

use std::sync::Arc;

use otherend_core::transcript::{
    Difference, Kind, Mismatch, Outcome, Plan, Player, Reason, Transcript, Wanted,
};
use otherend_core::{Outbox, Time};

/// What a client makes of `heard`, followed by the end, where `steps` is all of the file.
fn hear(steps: &str, heard: &[u8]) -> Outcome {
    let file = format!("otherend talk 1\n{steps}\n");
    let transcript = Transcript::parse(file.as_bytes()).unwrap();
    let mut player = Player::client(Arc::new(Plan::new(transcript)));
    let mut out = Outbox::new();
    player.opened(0, Time::ZERO, &mut out);
    player.heard(0, Time::ZERO, heard, &mut out);
    player.finished(0, Time::ZERO, &mut out);
    player.outcome().unwrap().clone()
}

#[track_caller]
fn fits(line: &str, heard: &str) {
    let heard = format!("{heard}\n");
    let outcome = hear(&format!("S: {line}\nS! close"), heard.as_bytes());
    assert_eq!(outcome, Outcome::Passed, "{line} should fit {heard:?}");
}

fn mismatch(line: &str, heard: &str) -> Mismatch {
    let heard = format!("{heard}\n");
    match hear(&format!("S: {line}\nS! close"), heard.as_bytes()) {
        Outcome::Passed => panic!("{line} should not fit {heard:?}"),
        Outcome::Failed(mismatch) => *mismatch,
    }
}

#[track_caller]
fn differs(line: &str, heard: &str, at: usize, wanted: Wanted) {
    assert_eq!(
        mismatch(line, heard).difference,
        Some(Difference { at, wanted })
    );
}

fn bytes(text: &str) -> Wanted {
    Wanted::Bytes(text.as_bytes().to_vec())
}

#[test]
fn each_kind_takes_what_it_says() {
    fits("{{_:int=1}}", "-42");
    fits("{{_:int=1}}", "+00042");
    fits("{{_:hex=1f}}", "DEADbeef00");
    fits("{{_:word=a}}", "grüße!{}");
    fits("{{_:text=a}}", "");
    fits("{{_:text=a}}", "any thing \t at all \u{7f}");
    fits("{{_:ip=127.0.0.1}}", "::1");
    fits("{{_:ip=127.0.0.1}}", "2001:db8::7");
    fits("{{_:ip=::1}}", "192.0.2.7");
    fits(
        "{{_:uuid=00000000-0000-0000-0000-000000000000}}",
        "123e4567-E89B-12d3-a456-426614174000",
    );
    fits("{{_:b64=YQ==}}", "aGVsbG8td29ybGQ_");
    fits("{{_:/[a-z]{2,3}/=ab}}", "xyz");
}

#[test]
fn times_come_in_many_forms() {
    for time in [
        "2026-03-02",
        "2026-03-02T10:15:09Z",
        "2026-03-02T10:15:09.123456+02:00",
        "2026-03-02 10:15:09,123",
        "2026-03-02 10:15",
        "2026/03/02 10:15:09",
        "20260302T101509Z",
        "Mon, 02 Mar 2026 10:15:09 GMT",
        "Mon, 2 Mar 2026 10:15:09 +0000 (UTC)",
        "2 Mar 2026",
        "02-Mar-2026 10:15:09 +0000",
        "Mon Mar  2 10:15:09 2026",
        "Mar  2 10:15:09",
        "02/Mar/2026:10:15:09 +0000",
        "10:15:09",
        "10:15:09.250",
    ] {
        fits("at {{_:time=10:15}} sharp", &format!("at {time} sharp"));
    }
    for time in ["tomorrow", "2026-3-2", "10", "20260302", "Mon", "1.2.3"] {
        mismatch("at {{_:time=10:15}} sharp", &format!("at {time} sharp"));
    }
}

#[test]
fn each_kind_refuses_the_rest() {
    mismatch("{{_:int=1}}", "");
    mismatch("{{_:int=1}}", "-");
    mismatch("{{_:int=1}}", "0x1f");
    mismatch("{{_:int=1}}", "1.5");
    mismatch("{{_:hex=1f}}", "0x1f");
    mismatch("{{_:word=a}}", "");
    mismatch("{{_:word=a}}", "a b");
    mismatch("{{_:text=a}}", "a\r");
    mismatch("{{_:ip=::1}}", "1.2.3");
    mismatch("{{_:ip=::1}}", "256.1.1.1");
    mismatch(
        "{{_:uuid=00000000-0000-0000-0000-000000000000}}",
        "123e4567",
    );
    mismatch("{{_:b64=YQ==}}", "YQ===");
    mismatch("{{_:b64=YQ==}}", "=YQ");
    mismatch("{{_:/[a-z]{2,3}/=ab}}", "wxyz");
}

#[test]
fn holes_take_as_little_as_they_can() {
    fits(
        "{{a:text=x}} {{b:text=y}} is {{a}} then {{b}}",
        "1 2 3 is 1 then 2 3",
    );
    fits("{{a:text=x}}, {{a}}", "x, y, x, y");
    fits("{{a:word=x}}-{{b:word=y}} {{b}}", "p-q-r q-r");
    fits("{{_:int=1}}{{_:int=2}}", "34");
    fits("<{{_:text=}}>", "<<>>");
}

#[test]
fn a_reference_is_the_value_before() {
    let steps = "S: your ticket is {{t:hex=1f}}\nS: ticket {{t}} done\nS! close";
    let passed = hear(steps, b"your ticket is beef\nticket beef done\n");
    assert_eq!(passed, Outcome::Passed);
    let Outcome::Failed(mismatch) = hear(steps, b"your ticket is beef\nticket bead done\n") else {
        panic!("another value fitted");
    };
    let wanted = Wanted::Value("t".to_owned(), b"ef".to_vec());
    assert_eq!(mismatch.difference, Some(Difference { at: 9, wanted }));
    assert_eq!((mismatch.line, mismatch.before.len()), (Some(3), 1));
}

#[test]
fn the_first_differing_byte_is_named() {
    differs("250 ok", "250 oj", 5, bytes("k\n"));
    differs("250 ok", "250 ok then", 6, bytes("\n"));
    differs("250 ok", "250", 3, bytes(" ok\n"));
    differs("n {{_:int=1}} done", "n 12x done", 4, bytes(" done\n"));
    differs("n {{_:int=1}} done", "n x done", 2, Wanted::Kind(Kind::Int));
    differs("at {{_:ip=::1}}", "at 300.1.1.1", 3, Wanted::Kind(Kind::Ip));
    differs("250 {{_:text=}} bye", "250 all good byx", 15, bytes("e\n"));
    differs("250 {{_:text=}} bye", "250 all good", 8, bytes("bye\n"));
    differs("{{_:word=a}} {{_:word=b}}", "one", 3, bytes(" "));
    differs("{{_:word=a}} {{_:word=b}}", "one two three", 7, bytes("\n"));
}

#[test]
fn the_end_of_a_line_is_a_byte_like_others() {
    let outcome = |eol, heard| hear_with(eol, "S: 250 ok\nS! close", heard);
    assert_eq!(outcome("crlf", b"250 ok\r\n" as &[u8]), None);
    assert_eq!(outcome("crlf", b"250 ok\n"), Some(6));
    assert_eq!(outcome("lf", b"250 ok\r\n"), Some(6));
    assert_eq!(outcome("lf", b"250 ok"), Some(6));
}

#[test]
fn a_test_that_fails_prints_what_differs() {
    let outcome = hear("C: HELO\nS: 250 ok\nS: done", b"250 oj\n");
    assert_eq!(
        format!("{outcome:?}"),
        "Failed(\n    C: HELO\ntranscript:3: the server said something else\n    \
         expected  S: 250 ok\n    heard     S: 250 oj\n                      ^ expected `k\\n`\n)"
    );
}

#[test]
fn another_line_end_is_named() {
    let said = |eol, heard: &[u8]| match hear(&format!("eol {eol}\nS: ok\nS: done"), heard) {
        Outcome::Failed(mismatch) => mismatch.to_string(),
        Outcome::Passed => panic!("it passed"),
    };
    let other = "the server ended the line with LF, not with CR LF";
    assert_eq!(said("crlf", b"ok\n"), other);
    let other = "the server ended the line with CR LF, not with LF";
    assert_eq!(said("lf", b"ok\r\n"), other);
    assert_eq!(said("lf", b"oh\r\n"), "the server said something else");
}

fn hear_with(eol: &str, steps: &str, heard: &[u8]) -> Option<usize> {
    match hear(&format!("eol {eol}\n{steps}"), heard) {
        Outcome::Passed => None,
        Outcome::Failed(mismatch) => mismatch.difference.map(|difference| difference.at),
    }
}

#[test]
fn pieces_join_with_their_neighbours() {
    let steps = "S. work\nS. ing {{n:int=1}}\nS. \\x20of 3\\r\\nS\nS# 0a 41\nS: !\nS! close";
    assert_eq!(hear(steps, b"working 22 of 3\r\nS\nA!\n"), Outcome::Passed);
    let Outcome::Failed(mismatch) = hear(steps, b"working 22 of 3\r\nS\nB!\n") else {
        panic!("another byte fitted");
    };
    assert_eq!((mismatch.line, mismatch.heard), (Some(5), b"B!\n".to_vec()));
}

#[test]
fn a_line_made_to_be_hard_does_not_fit_and_ends_soon() {
    let hard = "{{_:text=}}a{{_:text=}}a{{_:text=}}a{{_:text=}}a{{_:text=}}b{{a:/.*/=}}{{a}}c";
    let mismatch = mismatch(hard, &"a".repeat(60_000));
    assert_eq!(mismatch.reason, Reason::Unexpected);
}

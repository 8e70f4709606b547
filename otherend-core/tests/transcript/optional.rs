//! Lines that may be missing, or come any number of times.

use std::sync::Arc;

use otherend_core::transcript::{Outcome, Plan, Player, Transcript, lint};
use otherend_core::{Outbox, Time};

fn plan(body: &str) -> Arc<Plan> {
    let text = format!("otherend talk 1\n{body}");
    let parsed = Transcript::parse(text.as_bytes());
    Arc::new(Plan::new(parsed.unwrap_or_else(|error| {
        panic!("{}", error.render("x.talk", text.as_bytes()))
    })))
}

/// What a client says to a server that says `turns`, one after each of its own, and how it ends.
fn play(plan: &Arc<Plan>, turns: &[&str], size: usize) -> (String, Result<(), String>) {
    let mut player = Player::client(Arc::clone(plan));
    let (now, mut out) = (Time::ZERO, Outbox::new());
    player.opened(0, now, &mut out);
    for turn in turns {
        for piece in turn.as_bytes().chunks(size) {
            player.heard(0, now, piece, &mut out);
        }
    }
    player.finished(0, now, &mut out);
    let result = match player.outcome() {
        Some(Outcome::Failed(mismatch)) => Err(mismatch.render("x")),
        _ => Ok(()),
    };
    (String::from_utf8_lossy(out.unsent()).into_owned(), result)
}

#[track_caller]
fn passes(plan: &Arc<Plan>, turns: &[&str], said: &str) {
    for size in [1, 2, 3, 1000] {
        assert_eq!(
            play(plan, turns, size),
            (said.to_owned(), Ok(())),
            "{turns:?} by {size}"
        );
    }
}

const EHLO: &str = "S: 220 ready\nC: EHLO a\nS* 250-{{_:text=SIZE}}\nS: 250 {{_:text=HELP}}\nC: QUIT\nS: 221 bye\nS! close\n";

#[test]
fn any_number_of_lines_may_come() {
    let plan = plan(EHLO);
    assert_eq!(lint(&plan), []);
    for many in ["", "250-SIZE 1\n", "250-a\n250-b\n250-c\n"] {
        let turns = ["220 ready\n", &format!("{many}250 HELP\n"), "221 bye\n"];
        passes(&plan, &turns, "EHLO a\nQUIT\n");
    }
    let (_, wrong) = play(&plan, &["220 ready\n", "250-a\n500 no\n"], 1000);
    let wrong = wrong.expect_err("a difference");
    assert!(
        wrong.contains("x:5: the server said something else"),
        "{wrong}"
    );
}

#[test]
fn a_line_may_be_missing_and_comes_once() {
    let plan = plan("C: HELLO\nS? note {{_:text=}}\nS: ok\nC: BYE\nS! close\n");
    assert_eq!(lint(&plan), []);
    passes(&plan, &["ok\n"], "HELLO\nBYE\n");
    passes(&plan, &["note a\nok\n"], "HELLO\nBYE\n");
    assert!(play(&plan, &["note a\nnote b\nok\n"], 1000).1.is_err());
}

#[test]
fn what_is_passed_over_may_come_later_until_its_side_says_what_has_to_come() {
    let plan = plan("C: A\nS: ok\nS* changed: {{_:word=x}}\nC: B\nS: ok\nC: C\nS: ok\nS! close\n");
    assert_eq!(lint(&plan), []);
    passes(
        &plan,
        &["ok\n", "changed: a\nchanged: b\nok\n", "ok\n"],
        "A\nB\nC\n",
    );
    passes(&plan, &["ok\nchanged: a\n", "ok\n", "ok\n"], "A\nB\nC\n");
    let late = play(&plan, &["ok\n", "ok\n", "changed: a\nok\n"], 1000);
    assert!(late.1.is_err());
}

#[test]
fn one_that_comes_again_as_a_line_that_has_to_come_is_told_apart() {
    let plan = plan("C: A\nS: ok\nS? x\nC: B\nS: x\nC: C\nS! close\n");
    passes(&plan, &["ok\nx\nx\n"], "A\nB\nC\n");
    passes(&plan, &["ok\n", "x\nx\n"], "A\nB\nC\n");
}

#[test]
fn their_order_is_that_of_the_file() {
    let plan = plan("S? a\nS? b\nS: c\nC: x\nS! close\n");
    for turn in ["c\n", "a\nc\n", "b\nc\n", "a\nb\nc\n"] {
        passes(&plan, &[turn], "x\n");
    }
    assert!(play(&plan, &["b\na\nc\n"], 1000).1.is_err());
}

#[test]
fn whoever_says_them_says_them_once() {
    let mut server = Player::server(plan(EHLO));
    let (now, mut out) = (Time::ZERO, Outbox::new());
    server.opened(0, now, &mut out);
    server.heard(0, now, b"EHLO a\n", &mut out);
    assert_eq!(out.unsent(), b"220 ready\n250-SIZE\n250 HELP\n");
}

#[test]
fn clients_may_leave_lines_out_too_and_values_are_remembered() {
    let plan =
        plan("C? USER {{u:word=bob}}\nC: PASS {{_:word=x}}\nS: hi {{u}}\nC: QUIT\nS! close\n");
    for (heard, said) in [
        ("PASS y\nQUIT\n", "hi bob\n"),
        ("USER eve\nPASS y\nQUIT\n", "hi eve\n"),
    ] {
        let mut server = Player::server(Arc::clone(&plan));
        let (now, mut out) = (Time::ZERO, Outbox::new());
        server.opened(0, now, &mut out);
        for byte in heard.bytes() {
            server.heard(0, now, &[byte], &mut out);
        }
        assert_eq!(String::from_utf8_lossy(out.unsent()), said);
        assert_eq!(server.unexpected(), None);
    }
}

#[test]
fn an_unfinished_line_above_is_one_of_its_own() {
    let plan = plan(
        "S. login: \nS? (try {{_:int=1}})\nC: bob\nS: ok\nC: x\nS! close\n"
            .replace("login: ", "login:\\x20")
            .as_str(),
    );
    passes(&plan, &["login: ", "ok\n"], "bob\nx\n");
    passes(&plan, &["login: (try 2)\n", "ok\n"], "bob\nx\n");
}

#[test]
fn messages_in_frames_may_be_missing() {
    let plan = plan("framing u8\n\nC: go\nS* n{{_:int=1}}\nS: done\nC: x\nS! close\n");
    assert_eq!(lint(&plan), []);
    passes(&plan, &["\x02n1\x03n22\x04done"], "\x02go\x01x");
    passes(&plan, &["\x04done"], "\x02go\x01x");
}

#[test]
fn in_a_rule_nothing_is_optional() {
    let error = Transcript::parse(b"otherend talk 1\non C: a\nS? b\n").expect_err("in a rule");
    assert_eq!(
        (error.line, error.wrong.to_string()),
        (3, "what a rule says is said, always and once".to_owned())
    );
}

//! A file brought up to date keeps everything that still fits.

use std::sync::Arc;
use std::time::Duration;

use otherend_core::transcript::{Outcome, Plan, Player, Reason, Transcript};
use otherend_core::{Outbox, Time};

/// Play the client of `file` against a server that says `turns`, a second after each other, and
/// closes; the transcript after that.
fn update(file: &str, turns: &[&str]) -> String {
    let turns: Vec<(&str, u64)> = turns.iter().map(|turn| (*turn, 1)).collect();
    update_slowly(file, &turns)
}

/// The same with the seconds of silence after each turn.
fn update_slowly(file: &str, turns: &[(&str, u64)]) -> String {
    let file = format!("otherend talk 1\n{file}");
    let transcript = Transcript::parse(file.as_bytes()).unwrap();
    let mut player = Player::client(Arc::new(Plan::new(transcript.clone()))).updating();
    let (mut now, mut out) = (Time::ZERO, Outbox::new());
    player.opened(0, now, &mut out);
    for (turn, silence) in turns {
        for piece in turn.as_bytes().chunks(5) {
            player.heard(0, now, piece, &mut out);
        }
        now = now + Duration::from_secs(*silence);
        player.tick(0, now, &mut out);
    }
    player.finished(0, now, &mut out);
    assert_eq!(player.outcome(), Some(&Outcome::Passed), "{file}");
    let updated = player.updated(&transcript).to_string();
    let read = Transcript::parse(updated.as_bytes());
    read.map_err(|error| error.render("updated", updated.as_bytes()))
        .unwrap();
    updated
        .strip_prefix("otherend talk 1\n")
        .unwrap()
        .to_owned()
}

#[test]
fn what_fits_stays_as_it_is() {
    let file = "S: 220 {{host:word=mx}} ready\nC: QUIT\nS: 221 bye\nS! close\n";
    assert_eq!(update(file, &["220 other ready\n", "221 bye\n"]), file);
}

#[test]
fn a_changed_line_keeps_the_holes_that_still_fit() {
    let file = "S: 220 {{host:word=mx}} ready at {{_:time=10:15}}\nC: {{host}}\nS: ok\nS! close\n";
    assert_eq!(
        update(file, &["250 new.host ready since 11:16:17\n", "ok\n"]),
        "S: 250 {{host:word=new.host}} ready since 11:16:17\nC: {{host}}\nS: ok\nS! close\n"
    );
}

#[test]
fn lines_that_came_and_went_move_the_rest() {
    let file = "C: EHLO\nS: 250-{{h:word=mx}}\nS: 250-SIZE {{_:int=10}}\n# odd\nS: 250 HELP\nC: QUIT\nS! close\n";
    assert_eq!(
        update(file, &["250-a\n250-NEW\n250-SIZE 99\n250 HELP\n", ""]),
        "C: EHLO\nS: 250-{{h:word=mx}}\nS: 250-NEW\nS: 250-SIZE {{_:int=10}}\nS: 250 HELP\n# odd\nC: QUIT\nS! close\n"
    );
    assert_eq!(
        update(file, &["250-a\n250 HELP\n", ""]),
        "C: EHLO\nS: 250-{{h:word=mx}}\nS: 250 HELP\n# odd\nC: QUIT\nS! close\n"
    );
}

#[test]
fn more_than_the_file_is_added_before_the_end() {
    assert_eq!(
        update("C: a\nS: b\nS! close\n", &["b\nc\r\nd"]),
        "C: a\nS: b\nS: c\\r\nS. d\nS! close\n"
    );
}

/// How playing `C: x` and `S: y` ends while the server says `line` every `pause`.
fn endless(line: &[u8], pause: Duration) -> (Duration, Reason) {
    let file = b"otherend talk 1\nC: x\nS: y\n";
    let transcript = Transcript::parse(file).unwrap();
    let mut player = Player::client(Arc::new(Plan::new(transcript))).updating();
    let (mut now, mut out) = (Time::ZERO, Outbox::new());
    player.opened(0, now, &mut out);
    loop {
        player.heard(0, now, line, &mut out);
        now = now + pause;
        player.tick(0, now, &mut out);
        match player.outcome() {
            None => assert!(now < Time::ZERO + Duration::from_secs(60)),
            Some(Outcome::Passed) => panic!("a turn without an end is no turn"),
            Some(Outcome::Failed(mismatch)) => {
                return (now.since(Time::ZERO), mismatch.reason.clone());
            }
        }
    }
}

#[test]
fn a_server_that_never_pauses_is_not_heard_for_ever() {
    let millis = Duration::from_millis;
    assert_eq!(
        endless(b"z\n", millis(100)),
        (millis(5000), Reason::Endless)
    );
    let (after, reason) = endless(&[b'z'; 10_000], millis(1));
    assert_eq!(reason, Reason::TooLong(1 << 20), "{after:?}");
    let line = [&[b'z'; 9_999][..], b"\n"].concat();
    assert_eq!(endless(&line, millis(1)), (millis(105), Reason::Endless));
}

#[test]
fn pieces_become_what_was_heard() {
    let file = "eol crlf\nS. login: \\x20\nC: {{u:word=bob}}\nS: hello {{u}}\nS! close\n";
    assert_eq!(
        update_slowly(file, &[("user: ", 5), ("hello bob\r\n", 1)]),
        "eol      crlf\nS. user:\\x20\nC: {{u:word=bob}}\nS: hello {{u}}\nS! close\n"
    );
}

#[test]
fn a_hole_that_went_leaves_its_sample_to_its_references() {
    let file = "S: ticket {{t:hex=1f}} done\nC: STATUS {{t}}\nS: ok\nS! close\n";
    assert_eq!(
        update(file, &["no tickets today\n", "ok\n"]),
        "S: no tickets today\nC: STATUS 1f\nS: ok\nS! close\n"
    );
}

#[test]
fn a_hole_that_went_is_where_its_value_is_heard_first() {
    let file = "S: ticket {{t:hex=1f}} done\nC: x\nS: see {{t}} and {{t}}\nC: {{t}}\nS! close\n";
    let turns = ["no tickets today\n", "see 2e and 2e\n"];
    assert_eq!(
        update(file, &turns),
        "S: no tickets today\nC: x\nS: see {{t:hex=1f}} and {{t}}\nC: {{t}}\nS! close\n"
    );
    assert_eq!(says(file, &turns), "x\n2e\n");
}

/// What the client of `file` says while it is brought up to date by `turns`.
fn says(file: &str, turns: &[&str]) -> String {
    let file = format!("otherend talk 1\n{file}");
    let transcript = Transcript::parse(file.as_bytes()).unwrap();
    let mut player = Player::client(Arc::new(Plan::new(transcript))).updating();
    let (mut now, mut out) = (Time::ZERO, Outbox::new());
    player.opened(0, now, &mut out);
    for turn in turns {
        player.heard(0, now, turn.as_bytes(), &mut out);
        now = now + Duration::from_secs(1);
        player.tick(0, now, &mut out);
    }
    String::from_utf8(out.unsent().to_vec()).unwrap()
}

#[test]
fn what_a_changed_line_says_is_said_again() {
    let file =
        "C: LOGIN\nS: 250 v1 session {{s:hex=ab12}}\nC: USE {{s}}\nS: 251 {{s}} ok\nS! close\n";
    let turns = ["250 v2 session 77ff\n", "251 77ff fine\n"];
    assert_eq!(says(file, &turns[..1]), "LOGIN\nUSE 77ff\n");
    assert_eq!(
        update(file, &turns),
        "C: LOGIN\nS: 250 v2 session {{s:hex=77ff}}\nC: USE {{s}}\nS: 251 {{s}} fine\nS! close\n"
    );
}

#[test]
fn what_fits_beside_a_changed_line_is_said_again() {
    let file =
        "S: 250-v1\nS: 250 session {{s:hex=ab12}} from {{a:ip=127.0.0.1}}\nC: USE {{s}} {{a}}\n";
    let turn = "250-v2\n250 session 77ff from 10.0.0.1\n";
    assert_eq!(says(file, &[turn]), "USE 77ff 10.0.0.1\n");
}

//! A file brought up to date keeps everything that still fits.

use std::sync::Arc;
use std::time::Duration;

use otherend_core::transcript::{Outcome, Plan, Player, Transcript};
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

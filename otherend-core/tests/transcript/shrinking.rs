//! The smallest conversation that still differs.

use std::convert::Infallible;
use std::sync::Arc;

use otherend_core::transcript::{Mismatch, Outcome, Plan, Player, Shrunk, Transcript, shrink};
use otherend_core::{Outbox, Time};

/// Play a transcript against what `server` makes of each line, from a fresh start.
fn play(part: &Transcript, mut server: impl FnMut(&str) -> String) -> Outcome {
    let mut player = Player::client(Arc::new(Plan::new(part.clone())));
    let (now, mut said) = (Time::ZERO, Outbox::new());
    player.opened(0, now, &mut said);
    player.heard(0, now, b"220 ready\n", &mut said);
    let mut answered = 0;
    while let Some(length) = said.unsent()[answered..].iter().position(|b| *b == b'\n') {
        let line = said.unsent()[answered..answered + length].to_vec();
        answered += length + 1;
        let answer = server(std::str::from_utf8(&line).unwrap());
        player.heard(0, now, answer.as_bytes(), &mut said);
    }
    player.finished(0, now, &mut said);
    player.outcome().cloned().unwrap_or(Outcome::Passed)
}

/// A counter that goes wrong when it is doubled after it was named.
fn counter() -> impl FnMut(&str) -> String {
    let (mut count, mut named, mut asked) = (0, false, 0);
    move |line| {
        asked += 1;
        match line.split(' ').next().unwrap_or_default() {
            "NAME" => named = true,
            "ADD" => count += 1,
            "DOUBLE" if named => count = -1,
            "DOUBLE" => count *= 2,
            "COUNT" => return format!("count {count}, request 100{asked}00\n"),
            _ => return "what?\n".to_owned(),
        }
        "ok\n".to_owned()
    }
}

const LONG: &str = "\
otherend talk 1
let      mine = tea
let      other = milk

# a long day
S: 220 ready
C: ADD {{mine}}
S: ok
+20ms
C: ADD {{other}}
S: ok
C: COUNT
S: count 2, request {{_:int=100300}}
C: NAME {{mine}}
S: ok
C: ADD
S: ok
C: NONSENSE
S: what?
C: DOUBLE
S: ok
C: ADD
S: ok
C: COUNT
S: count 7, request {{_:int=100900}}
C: NONSENSE
S: what?
";

fn smallest(shrunk: Shrunk) -> (Transcript, Box<Mismatch>) {
    match shrunk {
        Shrunk::Smallest {
            transcript,
            mismatch,
        } => (transcript, mismatch),
        other => panic!("it fails: {other:?}"),
    }
}

fn shrunk(file: &str) -> Shrunk {
    let whole = Transcript::parse(file.as_bytes()).unwrap();
    let Ok(shrunk) = shrink(&whole, |part| Ok::<_, Infallible>(play(part, counter())));
    shrunk
}

#[test]
fn what_the_failure_needs_is_left() {
    let (transcript, mismatch) = smallest(shrunk(LONG));
    assert_eq!(
        transcript.to_string(),
        "\
otherend talk 1
let      mine = tea
S: 220 ready
C: NAME {{mine}}
S: ok
C: DOUBLE
S: ok
C: ADD
S: ok
C: COUNT
S: count 7, request {{_:int=100900}}
"
    );
    assert_eq!(mismatch.heard, b"count 0, request 100400\n");
    assert_eq!(mismatch.line, Some(11));
}

#[test]
fn what_passes_is_not_shrunk() {
    let passes = "otherend talk 1\nS: 220 ready\nC: ADD\nS: ok\n";
    assert!(matches!(shrunk(passes), Shrunk::Passed));
}

#[test]
fn what_fails_in_another_way_each_time_is_not_shrunk() {
    let whole = Transcript::parse(LONG.as_bytes()).unwrap();
    let mut times = 0;
    let outcome = shrink(&whole, |part| {
        times += 1;
        let mut counter = counter();
        let answer = |line: &str| match times {
            1 => counter(line),
            _ => "busy\n".to_owned(),
        };
        Ok::<_, Infallible>(play(part, answer))
    });
    assert!(matches!(outcome, Ok(Shrunk::Unsteady(_))), "{outcome:?}");
}

#[test]
fn connections_that_nothing_needs_go() {
    let file = "otherend talk 1\n1C: hello\n2C: ADD\n2S: no\n";
    let whole = Transcript::parse(file.as_bytes()).unwrap();
    let ok = "otherend talk 1\nC: ADD\nS: no\n";
    let Outcome::Failed(mismatch) = play(&Transcript::parse(ok.as_bytes()).unwrap(), counter())
    else {
        panic!("it fails");
    };
    let Ok(shrunk) = shrink(&whole, |part| {
        let text = part.to_string();
        let mut mismatch = mismatch.clone();
        let place = text.lines().position(|line| line.ends_with("S: no"));
        mismatch.line = place.map(|place| place + 1);
        let fails = text.contains("C: ADD");
        Ok::<_, Infallible>(match fails {
            true => Outcome::Failed(mismatch),
            false => Outcome::Passed,
        })
    });
    assert_eq!(smallest(shrunk).0.to_string(), ok);
}

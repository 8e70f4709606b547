//! A file that was brought up to date fits the server that it was brought up to date with.

use std::sync::Arc;
use std::time::Duration;

use otherend_core::transcript::{Outcome, Plan, Player, Transcript};
use otherend_core::{Outbox, Role, Time};
use proptest::prelude::*;

use super::talk::{Form, Part, Performance, Step, Talk, side, talks_with_bars};
use super::{Change, Staged, new_bytes};

const LAST: &str = "S! close";

/// Each name stands for one hole, and the server has the last word.
fn talks() -> impl Strategy<Value = Talk> {
    talks_with_bars().prop_map(|mut talk| {
        talk.fixed.retain(|byte| *byte != b'\n');
        let mut seen = Vec::new();
        for part in talk.steps.iter_mut().flat_map(|step| &mut step.parts) {
            if let Part::Hole(hole) = part {
                hole.name = hole.name.filter(|name| !seen.contains(name));
                seen.extend(hole.name);
            }
        }
        talk.steps.push(Step {
            who: Role::Server,
            form: Form::Line,
            parts: vec![Part::Literal(b"bye".to_vec())],
        });
        talk
    })
}

/// What the server says turn by turn, after a change.
fn turns(performance: &Performance, change: Change) -> Vec<Vec<u8>> {
    let server = side(Role::Server);
    let bytes = &performance.bytes[server];
    let changed = change.of(bytes);
    let mut start = 0;
    let mut turns = Vec::new();
    for end in &performance.ends[server] {
        let end = match *end > change.at() {
            true => end + changed.len() - bytes.len(),
            false => *end,
        };
        turns.push(changed[start..end].to_vec());
        start = end;
    }
    turns
}

/// The file after it was played against a server that says `turns` and closes.
fn brought_up_to_date(file: &str, turns: &[Vec<u8>]) -> String {
    let transcript = Transcript::parse(file.as_bytes()).unwrap();
    let mut player = Player::client(Arc::new(Plan::new(transcript.clone()))).updating();
    let (mut now, mut out) = (Time::ZERO, Outbox::new());
    player.opened(0, now, &mut out);
    for (index, turn) in turns.iter().enumerate() {
        let said = out.unsent().len();
        player.heard(0, now, turn, &mut out);
        // The server waits for an answer, at most until the client knows that no more will come.
        for _ in 0..6 {
            if out.unsent().len() == said && index + 1 < turns.len() {
                now = now + Duration::from_secs(1);
                player.tick(0, now, &mut out);
            }
        }
    }
    player.finished(0, now, &mut out);
    assert_eq!(player.outcome(), Some(&Outcome::Passed), "{file}");
    player.updated(&transcript).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_was_brought_up_to_date_fits(talk in talks(), new in new_bytes()) {
        let player = Some(Role::Client);
        let performance = talk.perform(player);
        // All but the very end: a server that closes in the middle of a line is no new version.
        let length = performance.bytes[side(Role::Server)].len() - "bye\n".len();
        for change in Change::all(length, &new) {
            let turns = turns(&performance, change);
            let updated = brought_up_to_date(&talk.written(LAST), &turns);
            let transcript = Transcript::parse(updated.as_bytes()).unwrap();
            let staged = Staged { plan: Arc::new(Plan::new(transcript)), player };
            let heard = [Vec::new(), turns.concat()];
            prop_assert!(staged.hear(&heard, 7).fits(), "{}\nhears\n{:?}", updated, turns);
            prop_assert_eq!(brought_up_to_date(&updated, &turns), updated);
        }
    }
}

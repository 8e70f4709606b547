//! Playing a transcript: what is said and found does not depend on how the bytes were cut.
//!
//! The input is the lines of a transcript, a zero byte, and what the peer says.

use std::sync::Arc;

use otherend_core::transcript::{Closing, Mismatch, Outcome, Plan, Player, Transcript};
use otherend_core::{Outbox, Role, Time};

/// Play both ends of the transcript, each against the rest of the input.
pub fn check(input: &[u8]) {
    let end = input
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(input.len());
    let (lines, heard) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let mut file = b"otherend talk 1\n".to_vec();
    file.extend_from_slice(lines);
    let Ok(transcript) = Transcript::parse(&file) else {
        return;
    };
    let plan = Arc::new(Plan::new(transcript));
    for role in [Role::Client, Role::Server] {
        let whole = perform(&plan, role, heard.chunks(heard.len().max(1)));
        // Over UDP every piece is a datagram of its own.
        if plan.over() == otherend_core::transcript::Over::Tcp {
            assert_eq!(perform(&plan, role, heard.chunks(1)), whole, "byte by byte");
            assert_eq!(perform(&plan, role, heard.chunks(7)), whole, "by sevens");
        }
    }
}

/// All that one end does.
#[derive(Debug, PartialEq)]
struct Performed {
    said: Vec<u8>,
    closing: Option<Closing>,
    outcome: Option<Outcome>,
    unexpected: Vec<Mismatch>,
}

fn perform<'p>(plan: &Arc<Plan>, role: Role, pieces: impl Iterator<Item = &'p [u8]>) -> Performed {
    let mut player = match role {
        Role::Client => Player::client(Arc::clone(plan)),
        Role::Server => Player::server(Arc::clone(plan)),
    };
    let (now, mut out) = (Time::ZERO, Outbox::new());
    player.opened(0, now, &mut out);
    let mut unexpected = Vec::new();
    for piece in pieces {
        player.heard(0, now, piece, &mut out);
        unexpected.extend(std::iter::from_fn(|| player.unexpected()));
    }
    player.finished(0, now, &mut out);
    unexpected.extend(std::iter::from_fn(|| player.unexpected()));
    // A player keeps only so many until somebody asks.
    unexpected.truncate(60);
    Performed {
        said: out.unsent().to_vec(),
        closing: player.closing(0),
        outcome: player.outcome().cloned(),
        unexpected,
    }
}

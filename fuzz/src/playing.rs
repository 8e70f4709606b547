//! Playing a transcript: what is said and found does not depend on how the bytes were cut.
//!
//! The input is the lines of a transcript, a zero byte, and what the peer says; for a transcript with
//! several connections also what many peers do, read as [`Deed`]s.

use std::sync::Arc;

use otherend_core::transcript::{
    Act, Closing, Item, Mismatch, Outcome, Part, Plan, Player, Transcript,
};
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
        // Over UDP every piece is a datagram of its own; and a value from a line that is not waited for is
        // said as it was by then.
        let is_timed = plan.transcript().items().iter().any(takes_late);
        if plan.transport() == otherend_core::transcript::Transport::Tcp && !is_timed {
            assert_eq!(perform(&plan, role, heard.chunks(1)), whole, "byte by byte");
            assert_eq!(perform(&plan, role, heard.chunks(7)), whole, "by sevens");
        }
    }
    if plan.connections() > 1 && plan.transport() == otherend_core::transcript::Transport::Tcp {
        let deeds = deeds(heard, plan.connections());
        let whole = crowd(&plan, &deeds, usize::MAX);
        let pieces = crowd(&plan, &deeds, 1);
        // What one connection hears may come before or after what is said on another, and a hole
        // may have taken something by then.
        if !lines.windows(2).any(|two| two == b"{{") {
            assert_eq!(pieces, whole, "byte by byte");
        }
    }
}

/// A line that may be missing.
fn may_miss(item: &Item) -> bool {
    matches!(item, Item::Step(step) if matches!(step.act, Act::Optional(_) | Act::Repeated(_)))
}

/// A line that may be missing gives something a value.
fn takes_late(item: &Item) -> bool {
    let Item::Step(step) = item else {
        return false;
    };
    let (Act::Optional(text) | Act::Repeated(text)) = &step.act else {
        return false;
    };
    let mut parts = text.parts().iter();
    parts.any(|part| matches!(part, Part::Hole(hole) if hole.name.is_some()))
}

/// What happens on one connection of a server.
enum Deed<'h> {
    Open,
    Hear(&'h [u8]),
    Finish,
    Lose,
    Leave,
}

/// A byte says on which connection and what, and for `Hear` how many of the next bytes.
fn deeds(mut heard: &[u8], connections: usize) -> Vec<(usize, Deed<'_>)> {
    let mut deeds = Vec::new();
    while let [head, rest @ ..] = heard {
        let (head, mut after) = (usize::from(*head), rest);
        let deed = match head % 16 {
            0 => Deed::Finish,
            1 => Deed::Lose,
            2 => Deed::Leave,
            3..6 => Deed::Open,
            length => {
                let (piece, left) = rest.split_at(length.min(rest.len()));
                after = left;
                Deed::Hear(piece)
            }
        };
        deeds.push((head / 16 % connections, deed));
        heard = after;
    }
    deeds
}

/// What a server says on each of its connections, and what it found.
fn crowd(plan: &Arc<Plan>, deeds: &[(usize, Deed<'_>)], most: usize) -> (Vec<Vec<u8>>, Vec<usize>) {
    let mut server = Crowd {
        player: Player::server(Arc::clone(plan)),
        outs: (0..plan.connections()).map(|_| Outbox::new()).collect(),
        unexpected: vec![0; plan.connections()],
    };
    let now = Time::ZERO;
    for (at, deed) in deeds {
        let at = *at;
        match deed {
            Deed::Open => server.act(at, |player, out| player.opened(at, now, out)),
            Deed::Finish => server.act(at, |player, out| player.finished(at, now, out)),
            Deed::Lose => server.act(at, |player, out| player.lost(at, now, out)),
            Deed::Leave => server.act(at, |player, _| player.left(at)),
            Deed::Hear(bytes) => {
                for piece in bytes.chunks(most.min(bytes.len().max(1))) {
                    server.act(at, |player, out| player.heard(at, now, piece, out));
                }
            }
        }
    }
    let said = server.outs.iter().map(|out| out.unsent().to_vec());
    (said.collect(), server.unexpected)
}

struct Crowd {
    player: Player,
    outs: Vec<Outbox>,
    unexpected: Vec<usize>,
}

impl Crowd {
    /// Something happens, and whoever can go on because of it does, which has an end.
    fn act(&mut self, at: usize, act: impl FnOnce(&mut Player, &mut Outbox)) {
        act(&mut self.player, &mut self.outs[at]);
        let mut turns = 0;
        while let Some(other) = self.player.stirred() {
            self.player.tick(other, Time::ZERO, &mut self.outs[other]);
            turns += 1;
            assert!(turns < 100_000, "it never ends");
        }
        while let Some(mismatch) = self.player.unexpected() {
            self.unexpected[mismatch.connection] += 1;
        }
        for connection in 0..self.outs.len() {
            assert!(
                self.player
                    .held_up_at(connection)
                    .is_none_or(|line| line > 1)
            );
            let _ = self.player.is_due(connection);
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
    let mut outcome = player.outcome().cloned();
    // A line that is not waited for comes before what is said meanwhile, or behind it.
    if plan.transcript().items().iter().any(may_miss) {
        if let Some(Outcome::Failed(mismatch)) = &mut outcome {
            **mismatch = mismatch.without_past();
        }
        unexpected = unexpected.iter().map(Mismatch::without_past).collect();
    }
    Performed {
        said: out.unsent().to_vec(),
        closing: player.closing(0),
        outcome,
        unexpected,
    }
}

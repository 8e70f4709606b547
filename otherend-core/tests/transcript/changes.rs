//! One changed byte of what was heard: outside holes it fails, inside a hole it passes if the kind
//! allows it.
//!
//! What that means beside a hole: holes take as little as they can, from left to right, such that
//! the whole line fits (`12` with a digit behind it is another number). So a change passes exactly
//! if the changed line can be had from the line of the file by giving its holes other values that
//! fit, while a reference says again what its hole has taken last. [`oracle`] tries all of them.

mod oracle;
mod talk;
mod updating;

use std::sync::Arc;

use otherend_core::transcript::{Closing, Outcome, Plan, Player, Transcript};
use otherend_core::{Outbox, Role, Time};
use proptest::prelude::*;

use oracle::{Verdict, judge};
use talk::{Hole, Performance, Talk, side, talks, talks_with_bars};

/// A transcript as one of its players has it.
struct Staged {
    plan: Arc<Plan>,
    /// `None` is the referee.
    player: Option<Role>,
}

const PLAYERS: [Option<Role>; 3] = [Some(Role::Client), Some(Role::Server), None];

impl Staged {
    /// The other end finishes last, so that nothing behind the script stays unheard.
    fn new(talk: &Talk, player: Option<Role>) -> Self {
        let last = match player {
            Some(Role::Server) => "C! close",
            _ => "S! close",
        };
        let transcript = Transcript::parse(talk.written(last).as_bytes()).unwrap();
        Staged {
            plan: Arc::new(Plan::new(transcript)),
            player,
        }
    }

    /// What the player makes of `heard` in pieces of `most` bytes, followed by the end.
    fn hear(&self, heard: &[Vec<u8>; 2], most: usize) -> Verdict {
        match self.player {
            None => self.referee(heard, most),
            Some(role) => self.play(role, &heard[1 - side(role)], most),
        }
    }

    fn play(&self, role: Role, heard: &[u8], most: usize) -> Verdict {
        let plan = Arc::clone(&self.plan);
        let mut player = match role {
            Role::Client => Player::client(plan),
            Role::Server => Player::server(plan),
        };
        let mut out = Outbox::new();
        player.opened(0, Time::ZERO, &mut out);
        for piece in heard.chunks(most) {
            player.heard(0, Time::ZERO, piece, &mut out);
        }
        player.finished(0, Time::ZERO, &mut out);
        let unexpected = player.unexpected();
        match (player.outcome(), unexpected) {
            (Some(Outcome::Failed(mismatch)), _) => Verdict::Differs {
                line: mismatch.line,
            },
            (_, Some(mismatch)) => Verdict::Differs {
                line: mismatch.line,
            },
            (Some(Outcome::Passed), None) => Verdict::Fits {
                said: out.unsent().to_vec(),
            },
            (None, None) if role == Role::Server => Verdict::Fits {
                said: out.unsent().to_vec(),
            },
            (None, None) => panic!("the client waits behind the end"),
        }
    }

    fn referee(&self, heard: &[Vec<u8>; 2], most: usize) -> Verdict {
        let mut referee = Player::referee(Arc::clone(&self.plan));
        referee.opened(0, Time::ZERO, &mut Outbox::new());
        for who in Role::BOTH {
            for piece in heard[side(who)].chunks(most) {
                referee.overheard(0, Time::ZERO, who, piece);
            }
            referee.saw_end(0, Time::ZERO, who, Closing::Close);
        }
        match referee.outcome() {
            Some(Outcome::Passed) => Verdict::Fits { said: Vec::new() },
            Some(Outcome::Failed(mismatch)) => Verdict::Differs {
                line: mismatch.line,
            },
            None => panic!("the referee waits behind the end"),
        }
    }
}

/// The sides that a player listens to.
fn heard_by(player: Option<Role>) -> impl Iterator<Item = usize> {
    let sides = Role::BOTH
        .into_iter()
        .filter(move |who| player != Some(*who));
    sides.map(side)
}

#[derive(Debug, Clone, Copy)]
enum Change {
    Replace(usize, u8),
    Remove(usize),
    Insert(usize, u8),
}

impl Change {
    /// Every change of one byte; where one comes in, it is the next of `new`.
    fn all(length: usize, new: &[u8]) -> impl Iterator<Item = Change> {
        let mut new = new.iter().copied().cycle();
        (0..=length).flat_map(move |at| {
            let mut next = || new.next().unwrap_or(0);
            let here = [Change::Replace(at, next()), Change::Remove(at)];
            let here = here.into_iter().filter(move |_| at < length);
            here.chain([Change::Insert(at, next())])
        })
    }

    fn of(self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        match self {
            Change::Replace(at, byte) => bytes[at] = byte,
            Change::Remove(at) => drop(bytes.remove(at)),
            Change::Insert(at, byte) => bytes.insert(at, byte),
        }
        bytes
    }

    fn at(self) -> usize {
        match self {
            Change::Replace(at, _) | Change::Remove(at) | Change::Insert(at, _) => at,
        }
    }

    /// The same bytes can be had by changing one byte in a hole, or beside one by adding to it.
    fn is_inside(self, performance: &Performance, side: usize) -> bool {
        let bytes = &performance.bytes[side];
        let changed = self.of(bytes);
        let same = |other: Change| other.of(bytes) == changed;
        let mut holes = performance.holes[side].iter().cloned();
        holes.any(|mut hole| match self {
            Change::Replace(at, _) => hole.contains(&at),
            Change::Remove(_) => hole.any(|at| same(Change::Remove(at))),
            Change::Insert(_, new) => {
                (hole.start..=hole.end).any(|at| same(Change::Insert(at, new)))
            }
        })
    }
}

/// A hole of what a player hears.
struct HeardHole<'t> {
    talk: &'t Talk,
    player: Option<Role>,
    hole: &'t Hole,
    side: usize,
    /// Its number among those of its side.
    index: usize,
}

fn holes_heard(talk: &Talk, player: Option<Role>) -> impl Iterator<Item = HeardHole<'_>> {
    heard_by(player).flat_map(move |side| {
        let holes = talk.holes(side).enumerate();
        holes.map(move |(index, hole)| HeardHole {
            talk,
            player,
            hole,
            side,
            index,
        })
    })
}

impl HeardHole<'_> {
    /// What differs from its value in a byte, and its sample.
    fn other_values(&self, new: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        let value = &self.hole.taken;
        let changes = Change::all(value.len(), new).map(|change| change.of(value));
        let values = changes.chain([self.hole.sample.clone()]);
        values.filter(|value| !value.contains(&b'|'))
    }

    /// Both sides with `value` in the hole and its references, and with `value` in the hole alone.
    fn with(&self, value: &[u8]) -> ([Vec<u8>; 2], [Vec<u8>; 2]) {
        let performance = self.talk.perform(self.player);
        let mut alone = performance.bytes;
        let place = performance.holes[self.side][self.index].clone();
        alone[self.side].splice(place, value.iter().copied());
        let mut other = self.talk.clone();
        if let Some(hole) = other.hole_mut(self.side, self.index) {
            hole.taken = value.to_vec();
        }
        (other.perform(self.player).bytes, alone)
    }
}

/// Bytes that mean something somewhere, and others.
fn new_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => prop::sample::select(&b"ab1 :.=-|\r\n"[..]),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_change_of_one_byte_is_judged_as_specified(
        talk in talks(),
        new in new_bytes(),
        most in 1..40usize,
    ) {
        for player in PLAYERS {
            let staged = Staged::new(&talk, player);
            let mut heard = talk.perform(player).bytes;
            prop_assert_eq!(staged.hear(&heard, most), judge(&talk, player, &heard));
            for side in heard_by(player) {
                let bytes = heard[side].clone();
                for change in Change::all(bytes.len(), &new) {
                    heard[side] = change.of(&bytes);
                    let verdict = judge(&talk, player, &heard);
                    prop_assert_eq!(staged.hear(&heard, most), verdict, "{:?} hears {:?}", player, change);
                }
                heard[side] = bytes;
            }
        }
    }

    #[test]
    fn any_bytes_are_judged_as_specified(
        talk in talks(),
        heard in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'a')], 0..80),
    ) {
        for player in PLAYERS {
            let heard = [heard.clone(), heard.clone()];
            let verdict = judge(&talk, player, &heard);
            prop_assert_eq!(Staged::new(&talk, player).hear(&heard, 7), verdict);
        }
    }

    /// Holes between bars cannot grow over them: there, nothing outside can be another.
    #[test]
    fn every_changed_byte_outside_holes_fails(
        talk in talks_with_bars(),
        new in new_bytes(),
        most in 1..40usize,
    ) {
        for player in PLAYERS {
            let staged = Staged::new(&talk, player);
            let performance = talk.perform(player);
            let mut heard = performance.bytes.clone();
            for side in heard_by(player) {
                let bytes = &performance.bytes[side];
                for change in Change::all(bytes.len(), &new) {
                    heard[side] = change.of(bytes);
                    if heard[side] == *bytes || change.is_inside(&performance, side) {
                        continue;
                    }
                    let fits = staged.hear(&heard, most).fits();
                    prop_assert!(!fits, "{:?} hears {:?}", player, change);
                }
                heard[side] = bytes.clone();
            }
        }
    }

    /// What is said again, by whichever side, is what the hole has taken.
    #[test]
    fn a_hole_takes_what_its_kind_allows_if_its_references_follow(
        talk in talks_with_bars(),
        new in new_bytes(),
        most in 1..40usize,
    ) {
        for player in PLAYERS {
            let staged = Staged::new(&talk, player);
            for hole in holes_heard(&talk, player) {
                for value in hole.other_values(&new) {
                    let (following, alone) = hole.with(&value);
                    let fits = hole.hole.fitting.takes(&value);
                    let said = player.map(|role| following[side(role)].clone());
                    let verdict = staged.hear(&following, most);
                    let expected = Verdict::Fits { said: said.unwrap_or_default() };
                    prop_assert_eq!(verdict == expected, fits, "{:?} hears {:?}", player, value);
                    let none_heard = heard_by(player).all(|side| alone[side] == following[side]);
                    prop_assert_eq!(staged.hear(&alone, most).fits(), fits && none_heard);
                }
            }
        }
    }
}

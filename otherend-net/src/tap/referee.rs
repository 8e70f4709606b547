//! Checks a tap's connections against a transcript (usually: conformance checking), and says which
//! end broke it first and where.

use std::sync::{Arc, Mutex};

use otherend_core::transcript::{Closing, Outcome, Plan, Player};
use otherend_core::{EndReason, Event, Time};

use crate::lock::lock;

/// Judges every connection of a tap; clone it freely.
///
/// A transcript with several connections is performed by as many that follow each other; with one,
/// each connection is a performance of its own. Whoever comes after the last begins anew.
#[derive(Clone)]
pub struct Referee {
    plan: Arc<Plan>,
    inside: Arc<Mutex<Inside>>,
}

#[derive(Default)]
struct Inside {
    /// A performance that waits for more connections, and how many it has.
    filling: Option<(Match, usize)>,
    begun: u64,
    verdict: Verdict,
}

/// One performance, which its connections share.
type Match = Arc<Mutex<Judged>>;

struct Judged {
    player: Player,
    decided: bool,
}

/// How the performances went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Verdict {
    /// They fitted the transcript from its first line to its last.
    pub passed: u64,
    /// One of the ends broke the transcript.
    pub failed: u64,
    /// They did not come to the end of the transcript.
    pub unfinished: u64,
}

impl Referee {
    /// A referee with this transcript.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        Referee {
            plan,
            inside: Arc::default(),
        }
    }

    /// Watches one connection.
    #[must_use]
    pub fn judge(&self) -> Judge {
        Judge {
            referee: self.clone(),
            seat: None,
        }
    }

    /// How it went so far.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let inside = lock(&self.inside);
        let decided = inside.verdict.passed + inside.verdict.failed;
        Verdict {
            unfinished: inside.begun - decided,
            ..inside.verdict
        }
    }

    /// The next connection's place in a performance.
    fn seat(&self) -> (Match, usize) {
        let mut inside = lock(&self.inside);
        let (performance, taken) = inside.filling.take().unwrap_or_else(|| {
            inside.begun += 1;
            let player = Player::referee(Arc::clone(&self.plan));
            let decided = false;
            (Arc::new(Mutex::new(Judged { player, decided })), 0)
        });
        // A referee cannot know which connection of the file somebody is, and takes them as they
        // come: with two in the file the first and the second who connect are one performance, the
        // third begins another.
        if taken + 1 < lock(&performance).player.connections() {
            inside.filling = Some((Arc::clone(&performance), taken + 1));
        }
        (performance, taken)
    }

    fn count(&self, outcome: &Outcome) {
        let verdict = &mut lock(&self.inside).verdict;
        match outcome {
            Outcome::Passed => verdict.passed += 1,
            Outcome::Failed(_) => verdict.failed += 1,
        }
    }
}

/// Watches one connection of a tap for its [`Referee`].
pub struct Judge {
    referee: Referee,
    /// The performance and the connection's place in it, once it is open.
    seat: Option<(Match, usize)>,
}

impl Judge {
    /// Something happened at `now`. `Some`: that decided the performance.
    pub fn on_event(&mut self, now: Time, event: &Event<'_>) -> Option<Outcome> {
        // Not when the client came: one that the target does not answer has no part in the play,
        // and would take the place of the next.
        if let Event::Connected { .. } = event {
            self.seat = Some(self.referee.seat());
        }
        let (performance, connection) = self.seat.as_ref()?;
        let mut play = lock(performance);
        watch(&mut play.player, *connection, now, event);
        if play.decided {
            return None;
        }
        let outcome = play.player.outcome()?.clone();
        play.decided = true;
        drop(play);
        self.referee.count(&outcome);
        Some(outcome)
    }
}

fn watch(player: &mut Player, connection: usize, now: Time, event: &Event<'_>) {
    match *event {
        Event::Connected { .. } => {
            // A referee says nothing.
            player.opened(connection, now, &mut otherend_core::Outbox::new());
        }
        Event::Bytes { from, bytes } => player.overheard(connection, now, from, bytes),
        Event::Finished { from } => player.saw_end(connection, now, from, Closing::Close),
        Event::Ended {
            reason,
            who: Some(who),
            ..
        } => {
            let how = match reason {
                EndReason::CutByFault => Closing::Close,
                _ => Closing::Reset,
            };
            player.saw_end(connection, now, who, how);
        }
        _ => {}
    }
}

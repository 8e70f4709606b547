//! What the connections of one performance have to do with each other (usually: their
//! synchronisation, a happens-before order): who has come, who waits for whom, and who does not
//! come any more.

use std::sync::Arc;

use super::lane::Progress;
use super::{Beat, Player, Waits};
use crate::transcript::plan::Position;

impl Player {
    /// Our side has done another step of the file.
    pub(super) fn count_done(&mut self) {
        self.done += 1;
        self.pass_over_skipped();
    }

    fn pass_over_skipped(&mut self) {
        while self.skipped.remove(&self.done) {
            self.done += 1;
        }
    }

    /// This connection is over: the others do not wait for what our side would still have done here.
    pub(super) fn skip_the_rest(&mut self, connection: usize) {
        if self.lanes.len() == 1 {
            return;
        }
        let plan = Arc::clone(&self.plan);
        let Some(script) = plan.scripts.get(connection) else {
            return;
        };
        // Connection 1 was to do steps 3 and 4 and was reset; step 5 is connection 2's, and waits
        // until `done` is 5. The lost steps are noted instead of counted at once, for step 2 may
        // still be under way elsewhere: `done` jumps over them when it comes there.
        let lane = &self.lanes[connection];
        for (beat, index) in script.beats_from(lane.beat).zip(lane.beat..) {
            let said = if index == lane.beat { lane.step } else { 0 };
            match beat {
                beat if Some(beat.who()) != self.role => {}
                Beat::Ends(ends) => _ = self.skipped.insert(ends.order),
                Beat::Says(says) => {
                    let left = says.steps().skip(said);
                    self.skipped.extend(left.map(|said| said.order));
                }
            }
        }
        self.pass_over_skipped();
    }

    /// Whoever had this connection is gone, however that came: the others do not wait for it.
    pub fn left(&mut self, connection: usize) {
        let lane = &mut self.lanes[connection];
        if lane.progress == Progress::Over {
            return;
        }
        lane.progress = Progress::Over;
        lane.let_go();
        self.skip_the_rest(connection);
        self.check_end();
    }

    /// No more clients come: nobody waits for those that are missing.
    pub(crate) fn nobody_else_comes(&mut self) {
        if self.lanes.len() == 1 {
            return;
        }
        for connection in 0..self.lanes.len() {
            if self.lanes[connection].progress == Progress::Unopened {
                self.left(connection);
            }
        }
    }

    /// What is to be heard on other connections before a step is, unless nobody is there any more.
    pub(super) fn has_heard(&self, after: &[Position]) -> bool {
        // The order of our own steps is not enough where we say what we heard elsewhere:
        //
        //     1S: your id is {{id:int=7}}     heard on connection 1, whenever it comes
        //     2C: JOIN {{id}}                 the next step of our side
        //
        // Said too early, this would be the sample, 7, whatever the server gave.
        after.iter().all(|place| {
            let has_come_to = self.line_at(place.connection);
            let is_over = self.lanes[place.connection].progress == Progress::Over;
            is_over || has_come_to.is_none_or(|line| line > place.line)
        })
    }

    /// All that stands above `line` was heard, on every connection that is open.
    pub(super) fn has_heard_above(&self, line: usize) -> bool {
        // A server reads its connections in any order, so what was only said on one has perhaps not
        // been taken there when the next one speaks:
        //
        //     1C: PING
        //     1S: PONG
        //     2C: connect
        //     2C: PUB news            a server may get to this before the PING,
        //     1S: MSG news            and then the MSG comes before the PONG
        //
        // What was answered has been taken.
        (0..self.lanes.len()).all(|connection| {
            let is_open = self.lanes[connection].progress == Progress::Open;
            !is_open || self.line_at(connection).is_none_or(|at| at > line)
        })
    }

    /// A server's next client can have `connection`, all before it being taken: somebody who plays
    /// the file could have opened it by now or, if all others have left, they were through.
    #[must_use]
    pub fn is_due(&self, connection: usize) -> bool {
        // A client does not say which connection of the file it is. Is the second one that comes
        // the file's second connection, or somebody else who begins at the top?
        //
        //     1S: 220 ready
        //     1C: LISTEN
        //     1S: 250 listening
        //     2C: connect
        //
        // Who plays this file has heard `220` before it says LISTEN; whether it waited for the
        // `250` before it opened connection 2, nobody can tell. So `heard` is 1 there: once the
        // server has said its first step, the next client can be connection 2; before, it cannot.
        // Where all the earlier ones have left, the next one is what follows them only if they did
        // not leave in the middle.
        let Some(next) = self.plan.scripts.get(connection) else {
            return false;
        };
        let taken = &self.lanes[..connection];
        if taken.iter().any(|lane| lane.progress != Progress::Over) {
            return self.done >= next.heard;
        }
        (0..connection).all(|earlier| self.is_through(earlier))
    }

    /// All of the script was said and heard here.
    fn is_through(&self, connection: usize) -> bool {
        let at = self.lanes[connection].beat;
        let script = self.plan.scripts.get(connection);
        let mut left = script.into_iter().flat_map(|script| script.beats_from(at));
        left.all(|beat| matches!(beat, Beat::Ends(_)))
    }

    /// The line that our side says here when other connections have done theirs; `None`: nothing
    /// waits for them.
    #[must_use]
    pub fn held_up_at(&self, connection: usize) -> Option<usize> {
        let is_held_up = self.waits(connection) == Waits::Others;
        self.line_at(connection).filter(|_| is_held_up)
    }

    /// The line of the file that a connection has come to; `None`: it is through.
    pub(super) fn line_at(&self, connection: usize) -> Option<usize> {
        let step = self.lanes[connection].step;
        match self.beat(connection)? {
            Beat::Says(says) if Some(says.who) != self.role => {
                let line = says.line(step).or(says.lines().next_back())?;
                Some(line.line)
            }
            beat => Some(beat.line(step)),
        }
    }
}

//! What comes of what does not fit: the end, or a remark (usually: failing an assertion).

use std::sync::Arc;

use super::lane::{Lane, Progress};
use super::mismatch::{Mismatch, Reason};
use super::unit::text_len;
use super::{Outcome, Player};
use crate::transcript::plan::{Beat, Known};
use crate::transcript::{Closing, Difference, Plan, Wanted};
use crate::{Framing, Role};

/// How many unexpected lines are kept until somebody asks.
const UNEXPECTED_KEPT: usize = 64;

impl Player {
    pub(super) fn fail(&mut self, connection: usize, heard: Vec<u8>, reason: Reason) {
        let who = self.beat(connection).map_or(self.peer(), |beat| beat.who());
        self.fail_at(connection, who, heard, reason);
    }

    /// The end of the performance; for a server the end of the connection, or only a remark.
    pub(super) fn fail_at(&mut self, connection: usize, who: Role, heard: Vec<u8>, reason: Reason) {
        // A client and a referee stop at the first mismatch: what follows it proves nothing. A
        // server's clients are strangers: one that says `HLEO`, or a word that the file does not have,
        // may go on as it should. So that is noted and the server hears on, unless nothing sensible
        // can follow: an end too early, a line too long.
        let mismatch = self.mismatch(connection, who, heard, reason);
        if self.role == Some(Role::Server) {
            // A client may leave at any place; what a reset cut off was no line yet.
            let cut_off = mismatch.reason == Reason::Ended(Closing::Reset);
            if !mismatch.heard.is_empty() && !cut_off {
                self.plan.count_misfit();
            }
            let goes_on = match mismatch.reason {
                Reason::Unexpected | Reason::NoRule => true,
                // The next frame can be found, or nothing that follows can be trusted.
                Reason::OutOfStep(_) => self.plan.framing.resyncs(),
                _ => false,
            };
            if self.options.strict || !goes_on {
                self.lanes[connection].broke_off = true;
                self.stop(connection, Closing::Close);
            }
            if self.unexpected.len() < UNEXPECTED_KEPT {
                self.unexpected.push_back(mismatch);
            } else {
                self.unexpected_dropped += 1;
            }
            return;
        }
        self.lanes[connection].progress = Progress::Over;
        self.lanes.iter_mut().for_each(Lane::let_go);
        self.outcome = Some(Outcome::Failed(Box::new(mismatch)));
    }

    fn mismatch(
        &mut self,
        connection: usize,
        who: Role,
        heard: Vec<u8>,
        reason: Reason,
    ) -> Mismatch {
        let plan = Arc::clone(&self.plan);
        let lane = &mut self.lanes[connection];
        let beat = plan.beat(connection, lane.beat);
        let known = Known {
            file: &mut self.values,
            connection: &mut lane.values,
        };
        let (line, difference) = match beat {
            None => (None, other_end(&plan, &heard, &reason)),
            Some(Beat::Ends(ends)) => (Some(ends.line), None),
            Some(Beat::Says(says)) => match says.line(lane.step).filter(|_| says.who == who) {
                None => (says.step(lane.step).map(|said| said.line), None),
                Some(expected) => {
                    let extent = expected.extent;
                    let difference = expected.template.difference(&heard, extent, &known);
                    (Some(expected.line), Some(difference))
                }
            },
        };
        let is_message = !matches!(
            reason,
            Reason::OutOfStep(_) | Reason::Ended(_) | Reason::Silent(_)
        );
        Mismatch {
            connection,
            who,
            line,
            expected: line
                .filter(|_| beat.is_some_and(|beat| Some(beat.who()) != self.role))
                .and_then(|line| plan.transcript().on_line(line))
                .map(ToString::to_string),
            heard,
            framed: is_message && plan.framing.drawing().is_some(),
            difference,
            reason,
            before: self.told.iter().cloned().collect(),
        }
    }
}

/// A line that no rule fits: its end, if that is not the file's.
fn other_end(plan: &Plan, heard: &[u8], reason: &Reason) -> Option<Difference> {
    let at = text_len(heard);
    let (end, wanted) = (&heard[at..], plan.transcript().eol().bytes());
    let is_line = plan.framing == Framing::Lf && end.ends_with(b"\n");
    let differs = *reason == Reason::NoRule && is_line && end != wanted;
    differs.then(|| Difference {
        at,
        wanted: Wanted::Bytes(wanted.to_vec()),
    })
}

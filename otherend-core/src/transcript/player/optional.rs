//! Lines that may be missing or come again (usually: quantifiers).
//!
//! They are never waited for: who is next goes on, and one of them that comes later still fits, until
//! its side has said something that had to come.

use super::Player;
use super::lane::Turn;
use super::unit::{Is, Unit};
use crate::Role;
use crate::transcript::plan::{Beat, Extent, Known, Occurs, Says};

impl Player {
    /// The next line of `says` need not come, and has not: pass over it. `came`: another line is
    /// there; `nothing`: not even the beginning of one. `false`: it has to, or may be on its way.
    pub(super) fn passes_over(
        &mut self,
        says: Says<'_>,
        (came, nothing): (bool, bool),
        turn: &Turn<'_>,
    ) -> bool {
        let lane = &mut self.lanes[turn.connection];
        let rest = says.lines().skip(lane.step);
        let mut rest = rest.map(|line| line.occurs != Occurs::Once);
        // Another line came; or nothing did, and nothing has to before the other end's turn:
        //
        //     S* * motd {{_:text=hi}}    with `250 ok` heard: passed over, and `S:` is next
        //     S: 250 ok
        //     S? * new mail              nothing heard: the client speaks, and this may still come
        //     C: NOOP
        let is_over = match came {
            true => rest.next() == Some(true),
            false => nothing && rest.all(|may_miss| may_miss),
        };
        if is_over {
            lane.late.push((lane.beat, lane.step));
            lane.step += 1;
        }
        is_over
    }

    /// `unit` is a line that was passed over in an earlier turn of `who`.
    pub(super) fn takes_late(&mut self, who: Role, unit: Unit<'_>, turn: &mut Turn<'_>) -> bool {
        if unit.is != Is::Whole || self.lanes[turn.connection].late.is_empty() {
            return false;
        }
        let plan = turn.plan;
        let lane = &mut self.lanes[turn.connection];
        let mut known = Known {
            file: &mut self.values,
            connection: &mut lane.values,
        };
        let mut found = None;
        for (at, (beat, line)) in lane.late.iter().enumerate() {
            // Those of this turn were passed over for good: `S?` above `S?` is an order.
            let Some(Beat::Says(says)) = plan.beat(turn.connection, *beat) else {
                continue;
            };
            let expected = says
                .line(*line)
                .filter(|_| says.who == who && *beat < lane.beat);
            let Some(expected) = expected else {
                continue;
            };
            let takes = &mut self.takes;
            let fit = expected
                .template
                .fit(unit.bytes, Extent::Whole, &known, takes);
            if fit.is_some() {
                found = Some((at, expected));
                break;
            }
        }
        let Some((at, expected)) = found else {
            return false;
        };
        expected
            .template
            .remember(unit.bytes, &self.takes, &mut known);
        plan.reach(expected.line);
        if expected.occurs == Occurs::AtMostOnce {
            lane.late.remove(at);
        }
        lane.used(turn, who, unit.length);
        lane.since = turn.now;
        match plan.framing.drawing() {
            Some(_) => self.tell_message(turn.connection, who, unit.bytes),
            None => self.tell(turn.connection, who, unit.bytes),
        }
        true
    }
}

//! The other's turn: what is heard fits the script, or a rule, or nothing (usually: expectations).

use super::lane::{Progress, Turn};
use super::mismatch::Reason;
use super::unit::{Found, Is, Unit, text_len};
use super::{Player, Waits};
use crate::framing::Lfs;
use crate::transcript::plan::{Beat, Ends, Expected, Extent, Known, Occurs, Says};
use crate::transcript::{Closing, Plan};
use crate::{Framing, Role, Time};

impl Player {
    /// How units are found in what is heard.
    fn found<'p>(&self, turn: &Turn<'p>) -> Found<'p> {
        Found {
            framing: &turn.plan.framing,
            max: self.max_message,
            now: turn.now,
        }
    }

    /// Do something with room for a message that is put together.
    fn with_made<R>(&mut self, act: impl FnOnce(&mut Self, &mut Vec<u8>) -> R) -> R {
        let mut made = std::mem::take(&mut self.made);
        let result = act(self, &mut made);
        self.made = made;
        result
    }

    /// Hear the next line of `says`; `false`: it has not come yet.
    pub(super) fn hear(&mut self, says: Says<'_>, turn: &mut Turn<'_>) -> bool {
        self.with_made(|player, made| player.hear_next(says, turn, made))
    }

    fn hear_next(&mut self, says: Says<'_>, turn: &mut Turn<'_>, made: &mut Vec<u8>) -> bool {
        if self.lanes[turn.connection].gathering.is_some() {
            return self.go_on_gathering(says.who, turn);
        }
        let updating = self.is_updating();
        let found = self.found(turn);
        let lane = &mut self.lanes[turn.connection];
        let Some(expected) = says.line(lane.step) else {
            lane.next_beat(turn.now);
            return true;
        };
        // What has come may be cut anywhere: `250 OK` and its LF may be two reads, or four. So
        // nothing is concluded from a beginning that the next byte could overturn.
        //
        //     S: 250 OK     ends with LF: compared once there is an LF, and then as a whole
        //     S. login:     a prompt, no LF will come: tried on whatever is there, takes the least that
        //                   fits, and leaves the rest for the next line of the file
        //
        // `25` fits neither, and is not wrong either: it waits, until it becomes a line, the peer
        // ends or it is longer than any line may be.
        let rest = turn.rest_of(says.who);
        let unit = lane.unit(says.who, rest, found, made);
        // What was passed over comes first: whether its turn was over when it came depends on how the
        // bytes were cut, and what it fits must not.
        if let Some(unit) = unit
            && self.takes_late(says.who, unit, turn)
        {
            return true;
        }
        let heard = unit.map_or(rest, |unit| unit.bytes);
        let is_due = match (expected.extent, unit.map(|unit| unit.is)) {
            (Extent::Beginning, _) | (Extent::Whole, Some(Is::Whole)) => true,
            (Extent::Unframed, Some(Is::OutOfStep(_))) => true,
            (Extent::Whole | Extent::Unframed, _) => false,
        };
        let length = unit.map_or(0, |unit| unit.length);
        if is_due && self.takes_as_due(says, expected, (heard, length), turn) {
            return true;
        }
        let came = unit.is_some();
        if self.passes_over(says, (came, rest.is_empty()), turn) {
            return true;
        }
        match unit {
            Some(_) if updating => self.gather(turn),
            Some(unit) => self.try_rules(says.who, unit, turn),
            None => self.unfinished(says.who, turn),
        }
    }

    /// `heard`, which is so many bytes on the wire, is what was `expected`; `false`: it is not.
    fn takes_as_due(
        &mut self,
        says: Says<'_>,
        expected: Expected<'_>,
        (heard, length): (&[u8], usize),
        turn: &mut Turn<'_>,
    ) -> bool {
        let updating = self.is_updating();
        let lane = &mut self.lanes[turn.connection];
        let mut known = Known {
            file: &mut self.values,
            connection: &mut lane.values,
        };
        let fit = expected
            .template
            .fit(heard, expected.extent, &known, &mut self.takes);
        let Some(count) = fit else {
            return false;
        };
        expected.template.remember(heard, &self.takes, &mut known);
        let used = match expected.extent {
            Extent::Beginning => count,
            Extent::Whole | Extent::Unframed => length,
        };
        lane.used(turn, says.who, used);
        if updating {
            lane.heard_in_turn.extend_from_slice(&heard[..count]);
        }
        // Steps and lines are not the same: `S. 220 ` and `S: ready` are two steps and are heard as
        // one line. All of a line's steps are reached with it.
        let before = lane.step.checked_sub(1).and_then(|line| says.line(line));
        let reached = before.map_or(0, |line| line.steps)..expected.steps;
        for step in reached.filter_map(|step| says.step(step)) {
            self.plan.reach(step.line);
        }
        match expected.occurs {
            Occurs::AnyNumber => {}
            Occurs::AtMostOnce => lane.step += 1,
            Occurs::Once => {
                lane.step += 1;
                lane.late.clear();
            }
        }
        lane.since = turn.now;
        let is_framed = self.plan.framing.drawing().is_some();
        match is_framed && expected.extent == Extent::Whole {
            true => self.tell_message(turn.connection, says.who, heard),
            false => self.tell(turn.connection, says.who, &heard[..count]),
        }
        true
    }

    /// Hear how the other end stops; `false`: it has not yet.
    pub(super) fn hear_end(&mut self, ends: Ends, turn: &mut Turn<'_>) -> bool {
        if self.lanes[turn.connection].gathering.is_some() {
            return self.go_on_gathering(ends.who, turn);
        }
        let rest = turn.rest_of(ends.who);
        // Bytes come before the end that followed them: a server that says `bye` where the file
        // only closes has said too much, and that is told rather than that it closed.
        if !rest.is_empty() && self.is_updating() {
            return self.gather(turn);
        }
        if !rest.is_empty() {
            return self.with_made(|player, made| player.hear_more(ends.who, turn, made));
        }
        let Some(how) = self.lanes[turn.connection].ended[ends.who.index()] else {
            return false;
        };
        // A half-close and a close are the same FIN from here; only a reset can be told apart.
        if (how == Closing::Reset) != (ends.closing == Closing::Reset) {
            self.fail(turn.connection, Vec::new(), Reason::Ended(how));
            return false;
        }
        self.plan.reach(ends.line);
        self.lanes[turn.connection].next_beat(turn.now);
        true
    }

    /// Something is said where an end was to come.
    fn hear_more(&mut self, who: Role, turn: &mut Turn<'_>, made: &mut Vec<u8>) -> bool {
        let found = self.found(turn);
        let lane = &mut self.lanes[turn.connection];
        match lane.unit(who, turn.rest_of(who), found, made) {
            Some(unit) if self.takes_late(who, unit, turn) => true,
            Some(unit) => self.try_rules(who, unit, turn),
            None => self.unfinished(who, turn),
        }
    }

    /// The script is over here.
    pub(super) fn beyond(&mut self, turn: &mut Turn<'_>) -> bool {
        match self.role {
            // The client decides when it is over. A server cannot know whether more comes: its
            // rules answer until the client has finished. The referee is no end and can only watch
            // both.
            Some(Role::Client) => {
                self.stop(turn.connection, Closing::Close);
                false
            }
            Some(Role::Server) => self.with_made(|player, made| player.answer_lines(turn, made)),
            None => self.with_made(|player, made| player.watch_the_end(turn, made)),
        }
    }

    /// Plain rules answer the lines that come first, as [`answer_lines`](Self::answer_lines) would,
    /// but without asking at each what else could happen.
    fn answer_plainly(&mut self, plan: &Plan, turn: &mut Turn<'_>) {
        let lane = &mut self.lanes[turn.connection];
        if lane.mute || plan.framing != Framing::Lf {
            return;
        }
        let rules = plan.rules.undisputed();
        let rest = turn.rest_of(Role::Client);
        let mut start = 0;
        for lf in Lfs::of(rest) {
            let line = &rest[start..=lf];
            if line.len() > self.max_message || turn.out.len() >= self.max_output {
                break;
            }
            let Some((rule, said)) = plan.rules.plainly(rules, line) else {
                break;
            };
            plan.reach(rule.line);
            turn.out.push(said);
            start = lf + 1;
        }
        lane.used(turn, Role::Client, start);
    }

    /// Rules answer every line, until there are no more or something else is to be done first.
    fn answer_lines(&mut self, turn: &mut Turn<'_>, made: &mut Vec<u8>) -> bool {
        let plan = turn.plan;
        let found = self.found(turn);
        let who = Role::Client;
        self.answer_plainly(plan, turn);
        if turn.out.len() >= self.max_output {
            return true;
        }
        loop {
            let lane = &mut self.lanes[turn.connection];
            let Some(unit) = lane.unit(who, turn.rest_of(who), found, made) else {
                break;
            };
            if self.takes_late(who, unit, turn) {
                continue;
            }
            let lane = &mut self.lanes[turn.connection];
            let mut known = Known {
                file: &mut self.values,
                connection: &mut lane.values,
            };
            let (counts, takes) = (&mut lane.counts, &mut self.takes);
            let rule = match unit.is {
                Is::Whole => plan.rules.find(unit.bytes, counts, &mut known, takes),
                Is::TooLong | Is::OutOfStep(_) => None,
            };
            match rule {
                Some(rule) => {
                    lane.used(turn, who, unit.length);
                    self.answer(rule, turn);
                    // A thousand `PING` in one read are a thousand turns of this loop, without the
                    // way through `proceed` for each. What stops it is asked for there: no room, or
                    // an answer with a pause.
                    let full = turn.out.len() >= self.max_output;
                    if full || self.lanes[turn.connection].answering.is_some() {
                        return true;
                    }
                }
                None => {
                    self.unexpected_line(unit, who, turn);
                    if self.lanes[turn.connection].progress != Progress::Open {
                        return false;
                    }
                }
            }
        }
        if self.lanes[turn.connection].ended[who.index()].is_none() {
            return self.unfinished(who, turn);
        }
        let rest = turn.rest_of(who);
        if !rest.is_empty() {
            let unit = Unit {
                bytes: rest,
                length: rest.len(),
                is: Is::Whole,
            };
            self.unexpected_line(unit, who, turn);
        }
        self.stop(turn.connection, Closing::Close);
        false
    }

    /// The referee: neither end may say more than the file.
    fn watch_the_end(&mut self, turn: &mut Turn<'_>, made: &mut Vec<u8>) -> bool {
        let found = self.found(turn);
        for who in Role::BOTH {
            let lane = &mut self.lanes[turn.connection];
            let rest = turn.rest_of(who);
            let unit = lane.unit(who, rest, found, made);
            if let Some(unit) = unit
                && self.takes_late(who, unit, turn)
            {
                return true;
            }
            let lane = &self.lanes[turn.connection];
            // One byte is too much already, but the message shows a line: wait for the whole of it.
            if unit.is_some() || !rest.is_empty() && lane.ended[who.index()].is_some() {
                let heard = unit.map_or(rest, |unit| unit.bytes).to_vec();
                self.fail_at(turn.connection, who, heard, Reason::Unexpected);
                return false;
            }
        }
        let lane = &mut self.lanes[turn.connection];
        if lane.ended.iter().all(Option::is_some) || lane.ended.contains(&Some(Closing::Reset)) {
            lane.progress = Progress::Over;
            self.check_end();
        }
        false
    }

    /// A complete line does not fit the script: perhaps a rule.
    fn try_rules(&mut self, who: Role, unit: Unit<'_>, turn: &mut Turn<'_>) -> bool {
        if self.role == Some(Role::Server) && unit.is == Is::Whole {
            let plan = turn.plan;
            let lane = &mut self.lanes[turn.connection];
            let mut known = Known {
                file: &mut self.values,
                connection: &mut lane.values,
            };
            let (counts, takes) = (&mut lane.counts, &mut self.takes);
            // The script waits for `QUIT`, the client says `NOOP` and there is `on C: NOOP`: that
            // is answered in between, and the script stays where it is.
            if let Some(rule) = plan.rules.find(unit.bytes, counts, &mut known, takes) {
                lane.used(turn, who, unit.length);
                lane.since = turn.now;
                self.answer(rule, turn);
                return true;
            }
        }
        self.unexpected_line(unit, who, turn);
        unit.is != Is::TooLong
    }

    /// Nothing fits what comes next: the end for a client, a remark for a server.
    fn unexpected_line(&mut self, unit: Unit<'_>, who: Role, turn: &mut Turn<'_>) {
        // Used up although it is wrong: a server that goes on would otherwise hear it again for
        // ever.
        self.lanes[turn.connection].used(turn, who, unit.length);
        let no_script = self.beat(turn.connection).is_none();
        let reason = match unit.is {
            Is::TooLong => Reason::TooLong(self.max_message),
            Is::OutOfStep(why) => Reason::OutOfStep(why),
            Is::Whole if self.role == Some(Role::Server) && no_script => Reason::NoRule,
            Is::Whole => Reason::Unexpected,
        };
        self.fail_at(turn.connection, who, unit.bytes.to_vec(), reason);
    }

    /// The line under way is not complete: wait, unless nothing more will come.
    fn unfinished(&mut self, who: Role, turn: &mut Turn<'_>) -> bool {
        let rest = turn.rest_of(who);
        let reason = match self.lanes[turn.connection].ended[who.index()] {
            Some(how) => Reason::Ended(how),
            // How long a frame may become, whoever looks for its end says.
            None if self.plan.framing.drawing().is_some() => return false,
            None if text_len(rest) > self.max_message => Reason::TooLong(self.max_message),
            None => return false,
        };
        let heard = rest.to_vec();
        self.fail_at(turn.connection, who, heard, reason);
        false
    }

    /// Nothing came for as long as the file allows.
    pub(super) fn check_patience(&mut self, connection: usize, now: Time) {
        // The peer is not silent while we pause, wait for room or for other connections: only what
        // waits for the peer itself can run out of patience.
        let due = self.patience(connection).is_some_and(|due| now >= due);
        if !due || self.waits(connection) != Waits::Peer {
            return;
        }
        if self.is_updating() && matches!(self.beat(connection), Some(Beat::Says(_))) {
            return self.end_gathering(connection, now);
        }
        let waited = now.since(self.lanes[connection].since);
        let heard = self.unheard(connection, self.peer()).to_vec();
        self.fail(connection, heard, Reason::Silent(waited));
    }
}

//! Our own turn: what is said, when, and how it stops.

use std::sync::Arc;
use std::time::Duration;

use super::lane::{Lane, Progress, Turn};
use super::{Outcome, Player, Reason, Timing, Told};
use crate::transcript::Closing;
use crate::transcript::plan::{Answer, AnswerStep, Beat, Ends, Form, Known, Says, Template};
use crate::{Drawing, Framing, Outbox, Role, Time, Unframed};

/// How much of the conversation a message shows.
const REMEMBERED: usize = 6;

impl Player {
    /// Go through the script and the rules as far as this input carries.
    pub(super) fn proceed(&mut self, turn: &mut Turn<'_>) {
        let plan = turn.plan;
        let connection = turn.connection;
        // Whose step is next? That is all this loop asks. Ours is done, the peer's is compared with
        // what has come, and whoever gives `false` needs another input first.
        //
        //     S: 220 ready      ours, as a server: said at once
        //     C: HELO a         heard
        //     S: 250 hello      said before anything else is looked at
        //     C: QUIT           heard, though it came in the same read as HELO
        //
        // The client sent `HELO a` and `QUIT` together: what is ahead of its turn stays in
        // `turn.rest`. So the order of the file holds however the bytes were cut, and for peers
        // that do not wait for answers.
        loop {
            if self.lanes[connection].progress != Progress::Open || self.outcome.is_some() {
                return;
            }
            // Asked before every step, for one read of a few bytes may set off megabytes of answers
            // (back-pressure): the peer is to take these first.
            self.lanes[connection].full = turn.out.len() >= self.max_output;
            if self.lanes[connection].full {
                return;
            }
            if self.lanes[connection].answering.is_some() && !self.go_on_answering(turn) {
                return;
            }
            for who in Role::BOTH {
                let nothing = Lane::nothing(&plan.framing, turn.rest_of(who));
                turn.rest[who.index()] = &turn.rest_of(who)[nothing..];
            }
            let went_on = match plan.beat(connection, self.lanes[connection].beat) {
                None => self.beyond(turn),
                Some(Beat::Says(says)) if Some(says.who) == self.role => self.say(says, turn),
                Some(Beat::Ends(ends)) if Some(ends.who) == self.role => self.end(ends, turn),
                Some(Beat::Says(says)) => self.hear(says, turn),
                Some(Beat::Ends(ends)) => self.hear_end(ends, turn),
            };
            if !went_on {
                return;
            }
        }
    }

    /// Say the next step of `says`; `false`: not now.
    fn say(&mut self, says: Says<'_>, turn: &mut Turn<'_>) -> bool {
        let peer = self.peer().index();
        let lane = &mut self.lanes[turn.connection];
        let Some(said) = says.step(lane.step) else {
            lane.next_beat(turn.now);
            return true;
        };
        // Whoever has only finished sending can still hear; over a reset nothing arrives any more.
        if lane.ended[peer] == Some(Closing::Reset) {
            let reason = Reason::Ended(Closing::Reset);
            self.fail_at(turn.connection, self.peer(), Vec::new(), reason);
            return false;
        }
        // The file is one order over all connections. With `1C: SUB x` above `2C: PUB x`,
        // connection 2 may be open and idle first, and must not publish before connection 1 has
        // subscribed: `done` counts what our side did anywhere, and a step's turn has come when all
        // before it is counted.
        let is_next = said.order == self.done && self.has_heard(said.after);
        let mut pause = self.kept(said.pause);
        if self.lanes[turn.connection].step > 0 {
            pause = pause.max(self.apart());
        }
        if !is_next || !self.waited(turn.connection, pause, turn.now) {
            return false;
        }
        let before = turn.out.len();
        self.count_done();
        let lane = &mut self.lanes[turn.connection];
        lane.step += 1;
        // A rule has half-closed: nothing can be said here any more, but the step is counted all
        // the same, or other connections would wait for it for ever.
        if lane.mute {
            return true;
        }
        if let Err(why) = self.utter(said.form, said.template, turn) {
            let said = std::mem::take(&mut self.made);
            self.fail_at(turn.connection, says.who, said, Reason::Unframed(why));
            return false;
        }
        self.plan.reach(said.line);
        match said.form {
            Form::AsItIs => self.tell(turn.connection, says.who, &turn.out.unsent()[before..]),
            Form::Framed => {
                let message = std::mem::take(&mut self.made);
                self.tell_message(turn.connection, says.who, &message);
                self.made = message;
            }
        }
        // What one call says is sent as one datagram: the next step needs a call of its own.
        self.plan.is_stream()
    }

    /// Put what `template` says into the outbox; a message that is put in a frame stands in `made`
    /// then.
    fn utter(
        &mut self,
        form: Form,
        template: &Template,
        turn: &mut Turn<'_>,
    ) -> Result<(), Unframed> {
        let mut known = Known {
            file: &mut self.values,
            connection: &mut self.lanes[turn.connection].values,
        };
        let (Form::Framed, Framing::Drawn(drawing)) = (form, &self.plan.framing) else {
            template.say(&mut known, turn.out);
            return Ok(());
        };
        self.made.clear();
        template.spell(&mut known, |bytes| self.made.extend_from_slice(bytes));
        let mut frame = Vec::new();
        drawing.encode(&self.made, &mut frame)?;
        turn.out.push(&frame);
        Ok(())
    }

    /// Stop as `ends` says; `false`: not now.
    fn end(&mut self, ends: Ends, turn: &mut Turn<'_>) -> bool {
        let pause = self.kept(ends.pause);
        if ends.order != self.done || !self.waited(turn.connection, pause, turn.now) {
            return false;
        }
        self.count_done();
        self.plan.reach(ends.line);
        self.lanes[turn.connection].next_beat(turn.now);
        self.stop(turn.connection, ends.closing);
        true
    }

    /// Stop speaking, or altogether.
    pub(super) fn stop(&mut self, connection: usize, closing: Closing) {
        let lane = &mut self.lanes[connection];
        lane.closing = Some(closing);
        lane.mute = true;
        if closing != Closing::HalfClose {
            lane.progress = Progress::Over;
            // After a half-close the peer is still heard; after anything else nobody may wait for
            // this connection.
            self.skip_the_rest(connection);
            self.check_end();
        }
    }

    /// The connection broke after a client had said all: what it said last has perhaps not been
    /// taken, and then the file was not played to its end.
    pub fn lost_at_the_end(&mut self, connection: usize) {
        let failed = matches!(self.outcome, Some(Outcome::Failed(_)));
        if !failed && self.has_last_word(connection) {
            let reason = Reason::Ended(Closing::Reset);
            self.fail_at(connection, self.peer(), Vec::new(), reason);
        }
    }

    /// The last line on this connection is a client's: nothing that is heard can show that it was
    /// taken.
    ///
    /// With `C: QUIT` and `S: bye` below it, the `bye` shows it, and a reset after that is none of the
    /// file's business. With `C: QUIT` alone a reset may be all that became of it.
    #[must_use]
    pub fn has_last_word(&self, connection: usize) -> bool {
        let script = self.plan.scripts.get(connection);
        let beats = script.into_iter().flat_map(|script| script.beats_from(0));
        let last = beats
            .filter(|beat| !matches!(beat, Beat::Ends(ends) if ends.closing != Closing::Reset))
            .last();
        let is_ours = matches!(last, Some(Beat::Says(says)) if says.who == Role::Client);
        is_ours && self.role == Some(Role::Client) && self.plan.is_stream()
    }

    /// All connections are over: passed.
    pub(super) fn check_end(&mut self) {
        if self
            .lanes
            .iter()
            .all(|lane| lane.progress == Progress::Over)
        {
            self.outcome.get_or_insert(Outcome::Passed);
        }
    }

    /// How much of `pause` is kept.
    pub(super) fn kept(&self, pause: Duration) -> Duration {
        match self.options.timing {
            Timing::Speed(speed) if speed > 0.0 => {
                Duration::try_from_secs_f64(pause.as_secs_f64() / speed).unwrap_or(pause)
            }
            _ => Duration::ZERO,
        }
    }

    /// So far apart two messages of ours are said at least: where silence ends them, that.
    fn apart(&self) -> Duration {
        // Twice as long as the other end waits, for the kernels on the way may shorten a pause.
        let idle = self.plan.framing.drawing().and_then(Drawing::idle);
        idle.map_or(Duration::ZERO, |idle| 2 * idle)
    }

    /// `pause` is over, or there is none.
    fn waited(&mut self, connection: usize, pause: Duration, now: Time) -> bool {
        if pause.is_zero() {
            return true;
        }
        // The pause begins when its step's turn has come, and is asked for again by every input
        // meanwhile: the first answer is kept, or a peer that sends a byte a second would put `+2s`
        // off for ever.
        let paused = &mut self.lanes[connection].paused;
        let until = *paused.get_or_insert(now + pause);
        if now < until {
            return false;
        }
        *paused = None;
        true
    }

    /// A rule may greet before the script does.
    pub(super) fn greet(&mut self, connection: usize, now: Time, out: &mut Outbox) {
        if let (Some(Role::Server), Some(rule)) = (self.role, self.plan.rules.connect) {
            let plan = Arc::clone(&self.plan);
            let mut turn = Turn {
                plan: &plan,
                connection,
                now,
                rest: [b"", b""],
                out,
            };
            self.answer(rule, &mut turn);
        }
    }

    /// Begin the answer of `rule`; whoever has finished sending can still close.
    #[inline]
    pub(super) fn answer(&mut self, rule: usize, turn: &mut Turn<'_>) {
        let rule_of_plan = &self.plan.rules.all[rule];
        self.plan.reach(rule_of_plan.line);
        let mute = self.lanes[turn.connection].mute;
        match &rule_of_plan.answer {
            Answer::Plain(_) | Answer::Says(_) if mute => {}
            Answer::Plain(bytes) => turn.out.push(bytes),
            Answer::Says(template) => {
                let lane = &mut self.lanes[turn.connection];
                let mut known = Known {
                    file: &mut self.values,
                    connection: &mut lane.values,
                };
                template.say(&mut known, turn.out);
            }
            Answer::Steps(_) => self.lanes[turn.connection].answering = Some((rule, 0)),
        }
    }

    /// Go on with the answer under way; `false`: not to its end.
    fn go_on_answering(&mut self, turn: &mut Turn<'_>) -> bool {
        let plan = turn.plan;
        while let Some((rule, step)) = self.lanes[turn.connection].answering {
            let Answer::Steps(steps) = &plan.rules.all[rule].answer else {
                break;
            };
            let Some(next) = steps.get(step) else {
                break;
            };
            let pause = match next {
                AnswerStep::Pause(pause) => self.kept(*pause),
                AnswerStep::Say(..) if step > 0 => self.apart(),
                _ => Duration::ZERO,
            };
            if !self.waited(turn.connection, pause, turn.now) {
                return false;
            }
            // Past this step before it is carried out: an end and a datagram leave from the middle.
            self.lanes[turn.connection].answering = Some((rule, step + 1));
            match next {
                AnswerStep::Pause(_) => {}
                AnswerStep::Say(..) if self.lanes[turn.connection].mute => {}
                AnswerStep::End(closing) => {
                    self.stop(turn.connection, *closing);
                    if *closing != Closing::HalfClose {
                        return false;
                    }
                }
                AnswerStep::Say(form, template) => {
                    if let Err(why) = self.utter(*form, template, turn) {
                        let said = std::mem::take(&mut self.made);
                        let reason = Reason::Unframed(why);
                        self.fail_at(turn.connection, Role::Server, said, reason);
                        return false;
                    }
                    if !plan.is_stream() {
                        return false;
                    }
                }
            }
        }
        self.lanes[turn.connection].answering = None;
        true
    }

    /// Remember what was said or heard on the wire, for messages.
    pub(super) fn tell(&mut self, connection: usize, who: Role, bytes: &[u8]) {
        self.remember_told(connection, who, (bytes, false));
    }

    /// Remember a message that stood in a frame.
    pub(super) fn tell_message(&mut self, connection: usize, who: Role, message: &[u8]) {
        self.remember_told(connection, who, (message, true));
    }

    fn remember_told(&mut self, connection: usize, who: Role, (bytes, framed): (&[u8], bool)) {
        let mut told = Vec::new();
        // The oldest gives its memory to the newest: a mock that has answered a million lines still
        // has the same six buffers.
        if self.told.len() == REMEMBERED
            && let Some(oldest) = self.told.pop_front()
        {
            told = oldest.bytes;
            told.clear();
        }
        told.extend_from_slice(bytes);
        self.told.push_back(Told {
            connection,
            who,
            bytes: told,
            framed,
        });
    }
}

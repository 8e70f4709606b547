//! Playing to bring a file up to date (usually: accepting a snapshot): a turn that does not fit is
//! heard to its end and rewritten.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::gathering::Gathering;
use super::lane::Turn;
use super::{Player, Reason};
use crate::transcript::plan::{Beat, Extent, Known, Plan, Says};
use crate::transcript::update::{self, Edit};
use crate::transcript::{Item, Part, Setting, Step, Text, Transcript};
use crate::{LineEnd, Role, Time};

/// A turn has ended when nothing more came for this long.
const QUIET: Duration = Duration::from_millis(300);
/// A turn that does not fit may have this many bytes.
const LONGEST_TURN: usize = 1 << 20;

impl Player {
    /// Instead of stopping at what does not fit, hear the other's turn to its end and remember it.
    #[must_use]
    pub fn updating(mut self) -> Self {
        self.edits = Some(Vec::new());
        self
    }

    /// `original`, which the plan was made from, with what was heard in place of what did not fit.
    /// Lines and holes that still fit stay as they are; values that were set are not written.
    #[must_use]
    pub fn updated(&self, original: &Transcript) -> Transcript {
        update::apply(original, self.edits.as_deref().unwrap_or_default())
    }

    pub(super) fn is_updating(&self) -> bool {
        self.edits.is_some()
    }

    /// A line does not fit: gather the whole turn.
    pub(super) fn gather(&mut self, turn: &mut Turn<'_>) -> bool {
        // Not only the line that differs, for where the turn has grown every later line would
        // differ too:
        //
        //     the file                 the server now
        //     S: 220 a.example         220 b.example
        //     S: 250 OK                250-SIZE 1000
        //                              250 OK
        //
        // Line by line, `250 OK` would be rewritten as `250-SIZE` and its own line be left over. So
        // the turn is heard to its end, and then laid beside the file's as a whole.
        self.lanes[turn.connection].gathering = Some(Gathering {
            since: turn.now,
            heard: turn.now,
        });
        true
    }

    /// Take everything that `who` says; `false`: the turn may go on.
    pub(super) fn go_on_gathering(&mut self, who: Role, turn: &mut Turn<'_>) -> bool {
        let rest = turn.rest_of(who);
        let lane = &mut self.lanes[turn.connection];
        if !rest.is_empty() {
            lane.heard_in_turn.extend_from_slice(rest);
            lane.used(turn, who, rest.len());
            if let Some(gathering) = &mut lane.gathering {
                gathering.heard = turn.now;
            }
            if lane.heard_in_turn.len() > LONGEST_TURN {
                self.endless(turn.connection);
                return false;
            }
        }
        // No byte says that a turn is over. Only its end is certain; otherwise silence has to do.
        if lane.ended[who.index()].is_none() {
            return false;
        }
        self.end_gathering(turn.connection, turn.now);
        true
    }

    /// When the turn that is gathered has ended, if nothing more comes.
    pub(super) fn gathered_at(&self, connection: usize) -> Option<Time> {
        let Gathering { since, heard } = self.lanes[connection].gathering?;
        let quiet = heard + QUIET;
        let patience = self.options.timeout;
        let patience = patience.map(|timeout| since + timeout.max(QUIET));
        // A server that sends a dot every 200 ms is never quiet: the file's timeout bounds all of
        // it.
        Some(patience.map_or(quiet, |patience| patience.min(quiet)))
    }

    /// The turn goes on and on: nothing is written that may be half of it.
    fn endless(&mut self, connection: usize) {
        self.fail(connection, Vec::new(), Reason::Endless);
    }

    /// The turn is over: rewrite it and go on behind it.
    pub(super) fn end_gathering(&mut self, connection: usize, now: Time) {
        let lane = &self.lanes[connection];
        let goes_on = |turn: Gathering| now < turn.heard + QUIET;
        // Out of patience while bytes still come: half a turn in the file would pass for a whole
        // one.
        if lane.ended[self.peer().index()].is_none() && lane.gathering.is_some_and(goes_on) {
            return self.endless(connection);
        }
        let plan = Arc::clone(&self.plan);
        let peer = self.peer();
        let lane = &mut self.lanes[connection];
        lane.gathering = None;
        let mut heard = std::mem::take(&mut lane.heard_in_turn);
        // Lines that fitted, lines that did not, and what came of the last one: all of the turn.
        heard.append(lane.unheard_of(peer));
        let edit = match plan.beat(connection, lane.beat) {
            None => return,
            Some(Beat::Says(says)) => {
                lane.next_beat(now);
                self.rewrite(&plan, connection, says, &heard)
            }
            // More was said before the end: that stays where it is.
            Some(Beat::Ends(ends)) => insertion(&plan, ends.line, &heard),
        };
        self.edits.get_or_insert_default().extend(edit);
    }

    fn rewrite(
        &mut self,
        plan: &Plan,
        connection: usize,
        says: Says<'_>,
        heard: &[u8],
    ) -> Option<Edit> {
        let lines: Vec<usize> = says.steps().map(|said| said.line).collect();
        let steps: Vec<&Step> = lines
            .iter()
            .filter_map(|line| step_on(plan, *line))
            .collect();
        let eol = eol(plan);
        let texts = update::joined(steps.iter().copied(), eol);
        let heard: Vec<&[u8]> = heard.split_inclusive(|b| *b == b'\n').collect();
        let mut known = Known {
            file: &mut self.values,
            connection: &mut self.lanes[connection].values,
        };
        let takes = &mut self.takes;
        let fits = |text: usize, line: usize| {
            let Some(expected) = says.line(text) else {
                return false;
            };
            let fit = expected
                .template
                .fit(heard[line], Extent::Whole, &known, takes);
            fit.is_some()
        };
        let mut mended = update::HeardTurn {
            texts: texts.clone(),
            heard: heard.clone(),
            fits: Box::new(fits),
            values: Box::new(|name| value(plan, name, &known)),
        }
        .mended();
        let mut first_with: HashMap<String, usize> = HashMap::new();
        for (index, text) in texts.iter().enumerate() {
            first_with.entry(text.to_string()).or_insert(index);
        }
        for (text, line) in mended.iter_mut().zip(&heard) {
            // A line of the file that fits has its old samples, another one what was heard.
            let of_file = first_with.get(&text.to_string()).copied();
            let expected = of_file.and_then(|index| says.line(index));
            let template = expected.map(|expected| expected.template);
            match template.filter(|it| it.fit(line, Extent::Whole, &known, takes).is_some()) {
                Some(template) => template.remember(line, takes, &mut known),
                None => {
                    // It fitted only before a line above it gave a name another value.
                    if of_file.is_some() {
                        *text = update::mend(text, line, &|name| value(plan, name, &known));
                    }
                    remember_samples(plan, text, &mut known);
                }
            }
        }
        let like = steps.first()?;
        Some(Edit {
            before: *lines.first()?,
            steps: mended
                .into_iter()
                .map(|text| update::step(like, text, eol))
                .collect(),
            lines,
        })
    }
}

fn value(plan: &Plan, name: &str, known: &Known<'_>) -> Option<Vec<u8>> {
    known.value(plan.script_slot(name)).map(<[u8]>::to_vec)
}

/// What the holes of a line took that was written anew: it may be said later.
fn remember_samples(plan: &Plan, text: &Text, known: &mut Known<'_>) {
    for part in text.parts() {
        if let Part::Hole(hole) = part
            && let Some(name) = &hole.name
        {
            known.remember(plan.script_slot(name), &hole.sample);
        }
    }
}

/// Lines that come before the one on `line`.
fn insertion(plan: &Plan, line: usize, heard: &[u8]) -> Option<Edit> {
    let like = step_on(plan, line)?;
    let texts = heard.split_inclusive(|b| *b == b'\n').map(Text::literal);
    Some(Edit {
        lines: Vec::new(),
        before: line,
        steps: texts
            .map(|text| update::step(like, text, eol(plan)))
            .collect(),
    })
}

fn step_on(plan: &Plan, line: usize) -> Option<&Step> {
    match plan.transcript().on_line(line)? {
        Item::Step(step) => Some(step),
        _ => None,
    }
}

fn eol(plan: &Plan) -> LineEnd {
    let mut settings = plan.transcript().items().iter();
    let eol = settings.find_map(|item| match item {
        Item::Setting(Setting::Eol(eol)) => Some(*eol),
        _ => None,
    });
    eol.unwrap_or_default()
}

//! Rules: what the server answers when the script does not lead (usually: stubs, and their
//! dispatch).
//!
//! Most rules are plain lines, and a mock server's speed is theirs: they are found by one look into
//! a table and answered by one copy. The others are tried in the order of the file.

mod shadowed;

use std::time::Duration;

use super::holed::HoledRules;
use super::line_table::LineTable;
use super::matching::{Extent, Take};
use super::script::Form;
use super::template::{Piece, Template};
use super::values::Known;
use crate::Framing;
use crate::transcript::Closing;

/// All rules of a file. A rule is known by its place in [`Rules::all`].
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) all: Vec<Rule>,
    /// `on connect`, the first of them.
    pub(crate) connect: Option<usize>,
    /// `on C: …` without holes: the first of each line.
    plain: LineTable,
    /// `on C: …` with holes, in order.
    holed: HoledRules,
    /// `on after N C: …`, in order.
    counted: Vec<Counted>,
    /// `on other`, the first of them.
    pub(crate) other: Option<usize>,
    /// Rules that are the same as an earlier one, and which.
    repeated: Vec<(usize, usize)>,
}

/// What a rule does, and where it stands.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Its line in the file.
    pub(crate) line: usize,
    pub(crate) answer: Answer,
}

/// A rule that fires once for each connection.
#[derive(Debug)]
struct Counted {
    count: u32,
    trigger: Template,
    rule: usize,
}

/// What sets off a rule.
#[derive(Debug)]
pub(crate) enum SetsOff {
    Connect,
    Line(Template),
    After(u32, Template),
    Other,
}

/// What a rule makes the server do.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Say these bytes.
    Plain(Vec<u8>),
    /// Say this: there are holes in it.
    Says(Template),
    /// Pauses or an end are among it, or it is more than one datagram.
    Steps(Vec<AnswerStep>),
}

/// A step of an answer.
#[derive(Debug)]
pub(crate) enum AnswerStep {
    /// Let time pass.
    Pause(Duration),
    /// Say this.
    Say(Form, Template),
    /// Stop.
    End(Closing),
}

impl Answer {
    /// What several steps say may leave together, unless each is a datagram.
    pub(crate) fn new(steps: Vec<AnswerStep>, framing: &Framing) -> Self {
        // Nothing parts two datagrams in a stream of bytes, nor two messages that silence ends.
        let is_timed = framing
            .drawing()
            .is_some_and(|drawing| drawing.idle().is_some());
        if (is_timed || *framing == Framing::Datagram) && steps.len() > 1 {
            return Answer::Steps(steps);
        }
        // Most answers are a few lines without a pause: joined, they are one copy into the outbox.
        let mut pieces = Vec::new();
        for step in &steps {
            match step {
                AnswerStep::Say(Form::AsItIs, template) => {
                    pieces.extend_from_slice(template.parts());
                }
                // What its frame is shows when its values do.
                AnswerStep::Say(Form::Framed, template) => match framed(template, framing) {
                    Some(frame) => pieces.push(Piece::Literal(frame.into())),
                    None => return Answer::Steps(steps),
                },
                _ => return Answer::Steps(steps),
            }
        }
        let all: Template = pieces.into_iter().collect();
        match all.as_literal() {
            Some(bytes) => Answer::Plain(bytes.to_vec()),
            None => Answer::Says(all),
        }
    }
}

/// A message without holes in its frame.
fn framed(message: &Template, framing: &Framing) -> Option<Vec<u8>> {
    let mut frame = Vec::new();
    let drawing = framing.drawing()?;
    drawing.encode(message.as_literal()?, &mut frame).ok()?;
    Some(frame)
}

impl Rules {
    pub(crate) fn add(&mut self, sets_off: SetsOff, rule: Rule) {
        let index = self.all.len();
        self.all.push(rule);
        let first = match sets_off {
            SetsOff::Connect => *self.connect.get_or_insert(index),
            SetsOff::Other => *self.other.get_or_insert(index),
            SetsOff::Line(trigger) => match trigger.as_literal() {
                Some(literal) => self.plain.number_or(literal, index),
                None => {
                    self.holed.push(trigger, index);
                    index
                }
            },
            SetsOff::After(count, trigger) => {
                self.counted.push(Counted {
                    count,
                    trigger,
                    rule: index,
                });
                index
            }
        };
        if first != index {
            self.repeated.push((index, first));
        }
    }

    /// All rules are there.
    pub(crate) fn finish(&mut self) {
        self.holed.finish();
    }

    /// The rule that answers `heard`, a whole line; its holes remember what they take.
    ///
    /// An `on after` that is due comes first, then the first `on C:` in the file, then `on other`.
    #[inline]
    pub(crate) fn find(
        &self,
        heard: &[u8],
        counts: &mut Vec<u32>,
        known: &mut Known<'_>,
        takes: &mut Vec<Take>,
    ) -> Option<usize> {
        // `on after 3 C: PING` is the exception to what `on C: PING` says, so it comes first.
        if !self.counted.is_empty()
            && let Some(due) = self.count(heard, counts, known, takes)
        {
            return Some(due);
        }
        self.first(heard, known, takes).or(self.other)
    }

    /// The rules that answer a line of theirs whatever else is in the file: no `on after` counts
    /// lines, and none with holes stands before them.
    pub(crate) fn undisputed(&self) -> &[Rule] {
        let first_holed = self.holed.first_rule().unwrap_or(self.all.len());
        match self.counted.is_empty() {
            true => &self.all[..first_holed],
            false => &[],
        }
    }

    /// The one of `undisputed` for `heard`, a whole line, and what it says, if both are plain.
    #[inline]
    pub(crate) fn plainly<'r>(
        &self,
        undisputed: &'r [Rule],
        heard: &[u8],
    ) -> Option<(&'r Rule, &'r [u8])> {
        let rule = undisputed.get(self.plain.get(heard)?)?;
        match &rule.answer {
            Answer::Plain(said) => Some((rule, said)),
            _ => None,
        }
    }

    /// The first `on C:` in the file that fits `heard`.
    #[inline]
    fn first(&self, heard: &[u8], known: &mut Known<'_>, takes: &mut Vec<Take>) -> Option<usize> {
        // The first in the file wins, as if all were tried in order:
        //
        //     on C: GET {{key:word}}    rule 0
        //     on C: GET time            rule 1: never fires, rule 0 takes the line
        //     on C: QUIT                rule 2
        //
        // A look into the table finds a plain one at once; of those with holes only what stands
        // above it is still to be tried.
        let plain = self.plain.get(heard);
        let holed = self.holed.find(heard, plain, (known, takes), &mut 0);
        holed.or(plain)
    }

    /// Count `heard` for each `on after N` that it fits; gives the first that is due.
    fn count(
        &self,
        heard: &[u8],
        counts: &mut Vec<u32>,
        known: &mut Known<'_>,
        takes: &mut Vec<Take>,
    ) -> Option<usize> {
        counts.resize(self.counted.len(), 0);
        let mut due = None;
        for (counted, count) in self.counted.iter().zip(counts) {
            let trigger = &counted.trigger;
            if trigger.fit(heard, Extent::Whole, known, takes).is_none() {
                continue;
            }
            // Each counts for itself, also when an earlier one is due: `on after 2` and `on after
            // 3` of the same line fire at the second and the third.
            *count = count.saturating_add(1);
            if *count == counted.count && due.is_none() {
                trigger.remember(heard, takes, known);
                due = Some(counted.rule);
            }
        }
        due
    }
}

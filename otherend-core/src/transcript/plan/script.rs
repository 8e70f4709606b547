//! The script of one connection: what each end does in turn.
//!
//! A file may have a million steps, so they are kept packed, and looked at as [`Beat`], [`ToSay`] and
//! [`Expected`]. A step that is heard as it is said, which most are, has one template for both.

use std::time::Duration;

use super::template::Template;
use super::{Extent, Position};
use crate::transcript::Closing;
use crate::{Framing, Role};

/// The script of one connection.
#[derive(Debug, Default)]
pub(crate) struct ConnectionScript {
    /// Its place among all that the client does.
    pub(crate) opens: usize,
    /// How many of the server's steps the client has heard for certain when it opens.
    pub(crate) heard: usize,
    /// The line that says so, if one does.
    pub(crate) line: Option<usize>,
    /// The time that passes before that.
    pub(crate) pause: Duration,
    beats: Vec<PackedBeat>,
    steps: Vec<PackedStep>,
    lines: Vec<PackedLine>,
    templates: Vec<Template>,
    notes: Vec<Note>,
}

/// What one end does until the other's turn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Beat<'s> {
    Says(Says<'s>),
    Ends(Ends),
}

/// Neighbouring steps of one speaker: [`step`](Self::step) after step to be said, the same joined into
/// [`line`](Self::line) after line to be heard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Says<'s> {
    pub(crate) who: Role,
    script: &'s ConnectionScript,
    steps: &'s [PackedStep],
    lines: &'s [PackedLine],
}

/// One step to be said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToSay<'s> {
    /// Its line in the file.
    pub(crate) line: usize,
    /// Its place among all that its speaker does on any connection.
    pub(crate) order: usize,
    /// Where on other connections its speaker hears the values that it refers to.
    pub(crate) after: &'s [Position],
    /// The time that passes before it.
    pub(crate) pause: Duration,
    pub(crate) form: Form,
    /// How often it comes where it is heard.
    pub(crate) occurs: Occurs,
    pub(crate) template: &'s Template,
}

/// How often a line comes where it is heard; whoever says it says it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occurs {
    Once,
    AtMostOnce,
    AnyNumber,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Its line in the file.
    pub(super) line: usize,
    /// Its place among all that its speaker does on any connection.
    pub(super) order: usize,
    pub(super) occurs: Occurs,
}

/// How a step goes onto the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As its template is.
    AsItIs,
    /// In the file's frame.
    Framed,
}

/// One line to be heard, or the unfinished rest before the other's turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'s> {
    /// The line in the file on which it begins.
    pub(crate) line: usize,
    /// How many of the steps are heard when this is.
    pub(crate) steps: usize,
    /// It ends with LF, or is a datagram: all of that must fit.
    pub(crate) extent: Extent,
    pub(crate) occurs: Occurs,
    pub(crate) template: &'s Template,
}

/// One end stops.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) who: Role,
    pub(crate) closing: Closing,
    pub(crate) line: usize,
    pub(crate) order: usize,
    pub(crate) pause: Duration,
}

/// Who says which of the steps, heard as which of the lines; or who ends, in place of a step.
#[derive(Debug)]
struct PackedBeat {
    who: Role,
    ends: Option<Closing>,
    first_step: u32,
    first_line: u32,
}

/// An end has no template.
#[derive(Debug)]
struct PackedStep {
    line: u32,
    order: u32,
    template: u32,
    /// The place of its [`Note`], from 1; 0 is none.
    note: u32,
    form: Form,
    occurs: Occurs,
}

#[derive(Debug)]
struct PackedLine {
    line: u32,
    steps: u32,
    template: u32,
    extent: Extent,
    occurs: Occurs,
}

/// What few steps have.
#[derive(Debug, Default)]
struct Note {
    pause: Duration,
    after: Box<[Position]>,
}

/// A place or a line in a file, of which there are fewer: see [`Limits`](crate::transcript::Limits).
pub(super) fn packed(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl ConnectionScript {
    /// What happens at this place of it.
    #[inline]
    pub(crate) fn beat(&self, index: usize) -> Option<Beat<'_>> {
        let beat = self.beats.get(index)?;
        let next = self.beats.get(index + 1);
        let first_step = beat.first_step as usize;
        if let Some(closing) = beat.ends {
            let step = self.steps.get(first_step)?;
            return Some(Beat::Ends(Ends {
                who: beat.who,
                closing,
                line: step.line as usize,
                order: step.order as usize,
                pause: self.note(step).map_or(Duration::ZERO, |note| note.pause),
            }));
        }
        let steps = next.map_or(self.steps.len(), |next| next.first_step as usize);
        let lines = next.map_or(self.lines.len(), |next| next.first_line as usize);
        Some(Beat::Says(Says {
            who: beat.who,
            script: self,
            steps: self.steps.get(first_step..steps)?,
            lines: self.lines.get(beat.first_line as usize..lines)?,
        }))
    }

    /// What happens from one place of it on.
    pub(crate) fn beats_from(&self, index: usize) -> impl Iterator<Item = Beat<'_>> {
        (index..self.beats.len()).filter_map(|index| self.beat(index))
    }

    /// The line on which it opens.
    pub(crate) fn opens_on(&self) -> usize {
        let first = self.beat(0).map(|beat| beat.line(0));
        self.line.or(first).unwrap_or_default()
    }

    /// The line of its last step.
    pub(super) fn ends_on(&self) -> usize {
        let last = self.steps.last().map(|step| step.line as usize);
        last.or(self.line).unwrap_or_default()
    }

    fn note(&self, step: &PackedStep) -> Option<&Note> {
        self.notes.get((step.note as usize).checked_sub(1)?)
    }

    // ---- how it is made

    /// One without a step.
    pub(super) fn new(opens: usize, heard: usize) -> Self {
        ConnectionScript {
            opens,
            heard,
            ..ConnectionScript::default()
        }
    }

    /// Its next step, on a line and at its place among all of `who`: to say `template`.
    pub(super) fn say(
        &mut self,
        who: Role,
        at: Place,
        (pause, after): (Duration, &[Position]),
        (form, template): (Form, Template),
    ) {
        let goes_on = |beat: &PackedBeat| beat.who == who && beat.ends.is_none();
        if !self.beats.last().is_some_and(goes_on) {
            self.begin(who, None);
        }
        let template = self.keep(template);
        self.step(at, (pause, after), (form, template));
    }

    /// Its next step: somebody stops.
    pub(super) fn end(&mut self, ends: Ends) {
        self.begin(ends.who, Some(ends.closing));
        let at = Place {
            line: ends.line,
            order: ends.order,
            occurs: Occurs::Once,
        };
        self.step(at, (ends.pause, &[]), (Form::AsItIs, 0));
    }

    fn begin(&mut self, who: Role, ends: Option<Closing>) {
        self.beats.push(PackedBeat {
            who,
            ends,
            first_step: packed(self.steps.len()),
            first_line: 0,
        });
    }

    fn step(
        &mut self,
        at: Place,
        (pause, after): (Duration, &[Position]),
        (form, template): (Form, u32),
    ) {
        let has_note = !pause.is_zero() || !after.is_empty();
        if has_note {
            let after = after.into();
            self.notes.push(Note { pause, after });
        }
        self.steps.push(PackedStep {
            line: packed(at.line),
            order: packed(at.order),
            template,
            note: if has_note {
                packed(self.notes.len())
            } else {
                0
            },
            form,
            occurs: at.occurs,
        });
    }

    fn keep(&mut self, template: Template) -> u32 {
        self.templates.push(template);
        packed(self.templates.len() - 1)
    }

    /// All of its steps are there: make the lines that are heard of them. Gives the length of the
    /// longest, as it stands in the file.
    pub(super) fn listen(&mut self, framing: &Framing) -> usize {
        let mut longest = 0;
        for index in 0..self.beats.len() {
            // Up to the next one, which has none yet.
            let lines = packed(self.lines.len());
            let unheard = self.beats[index..].iter_mut().take(2);
            unheard.for_each(|beat| beat.first_line = lines);
            let Some(Beat::Says(says)) = self.beat(index) else {
                continue;
            };
            let first = self.beats[index].first_step as usize;
            for heard in super::lines::heard(says.steps(), framing) {
                longest = longest.max(heard.length);
                let template = match heard.template {
                    None => self.steps[first + heard.steps - 1].template,
                    Some(template) => self.keep(template),
                };
                self.lines.push(PackedLine {
                    line: packed(heard.line),
                    steps: packed(heard.steps),
                    template,
                    extent: heard.extent,
                    occurs: heard.occurs,
                });
            }
        }
        self.beats.shrink_to_fit();
        self.steps.shrink_to_fit();
        self.lines.shrink_to_fit();
        self.templates.shrink_to_fit();
        longest
    }
}

impl Beat<'_> {
    pub(crate) fn who(&self) -> Role {
        match self {
            Beat::Says(says) => says.who,
            Beat::Ends(ends) => ends.who,
        }
    }

    /// The line in the file of its step or line number `step`, or of its last.
    pub(crate) fn line(&self, step: usize) -> usize {
        match self {
            Beat::Ends(ends) => ends.line,
            Beat::Says(says) => {
                let step = says.steps.get(step).or(says.steps.last());
                step.map_or(0, |step| step.line as usize)
            }
        }
    }
}

impl<'s> Says<'s> {
    /// The step with this number that is to be said.
    #[inline]
    pub(crate) fn step(&self, index: usize) -> Option<ToSay<'s>> {
        self.steps.get(index).map(|step| self.said(step))
    }

    /// All of them.
    pub(crate) fn steps(&self) -> impl Iterator<Item = ToSay<'s>> {
        self.steps.iter().map(|step| self.said(step))
    }

    /// The line with this number that is to be heard.
    #[inline]
    pub(crate) fn line(&self, index: usize) -> Option<Expected<'s>> {
        self.lines.get(index).map(|line| self.expected(line))
    }

    /// All of them.
    pub(crate) fn lines(&self) -> impl DoubleEndedIterator<Item = Expected<'s>> {
        self.lines.iter().map(|line| self.expected(line))
    }

    #[inline]
    fn said(&self, step: &'s PackedStep) -> ToSay<'s> {
        let note = match step.note {
            0 => None,
            _ => self.script.note(step),
        };
        ToSay {
            line: step.line as usize,
            order: step.order as usize,
            after: note.map_or(&[], |note| &note.after),
            pause: note.map_or(Duration::ZERO, |note| note.pause),
            form: step.form,
            occurs: step.occurs,
            template: &self.script.templates[step.template as usize],
        }
    }

    #[inline]
    fn expected(&self, line: &'s PackedLine) -> Expected<'s> {
        Expected {
            line: line.line as usize,
            steps: line.steps as usize,
            extent: line.extent,
            occurs: line.occurs,
            template: &self.script.templates[line.template as usize],
        }
    }
}

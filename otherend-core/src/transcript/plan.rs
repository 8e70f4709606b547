//! A transcript made ready to be played (usually: compiled): lines per connection, rules to look
//! up, values in slots.

mod compile;
mod edges;
mod holed;
mod line_table;
mod lines;
mod matching;
mod rules;
mod script;
mod set;
mod template;
mod values;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub(crate) use matching::{Extent, Take};
pub(crate) use rules::{Answer, AnswerStep, Rules};
pub(crate) use script::{Beat, ConnectionScript, Ends, Expected, Form, Occurs, Says};
pub(crate) use template::{Piece, Template};
pub(crate) use values::{Known, Values};

use values::Slot;

pub use matching::{Difference, Wanted};
pub use set::SetError;

use super::{FIRST_ITEM, Hole, Item, Transcript, Transport};
use crate::{Framing, Role};

/// A transcript made ready to be played, by any number of [`Player`](super::Player)s at once.
#[derive(Debug)]
pub struct Plan {
    transcript: Transcript,
    /// What a message is: lines, datagrams, or what the file draws.
    pub(crate) framing: Framing,
    pub(crate) timeout: Duration,
    /// The script of each connection.
    pub(crate) scripts: Vec<ConnectionScript>,
    pub(crate) rules: Rules,
    /// The longest line to be heard, as it stands in the file, in bytes.
    pub(crate) longest: usize,
    /// By slot of the script: its first hole, and the line of that.
    first_holes: Vec<(u32, Arc<Hole>)>,
    /// The slots of the script by name, once somebody asks.
    slots: OnceLock<HashMap<Arc<str>, Slot>>,
    /// By line, counted from 0: it was said, heard or answered in some performance.
    reached: Vec<AtomicBool>,
    /// What clients said that nothing fitted, in all performances.
    misfits: AtomicU64,
}

/// A line of the file, and the connection that it belongs to, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) connection: usize,
    pub(crate) line: usize,
}

impl Plan {
    /// Make `transcript` ready.
    #[must_use]
    pub fn new(transcript: Transcript) -> Self {
        compile::compile(transcript)
    }

    /// Make `transcript` ready with other values: `NAME=VALUE` for a `let`, or for what a hole says.
    ///
    /// # Errors
    /// There is no such name, the value does not fit its hole, or is so long that the file is not
    /// within its [`Limits`](super::Limits) any more.
    pub fn with_values(
        mut transcript: Transcript,
        values: &[(String, Vec<u8>)],
    ) -> Result<Self, SetError> {
        for (name, value) in values {
            set::set(&mut transcript, name, value)?;
        }
        if !values.is_empty() {
            set::check(&transcript)?;
        }
        Ok(Plan::new(transcript))
    }

    /// What it was made from.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// What happens at a place of the script of `connection`, counted from 0.
    #[inline]
    pub(crate) fn beat(&self, connection: usize, index: usize) -> Option<Beat<'_>> {
        self.scripts.get(connection)?.beat(index)
    }

    /// How many connections the script has; 1 if there are only rules.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.scripts.len().max(1)
    }

    /// The line on which `connection`, counted from 0, opens.
    #[must_use]
    pub fn opens_on(&self, connection: usize) -> Option<usize> {
        self.scripts.get(connection).map(ConnectionScript::opens_on)
    }

    /// The line on which a connection opens while an earlier one still has something before it.
    #[must_use]
    pub fn overlap(&self) -> Option<usize> {
        let mut last = 0;
        self.scripts.iter().find_map(|script| {
            let opens_on = script.opens_on();
            let overlaps = opens_on < last;
            last = last.max(script.ends_on());
            overlaps.then_some(opens_on)
        })
    }

    /// The first line on which `who` has to say what a recording masked, and the secret's name.
    #[must_use]
    pub fn masked(&self, who: Role) -> Option<(usize, &str)> {
        let mut items = self.transcript.items().iter().zip(FIRST_ITEM..);
        items.find_map(|(item, line)| match item {
            Item::Step(step) if step.who == who => Some((line, item.text()?.masked()?)),
            _ => None,
        })
    }

    /// What carries it.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self.framing {
            Framing::Datagram => Transport::Udp,
            _ => Transport::Tcp,
        }
    }

    /// What several steps say is one stretch of bytes; else each is a datagram.
    pub(crate) fn is_stream(&self) -> bool {
        self.framing != Framing::Datagram
    }

    /// What a message is: lines, datagrams, or what stands in the file's frame.
    #[must_use]
    pub fn framing(&self) -> &Framing {
        &self.framing
    }

    /// How long to wait for what must be heard.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// It has lines to be said and heard in order.
    #[must_use]
    pub fn has_script(&self) -> bool {
        !self.scripts.is_empty()
    }

    /// The line was said, heard or answered.
    #[inline]
    pub(crate) fn reach(&self, line: usize) {
        let reached = &self.reached[line - 1];
        // Looking first keeps the memory shared between threads unwritten, which is much faster.
        if !reached.load(Ordering::Relaxed) {
            reached.store(true, Ordering::Relaxed);
        }
    }

    /// A client said something that nothing fits.
    pub(crate) fn count_misfit(&self) {
        self.misfits.fetch_add(1, Ordering::Relaxed);
    }

    /// How many lines clients have said to servers that nothing in the file fits.
    #[must_use]
    pub fn misfits(&self) -> u64 {
        self.misfits.load(Ordering::Relaxed)
    }

    /// Count as reached what `before` has reached and this still says; misfits stay counted.
    pub fn take_over(&self, before: &Plan) {
        self.misfits.fetch_add(before.misfits(), Ordering::Relaxed);
        let of_before = before.transcript.items().iter().zip(FIRST_ITEM..);
        let reached: HashSet<String> = of_before
            .filter(|(_, line)| before.reached[line - 1].load(Ordering::Relaxed))
            .map(|(item, _)| item.to_string())
            .collect();
        if reached.is_empty() {
            return;
        }
        for (item, line) in self.transcript.items().iter().zip(FIRST_ITEM..) {
            if reached.contains(&item.to_string()) {
                self.reach(line);
            }
        }
    }

    /// The lines with steps of the script or heads of rules that no performance has reached yet.
    #[must_use]
    pub fn unreached(&self) -> Vec<usize> {
        let mut in_rule = false;
        let mut unreached = Vec::new();
        for (index, item) in self.transcript.items().iter().enumerate() {
            let counts = match item {
                Item::Blank => {
                    in_rule = false;
                    false
                }
                Item::Rule(_) => {
                    in_rule = true;
                    true
                }
                Item::Step(_) => !in_rule,
                _ => false,
            };
            let line = index + FIRST_ITEM;
            if counts && !self.reached[line - 1].load(Ordering::Relaxed) {
                unreached.push(line);
            }
        }
        unreached
    }

    /// The line and the name of the hole that has this slot of the script.
    pub(crate) fn script_hole(&self, slot: usize) -> Option<(usize, String)> {
        let (line, hole) = self.first_holes.get(slot)?;
        Some((*line as usize, hole.name.as_deref()?.to_owned()))
    }

    /// Where the script's hole with this name is remembered.
    pub(crate) fn script_slot(&self, name: &str) -> Option<Slot> {
        let slots = self.slots.get_or_init(|| {
            let names = self.first_holes.iter().map(|(_, hole)| hole.name.clone());
            let slots = names.zip((0..).map(Slot::File));
            slots
                .filter_map(|(name, slot)| Some((name?, slot)))
                .collect()
        });
        slots.get(name).copied()
    }

    /// It has rules.
    #[must_use]
    pub fn has_rules(&self) -> bool {
        !self.rules.all.is_empty()
    }
}

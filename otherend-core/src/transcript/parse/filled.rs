//! What a transcript comes to with its values filled in.
//!
//! A `let` of 20 KB and a line of 20,000 references to it are a file of 140 KB and a line of 400 MB:
//! it is counted before anything is filled in.

use super::names::Names;
use crate::transcript::model::{Act, Item, Part, Setting, Step, Text, Trigger};
use crate::transcript::{FIRST_ITEM, Limits};

/// More than the limits allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transcript) enum Excess {
    /// One line.
    Line,
    /// All lines up to here.
    File,
}

/// The bytes of all lines so far.
#[derive(Debug, Default)]
pub(super) struct Filled {
    bytes: usize,
    /// What is added to each line.
    eol: usize,
}

impl Filled {
    /// Add a line, of whose text `names` has just seen the last part.
    pub(super) fn add(&mut self, item: &Item, names: &Names, limits: Limits) -> Option<Excess> {
        let bytes = match item {
            Item::Setting(Setting::Eol(eol)) => {
                self.eol = eol.bytes().len();
                return None;
            }
            Item::Step(Step { act, .. }) => match act {
                Act::Line(_) | Act::Optional(_) | Act::Repeated(_) => {
                    names.filled() + self.eol.max(1)
                }
                Act::Piece(_) | Act::Hex(_) => names.filled(),
                Act::Connect | Act::Close(_) => 0,
            },
            Item::Rule(Trigger::Line(..) | Trigger::After(..)) => names.filled() + self.eol.max(1),
            _ => return None,
        };
        self.bytes = self.bytes.saturating_add(bytes);
        (self.bytes > limits.most_filled()).then_some(Excess::File)
    }
}

/// The first line with which `items` are more than `limits` allow.
pub(in crate::transcript) fn excess(items: &[Item], limits: Limits) -> Option<(usize, Excess)> {
    let mut names = Names::default();
    let mut filled = Filled::default();
    for (item, line) in items.iter().zip(FIRST_ITEM..) {
        match item {
            Item::Blank => names.in_rule = false,
            Item::Rule(_) => names.in_rule = true,
            Item::Setting(Setting::Let(set)) => {
                // A file that was read names everything once.
                let _ = names.set(&set.name, line);
                names.give(&set.name, set.value.len());
            }
            _ => {}
        }
        names.begin_text();
        for part in item.text().map(Text::parts).unwrap_or_default() {
            if let Part::Hole(hole) = part
                && let Some(name) = &hole.name
            {
                let _ = names.define(name, hole.sample.len());
            }
            if names.fill(part) > Limits::LINE {
                return Some((line, Excess::Line));
            }
        }
        if let Some(excess) = filled.add(item, &names, limits) {
            return Some((line, excess));
        }
    }
    None
}

//! Rules that never fire, because another one answers first what they were written for.

use std::collections::HashMap;

use super::Rules;
use crate::Outbox;
use crate::transcript::plan::template::Template;
use crate::transcript::plan::values::{Known, Values};

/// So many times a rule is looked at closely. Thousands of rules that differ only between their holes
/// are each to be compared with all above them.
const MOST_TRIED: usize = 20_000_000;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Shadowed {
    /// The lines of rules that never fire, each with the line of the one that answers instead.
    pub(crate) rules: Vec<(usize, usize)>,
    /// Of rules from this line on it is not known: that would have taken too long.
    pub(crate) unknown_from: Option<usize>,
}

impl Rules {
    /// Look for all of them.
    pub(crate) fn shadowed(&self) -> Shadowed {
        let mut search = Search {
            rules: self,
            file: Values::default(),
            connection: Values::default(),
            tried: 0,
            found: Shadowed::default(),
        };
        for (rule, by) in &self.repeated {
            search.found(*rule, *by);
        }
        // A line that a rule was written for is the one with its samples. If another rule answers
        // even that, this one is of no use.
        for holed in self.holed.iter() {
            let line = search.line_for(&holed.trigger);
            search.look(&line, holed.rule);
        }
        for (line, rule) in self.plain.iter() {
            search.look(line, rule);
        }
        let mut due = HashMap::new();
        for counted in &self.counted {
            if let Some(line) = counted.trigger.as_literal() {
                let first = *due.entry((counted.count, line)).or_insert(counted.rule);
                if first != counted.rule {
                    search.found(counted.rule, first);
                }
            }
        }
        search.found
    }

    /// The lines of rules for what is never one line: an LF is in the middle of it.
    pub(crate) fn never_lines(&self) -> impl Iterator<Item = usize> {
        let plain = self.plain.iter().filter(|(line, _)| is_cut(line));
        let plain = plain.map(|(_, rule)| rule);
        let holed = self.holed.iter().filter(|holed| has_cut(&holed.trigger));
        let holed = holed.map(|holed| holed.rule);
        let counted = self.counted.iter();
        let counted = counted.filter(|counted| has_cut(&counted.trigger));
        let counted = counted.map(|counted| counted.rule);
        let rules = plain.chain(holed).chain(counted);
        rules.map(|rule| self.all[rule].line)
    }
}

fn has_cut(trigger: &Template) -> bool {
    let (last, before) = match trigger.parts().split_last() {
        Some(parts) => parts,
        None => return false,
    };
    before.iter().any(|piece| piece.literal().contains(&b'\n')) || is_cut(last.literal())
}

/// More than its end is an LF.
fn is_cut(line: &[u8]) -> bool {
    memchr::memchr(b'\n', line).is_some_and(|at| at + 1 < line.len())
}

struct Search<'r> {
    rules: &'r Rules,
    /// What holes remember: nothing, between two rules.
    file: Values,
    connection: Values,
    tried: usize,
    found: Shadowed,
}

impl Search<'_> {
    fn known(&mut self) -> Known<'_> {
        Known {
            file: &mut self.file,
            connection: &mut self.connection,
        }
    }

    fn line_for(&mut self, trigger: &Template) -> Vec<u8> {
        let mut said = Outbox::new();
        let mut known = self.known();
        trigger.say(&mut known, &mut said);
        trigger.forget(&mut known);
        said.unsent().to_vec()
    }

    /// `rule` was written for `heard`: does another one answer it?
    fn look(&mut self, heard: &[u8], rule: usize) {
        let Rules { plain, holed, .. } = self.rules;
        if self.tried > MOST_TRIED {
            let line = self.rules.all[rule].line;
            let first = self.found.unknown_from.get_or_insert(line);
            *first = line.min(*first);
            return;
        }
        let plain = plain.get(heard);
        let mut tried = self.tried;
        let mut known = self.known();
        let answers = holed.find(heard, plain, (&mut known, &mut Vec::new()), &mut tried);
        if let Some(trigger) = answers.and_then(|by| holed.trigger(by)) {
            trigger.forget(&mut known);
        }
        self.tried = tried;
        if let Some(by) = answers.or(plain).filter(|by| *by != rule) {
            self.found(rule, by);
        }
    }

    fn found(&mut self, rule: usize, by: usize) {
        let line = |rule: usize| self.rules.all[rule].line;
        self.found.rules.push((line(rule), line(by)));
    }
}

//! The names that a file has given so far (usually: the symbol table).

use std::collections::HashMap;
use std::sync::Arc;

use crate::nearest::nearest;
use crate::transcript::model::Part;
use crate::transcript::{Limits, Pattern, WrongText};

/// Where a name is known, and how long its value is there, as the file has it.
#[derive(Debug, Clone, Copy, Default)]
struct KnownName {
    /// By `let`, and on which line.
    by_let: Option<usize>,
    value: usize,
    in_script: Option<usize>,
    in_rules: Option<usize>,
}

/// Every name, and whether the line at hand belongs to a rule.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<Arc<str>, KnownName>,
    /// Regular expressions by their source: each is made once, however often it stands in the file.
    patterns: HashMap<String, Pattern>,
    /// How much memory they take.
    patterns_size: usize,
    pub(super) in_rule: bool,
    /// How long the text at hand is so far, with its values filled in.
    filled: usize,
}

impl Names {
    /// `let name`; fails with the line that had it before.
    pub(super) fn set(&mut self, name: &str, line: usize) -> Result<Arc<str>, usize> {
        let (name, known) = self.entry(name);
        match known.by_let.replace(line) {
            None => Ok(name),
            Some(before) => Err(before),
        }
    }

    /// The value of a `let` has this many bytes.
    pub(super) fn give(&mut self, name: &str, length: usize) {
        self.entry(name).1.value = length;
    }

    /// `{{name:…=sample}}`, with a sample of this many bytes.
    pub(super) fn define(&mut self, name: &str, length: usize) -> Result<Arc<str>, WrongText> {
        let in_rule = self.in_rule;
        let (name, known) = self.entry(name);
        if known.by_let.is_some() {
            return Err(WrongText::HoleOfLet(name.to_string()));
        }
        if in_rule {
            known.in_rules = Some(length);
        } else {
            known.in_script = Some(length);
        }
        Ok(name)
    }

    fn entry(&mut self, name: &str) -> (Arc<str>, &mut KnownName) {
        let name = match self.known.get_key_value(name) {
            Some((name, _)) => Arc::clone(name),
            None => name.into(),
        };
        let known = self.known.entry(Arc::clone(&name)).or_default();
        (name, known)
    }

    /// `{{name}}`
    pub(super) fn refer(&self, name: &str) -> Result<Arc<str>, WrongText> {
        match self.known.get_key_value(name) {
            Some((name, known)) if self.length(known).is_some() => Ok(Arc::clone(name)),
            Some(_) => Err(WrongText::RuleName(name.to_owned())),
            None => {
                let mut names: Vec<&str> = self.known.keys().map(|name| &**name).collect();
                names.sort_unstable();
                let near = nearest(name, names).map(str::to_owned);
                Err(WrongText::UnknownName(name.to_owned(), near))
            }
        }
    }

    /// How many bytes a reference here says, if there can be one.
    fn length(&self, known: &KnownName) -> Option<usize> {
        let by_let = known.by_let.map(|_| known.value);
        let of_rules = known.in_rules.filter(|_| self.in_rule);
        by_let.or(of_rules).or(known.in_script)
    }

    /// A text begins.
    pub(super) fn begin_text(&mut self) {
        self.filled = 0;
    }

    /// Its next part; gives how long it is so far, with its values filled in.
    pub(super) fn fill(&mut self, part: &Part) -> usize {
        let length = match part {
            Part::Literal(bytes) => bytes.len(),
            Part::Hole(hole) => hole.sample.len(),
            Part::Reference(name) => {
                let known = self.known.get(name);
                known.and_then(|known| self.length(known)).unwrap_or(0)
            }
        };
        self.filled = self.filled.saturating_add(length);
        self.filled
    }

    /// How long the text at hand is, with its values filled in.
    pub(super) fn filled(&self) -> usize {
        self.filled
    }

    /// `/source/`, made once.
    pub(super) fn pattern(&mut self, source: &str) -> Result<Pattern, WrongPattern> {
        if let Some(pattern) = self.patterns.get(source) {
            return Ok(pattern.clone());
        }
        let (pattern, size) = Pattern::measured(source).map_err(WrongPattern::Source)?;
        self.patterns_size += size;
        if self.patterns_size > Limits::EXPRESSIONS {
            return Err(WrongPattern::TooMany);
        }
        self.patterns.insert(source.to_owned(), pattern.clone());
        Ok(pattern)
    }
}

/// Why there is no pattern.
pub(super) enum WrongPattern {
    /// What is wrong with its source.
    Source(String),
    /// All those of the file take too much memory.
    TooMany,
}

/// A letter, then letters, digits, `_` and `-`.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

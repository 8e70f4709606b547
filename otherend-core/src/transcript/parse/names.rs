//! The names that a file has given so far (usually: the symbol table).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::transcript::nearest::nearest;
use crate::transcript::{Pattern, WrongText};

/// Where a name is known.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// By `let`, and on which line.
    by_let: Option<usize>,
    in_script: bool,
    in_rules: bool,
}

/// Every name, and whether the line at hand belongs to a rule.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: BTreeMap<Arc<str>, Known>,
    /// Regular expressions by their source: each is made once, however often it stands in the file.
    patterns: HashMap<String, Pattern>,
    pub(super) in_rule: bool,
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

    /// `{{name:…}}`
    pub(super) fn define(&mut self, name: &str) -> Result<Arc<str>, WrongText> {
        let in_rule = self.in_rule;
        let (name, known) = self.entry(name);
        if known.by_let.is_some() {
            return Err(WrongText::HoleOfLet(name.to_string()));
        }
        if in_rule {
            known.in_rules = true;
        } else {
            known.in_script = true;
        }
        Ok(name)
    }

    fn entry(&mut self, name: &str) -> (Arc<str>, &mut Known) {
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
            Some((name, known)) if known.by_let.is_some() || known.in_script || self.in_rule => {
                Ok(Arc::clone(name))
            }
            Some(_) => Err(WrongText::RuleName(name.to_owned())),
            None => {
                let near = nearest(name, self.known.keys().map(|name| &**name));
                let near = near.map(str::to_owned);
                Err(WrongText::UnknownName(name.to_owned(), near))
            }
        }
    }
}

impl Names {
    /// `/source/`, made once.
    pub(super) fn pattern(&mut self, source: &str) -> Result<Pattern, String> {
        if let Some(pattern) = self.patterns.get(source) {
            return Ok(pattern.clone());
        }
        let pattern = Pattern::new(source)?;
        self.patterns.insert(source.to_owned(), pattern.clone());
        Ok(pattern)
    }
}

/// A letter, then letters, digits, `_` and `-`.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

//! The names that a file has given so far (usually: the symbol table).

use std::collections::BTreeMap;

use crate::transcript::WrongText;
use crate::transcript::nearest::nearest;

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
    known: BTreeMap<String, Known>,
    pub(super) in_rule: bool,
}

impl Names {
    /// `let name`; gives the line that had it before.
    pub(super) fn set(&mut self, name: &str, line: usize) -> Result<(), usize> {
        let known = self.known.entry(name.to_owned()).or_default();
        match known.by_let.replace(line) {
            None => Ok(()),
            Some(before) => Err(before),
        }
    }

    /// `{{name:…}}`
    pub(super) fn define(&mut self, name: &str) -> Result<(), WrongText> {
        let in_rule = self.in_rule;
        let known = self.known.entry(name.to_owned()).or_default();
        if known.by_let.is_some() {
            return Err(WrongText::HoleOfLet(name.to_owned()));
        }
        if in_rule {
            known.in_rules = true;
        } else {
            known.in_script = true;
        }
        Ok(())
    }

    /// `{{name}}`
    pub(super) fn refer(&self, name: &str) -> Result<(), WrongText> {
        match self.known.get(name) {
            Some(known) if known.by_let.is_some() || known.in_script || self.in_rule => Ok(()),
            Some(_) => Err(WrongText::RuleName(name.to_owned())),
            None => {
                let near = nearest(name, self.known.keys().map(String::as_str));
                let near = near.map(str::to_owned);
                Err(WrongText::UnknownName(name.to_owned(), near))
            }
        }
    }
}

/// A letter, then letters, digits, `_` and `-`.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

//! What changes in a transcript, line by line.
//!
//! Rewriting a transcript changes lines in place and takes some away; it never adds or moves one.
//! So a walk over both texts finds the difference.

use std::io::{self, Write};

use crate::output::style::Palette;

/// How many unchanged lines stand around a change.
const AROUND: usize = 2;

/// One line of the old text, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change<'a> {
    old: &'a str,
    new: Option<&'a str>,
}

/// Write the difference between `old` and `new`; `false`: there is none.
pub(crate) fn write(
    out: &mut impl Write,
    palette: Palette,
    name: &str,
    (old, new): (&str, &str),
) -> io::Result<bool> {
    let changes = changes(old, new);
    if changes.iter().all(|change| change.new == Some(change.old)) {
        return Ok(false);
    }
    writeln!(out, "{}", palette.strong(format_args!("{name}:")))?;
    let mut skipped = false;
    for (index, change) in changes.iter().enumerate() {
        let near = index.saturating_sub(AROUND)..changes.len().min(index + AROUND + 1);
        if changes[near].iter().all(|near| near.new == Some(near.old)) {
            skipped = true;
            continue;
        }
        if std::mem::take(&mut skipped) {
            writeln!(out, "{}", palette.faint("  …"))?;
        }
        write_change(out, palette, *change)?;
    }
    Ok(true)
}

fn write_change(out: &mut impl Write, palette: Palette, change: Change<'_>) -> io::Result<()> {
    if change.new == Some(change.old) {
        return writeln!(out, "  {}", change.old);
    }
    writeln!(out, "{}", palette.bad(format_args!("- {}", change.old)))?;
    match change.new {
        Some(new) => writeln!(out, "{}", palette.good(format_args!("+ {new}"))),
        None => Ok(()),
    }
}

fn changes<'a>(old: &'a str, new: &'a str) -> Vec<Change<'a>> {
    let mut new = new.lines().peekable();
    let mut left = old.lines().count();
    let mut changes = Vec::new();
    for old in old.lines() {
        let same = new.peek() == Some(&old);
        let gone = !same && old.starts_with("#=") && new.clone().count() < left;
        changes.push(Change {
            old,
            new: if gone { None } else { new.next() },
        });
        left -= 1;
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn shows(old: &str, new: &str, shown: &str) {
        let mut out = Vec::new();
        let differs = write(&mut out, Palette::PLAIN, "x", (old, new)).unwrap();
        assert_eq!(differs, !shown.is_empty());
        assert_eq!(String::from_utf8(out).unwrap(), shown);
    }

    #[test]
    fn no_difference_shows_nothing() {
        shows("a\nb\n", "a\nb\n", "");
    }

    #[test]
    fn a_changed_line_stands_between_its_neighbours() {
        shows(
            "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
            "1\n2\n3\n4\nX\n6\n7\n8\n9\n",
            "x:\n  …\n  3\n  4\n- 5\n+ X\n  6\n  7\n",
        );
    }

    #[test]
    fn seals_go_and_the_rest_stays() {
        shows(
            "a\n#= 1\nb\n#= 2\n",
            "a\nb\n",
            "x:\n  a\n- #= 1\n  b\n- #= 2\n",
        );
        shows("#= 1\nb\n#= 2\n", "X\n", "x:\n- #= 1\n- b\n+ X\n- #= 2\n");
    }
}

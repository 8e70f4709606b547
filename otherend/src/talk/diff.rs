//! What changes in a transcript, line by line, as a unified diff without its numbers.

use std::io::{self, Write};

use otherend_core::escaped;
use similar::{ChangeTag, TextDiff};

use crate::output::style::Palette;

/// How many unchanged lines stand around a change.
const AROUND: usize = 2;

/// Write the difference between `old` and `new`; `false`: there is none.
pub(crate) fn write(
    out: &mut impl Write,
    palette: Palette,
    name: &str,
    (old, new): (&str, &str),
) -> io::Result<bool> {
    // Not `from_lines`: a line's end belongs to its line there, and `fmt` may change all of them.
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let diff = TextDiff::from_slices(&old, &new);
    let mut shown = None;
    for group in diff.grouped_ops(AROUND) {
        if shown.is_none() {
            writeln!(out, "{}", palette.strong(format_args!("{name}:")))?;
        }
        let begins = group.first().map_or(0, |op| op.old_range().start);
        if begins > shown.unwrap_or(0) {
            writeln!(out, "{}", palette.faint("  …"))?;
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = escaped(change.value().as_bytes());
            match change.tag() {
                ChangeTag::Equal => writeln!(out, "  {line}")?,
                ChangeTag::Delete => writeln!(out, "{}", palette.bad(format_args!("- {line}")))?,
                ChangeTag::Insert => writeln!(out, "{}", palette.good(format_args!("+ {line}")))?,
            }
        }
        shown = group.last().map(|op| op.old_range().end);
    }
    Ok(shown.is_some())
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
    fn added_lines_are_shown() {
        shows("b\n", "a\nb\n", "x:\n+ a\n  b\n");
    }

    #[test]
    fn seals_go_and_the_rest_stays() {
        shows(
            "a\n#= 1\nb\n#= 2\n",
            "a\nb\n",
            "x:\n  a\n- #= 1\n  b\n- #= 2\n",
        );
        shows("#= 1\nb\n#= 2\n", "X\n", "x:\n- #= 1\n- b\n- #= 2\n+ X\n");
    }
}

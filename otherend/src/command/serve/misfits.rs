//! What a client says that nothing in the transcript fits: the first line at each place of the
//! file is shown in full, those that come while the file still waits there are counted.

use otherend_core::transcript::{Mismatch, Reason};

use crate::output::human::plural;

/// One conversation's misfits.
#[derive(Default)]
pub(super) struct Misfits {
    /// The line of the file that was to come.
    waits_at: Option<usize>,
    more: u64,
}

impl Misfits {
    /// Whether `mismatch` is the first at its place; else it is counted, if it is a line. That
    /// somebody leaves who has said something else there is no news.
    pub(super) fn is_first(&mut self, mismatch: &Mismatch) -> bool {
        // The file waits for `QUIT` and a client says a thousand other lines: one is shown in full,
        // 999 are counted, and the count is told when the file goes on.
        if mismatch.line.is_none() || mismatch.line != self.waits_at {
            return true;
        }
        match mismatch.reason {
            Reason::Unexpected => self.more += 1,
            Reason::Ended(_) => {}
            _ => return true,
        }
        false
    }

    /// What is to be said of those that were counted before `next` is shown.
    pub(super) fn turn_to(&mut self, file: &str, next: Option<&Mismatch>) -> Option<String> {
        let more = std::mem::take(&mut self.more);
        let waited_at = self.waits_at.take();
        self.waits_at = next.and_then(|next| next.line);
        let lines = plural(more, "more line");
        let line = waited_at.filter(|_| more > 0)?;
        Some(format!(
            "{file}:{line}: from there on {lines} fitted nothing"
        ))
    }
}

/// What to do about a line that ends otherwise, or for which a script does not wait.
pub(super) fn advice(mismatch: &Mismatch, strict: bool) -> Option<String> {
    if let Some((found, wanted)) = mismatch.line_ends() {
        let eol = if found == "LF" { "lf" } else { "crlf" };
        return Some(format!(
            "let the client end its lines with {wanted}, or write `eol {eol}` in the file"
        ));
    }
    if let number @ 2.. = mismatch.connection + 1 {
        return Some(format!(
            "this client was taken for connection {number} of the file, because of those that came before \
             it; clients that have nothing to do with each other want files with one connection, \
             which `--record FOLDER/` writes"
        ));
    }
    mismatch.line.filter(|_| is_passed_over(mismatch))?;
    let ends = match strict {
        true => "",
        false => "; to end at once, add --strict",
    };
    Some(format!(
        "to take any text there, make it a hole, as in `C: {{{{_:text=hi}}}}`; \
         to answer in any order, write rules (`on C: …`){ends}"
    ))
}

/// The server goes on unless it is strict, and the script does not.
fn is_passed_over(mismatch: &Mismatch) -> bool {
    mismatch.reason == Reason::Unexpected
}

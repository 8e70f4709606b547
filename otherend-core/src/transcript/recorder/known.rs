//! Secrets that were masked: where they are said again, by whomever, they are masked too.

use std::ops::Range;

use memchr::memmem::Finder;

/// The secrets of a recording so far.
#[derive(Debug, Default)]
pub(super) struct KnownSecrets(Vec<Finder<'static>>);

impl KnownSecrets {
    /// A shorter one is too likely to be a part of something else.
    const SHORTEST: usize = 6;
    /// The first ones are remembered.
    const MOST: usize = 256;
    /// A piece of a line that ends with so much of a secret's beginning is taken for it.
    const BEGINNING: usize = 3;

    /// The ranges of `secrets` and those of known ones, in order; remembers `secrets`.
    ///
    /// The first `written` bytes of `line` were looked at before.
    pub(super) fn with_known(
        &mut self,
        line: &[u8],
        written: usize,
        mut secrets: Vec<Range<usize>>,
    ) -> Vec<Range<usize>> {
        let said = secrets.len();
        for known in &self.0 {
            let again = known.find_iter(line);
            secrets.extend(again.map(|start| start..start + known.needle().len()));
        }
        for range in &secrets[..said] {
            // What was a secret so far was only the beginning of one.
            if range.start < written {
                self.forget(&line[range.start..written.min(range.end)]);
            }
            self.remember(&line[range.clone()]);
        }
        secrets.sort_by_key(|range| range.start);
        secrets
    }

    /// Where a known secret begins whose rest may be said next, behind the end of `piece`.
    pub(super) fn begun(&self, piece: &[u8]) -> Option<Range<usize>> {
        // Once `hunter2` was masked behind `PASS `, it is masked wherever it is said again. In a
        // piece that ends with `hunt` its rest may come in the next one, and `hunt` would already
        // be in the file.
        let longest = |known: &Finder<'_>| {
            let secret = known.needle();
            let most = (secret.len() - 1).min(piece.len());
            (Self::BEGINNING..=most)
                .rev()
                .find(|count| piece.ends_with(&secret[..*count]))
        };
        let count = self.0.iter().filter_map(longest).max()?;
        Some(piece.len() - count..piece.len())
    }

    fn remember(&mut self, secret: &[u8]) {
        for spelling in spellings(secret) {
            let is_new = !self.0.iter().any(|known| known.needle() == spelling);
            if is_new && spelling.len() >= Self::SHORTEST && self.0.len() < Self::MOST {
                self.0.push(Finder::new(spelling).into_owned());
            }
        }
    }

    fn forget(&mut self, secret: &[u8]) {
        for spelling in spellings(secret) {
            self.0.retain(|known| known.needle() != spelling);
        }
    }
}

/// A secret as it may be said again: whole, and without the user's name before it and quotes.
fn spellings(secret: &[u8]) -> [&[u8]; 3] {
    let last = secret.rsplit(|b| *b == b' ').next().unwrap_or(secret);
    // `LOGIN bob "hunter2"` masks all behind LOGIN; a server may repeat `hunter2` alone.
    [secret, unquoted(secret), unquoted(last)]
}

fn unquoted(text: &[u8]) -> &[u8] {
    let inside = text.strip_prefix(b"\"");
    inside
        .and_then(|text| text.strip_suffix(b"\""))
        .unwrap_or(text)
}

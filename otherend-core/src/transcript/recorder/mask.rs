//! Secrets, masked before they are text (usually: redaction).

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use super::auth::AuthState;
use crate::Role;
use crate::transcript::model::{Hole, Part};
use crate::transcript::{Kind, MASKED, Pattern};

/// The name of every masked secret.
const NAME: &str = "secret";

/// What counts as a secret in a recording.
#[derive(Debug, Clone, Default)]
pub struct Masks {
    /// Passwords and tokens in their usual places.
    usual: bool,
    patterns: Vec<Regex>,
}

impl Masks {
    /// What follows the usual words: `PASS`, `AUTH`, `LOGIN user`, `Authorization:`, `password=`,
    /// `token=` and their like, and the answers to a server that asks for a password.
    #[must_use]
    pub fn usual() -> Self {
        Masks {
            usual: true,
            patterns: Vec::new(),
        }
    }

    /// Nothing is a secret.
    #[must_use]
    pub fn none() -> Self {
        Masks::default()
    }

    /// Also what `pattern` matches: its first group if it has one, else all of it.
    ///
    /// # Errors
    /// What is wrong with the regular expression, in one line.
    pub fn and(mut self, pattern: &str) -> Result<Self, String> {
        Pattern::new(pattern)?;
        let regex = Regex::new(pattern).map_err(|error| error.to_string())?;
        self.patterns.push(regex);
        Ok(self)
    }

    /// A client's line has a secret in it, whatever was said before.
    #[must_use]
    pub fn has_secret(&self, line: &[u8]) -> bool {
        let secrets = self.secrets(line, Role::Client, AuthState::default());
        !secrets.is_empty()
    }

    /// Where the secrets of a line are, in order and apart.
    pub(super) fn secrets(&self, line: &[u8], who: Role, auth: AuthState) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.usual {
            if who == Role::Client && auth.is_secret(line) {
                found.push(0..line.len());
            }
            if LIKELY.is_match(line) {
                let usual = USUAL.iter();
                found.extend(usual.flat_map(|regex| matches(regex, line)));
            }
        }
        for regex in &self.patterns {
            found.extend(matches(regex, line));
        }
        found.retain(|range| !range.is_empty());
        found.sort_by_key(|range| range.start);
        found
    }

    /// Shorten what is remembered of a very long line. What is kept does not begin like a line.
    pub(super) fn forget(&self, written: &mut Vec<u8>) {
        // Whoever sends one endless line must not make us look at all of it for every piece. Behind
        // `password=` and 16 KiB of it, the rest is still the password: `password=` is all that
        // needs to be remembered of it.
        const KEPT: usize = 256;
        let last = self.secrets(written, Role::Client, AuthState::default());
        if last.iter().any(|range| range.end == written.len()) {
            *written = b"password=".to_vec();
            return;
        }
        written.drain(..written.len() - KEPT);
        written.insert(0, 0);
    }
}

/// The first group of each match, or all of it.
fn matches<'a>(regex: &'a Regex, line: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
    regex.captures_iter(line).filter_map(|captures| {
        let found = captures.get(1).or(captures.get(0));
        found.map(|found| found.range())
    })
}

/// No line without one of these words has a secret in one of the usual places. Looking for them
/// first is what makes a recording of ordinary lines forty times as fast.
static LIKELY: LazyLock<Regex> = LazyLock::new(|| {
    RegexBuilder::new("pass|pwd|apop|oper|auth|login|token|secret|api[_-]?key")
        .case_insensitive(true)
        .unicode(false)
        .build()
        .expect("a constant")
});

static USUAL: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // SMTP, POP3, FTP, IRC, Redis: a command at the start of a line.
        r"\A(?:PASS|APOP|OPER)\x20+(.+)",
        r"\AAUTH\x20+(?:(?:PLAIN|LOGIN|EXTERNAL|GSSAPI|NTLM|XOAUTH2|OAUTHBEARER|[A-Z]+-(?:MD5|SHA-?[0-9A-Z-]+))(?:\x20+|\z))?(.*)",
        // Behind a user's name, in IMAP after a tag.
        r"\ALOGIN\x20+[^\x20]+\x20+(.+)",
        r"\A[^\x20]+\x20LOGIN\x20+[^\x20]+\x20+(.+)",
        r"\A[^\x20]+\x20AUTHENTICATE\x20+[^\x20]+\x20+(.+)",
        // HTTP and its like.
        r"\bAuthorization:\x20*(?:(?:Basic|Bearer|Digest|Negotiate|Token)\x20+)?(.+)",
        // Anywhere: `password=x`, `"token": "x"`.
        r#"(?:pass|passwd|password|pwd|token|secret|api[_-]?key)["']?\s*[=:]\s*"([^"]*)"#,
        r#"(?:passwd|password|pwd|token|secret|api[_-]?key)["']?\s*[=:]\s*(?:\x1b\[[0-9;?]*[a-z]\s*)*'?([^\s"'&,;\x1b\xff][^\s"'&,;]*)"#,
    ]
    .iter()
    .map(|pattern| {
        RegexBuilder::new(pattern)
            .case_insensitive(true)
            .unicode(false)
            .build()
            .expect("a constant")
    })
    .collect()
});

/// A masked secret.
pub(super) fn hole() -> Part {
    Part::from(Hole {
        name: Some(NAME.into()),
        kind: Kind::Text,
        sample: MASKED.to_vec(),
    })
}

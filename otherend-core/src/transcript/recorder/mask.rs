//! Secrets, masked before they are text.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};

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

    /// Where the secrets of a line are, in order and apart.
    pub(super) fn secrets(&self, line: &[u8], who: Role, watch: &Watch) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.usual {
            if who == Role::Client && watch.is_secret(line) {
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
        const KEPT: usize = 256;
        let last = self.secrets(written, Role::Client, &Watch::default());
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
        // IMAP: behind a tag.
        r"\A[^\x20]+\x20LOGIN\x20+[^\x20]+\x20+(.+)",
        r"\A[^\x20]+\x20AUTHENTICATE\x20+[^\x20]+\x20+(.+)",
        // HTTP and its like.
        r"\bAuthorization:\x20*(?:(?:Basic|Bearer|Digest|Negotiate|Token)\x20+)?(.+)",
        // Anywhere: `password=x`, `"token": "x"`.
        r#"(?:pass|passwd|password|pwd|token|secret|api[_-]?key)["']?\s*[=:]\s*"([^"]*)"#,
        r#"(?:passwd|password|pwd|token|secret|api[_-]?key)["']?\s*[=:]\s*'?([^\s"'&,;]+)"#,
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
    Part::Hole(Hole {
        name: Some(NAME.to_owned()),
        kind: Kind::Text,
        sample: MASKED.to_vec(),
    })
}

/// Secrets that were masked: where they are said again, by whomever, they are masked too.
#[derive(Debug, Default)]
pub(super) struct Known(Vec<Vec<u8>>);

impl Known {
    /// A shorter one is too likely to be a part of something else.
    const SHORTEST: usize = 6;
    /// The first ones are remembered.
    const MOST: usize = 16;

    /// The ranges of `secrets` and those of known ones, in order; remembers `secrets`.
    pub(super) fn with_known(
        &mut self,
        line: &[u8],
        mut secrets: Vec<Range<usize>>,
    ) -> Vec<Range<usize>> {
        let said = secrets.len();
        for known in &self.0 {
            let again = memmem::find_iter(line, known);
            secrets.extend(again.map(|start| start..start + known.len()));
        }
        for range in &secrets[..said] {
            let secret = &line[range.clone()];
            let is_new = !self.0.iter().any(|known| known == secret);
            if is_new && secret.len() >= Self::SHORTEST && self.0.len() < Self::MOST {
                self.0.push(secret.to_vec());
            }
        }
        secrets.sort_by_key(|range| range.start);
        secrets
    }
}

/// What the lines before say about the next one of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Watch {
    #[default]
    Nothing,
    /// The client began to authenticate.
    Begun,
    /// The server asked for more: the next line answers with a secret.
    Asked,
    /// A RESP string of four bytes comes next.
    FourBytes,
    /// It was `AUTH`: the strings up to the next command are secrets.
    Strings,
}

impl Watch {
    fn is_secret(self, line: &[u8]) -> bool {
        match self {
            Watch::Asked => line != b"*",
            Watch::Strings => !matches!(line.first(), Some(b'$' | b'*')),
            Watch::Nothing | Watch::Begun | Watch::FourBytes => false,
        }
    }

    pub(super) fn heard(&mut self, line: &[u8], who: Role) {
        *self = match (who, *self) {
            (Role::Server, Watch::Begun | Watch::Asked) if asks(line) => Watch::Asked,
            (Role::Server, Watch::Begun | Watch::Asked) => Watch::Nothing,
            (Role::Server, other) => other,
            (Role::Client, Watch::FourBytes) if line.eq_ignore_ascii_case(b"AUTH") => {
                Watch::Strings
            }
            (Role::Client, Watch::Strings) if !line.starts_with(b"*") => Watch::Strings,
            (Role::Client, _) if line == b"$4" => Watch::FourBytes,
            (Role::Client, Watch::Asked) => Watch::Begun,
            (Role::Client, _) if begins_auth(line) => Watch::Begun,
            (Role::Client, _) => Watch::Nothing,
        };
    }
}

/// `334 …` of SMTP, `+ …` of IMAP and POP3.
fn asks(line: &[u8]) -> bool {
    line.starts_with(b"334") || line == b"+" || line.starts_with(b"+ ")
}

/// `AUTH …`, or `AUTHENTICATE …` behind a tag.
fn begins_auth(line: &[u8]) -> bool {
    let is_word = |word: &[u8]| {
        word.eq_ignore_ascii_case(b"AUTH") || word.eq_ignore_ascii_case(b"AUTHENTICATE")
    };
    line.split(|b| *b == b' ').take(2).any(is_word)
}

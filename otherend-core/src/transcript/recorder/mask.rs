//! Secrets, masked before they are text (usually: redaction).

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use regex::bytes::{Regex, RegexBuilder};

use super::auth::AuthState;
use crate::Role;
use crate::transcript::model::{Hole, Part};
use crate::transcript::{Kind, MASKED, Pattern};

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

    /// Nothing is looked for.
    pub(super) fn is_none(&self) -> bool {
        !self.usual && self.patterns.is_empty()
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
                let of_client = COMMANDS.iter().filter(|_| who == Role::Client);
                let usual = USUAL.iter().chain(of_client);
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
    regex(
        r"pass|pwd|apop|oper|auth|login|token|secret|api[_-]?key|cookie|jwt|identify|nickserv|://|<response|setuser|\A(?:ns|cs)\x20",
    )
});

/// SASL's mechanisms, which are no secrets, and FTP's `AUTH TLS`.
const MECHANISM: &str = r#""?(?:PLAIN|LOGIN|EXTERNAL|ANONYMOUS|GSSAPI|GS2-[A-Z0-9-]+|NTLM|XOAUTH2|OAUTHBEARER|TLS(?:-[CP])?|SSL|KERBEROS_V[45]|[A-Z]+-(?:MD5|SHA-?[0-9A-Z-]+)|[*+])"?(?:\x20+|\z)"#;

/// Whoever says them.
static USUAL: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        // SMTP, POP3, FTP, IRC, Redis, ManageSieve: a command at the start of a line.
        r"\A(?:PASS|APOP|OPER)\x20+(.+)",
        &format!(r"\AAUTH\x20+(?:{MECHANISM})?(.*)"),
        &format!(r"\AAUTHENTICATE\x20+(?:{MECHANISM})?(.*)"),
        // Behind a user's name, in IMAP after a tag.
        r"\ALOGIN\x20+[^\x20]+\x20+(.+)",
        r"\A[^\x20]+\x20LOGIN\x20+[^\x20]+\x20+(.+)",
        r"\A[^\x20]+\x20AUTHENTICATE\x20+[^\x20]+\x20+(.+)",
        // HTTP and its like.
        r"\bAuthorization:\x20*(?:(?:Basic|Bearer|Digest|Negotiate|Token)\x20+)?(.+)",
        r"\ACookie:\x20*(.+)",
        r"\ASet-Cookie:\x20*[^=;]+=([^;]+)",
        // XMPP.
        r"<(?:auth|response)\b[^>]*>([^<]+)",
        // Anywhere: `password=x`, `"token": "x"`, `http://user:x@host`.
        r#"(?:pass|passwd|password|passcode|passphrase|pwd|token|secret|jwt|api[_-]?key)["']?\s*[=:]\s*"([^"]*)"#,
        r#"(?:passwd|password|passcode|passphrase|pwd|token|secret|jwt|api[_-]?key)["']?\s*[=:]\s*(?:\x1b\[[0-9;?]*[a-z]\s*)*'?([^\s"'&,;\x1b\xff][^\s"'&,;]*)"#,
        r"://[^\s/@:]*:([^\s/@]+)@",
    ];
    patterns.into_iter().map(regex).collect()
});

/// What only a client means so: a server's `password accepted` is none.
static COMMANDS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        // mpd; instruments, as in `SYST:COMM:LAN:PASS "x"`; NNTP.
        r"\A(?:[A-Z0-9*:]*:)?PASS(?:WORD|CODE)?[0-9]?\x20+(.+)",
        r"\AAUTHINFO\x20+(?:PASS|SASL\x20+[^\x20]+)\x20+(.+)",
        // Redis.
        r"\bCONFIG\x20+SET\x20+(?:requirepass|masterauth)\x20+(.+)",
        r"\AACL\x20+SETUSER\x20.*?\x20[<>#!](.+)",
        r"\AHELLO\x20+[0-9]+\x20+AUTH\x20+[^\x20]+\x20+([^\x20]+)",
        // IRC's services: what stands where differs between them.
        r"\A(?:(?:PRIVMSG|SQUERY)\x20+)?(?:NickServ|ChanServ|AuthServ|UserServ|NS|CS|Q)(?:@[^\x20]+)?\x20+:?(?:IDENTIFY|ID|AUTH|LOGIN|REGISTER|GHOST|RECOVER|RELEASE|REGAIN|SET\x20+PASS(?:WORD|WD)?)\x20+(.+)",
    ];
    patterns.into_iter().map(regex).collect()
});

fn regex(pattern: &str) -> Regex {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .unicode(false)
        .build()
        .expect("a constant")
}

/// A masked secret of this name.
pub(super) fn hole(name: Arc<str>) -> Part {
    Part::from(Hole {
        name: Some(name),
        kind: Kind::Text,
        sample: MASKED.to_vec(),
    })
}

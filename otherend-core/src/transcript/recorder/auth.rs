//! Secrets that no word of their own line gives away (usually: SASL's challenge and response):
//! answers to a server that asks for one.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use crate::Role;

/// What the lines before say about the next one of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum AuthState {
    #[default]
    Nothing,
    /// The client began to authenticate.
    Begun,
    /// The server asked for more: the next line answers with a secret.
    Asked,
    /// A line of the server asked for a secret: the next line is one, unless the server goes on.
    Invited,
    /// The server waits behind a prompt for a secret: the next line is one, whatever comes between.
    Prompted,
    /// A RESP string of four bytes comes next.
    FourBytes,
    /// It was `AUTH`: the strings up to the next command are secrets.
    Strings,
}

impl AuthState {
    /// The client's `line`, whole or begun, is a secret.
    pub(super) fn is_secret(self, line: &[u8]) -> bool {
        match self {
            AuthState::Asked => line != b"*",
            AuthState::Invited | AuthState::Prompted => true,
            AuthState::Strings => !matches!(line.first(), Some(b'$' | b'*')),
            AuthState::Nothing | AuthState::Begun | AuthState::FourBytes => false,
        }
    }

    /// `who` said a whole line; `is_mid_line`: the client has begun one meanwhile.
    pub(super) fn heard(&mut self, line: &[u8], who: Role, is_mid_line: bool) {
        // What no word of the line itself gives away, the lines before it do:
        //
        //     C: AUTH LOGIN           Begun
        //     S: 334 VXNlcm5hbWU6     Asked: the next line of the client is a secret
        //     C: Ym9i                 Begun again: there may be another question
        //     S: 334 UGFzc3dvcmQ6     Asked
        //     C: aHVudGVyMg==
        //     S: 235 welcome          Nothing
        //
        //     S. Password:            Prompted: the next line is, whatever comes before it
        //
        // RESP, as Redis speaks it, says the length first: `$4`, `AUTH`, `$7`, `hunter2`.
        *self = match (who, *self) {
            (Role::Server, AuthState::Prompted) => AuthState::Prompted,
            (Role::Server, AuthState::Begun | AuthState::Asked) if asks(line) => AuthState::Asked,
            (Role::Server, _) if asks_for_secret(line) => AuthState::Invited,
            (Role::Server, AuthState::Invited) if is_mid_line || line.is_empty() => {
                AuthState::Invited
            }
            (Role::Server, AuthState::Begun | AuthState::Asked | AuthState::Invited) => {
                AuthState::Nothing
            }
            (Role::Server, other) => other,
            (Role::Client, AuthState::FourBytes) if line.eq_ignore_ascii_case(b"AUTH") => {
                AuthState::Strings
            }
            (Role::Client, AuthState::Strings) if !line.starts_with(b"*") => AuthState::Strings,
            (Role::Client, _) if line == b"$4" => AuthState::FourBytes,
            (Role::Client, AuthState::Asked) => AuthState::Begun,
            (Role::Client, _) if begins_auth(line) => AuthState::Begun,
            (Role::Client, _) => AuthState::Nothing,
        };
    }

    /// The server said `line` so far and has not ended it.
    pub(super) fn heard_piece(&mut self, line: &[u8]) {
        if asks_for_secret(line) {
            *self = AuthState::Prompted;
        }
    }
}

/// `334 …` of SMTP, `+ …` of IMAP and POP3, `AUTHENTICATE +` of IRC, `383 …` of NNTP.
fn asks(line: &[u8]) -> bool {
    let begins = [&b"334"[..], b"+ ", b"AUTHENTICATE ", b"383 "];
    line == b"+" || begins.iter().any(|begins| line.starts_with(begins))
}

/// `AUTH …`, or `AUTHENTICATE …` behind a tag.
fn begins_auth(line: &[u8]) -> bool {
    let is_word = |word: &[u8]| {
        word.eq_ignore_ascii_case(b"AUTH") || word.eq_ignore_ascii_case(b"AUTHENTICATE")
    };
    line.split(|b| *b == b' ').take(2).any(is_word)
}

/// A server that said `line` waits for a secret: `Password: `, `[sudo] password for bob:`, `Enter PIN> ` and their like.
#[must_use]
pub fn asks_for_secret(line: &[u8]) -> bool {
    /// Longer than any prompt.
    const LOOKED_AT: usize = 256;
    /// What stands behind a prompt's last sign: blanks, a telnet command, a colour.
    const BEHIND: usize = 16;
    let end = &line[line.len().saturating_sub(BEHIND)..];
    end.iter().any(|b| matches!(b, b':' | b'?' | b'>'))
        && PROMPT.is_match(&line[line.len().saturating_sub(LOOKED_AT)..])
}

static PROMPT: LazyLock<Regex> = LazyLock::new(|| {
    let words =
        r"pass(?:word|wd|phrase|code|wort|e)?|kennwort|pwd|pin|otp|secret|token|api[\x20_-]?key";
    let colour = r"\x1b\[[0-9;?]*[a-z]";
    let behind = format!(r"(?:\s|\xff[\xfb-\xfe].|{colour})*");
    let prompt = format!(r"(?:\b|{colour})(?:{words})\b.{{0,100}}[:?>]{behind}\z");
    RegexBuilder::new(&prompt)
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .unicode(false)
        .build()
        .expect("a constant")
});

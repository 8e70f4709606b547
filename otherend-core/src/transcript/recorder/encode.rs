//! Bytes that were said, as steps: lines, pieces, or hex where they are not for reading.

use std::ops::Range;

use super::auth::AuthState;
use super::names::SecretNames;
use super::{LONGEST, Recorder};
use crate::transcript::model::{Act, Item, Part, Text, Transport};
use crate::transcript::write::is_readable;
use crate::{LineEnd, Role, Time};

/// How many bytes a line of hex holds.
const HEX_WIDTH: usize = 32;

/// How much of a line under way is remembered to find secrets in the rest of it.
const REMEMBERED: usize = 16 * 1024;

impl Recorder {
    /// Write `bytes`, a line or a piece of one.
    pub(super) fn write(&mut self, now: Time, connection: u16, who: Role, bytes: &[u8]) {
        if self.eol.is_none() && bytes.ends_with(b"\n") {
            self.eol = Some(if bytes.ends_with(b"\r\n") {
                LineEnd::CrLf
            } else {
                LineEnd::Lf
            });
            self.write_early();
        }
        if self.eol.is_none() {
            // A peer that never ends a line must not fill the memory while we wait for one.
            self.early_bytes += bytes.len();
            if self.early_bytes > LONGEST {
                self.write_early();
            }
        }
        let is_whole = bytes.ends_with(b"\n") || self.transport == Transport::Udp;
        let text = self.masked((connection, who), bytes, is_whole);
        if text.as_literal().is_some() && !is_readable(bytes) {
            let width = match self.transport {
                Transport::Tcp => HEX_WIDTH,
                Transport::Udp => bytes.len(),
            };
            for chunk in bytes.chunks(width) {
                self.step(now, connection, who, Act::Hex(Text::literal(chunk)));
            }
            return;
        }
        let act = match text.strip_end(self.eol.unwrap_or_default().bytes()) {
            Some(line) => Act::Line(line),
            None => Act::Piece(text),
        };
        self.step(now, connection, who, act);
    }

    /// Whoever stands between the ends said `bytes` to one of them, as if the other had. That is no
    /// step, for nobody at an end said it: it becomes a comment for each of its lines, masked as a
    /// step would be. If it asks for a password, the answer is one.
    pub fn injected(&mut self, now: Time, connection: u16, to: Role, bytes: &[u8]) {
        for who in Role::BOTH {
            self.write_held(connection, who);
        }
        let lines = bytes.split_inclusive(|b| *b == b'\n');
        for line in lines.flat_map(|line| line.chunks(LONGEST)) {
            let is_whole = self.framing.is_some() || line.ends_with(b"\n");
            let line = self.masked((connection, to.other()), line, is_whole);
            let text = format!(" the tap said to the {to}: {line}");
            self.item(now, Item::Comment(text));
        }
    }

    /// `bytes` of this end of a connection, with a hole for each secret in them; `is_whole`: with
    /// them a line or message is complete.
    pub(super) fn masked(
        &mut self,
        (connection, who): (u16, Role),
        bytes: &[u8],
        is_whole: bool,
    ) -> Text {
        let state = self.connections.entry(connection).or_default();
        let is_mid_line = !state.sides[Role::Client.index()].written.is_empty();
        if who == Role::Client && state.auth == AuthState::Prompted {
            // What the server says next does not belong to its prompt.
            state.sides[Role::Server.index()].written.clear();
        }
        // A secret may come in pieces: `PASS hun`, later `ter2`. So the whole line so far is looked
        // at, with what of it is in the file already (up to `at`), and only the rest is written.
        let side = &mut state.sides[who.index()];
        let at = side.written.len();
        side.written.extend_from_slice(bytes);
        let line = trim_end(&side.written);
        let secrets = self.masks.secrets(line, who, state.auth);
        let mut secrets = self.known.with_known(line, at, secrets);
        // `the token is hun` may be the beginning of a secret that is known to be `hunter2`.
        if !is_whole {
            secrets.extend(self.known.begun(line));
            secrets.sort_by_key(|range| range.start);
        }
        let text = with_holes(&side.written, at, secrets, &mut self.names);
        if is_whole {
            state.auth.heard(line, who, is_mid_line);
            side.written.clear();
            return text;
        }
        if who == Role::Server {
            state.auth.heard_piece(line);
        }
        if side.written.len() > REMEMBERED {
            self.masks.forget(&mut side.written);
        }
        text
    }
}

/// What stands in `line` from `at` on, with a hole for each of `secrets`.
fn with_holes(
    line: &[u8],
    mut at: usize,
    secrets: Vec<Range<usize>>,
    names: &mut SecretNames,
) -> Text {
    let mut text = Text::default();
    let mut secrets = secrets.into_iter().peekable();
    while let Some(mut secret) = secrets.next() {
        // What two patterns take of the same word is one secret.
        while let Some(next) = secrets.next_if(|next| next.start < secret.end) {
            secret.end = secret.end.max(next.end);
        }
        let (start, end) = (secret.start.max(at), secret.end);
        if start < end {
            text.push(Part::Literal(line[at..start].to_vec()));
            text.push(super::mask::hole(names.name(&line[start..end])));
            at = end;
        }
    }
    text.push(Part::Literal(line[at.min(line.len())..].to_vec()));
    text
}

/// A line without its end.
fn trim_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

//! What a peer of the ledger says: numbered lines in one of the framings' dialects, and which answers
//! they are due. It knows by itself how lines end: nothing of otherend is used here.

use crate::book::PREFIX;
use crate::chance::Chance;

/// How the lines end that peers say and hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Lf,
    Crlf,
    Dotnet,
    Telnet,
    Auto,
    /// What a transcript's rules hear: lines with the end that the file says, and no other.
    RulesLf,
    RulesCrlf,
}

/// Interpret as command, no operation (RFC 854): nothing of it is text, and nothing answers it.
const NOP: [u8; 2] = [0xff, 0xf1];

pub(crate) struct Words {
    pub(crate) bytes: Vec<u8>,
    /// Each line, and where the bytes of its end are over.
    lines: Vec<(usize, Vec<u8>)>,
    pub(crate) reply_end: &'static [u8],
}

impl Dialect {
    /// What a server may be told.
    pub(crate) const FRAMINGS: [Dialect; 5] = [
        Dialect::Lf,
        Dialect::Crlf,
        Dialect::Dotnet,
        Dialect::Telnet,
        Dialect::Auto,
    ];

    /// What may end a line.
    fn ends(self) -> &'static [&'static [u8]] {
        match self {
            Dialect::Lf => &[b"\n", b"\r\n"],
            Dialect::RulesLf => &[b"\n"],
            Dialect::Crlf | Dialect::RulesCrlf => &[b"\r\n"],
            Dialect::Dotnet | Dialect::Auto => &[b"\n", b"\r\n", b"\r"],
            Dialect::Telnet => &[b"\n", b"\r\n", b"\r", b"\r\0"],
        }
    }

    /// What is text under this framing, and would be something else under another.
    fn oddities(self) -> &'static [&'static [u8]] {
        match self {
            Dialect::Lf => &[b"\rx", b"\0", b"\xff\xf1"],
            Dialect::Crlf => &[b"\rx", b"\nx", b"\0", b"\xff\xf1"],
            Dialect::Dotnet | Dialect::RulesLf | Dialect::RulesCrlf => &[b"\0", b"\xff\xf1"],
            Dialect::Telnet | Dialect::Auto => &[b"\0x", b"\xc3\xa4"],
        }
    }
}

impl Words {
    /// `count` lines of the peer with this `number`.
    pub(crate) fn new(number: u64, count: u64, dialect: Dialect, chance: &mut Chance) -> Words {
        let ends = dialect.ends();
        let mut words = Words {
            bytes: Vec::new(),
            lines: Vec::new(),
            reply_end: match dialect {
                Dialect::Lf | Dialect::RulesLf => b"\n",
                _ => b"\r\n",
            },
        };
        for line in 0..count {
            let mut text = format!("{number} {line} ").into_bytes();
            let length = chance.below(80);
            text.extend((0..length).map(|_| b'a' + chance.below(26) as u8));
            if chance.below(8) == 0 {
                let oddities = dialect.oddities();
                text.extend_from_slice(oddities[chance.below(oddities.len())]);
            }
            let end = ends[chance.below(ends.len())];
            if dialect == Dialect::Auto && line == 0 {
                // A peer that ends its lines with CR alone hears CR LF, however its first one was cut.
                words.reply_end = if end == b"\n" { b"\n" } else { b"\r\n" };
            }
            if dialect == Dialect::Telnet && chance.below(8) == 0 {
                words.bytes.extend_from_slice(&NOP);
            }
            words.line(&text, end);
        }
        words
    }

    fn line(&mut self, text: &[u8], end: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.bytes.extend_from_slice(end);
        self.lines.push((self.bytes.len(), text.to_vec()));
    }

    /// The exit word, and what nobody answers any more.
    pub(crate) fn exit(&mut self) {
        self.line(b"exit", b"\r\n");
        self.line(b"nobody answers this", b"\r\n");
    }

    /// Where the first line is over; under `auto` its end decides how replies end.
    fn first_line(&self) -> usize {
        self.lines.first().map_or(0, |(end, _)| *end)
    }

    /// Say no more than about `at` bytes: never less than a line, and no half of a line's end, of
    /// which nobody could tell what it is.
    pub(crate) fn cut(&mut self, at: usize) {
        let mut at = at.max(self.first_line());
        while at < self.bytes.len() && matches!(self.bytes[at - 1], b'\r' | b'\n' | 0xff) {
            at += 1;
        }
        self.bytes.truncate(at);
    }

    /// As [`cut`](Self::cut), but between two lines.
    pub(crate) fn cut_between_lines(&mut self, at: usize) {
        let end = self.lines.iter().map(|(end, _)| *end);
        let at = end.take_while(|end| *end <= at).last();
        self.bytes.truncate(at.unwrap_or(self.first_line()));
    }

    /// The answers that are due when so many bytes were said: text without an end is a line when
    /// the peer finishes. And was the exit word among them?
    pub(crate) fn due(&self, said: usize) -> (Vec<Vec<u8>>, bool) {
        let whole = self.lines.iter().take_while(|(end, _)| *end <= said);
        let over = whole.clone().last().map_or(0, |(end, _)| *end);
        let mut lines: Vec<&[u8]> = whole.map(|(_, text)| text.as_slice()).collect();
        let rest = &self.bytes[over..said];
        // In front of a line only, and only under telnet: the others have numbers there.
        let rest = rest.strip_prefix(&NOP).unwrap_or(rest);
        if !rest.is_empty() {
            lines.push(rest);
        }
        let exits = lines.contains(&&b"exit"[..]);
        let answered = lines.into_iter().take_while(|line| *line != b"exit");
        (
            answered.map(|line| [PREFIX, line].concat()).collect(),
            exits,
        )
    }
}

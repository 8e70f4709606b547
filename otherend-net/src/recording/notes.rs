//! What happened in conversations (usually: a batch of records), gathered in two flat pieces of
//! memory.

use otherend_core::transcript::Closing;
use otherend_core::{Role, Time};

/// What one note says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Opened,
    /// So many of the bytes.
    Said(Role),
    Stopped(Role, Closing),
    /// What was said so far is to stand by itself.
    Cut,
    /// What this end says next is to come apart from what it said so far.
    Parted(Role),
    /// This end was told so many of the bytes by whoever stands between the two.
    Injected(Role),
    /// A remark of whoever records.
    Comment,
    Ended,
}

/// One note; `length` of the bytes belong to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note {
    pub(super) at: Time,
    pub(super) connection: u64,
    pub(super) what: What,
    length: usize,
}

/// Notes in the order of happening. Connections have any number that is never used twice.
#[derive(Debug, Default)]
pub(super) struct Notes {
    notes: Vec<Note>,
    bytes: Vec<u8>,
}

impl Notes {
    /// A connection opened.
    pub(super) fn opened(&mut self, at: Time, connection: u64) {
        self.note(at, connection, What::Opened, b"");
    }

    /// `who` said `bytes`.
    pub(super) fn said(&mut self, at: Time, connection: u64, who: Role, bytes: &[u8]) {
        self.note(at, connection, What::Said(who), bytes);
    }

    /// `who` stopped: it finished sending or reset the connection.
    pub(super) fn stopped(&mut self, at: Time, connection: u64, who: Role, how: Closing) {
        self.note(at, connection, What::Stopped(who, how), b"");
    }

    /// What was said so far is written as it is, even if no line has ended.
    pub(super) fn cut(&mut self, at: Time, connection: u64) {
        self.note(at, connection, What::Cut, b"");
    }

    /// As [`cut`](Self::cut), and what `who` says next was parted from it on purpose.
    pub(super) fn parted(&mut self, at: Time, connection: u64, who: Role) {
        self.note(at, connection, What::Parted(who), b"");
    }

    /// Whoever stands between the ends said `bytes` to one of them.
    pub(super) fn injected(&mut self, at: Time, connection: u64, to: Role, bytes: &[u8]) {
        self.note(at, connection, What::Injected(to), bytes);
    }

    /// A comment between the lines.
    pub(super) fn comment(&mut self, at: Time, connection: u64, text: &str) {
        self.note(at, connection, What::Comment, text.as_bytes());
    }

    /// Nothing more of this connection comes.
    pub(super) fn ended(&mut self, at: Time, connection: u64) {
        self.note(at, connection, What::Ended, b"");
    }

    /// There are none.
    pub(super) fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    fn note(&mut self, at: Time, connection: u64, what: What, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.notes.push(Note {
            at,
            connection,
            what,
            length: bytes.len(),
        });
    }

    pub(super) fn append(&mut self, other: &mut Notes) {
        self.notes.append(&mut other.notes);
        self.bytes.append(&mut other.bytes);
    }

    pub(super) fn clear(&mut self) {
        self.notes.clear();
        self.bytes.clear();
    }

    /// Bytes of memory in use.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.notes.len() * size_of::<Note>()
    }

    /// Each note with its bytes.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Note, &[u8])> {
        let mut rest = &self.bytes[..];
        self.notes.iter().map(move |note| {
            let (own, after) = rest.split_at(note.length);
            rest = after;
            (note, own)
        })
    }
}

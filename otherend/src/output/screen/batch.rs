//! Lines and remarks gathered by one conversation, in two flat pieces of memory.

use otherend_core::{LineEnd, Time};

use super::Remark;

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// The client, and how its line ended where that is known.
    Client(Option<LineEnd>),
    /// The server.
    Server(Option<LineEnd>),
    /// otherend itself: a remark, already in its final form.
    Us,
}

impl Said {
    /// A message that is no line.
    pub(crate) fn is_framed(self) -> bool {
        let end = Some(LineEnd::Frame);
        self == Said::Client(end) || self == Said::Server(end)
    }

    /// A line that ended only because nothing came after it.
    pub(crate) fn is_without_end(self) -> bool {
        let end = Some(LineEnd::None);
        self == Said::Client(end) || self == Said::Server(end)
    }
}

/// One entry: who said how many of the bytes, when, in which conversation (0: in none).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) at: Time,
    pub(crate) number: u64,
    pub(crate) said: Said,
    /// Where the bytes stand in what this side said; only for hex.
    pub(crate) offset: u64,
    length: usize,
}

/// Entries in order, and the bytes of all of them one after the other.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    remarks: usize,
}

impl Batch {
    /// Gather one line.
    #[inline]
    pub(crate) fn line(&mut self, at: Time, number: u64, said: Said, line: &[u8]) {
        self.bytes_at((at, number, said), 0, line);
    }

    /// Gather bytes to be shown in hex; they stand at `offset` in what was said so far.
    pub(crate) fn bytes_at(
        &mut self,
        (at, number, said): (Time, u64, Said),
        offset: u64,
        bytes: &[u8],
    ) {
        // All bytes of a batch lie in one piece, and an entry knows only its length. A line costs
        // no allocation of its own, and its memory is free again when the batch is.
        self.entries.push(Entry {
            at,
            number,
            said,
            offset,
            length: bytes.len(),
        });
        self.bytes.extend_from_slice(bytes);
    }

    /// Gather one remark.
    pub(crate) fn remark(&mut self, at: Time, number: u64, remark: &Remark<'_>, json: bool) {
        let text = if json {
            remark.as_json()
        } else {
            remark.to_string()
        };
        self.line(at, number, Said::Us, text.as_bytes());
        self.remarks += 1;
    }

    pub(crate) fn append(&mut self, other: &mut Batch) {
        self.entries.append(&mut other.entries);
        self.bytes.append(&mut other.bytes);
        self.remarks += other.remarks;
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.bytes.clear();
        self.remarks = 0;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn has_remarks(&self) -> bool {
        self.remarks > 0
    }

    pub(crate) fn lines(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Bytes of memory in use.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len() + self.entries.len() * size_of::<Entry>()
    }

    pub(crate) fn last_time(&self) -> Option<Time> {
        self.entries.last().map(|entry| entry.at)
    }

    /// Each entry with its bytes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Entry, &[u8])> {
        let mut rest = &self.bytes[..];
        self.entries.iter().map(move |entry| {
            let (own, after) = rest.split_at(entry.length);
            rest = after;
            (entry, own)
        })
    }
}

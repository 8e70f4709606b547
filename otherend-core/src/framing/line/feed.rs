//! One read's worth of bytes (usually: a chunk) on its way through the decoder.

use super::opening::Opened;
use super::{Decoded, Decoder, Found, LineEnd, Lines, ReplyStyle, scan};

/// The lines of one input, from [`Decoder::feed`].
#[derive(Debug)]
pub struct Feed<'d> {
    decoder: &'d mut Decoder,
    input: &'d [u8],
    /// Where the line under way starts in `input`.
    start: usize,
    /// Where the block under search starts in `input`.
    block: usize,
    /// Line ends of that block which were not looked at yet.
    mask: u64,
    needles: [u8; 3],
    /// Nothing is pending: a line that ends at LF is a slice of the input and nothing else.
    calm: bool,
}

impl<'d> Feed<'d> {
    pub(super) fn new(decoder: &'d mut Decoder, input: &'d [u8]) -> Self {
        let needles = decoder.lines.needles();
        let mut feed = Feed {
            input,
            start: 0,
            block: 0,
            mask: 0,
            needles,
            calm: decoder.is_calm(),
            decoder,
        };
        if feed.decoder.frames.is_none() && feed.decoder.lines != Lines::Raw {
            feed.mask = feed.search();
        }
        feed
    }

    /// The next thing found, or `None` when all of the input is used or kept.
    #[inline]
    #[expect(
        clippy::should_implement_trait,
        reason = "a line borrows from the decoder: an iterator cannot lend"
    )]
    pub fn next(&mut self) -> Option<Decoded<'_>> {
        let found = self.find()?;
        Some(self.decoder.show(found, self.input))
    }

    /// As [`next`](Self::next), with how to answer it.
    #[inline]
    pub(crate) fn next_with_style(&mut self) -> Option<(Decoded<'_>, ReplyStyle)> {
        let found = self.find()?;
        Some((
            self.decoder.show(found, self.input),
            self.decoder.reply_style(),
        ))
    }

    /// The bytes that no line was found in yet.
    #[must_use]
    pub fn rest(&self) -> &'d [u8] {
        &self.input[self.start.min(self.input.len())..]
    }

    /// Most lines end at LF with nothing pending: those are found here.
    #[inline(always)]
    fn find(&mut self) -> Option<Found> {
        // A line costs one bit here. Whatever could make that bit mean something else makes `calm`
        // false: a tail of an earlier read, a CR whose LF is due, a line being discarded, telnet.
        // `find_any` looks at each position then, and says when it is calm again. Of these two
        // reads, behind the first line of all:
        //
        //     "ab\nc"     calm: `ab` is a slice of the read; `c` is kept
        //     "d\ne\n"   not calm: `cd` is put together; then calm again, and `e` is a slice
        if self.calm && (self.mask != 0 || self.search_on()) {
            let at = self.block + self.mask.trailing_zeros() as usize;
            let start = self.start;
            if at >= start
                && self.input[at] == b'\n'
                && self.decoder.is_plain(self.input, start, at)
            {
                self.mask &= self.mask - 1;
                self.start = at + 1;
                return Some(Found::Slice(start, at, LineEnd::Lf));
            }
        }
        self.find_any()
    }

    /// What is found next, whatever it is.
    #[inline(never)]
    fn find_any(&mut self) -> Option<Found> {
        if let Some(frames) = &mut self.decoder.frames {
            return frames.next(self.input, &mut self.start).map(Found::from);
        }
        if self.decoder.lines == Lines::Raw {
            return self.find_raw();
        }
        self.decoder.forget_spent();
        let found = self.find_carefully();
        self.calm = self.decoder.is_calm();
        found
    }

    /// All that came, in pieces that are no longer than a message may be.
    fn find_raw(&mut self) -> Option<Found> {
        let start = self.start;
        let length = self.rest().len().min(self.decoder.max_message.max(1));
        self.start += length;
        (length > 0).then_some(Found::Slice(start, self.start, LineEnd::Frame))
    }

    fn find_carefully(&mut self) -> Option<Found> {
        if !self.decoder.opening.is_over() || self.decoder.after_cr || self.decoder.is_telnet() {
            let found = self.find_rare();
            if found.is_some() || self.decoder.is_telnet() {
                return found;
            }
        }
        while let Some(at) = self.next_position() {
            // Behind a mark or a swallowed LF the mask still knows them.
            if at < self.start {
                continue;
            }
            match self.input[at] {
                b'\n' if self.decoder.lines == Lines::Crlf && !self.follows_cr(at) => {}
                byte => {
                    if let Some(found) = self.end_line(at, byte) {
                        return Some(found);
                    }
                }
            }
        }
        let unfinished = &self.input[self.start..];
        self.start = self.input.len();
        self.decoder.keep(unfinished)
    }

    /// A line ends at `at`.
    #[inline]
    fn end_line(&mut self, at: usize, byte: u8) -> Option<Found> {
        let start = self.start;
        self.start = at + 1;
        let how = match (byte, self.input.get(at + 1)) {
            (b'\r', Some(b'\n')) => {
                self.start = at + 2;
                LineEnd::CrLf
            }
            // With the CR the last byte of a read, nobody knows whether an LF follows. The line is
            // handed out all the same, for a .NET peer that ends its lines with a lone CR waits for
            // the answer. The LF, if it comes, belongs to it and ends nothing (`after_cr`).
            (b'\r', next) => {
                self.decoder.after_cr = next.is_none();
                LineEnd::Cr
            }
            _ => LineEnd::Lf,
        };
        self.decoder.end_line(self.input, start, at, how)
    }

    /// What does not come by for most lines: the stream's beginning, an LF that belongs to the
    /// CR of an earlier read, telnet.
    fn find_rare(&mut self) -> Option<Found> {
        if let Some(found) = self.find_opening() {
            return Some(found);
        }
        if self.decoder.is_telnet() {
            return self.find_telnet();
        }
        if let Some(&byte) = self.input.get(self.start).filter(|_| self.decoder.after_cr) {
            self.decoder.after_cr = false;
            self.start += usize::from(byte == b'\n');
        }
        None
    }

    fn find_opening(&mut self) -> Option<Found> {
        while self.decoder.opening.is_watching() {
            let &byte = self.input.get(self.start)?;
            self.start += 1;
            match self.decoder.opening.push(byte) {
                Opened::Wait | Opened::Text => {}
                Opened::Utf16 => return Some(Found::Other(Decoded::Utf16)),
                Opened::Is(what) => return Some(self.decoder.recognise(what)),
            }
        }
        self.decoder.release_opening()
    }

    fn find_telnet(&mut self) -> Option<Found> {
        while let Some(&byte) = self.input.get(self.start) {
            self.start += 1;
            if let Some(found) = self.decoder.push_telnet(byte) {
                return Some(found);
            }
        }
        None
    }

    fn follows_cr(&self, at: usize) -> bool {
        if at > self.start {
            self.input[at - 1] == b'\r'
        } else {
            self.decoder.ends_with_cr
        }
    }

    /// Where the next line end stands.
    fn next_position(&mut self) -> Option<usize> {
        if self.mask == 0 && !self.search_on() {
            return None;
        }
        let at = self.block + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(at)
    }

    /// Go on to the next block that has something. `false`: there is none.
    #[inline]
    fn search_on(&mut self) -> bool {
        while self.block + scan::BLOCK < self.input.len() {
            self.block += scan::BLOCK;
            self.mask = self.search();
            if self.mask != 0 {
                return true;
            }
        }
        self.block = self.input.len();
        false
    }

    #[inline]
    fn search(&self) -> u64 {
        let rest = &self.input[self.block..];
        match rest.first_chunk() {
            Some(block) => scan::positions(block, self.needles),
            None => scan::positions_of_rest(rest, self.needles),
        }
    }
}

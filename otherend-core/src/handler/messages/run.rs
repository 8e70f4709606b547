//! The run: plain lines answered one after the other, without a decision about any of them.
//!
//! Most lines are alike: text and LF, of a length that neither an exit word nor a limit concerns, to
//! be said back behind a prefix or not at all. A run answers those straight from the masks of
//! [`Scan`]. It defines nothing: at the first byte or line that is different in any way it stops,
//! and [`Messages::answer_messages`](super::Messages) takes over there, as if there were no runs.

use std::mem;

use fearless_simd::{Level, Simd, dispatch};
use memchr::memchr2;

use crate::behaviour::{Always, AnyBehaviour};
use crate::conversation::State;
use crate::framing::{BLOCK, Block, Lines, Scan};
use crate::{ExitWords, LineEnd, short};

/// Prefixes up to so many bytes are stored whole, whatever their length; lines up to `TEXT` too.
const PREFIX: usize = 32;
const TEXT: usize = 64;
/// Both, and the longest line end.
const REPLY: usize = PREFIX + TEXT + 2;

/// Answer the plain lines that `rest` begins with, if the same answer fits them all, and give their
/// number. `None`: do not ask again during this input.
pub(super) fn answer(
    behaviour: &AnyBehaviour,
    state: &mut State,
    rest: &mut &[u8],
) -> Option<usize> {
    let prefix = match behaviour.always()? {
        Always::Prefixed(prefix) => Some(prefix),
        Always::Nothing => None,
    };
    if state.watched.wants_messages() || state.decoder.is_telnet() {
        return None;
    }
    // The reply that fills the output up is left to be followed by `Stop::OutputFull`; so is the
    // line behind a complaint that did.
    let room = state.settings.output_limit() - 1;
    let room = room.checked_sub(state.outbox.len());
    let (Some(lines), Some(room)) = (state.decoder.calm(), room) else {
        return Some(0);
    };
    let run = Run {
        lines,
        prefix,
        end: state.decoder.reply_end(),
        exit_words: &state.settings.exit_words,
        max_message: state.settings.max_message,
    };
    let spare = state.outbox.spare();
    let room = spare.len().min(room);
    let room = &mut spare[..room];
    let progress = match rest.len() {
        ..BLOCK => run.go_short(rest, room),
        _ => run.go(Level::new(), rest, room),
    };
    state.outbox.extend(progress.said);
    state.counts.messages_heard += progress.lines as u64;
    if prefix.is_some() {
        state.counts.messages_said += progress.lines as u64;
    }
    *rest = &rest[progress.heard..];
    Some(progress.lines)
}

/// What the same answer to every line consists of.
#[derive(Debug, Clone, Copy)]
struct Run<'a> {
    lines: Lines,
    /// What stands before each line said back; `None`: nothing is said.
    prefix: Option<&'a [u8]>,
    end: LineEnd,
    exit_words: &'a ExitWords,
    max_message: usize,
}

/// How far a run came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct WorkedOff {
    /// Bytes of the input that were worked off: whole lines.
    heard: usize,
    /// Bytes of the output that were written.
    said: usize,
    lines: usize,
}

impl Run<'_> {
    /// Answer the plain lines that `input`, at the start of a line, begins with, as far as `out`
    /// has room for the answers.
    fn go(&self, level: Level, input: &[u8], out: &mut [u8]) -> WorkedOff {
        match self.prefix {
            Some(prefix) => dispatch!(level, simd => self.echo(simd, prefix, input, out)),
            None => dispatch!(level, simd => self.sink(simd, input)),
        }
    }

    /// As [`go`](Self::go), for less than a block. Mostly that is one line of a peer that waits for
    /// each answer: masks are not worth their beginning.
    fn go_short(&self, input: &[u8], out: &mut [u8]) -> WorkedOff {
        let mut at = WorkedOff::default();
        while at.heard < input.len() {
            let rest = &input[at.heard..];
            let Some(length) = memchr2(b'\n', b'\r', rest) else {
                break;
            };
            let (line, end) = rest.split_at(length);
            let end = match end {
                [b'\r', b'\n', ..] => 2,
                [b'\n', ..] if self.lines != Lines::Crlf => 1,
                _ => break,
            };
            let said = match self.prefix {
                Some(_) => self.echo_any(line, &mut out[at.said..]),
                None => self.is_plain(line).then_some(0),
            };
            let Some(said) = said else { break };
            at.heard += length + end;
            at.said += said;
            at.lines += 1;
        }
        at
    }

    /// Say each line back.
    ///
    /// A short line costs three stores of a fixed size, each over the end of the one before: the
    /// prefix with what happens to stand behind it, 64 bytes from where the line begins, and the
    /// line end. For "ab" behind "> ", with 4 and 6 bytes in place of 32 and 64:
    ///
    /// ```text
    /// >  ·  ·
    /// >  a  b  \n c  d  \n
    /// >  a  b  \n c  d  \n        the next reply begins behind the first \n
    /// ```
    #[inline(always)]
    fn echo<S: Simd>(&self, simd: S, prefix: &[u8], input: &[u8], out: &mut [u8]) -> WorkedOff {
        let reply = Reply::new(prefix, self.end, self.lengths(TEXT - 1));
        let room = out.len();
        let mut at = Cursor {
            rest: input,
            out,
            start: 0,
            lines: 0,
        };
        let mut scan = Scan::new(simd, self.lines, input);
        while let Some(block) = scan.next() {
            // Twice the same: most blocks have no CR, and then none is looked for at each line.
            let goes_on = match block.behind_cr {
                0 => self.echo_block::<false>(&reply, &block, &mut at),
                _ => self.echo_block::<true>(&reply, &block, &mut at),
            };
            if !goes_on {
                break;
            }
        }
        WorkedOff {
            heard: input.len() - at.rest.len(),
            said: room - at.out.len(),
            lines: at.lines,
        }
    }

    /// Say back the lines that end in `block`. `false`: not all of them.
    #[inline(always)]
    fn echo_block<const CR: bool>(
        &self,
        reply: &Reply,
        block: &Block,
        at: &mut Cursor<'_, '_>,
    ) -> bool {
        let mut ends = block.ends;
        while ends != 0 {
            let bit = ends.trailing_zeros();
            ends &= ends - 1;
            let whole = block.start + bit as usize - at.start;
            let cr = match CR {
                true => (block.behind_cr >> bit & 1) as usize,
                false => 0,
            };
            let length = whole - cr;
            match reply.write(length, at.rest, at.out) {
                Some((said, length)) => at.advance(said, length + cr),
                None => match self.echo_any(&at.rest[..length], at.out) {
                    Some(said) => at.advance(said, whole),
                    None => return false,
                },
            }
        }
        true
    }

    /// Hear each line.
    #[inline(always)]
    fn sink<S: Simd>(&self, simd: S, input: &[u8]) -> WorkedOff {
        let plain = self.lengths(usize::MAX);
        let mut at = WorkedOff::default();
        let mut scan = Scan::new(simd, self.lines, input);
        while let Some(block) = scan.next() {
            let mut ends = block.ends;
            while ends != 0 {
                let bit = ends.trailing_zeros();
                ends &= ends - 1;
                let lf = block.start + bit as usize;
                let length = lf - at.heard - (block.behind_cr >> bit & 1) as usize;
                if !plain.contain(length) && !self.is_plain(&input[at.heard..at.heard + length]) {
                    return at;
                }
                at.heard = lf + 1;
                at.lines += 1;
            }
        }
        at
    }

    /// Say back a line that is long, or may be an exit word, or stands at the end of the input or
    /// of the room; gives the length of the reply. `None`: this is no line for a run.
    #[inline(never)]
    fn echo_any(&self, line: &[u8], out: &mut [u8]) -> Option<usize> {
        if !self.is_plain(line) {
            return None;
        }
        let prefix = self.prefix?;
        let said = prefix.len() + line.len();
        let last = self.end.bytes();
        let reply = out.get_mut(..said + last.len())?;
        let (text, end) = reply.split_at_mut(said);
        let (head, tail) = text.split_at_mut(prefix.len());
        short::copy(head, prefix);
        short::copy(tail, line);
        short::copy(end, last);
        Some(said + end.len())
    }

    /// It is not too long, and does not end the conversation.
    fn is_plain(&self, line: &[u8]) -> bool {
        line.len() <= self.max_message && !self.exit_words.contain(line)
    }

    /// The lengths, up to `most`, of lines that are plain whatever is in them.
    fn lengths(&self, most: usize) -> Lengths {
        let least = self.exit_words.shortest_other();
        let end = most.min(self.max_message).saturating_add(1);
        // With a small `max_message` there is none: the exit words are longer.
        Lengths {
            least,
            count: end.saturating_sub(least),
        }
    }
}

/// How far an echo has come.
struct Cursor<'i, 'o> {
    /// What is left of the input, and where it starts.
    rest: &'i [u8],
    start: usize,
    /// What is left of the room.
    out: &'o mut [u8],
    lines: usize,
}

impl Cursor<'_, '_> {
    /// A line of `whole` bytes and its LF were answered with `said` bytes.
    #[inline(always)]
    fn advance(&mut self, said: usize, whole: usize) {
        self.rest = &self.rest[whole + 1..];
        self.out = &mut mem::take(&mut self.out)[said..];
        self.start += whole + 1;
        self.lines += 1;
    }
}

/// The reply to a short line, in pieces of a fixed size.
struct Reply {
    head: [u8; PREFIX],
    before: usize,
    end: [u8; 2],
    behind: usize,
    short: Lengths,
}

impl Reply {
    #[inline(always)]
    fn new(prefix: &[u8], end: LineEnd, short: Lengths) -> Self {
        let mut reply = Reply {
            head: [0; PREFIX],
            before: prefix.len(),
            end: match end.bytes() {
                [first, second] => [*first, *second],
                [only] => [*only, 0],
                _ => [0; 2],
            },
            behind: end.bytes().len(),
            short,
        };
        match reply.head.get_mut(..prefix.len()) {
            Some(head) => short::copy(head, prefix),
            None => reply.short = Lengths::NONE,
        }
        reply
    }

    /// Reply to the line of `length` bytes with which `rest` begins; gives the length of the reply.
    /// `None`: it is not short, or stands at the very end of the input or of the room.
    #[inline(always)]
    fn write(&self, length: usize, rest: &[u8], out: &mut [u8]) -> Option<(usize, usize)> {
        if !self.short.contain(length) {
            return None;
        }
        // Always 64 bytes are read and 98 may be written, whatever the length: what lies behind the
        // reply is where the next one will be, which writes over it, or is not sent. Where either
        // buffer has less than that left, `echo_any` copies just what there is.
        let text = rest.first_chunk::<TEXT>()?;
        let room = out.first_chunk_mut::<REPLY>()?;
        // Changes nothing, but says so to the compiler.
        let (before, length) = (self.before.min(PREFIX), length % TEXT);
        let behind = self.behind.min(2);
        room[..PREFIX].copy_from_slice(&self.head);
        room[before..before + TEXT].copy_from_slice(text);
        room[before + length..before + length + 2].copy_from_slice(&self.end);
        Some((before + length + behind, length))
    }
}

/// `least` and the next `count` ones: one comparison tells whether a length is among them.
#[derive(Debug, Clone, Copy)]
struct Lengths {
    least: usize,
    count: usize,
}

impl Lengths {
    const NONE: Lengths = Lengths { least: 0, count: 0 };

    #[inline(always)]
    fn contain(self, length: usize) -> bool {
        length.wrapping_sub(self.least) < self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Framing;
    use proptest::prelude::*;

    /// The form for any processor, the one for all of this kind, and the best that this one has.
    fn levels() -> [Level; 3] {
        [Level::fallback(), Level::baseline(), Level::new()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn every_processor_comes_as_far_and_says_the_same(
            input in "([ab\u{ff}]{0,80}(\n|\n|\r\n|\r)){0,20}",
            framing in prop::sample::select(&Framing::ALL[..]),
            prefix in prop::option::of("[a-z]{0,40}"),
            room in 0usize..3000,
        ) {
            let exit_words = ExitWords::default();
            let run = Run {
                lines: framing.lines().unwrap_or(Lines::Lf),
                prefix: prefix.as_ref().map(String::as_bytes),
                end: LineEnd::CrLf,
                exit_words: &exit_words,
                max_message: 70,
            };
            let [portable, baseline, best] = levels().map(|level| {
                let mut out = vec![0; room];
                let progress = run.go(level, input.as_bytes(), &mut out);
                out.truncate(progress.said);
                (progress, out)
            });
            prop_assert_eq!(&portable, &baseline);
            prop_assert_eq!(&portable, &best);
        }
    }

    #[test]
    fn plain_lines_are_worked_off_whole() {
        let exit_words = ExitWords::default();
        let run = Run {
            lines: Lines::Auto,
            prefix: Some(b"> "),
            end: LineEnd::Lf,
            exit_words: &exit_words,
            max_message: 70,
        };
        let input = b"one\nexi\nthree\r\n\nfour\rfive\n".repeat(10);
        for level in levels() {
            let mut out = [0; 1000];
            let progress = run.go(level, &input, &mut out);
            assert_eq!((progress.heard, progress.lines), (input.len(), 60));
            let said = b"> one\n> exi\n> three\n> \n> four\n> five\n".repeat(10);
            assert_eq!(out[..progress.said], said);
        }
    }

    #[test]
    fn a_run_stops_where_something_is_to_be_decided() {
        let exit_words = ExitWords::default();
        let run = Run {
            lines: Lines::Auto,
            prefix: Some(b""),
            end: LineEnd::Lf,
            exit_words: &exit_words,
            max_message: 70,
        };
        let long = "l".repeat(71) + "\n";
        let stops = [&b"exit\n"[..], long.as_bytes(), b"unfinished", b"LF?\r"];
        for what in stops {
            let input = [&b"plain\n".repeat(30), what].concat();
            for level in levels() {
                let progress = run.go(level, &input, &mut [0; 1000]);
                assert_eq!(progress.heard, 30 * 6, "{what:?}");
            }
        }
    }
}

//! Seals (usually: checksums): what makes a recording say only what was there.
//!
//! A recording's second line begins with `#= recorded`. After that, lines `#= xxxxxxxx` hold the
//! CRC-32 of every byte of the file before them, and `#= end xxxxxxxx` is the last line of a complete one.
//! To every other reader these are comments. Either makes a file a recording: one changed bit cannot
//! spoil both, and a comment of somebody's own is no seal. What is promised: of a recording that was
//! cut at any byte, or in which any one bit was changed, only lines that were recorded are ever read.
//! The file's end alone proves nothing: a torn write could yield a line that nobody said.

use super::{Limits, ParseError, Transcript};

/// The start of every line that belongs to the seals.
const MARK: &[u8] = b"#=";
/// The start of the second line of a recording.
const HEAD: &[u8] = b"#= recorded";
const END: &str = "end ";

/// CRC-32 (ISO 3309) of all bytes so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Check(u32);

impl Default for Check {
    fn default() -> Self {
        Check(u32::MAX)
    }
}

impl Check {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = TABLE[usize::from(self.0 as u8 ^ byte)] ^ (self.0 >> 8);
        }
    }

    pub(super) fn is_new(self) -> bool {
        self == Check::default()
    }

    pub(super) fn seal(self) -> String {
        format!("#= {:08x}", !self.0)
    }

    pub(super) fn end(self) -> String {
        format!("#= {END}{:08x}", !self.0)
    }
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = (value >> 1) ^ if value & 1 == 1 { 0xedb8_8320 } else { 0 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
};

/// A file as it was found: written by hand, or a recording with its seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// What can be relied on.
    pub transcript: Transcript,
    /// What is there besides.
    pub tail: Tail,
}

/// What follows the last seal of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tail {
    /// The file has no seals: all of it was read.
    NoSeals,
    /// The recording is complete.
    Complete,
    /// It ended early: this many lines after the last seal, which is on line `after`, were skipped.
    Cut {
        /// The line of the last seal; 1 if there is none.
        after: usize,
        /// How many lines were skipped, the unfinished last one counted.
        lines: usize,
    },
}

/// What keeps a file from being read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// It is no transcript.
    Parse(ParseError),
    /// Lines of a recording are not what was recorded: damaged, or edited by hand.
    Broken {
        /// The first line that no intact seal vouches for.
        from: usize,
        /// The line of the seal that does not fit.
        seal: usize,
    },
}

impl std::error::Error for ReadError {}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReadError::Parse(error) => error.fmt(f),
            ReadError::Broken { from, seal } => write!(
                f,
                "{from}: lines {from} to {seal} are not as they were recorded: damaged, or edited"
            ),
        }
    }
}

impl Recording {
    /// Read a file; of a recording only what its seals vouch for.
    ///
    /// # Errors
    /// It is no transcript, or a seal does not fit what stands before it.
    pub fn read(source: &[u8]) -> Result<Self, ReadError> {
        Recording::read_within(source, Limits::default())
    }

    /// The same, where a file may come to more or less with its values filled in.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_within(source: &[u8], limits: Limits) -> Result<Self, ReadError> {
        if !is_sealed(source) {
            let transcript = Transcript::parse_within(source, limits).map_err(ReadError::Parse)?;
            let tail = Tail::NoSeals;
            return Ok(Recording { transcript, tail });
        }
        // Read is what the last seal vouches for, and the first line, without which there is no
        // file at all:
        //
        //     otherend talk 1
        //     #= recorded …
        //     C: hello
        //     #= 1c291ca3        vouches for the three lines above
        //     S: hel             cut here: not read, and told of as 1 line after line 4
        //
        // Whoever reads `S: hel` would play something that nobody said.
        let vouched = vouched(source)?;
        let first_line = source
            .iter()
            .position(|b| *b == b'\n')
            .map_or(source.len(), |at| at + 1);
        let good = &source[..vouched.bytes.max(first_line)];
        let transcript = Transcript::parse_within(good, limits).map_err(ReadError::Parse)?;
        let rest = &source[good.len()..];
        let tail = if vouched.complete && rest.is_empty() {
            Tail::Complete
        } else {
            Tail::Cut {
                after: vouched.lines.max(1),
                lines: rest.split_inclusive(|b| *b == b'\n').count(),
            }
        };
        Ok(Recording { transcript, tail })
    }
}

/// It is a recording: its second line says so, or there is a seal.
fn is_sealed(source: &[u8]) -> bool {
    let mut lines = source.split(|b| *b == b'\n');
    // Either is enough: were it the head alone, one bit changed in it would make a recording a file
    // written by hand, of which everything is read, a cut last line too.
    let says_so = lines
        .clone()
        .nth(1)
        .is_some_and(|line| line.starts_with(HEAD));
    says_so || lines.any(is_seal)
}

/// `line` has the form of a seal, whatever it vouches for.
fn is_seal(line: &[u8]) -> bool {
    let check = line
        .strip_prefix(MARK)
        .and_then(|line| line.strip_prefix(b" "));
    check.is_some_and(|check| {
        let check = check.strip_prefix(END.as_bytes()).unwrap_or(check);
        check.len() == 8 && check.iter().all(u8::is_ascii_hexdigit)
    })
}

/// How much of a recording its seals vouch for.
#[derive(Default)]
struct Vouched {
    bytes: usize,
    lines: usize,
    complete: bool,
}

fn vouched(source: &[u8]) -> Result<Vouched, ReadError> {
    let mut check = Check::default();
    let mut vouched = Vouched::default();
    let mut at = 0;
    for (index, line) in source.split_inclusive(|b| *b == b'\n').enumerate() {
        // `#= end b0ba8e9e` without its LF is what a full disk may have left. The second line has
        // the mark, and is the recording's head.
        let whole = line.strip_suffix(b"\n");
        let seal = whole
            .and_then(|line| line.strip_prefix(MARK))
            .filter(|_| index != 1);
        at += line.len();
        if let Some(seal) = seal {
            let number = index + 1;
            // A seal vouches for every byte above it, the seals among them. So one that was moved,
            // or stands below a line that was changed, taken out or added, does not fit: the lines
            // since the last one that does are the damaged ones. What comes below the last seal was
            // cut off before one was written, and nobody can say whether it is whole.
            let complete = seal == &check.end().as_bytes()[MARK.len()..];
            if vouched.complete || !complete && seal != &check.seal().as_bytes()[MARK.len()..] {
                return Err(ReadError::Broken {
                    from: vouched.lines + 1,
                    seal: number,
                });
            }
            vouched = Vouched {
                bytes: at,
                lines: number,
                complete,
            };
        }
        check.add(line);
    }
    Ok(vouched)
}

//! How large a transcript may be, so that reading any file ends soon and in little memory.

/// What the file may come to with its values filled in; all other limits are the same for every file.
///
/// What is said of them is measured in `docs/transcript.md`. Every file that is within them is read in
/// time that grows with its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    filled: usize,
}

impl Limits {
    /// The most bytes of a file.
    pub const FILE: usize = 64 << 20;
    /// The most bytes of a line: as it is written, and with its values filled in.
    pub const LINE: usize = 1 << 20;
    /// The most bytes that all lines of a file come to with their values filled in, unless somebody
    /// says [`otherwise`](Self::filled).
    pub const FILLED: usize = 16 << 20;
    /// What [`filled`](Self::filled) can say at the most.
    pub const MOST_FILLED: usize = 1 << 30;
    /// The most lines of a file.
    pub const LINES: usize = 4_000_000;
    /// The most steps, rules and `let`s of a file, taken together.
    pub const STEPS: usize = 1_000_000;
    /// The most holes and references of a file.
    pub const HOLES: usize = 2_000_000;
    /// The most bytes of memory that a file's regular expressions come to.
    pub const EXPRESSIONS: usize = 64 << 20;

    /// All lines may come to this many bytes with their values filled in, at most
    /// [`MOST_FILLED`](Self::MOST_FILLED).
    #[must_use]
    pub fn filled(most: usize) -> Self {
        let filled = most.min(Self::MOST_FILLED);
        Limits { filled }
    }

    /// The most bytes that all lines come to with their values filled in.
    #[must_use]
    pub fn most_filled(self) -> usize {
        self.filled
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::filled(Self::FILLED)
    }
}

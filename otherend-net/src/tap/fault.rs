//! Faults by meaning (usually: fault injection): what a tap does to a line or message that fits, or
//! from it on.
//!
//! A fault is written as it is said: `after S: 250 {{_:text=}} cut`. Only the direction that a
//! fault is for has lines in its way; the other passes untouched.

mod framed;
mod line;
mod parse;
mod tamper;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use otherend_core::transcript::LineShape;
use otherend_core::{Drawing, Flaw, Role};

pub use parse::FaultError;
pub(super) use tamper::{Piece, Tamper};

/// Something that is to go wrong.
///
/// ```
/// use otherend_net::tap::Fault;
///
/// let fault: Fault = "on 2 S: 250 {{_:text=}} delay 300ms".parse()?;
/// assert_eq!(fault.to_string(), "on 2 S: 250 {{_:text=}} delay 300ms");
///
/// let wrong = "on S: 250 explode".parse::<Fault>().unwrap_err();
/// assert!(wrong.to_string().contains("`explode` is no fault"));
/// # Ok::<(), otherend_net::tap::FaultError>(())
/// ```
#[derive(Debug)]
pub struct Fault {
    /// As it was written.
    text: String,
    who: Role,
    when: When,
    action: Action,
    /// A line met it.
    met: AtomicBool,
}

/// When a fault comes.
#[derive(Debug)]
enum When {
    /// `on connect`: with the first line.
    Start,
    /// `on`: the line itself meets it.
    On(Lines),
    /// `after`: what follows the line meets it.
    After(Lines),
}

/// Which lines are meant.
#[derive(Debug)]
struct Lines {
    shape: LineShape,
    /// Only the line that is the Nth to fit on its connection.
    nth: Option<u32>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Line(LineAction),
    Stream(StreamAction),
}

/// What happens to one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineAction {
    /// Half of it is passed on, then both ends are closed.
    Cut,
    /// It is passed on later, and all that follows behind it.
    Delay(Duration),
    /// It is not passed on.
    Drop,
    /// It is passed on twice.
    Duplicate,
    /// It is passed on byte by byte, with this pause between them.
    Split(Duration),
    /// Every third byte is another one.
    Garble,
    /// It ends with LF instead of CR LF, or the reverse.
    WrongEol,
    /// Its frame is wrong in this way.
    Wrong(Flaw),
    /// A byte that belongs to nothing follows it.
    ExtraByte,
}

/// What happens to a direction from a place on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StreamAction {
    /// The listener is told that the speaker has finished; what it still says is discarded.
    HalfClose,
    /// Both ends are reset.
    Reset,
    /// Nothing is passed on, for so long or for ever.
    Stall(Option<Duration>),
    /// At most so many bytes a second are passed on.
    Rate(u64),
}

impl Fault {
    /// Whose lines it is for.
    #[must_use]
    pub fn who(&self) -> Role {
        self.who
    }

    /// It happened, on whatever connection.
    #[must_use]
    pub fn was_met(&self) -> bool {
        self.met.load(Ordering::Relaxed)
    }

    /// It can happen to messages in this framing; `None`: lines.
    ///
    /// # Errors
    ///
    /// Why it never would: with `wrong-sum` where nothing has a checksum. A tap lets such a line or
    /// message pass as it is.
    pub fn suits(&self, framing: Option<&Drawing>) -> Result<(), FaultError> {
        let Action::Line(action) = self.action else {
            return Ok(());
        };
        let lacks = match (action, framing) {
            (LineAction::WrongEol, Some(_)) => "has no line ends: use no-end or extra-byte",
            (LineAction::Wrong(Flaw::Length), drawing)
                if !drawing.is_some_and(|drawing| drawing.can_have(Flaw::Length)) =>
            {
                "says no lengths"
            }
            (LineAction::Wrong(Flaw::Sum), drawing)
                if !drawing.is_some_and(|drawing| drawing.can_have(Flaw::Sum)) =>
            {
                "has no checksums"
            }
            (LineAction::Wrong(Flaw::NoEnd), Some(drawing)) if !drawing.can_have(Flaw::NoEnd) => {
                "has no bytes that end a message"
            }
            _ => return Ok(()),
        };
        Err(FaultError::Unsuited {
            word: self.text.rsplit(' ').next().unwrap_or_default().to_owned(),
            framing: framing.map_or("lf".to_owned(), ToString::to_string),
            lacks,
        })
    }

    /// As it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn meet(&self) {
        self.met.store(true, Ordering::Relaxed);
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

//! One end of a tapped connection: what it said and is not shown yet.

use std::time::Duration;

use otherend_core::transcript::Limits;
use otherend_core::{Decoded, Decoder, Drawing, Framing, Time};

/// Longer lines pass and are not shown.
const MAX_LINE: usize = 64 * 1024;
/// A line that does not end within this time is shown as far as it came: it may be a prompt.
const UNFINISHED: Duration = Duration::from_millis(100);

/// What one end has said, as far as it matters here.
pub(super) struct Side {
    pub(super) decoder: Decoder,
    /// Messages stand in frames.
    pub(super) is_framed: bool,
    /// Where silence ends a message.
    pub(super) idle: Option<Duration>,
    /// Its messages can no longer be told apart, and that was said.
    pub(super) is_lost: bool,
    /// When the unfinished line began.
    pub(super) since: Time,
    /// When it said something last.
    pub(super) heard: Time,
    /// How many bytes it has said.
    pub(super) said: u64,
    pub(super) tls: bool,
}

impl Side {
    pub(super) fn new(framing: &Framing) -> Self {
        let drawing = framing.drawing();
        let most = drawing.map_or(MAX_LINE, |_| Limits::LINE);
        Side {
            decoder: Decoder::new(framing, most),
            is_framed: drawing.is_some(),
            idle: drawing.and_then(Drawing::idle),
            is_lost: false,
            since: Time::ZERO,
            heard: Time::ZERO,
            said: 0,
            tls: false,
        }
    }

    /// When what came of an unfinished line is to be shown.
    pub(super) fn deadline(&self) -> Option<Time> {
        let due = match (self.is_framed, self.idle) {
            (true, idle) => self.heard + idle?,
            (false, _) => self.since + UNFINISHED,
        };
        self.decoder.is_mid_message().then_some(due)
    }

    /// What came of a line that has not ended. A frame has its end: only silence stands for it, or
    /// the end of everything.
    pub(super) fn unfinished(&mut self, is_over: bool) -> Option<Decoded<'_>> {
        match self.is_framed && !is_over {
            true => self.decoder.silence(),
            false => self.decoder.finish(),
        }
    }
}

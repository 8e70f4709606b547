//! `sink`: listens and says nothing (usually: discard, RFC 863).

use super::{Always, Behaviour, Flow, Replies};

/// Takes every line and says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sink;

impl Sink {
    #[inline]
    pub(super) const fn always(self) -> Always<'static> {
        Always::Nothing
    }
}

impl Behaviour for Sink {
    #[inline]
    fn on_message(&mut self, _line: &[u8], _replies: &mut Replies<'_>) -> Flow {
        Flow::Continue
    }
}

//! `echo`: says back what it heard, behind a prefix.

use std::sync::Arc;

use super::{Always, Behaviour, Flow, Replies};

/// Says back each line behind a prefix, which all conversations share.
#[derive(Debug, Clone)]
pub struct Echo {
    prefix: Arc<[u8]>,
}

impl Echo {
    /// The prefix of the course that otherend comes from.
    pub const PREFIX: &'static str = "From server -> ";

    /// An echo behind `prefix`; an empty one makes it a plain echo.
    #[must_use]
    pub fn new(prefix: &[u8]) -> Self {
        Echo {
            prefix: prefix.into(),
        }
    }

    #[inline]
    pub(super) fn always(&self) -> Always<'_> {
        Always::Prefixed(&self.prefix)
    }
}

impl Default for Echo {
    fn default() -> Self {
        Echo::new(Echo::PREFIX.as_bytes())
    }
}

impl Behaviour for Echo {
    #[inline]
    fn on_message(&mut self, line: &[u8], replies: &mut Replies<'_>) -> Flow {
        replies.prefixed(&self.prefix, line);
        Flow::Continue
    }
}

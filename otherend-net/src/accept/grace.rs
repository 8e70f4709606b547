//! A moment for those who find every place taken: one of them may be free already.
//!
//! For example, at a server that has one place a client closes and connects again at once. Its new
//! connection can be here before the thread that carries the old one has read its end. Told that
//! the server is full it would wonder by whom.

use std::collections::VecDeque;
use std::time::Duration;

use otherend_core::{Address, Time};

use crate::stream::Stream;

/// How long somebody waits for a place: far longer than a thread takes to read an end.
const PATIENCE: Duration = Duration::from_millis(50);
/// How often it is looked for one. Whoever leaves does not ring for it: that would cost everybody.
const PAUSE: Duration = Duration::from_millis(2);
/// So many wait at once; a crowd that is too many hears so at once.
const ROOM: usize = 8;

/// Those who wait, in the order in which they came, each with its address and until when.
#[derive(Debug, Default)]
pub(super) struct Grace(VecDeque<(Stream, Address, Time)>);

impl Grace {
    /// There is room for one more.
    pub(super) fn has_room(&self) -> bool {
        self.0.len() < ROOM
    }

    pub(super) fn wait(&mut self, now: Time, stream: Stream, address: Address) {
        self.0.push_back((stream, address, now + PATIENCE));
    }

    /// How long until it is looked for a place again.
    pub(super) fn pause(&self) -> Option<Duration> {
        (!self.0.is_empty()).then_some(PAUSE)
    }

    /// The first who can go on: there `is_place` for it, or it has waited long enough.
    pub(super) fn next(
        &mut self,
        now: Time,
        is_place: impl Fn(&Address) -> bool,
    ) -> Option<(Stream, Address)> {
        let goes_on =
            |(_, address, until): &(Stream, Address, Time)| *until <= now || is_place(address);
        let at = self.0.iter().position(goes_on)?;
        let (stream, address, _) = self.0.remove(at)?;
        Some((stream, address))
    }

    /// Everybody, who is to wait no longer.
    pub(super) fn end(&mut self) -> VecDeque<(Stream, Address, Time)> {
        std::mem::take(&mut self.0)
    }
}

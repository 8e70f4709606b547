//! Hearing of a reset while nothing is read (usually: error readiness).
//!
//! A peer that is owed an answer is not read, so what a read would tell goes unheard: that it has
//! reset the connection. The answer may never come, and then its place would be taken for ever.

use std::io;
use std::task::{Context, Poll};

use otherend_core::Time;

use super::{Driver, Source};
use crate::stream;
use crate::system::socket;

impl Driver {
    /// Has the peer reset the connection? If not, we are woken when it does. `true`: it has.
    pub(super) fn hear_of_loss(&mut self, cx: &mut Context<'_>, now: Time) -> bool {
        let conversation = &mut self.carrier.conversation;
        let layers_wait = |layered: &super::Layered| layered.waits_for_room();
        let writes =
            !conversation.unsent().is_empty() || self.layered.as_deref().is_some_and(layers_wait);
        if writes {
            // The write that waits will tell.
            return false;
        }
        // The runtime wakes for bytes, for room and for their ends. A reset ends both, but bytes are
        // there and stay, and so is their end once the peer has finished: only room is left to wait
        // for. There is some, so the runtime is made to forget that; what it hears next of this
        // socket wakes us, and mostly it is no reset but bytes, for at each news epoll tells again
        // that there is room.
        self.stream.forget_room();
        self.forgot_room = true;
        if self.stream.poll_room(cx).is_pending() {
            return false;
        }
        // The end of room is never forgotten: a reset, or both have finished.
        let error = self.stream.take_error();
        let Ok(Some(error)) = error else { return false };
        conversation.peer_lost(now, stream::loss(&error));
        true
    }
}

impl Source {
    /// Write where the runtime may have been made to forget that there is room.
    #[inline]
    pub(super) fn write_into_room(
        &mut self,
        forgot: &mut bool,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if *forgot && let Some(written) = self.try_room(forgot, bytes) {
            return Poll::Ready(written);
        }
        self.poll_write(cx, bytes)
    }

    /// `None`: there is no room, and epoll will tell when there is again.
    #[cold]
    fn try_room(&self, forgot: &mut bool, bytes: &[u8]) -> Option<io::Result<usize>> {
        match socket::write(self, bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                *forgot = false;
                None
            }
            sent => Some(sent),
        }
    }
}

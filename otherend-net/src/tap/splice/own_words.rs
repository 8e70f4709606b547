//! What a tap says itself, because somebody told it to (usually: injection).
//!
//! It goes between two messages of the end in whose place it is said. A speaker that never pauses
//! is read in pieces that end anywhere, so the place is made:
//!
//! ```text
//! read        250 one\r\n250 two\r\n25
//! passed      250 one\r\n250 two\r\n
//! said                              the tap's own
//! passed                                        25    the rest, once the listener has taken that
//! ```

use otherend_core::{Event, Role, Time};

use super::Splice;

impl Splice<'_> {
    /// Say what waits to be said in the place of `from`, if this is the moment for it.
    pub(super) fn say_own(&mut self, now: Time, from: Role) {
        let (direction, to) = (self.directions.of_mut(from), from.other());
        let waiting = self.to_say.of_mut(from);
        // Its listener is gone or was told that nothing more comes: nothing of it is ever said.
        let is_over = direction.is_over();
        while is_over || direction.is_between_messages() {
            let Some(bytes) = waiting.pop_front() else {
                return;
            };
            self.admitted.guest.mailbox.let_go(&bytes);
            if is_over {
                continue;
            }
            direction.say(self.streams.of(to), &bytes);
            self.touched = now;
            if from == Role::Client {
                // The server owes an answer, as it would to the client.
                self.last_speaker = Some(from);
            }
            self.watched
                .tell(now, &Event::Injected { to, bytes: &bytes });
        }
    }

    /// Pass on what waited behind the tap's own words.
    pub(super) fn pass_rest(&mut self, now: Time, from: Role) {
        let direction = self.directions.of_mut(from);
        let rest = direction.take_rest();
        if !rest.is_empty() {
            direction.pass(self.streams.of(from.other()), &rest);
            self.watched.tell_bytes(now, from, &rest);
        }
    }
}

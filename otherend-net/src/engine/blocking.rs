//! The blocking driver: one thread, one conversation, one `poll` between two reads.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use otherend_core::{Handler, Step, Time};

use super::Buffers;
use super::carrier::Carrier;
use super::conversations::Conversations;
use super::desk::Desk;
use super::layered::Layered;
use crate::hub::admitted::Admitted;
use crate::stream::{self, Stream};
use crate::system::errors::is_passing;
use crate::system::poll::{self, Awaited, Interest};

/// So many writes go to a stream that takes them before it is read again.
const WRITES_IN_A_ROW: usize = 16;
/// So many datagrams leave before answers are looked for: they wait in a socket of limited room.
const SENT_IN_A_ROW: usize = 16;
/// So many are heard before more leave: some of those that leave are answered by several.
const HEARD_IN_A_ROW: usize = 64;

/// A conversation and its stream.
pub(crate) struct Driver {
    pub(crate) stream: Stream,
    pub(crate) carrier: Carrier,
    /// Why the last datagram that did not leave did not.
    pub(crate) trouble: Option<io::Error>,
    /// What is between the two, if anything is.
    pub(crate) layered: Option<Box<Layered>>,
    /// Nothing goes either way any more, which `poll` says again and again.
    hung_up: bool,
}

impl Driver {
    pub(crate) fn new(stream: Stream, carrier: Carrier) -> Self {
        Driver {
            stream,
            carrier,
            trouble: None,
            layered: Layered::over(Vec::new()),
            hung_up: false,
        }
    }

    /// Move what can be moved, then wait for more, `limit` at most. `false`: it is over.
    pub(crate) fn turn(&mut self, desk: &mut Desk, limit: Option<Duration>) -> bool {
        let buffers = desk.buffers();
        self.carrier.conversation.lend(&mut buffers.outbox);
        let now = self.carrier.clock.now();
        // Deadlines, then orders, then one write for what both of them said; and only then what the
        // conversation wants, which any of these may have changed. Deadlines also when there is
        // always something to read: a flood holds up none.
        self.carrier.tick_if_due(now);
        self.follow_orders(now);
        self.write(now);
        self.carrier.account(now);
        let step = self.carrier.conversation.step();
        self.carrier.conversation.give_back(&mut buffers.outbox);
        if !matches!(step, Step::Wait { .. }) {
            self.carrier.leave();
        }
        match step {
            Step::Wait { read } => {
                // A stop hears what has come by now: as long as there is something to read at once.
                let hears_out = read && self.carrier.hears_out();
                let limit = if hears_out {
                    Some(Duration::ZERO)
                } else {
                    limit
                };
                desk.leave();
                if self.wait(read, limit) {
                    let buffers = desk.buffers();
                    self.carrier.conversation.lend(&mut buffers.outbox);
                    self.read_all(buffers);
                    self.carrier.conversation.give_back(&mut buffers.outbox);
                    buffers.trim();
                } else if hears_out {
                    self.carrier.nothing_to_read(now);
                }
            }
            Step::HalfClose if self.layered.is_some() => {
                self.close_layers(now);
                self.carrier.conversation.half_closed(now);
            }
            Step::HalfClose => {
                // A stream that is already broken says so at the next read.
                let _ = self.stream.half_close();
                self.carrier.conversation.half_closed(now);
            }
            Step::Close => {
                // A close without the layers' ends would look like a wire that was cut. What the
                // socket does not take of them at once is not waited for.
                self.close_layers(now);
                return false;
            }
            Step::Reset => {
                self.stream.reset_on_close();
                return false;
            }
        }
        true
    }

    fn follow_orders(&mut self, now: Time) {
        for order in self.carrier.mailbox().take() {
            self.carrier.follow(now, order);
            if self.carrier.has_much_to_say() {
                self.write(now);
            }
        }
    }

    fn write(&mut self, now: Time) {
        if self.stream.is_datagrams() {
            return self.send(now);
        }
        if self.layered.is_some() {
            return self.write_layered(now);
        }
        // A pipe may always have more: the peer is heard in between.
        for _ in 0..WRITES_IN_A_ROW {
            if !self.carrier.has_unsent(now) {
                return;
            }
            let conversation = &mut self.carrier.conversation;
            match self.stream.write(conversation.unsent()) {
                Ok(count) => conversation.sent(now, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // Nothing was taken, and that is told: the write timeout counts from here.
                    return conversation.sent(now, 0);
                }
                Err(error) => return self.lost(now, &error),
            }
        }
    }

    fn write_layered(&mut self, now: Time) {
        let Some(layered) = &mut self.layered else {
            return;
        };
        loop {
            let wire = layered.next(&mut self.carrier, now);
            if wire.is_empty() {
                break;
            }
            match self.stream.write(wire) {
                Ok(count) => layered.took(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return layered.stalled(&mut self.carrier, now);
                }
                Err(error) => return self.lost(now, &error),
            }
        }
        if layered.take_half_close() {
            // A stream that is already broken says so at the next read.
            let _ = self.stream.half_close();
        }
    }

    /// Let the layers say their ends, and send what the stream takes now.
    fn close_layers(&mut self, now: Time) {
        if let Some(layered) = &mut self.layered {
            layered.close();
            self.write_layered(now);
        }
    }

    /// Send the datagrams that wait, a few in a row. One that the system does not take is lost, and
    /// that is all: the next may be shorter. One for which it has no room now waits.
    fn send(&mut self, now: Time) {
        for _ in 0..SENT_IN_A_ROW {
            if !self.carrier.has_unsent(now) {
                return;
            }
            let conversation = &mut self.carrier.conversation;
            let Some(length) = conversation.next_datagram() else {
                return;
            };
            match self.stream.write(&conversation.unsent()[..length]) {
                Ok(_) => conversation.sent(now, length),
                Err(error) if is_passing(&error) => return,
                Err(error) => match self.stream.loss(&error) {
                    Some(loss) => conversation.peer_lost(now, loss),
                    None => {
                        conversation.withheld(now, length);
                        self.trouble = Some(error);
                    }
                },
            }
        }
    }

    /// Read once of a stream, and each datagram that waits.
    fn read_all(&mut self, buffers: &mut Buffers) {
        // A stream is read once between two waits: its next read would mostly say that it would
        // block, a system call for nothing. Datagrams come one a read, and a burst of them would
        // overflow the socket while each waits for its own `poll`.
        let mut left = HEARD_IN_A_ROW;
        while self.read(buffers) && left > 0 {
            let reads = self.carrier.conversation.step() == Step::Wait { read: true };
            left = if reads { left - 1 } else { 0 };
        }
    }

    /// `true`: there was a datagram, and there may be another.
    fn read(&mut self, buffers: &mut Buffers) -> bool {
        let outcome = self.stream.read(&mut buffers.input);
        let now = self.carrier.clock.now();
        let room = buffers.input.len();
        if let (Some(layered), Ok(count)) = (&mut self.layered, &outcome) {
            match *count {
                0 => layered.wire_ended(&mut self.carrier, now),
                count => layered.hear(&mut self.carrier, now, &buffers.input[..count]),
            }
            if *count < room {
                self.carrier.was_short(now, &self.stream);
            }
            self.write(now);
            return false;
        }
        match outcome {
            Ok(0) if !self.stream.is_datagrams() => {
                // What was to be said before this was known still leaves: the peer may read on.
                self.follow_orders(now);
                self.write(now);
                self.carrier.conversation.peer_finished(now);
            }
            Ok(count) => {
                self.carrier
                    .conversation
                    .receive(now, &buffers.input[..count]);
                if count < room {
                    self.carrier.was_short(now, &self.stream);
                }
                self.write(now);
                return self.stream.is_datagrams();
            }
            Err(error) => {
                if let Some(loss) = self.stream.loss(&error) {
                    self.stream.reset_on_close();
                    self.carrier.conversation.peer_lost(now, loss);
                }
            }
        }
        false
    }

    /// The stream broke. Where it broke on this side alone (no memory for a send, say), the peer must
    /// not take the end of it for a whole one: lines of it may have no answer.
    fn lost(&mut self, now: Time, error: &io::Error) {
        self.stream.reset_on_close();
        let loss = stream::loss(error);
        let conversation = &mut self.carrier.conversation;
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
                if self.layered.is_none() =>
            {
                conversation.write_failed(now, loss);
            }
            // Nothing over there tells of the end.
            _ => conversation.peer_lost(now, loss),
        }
    }

    /// Wait for bytes, room, orders or a deadline. `true`: there is something to read.
    fn wait(&mut self, read: bool, limit: Option<Duration>) -> bool {
        let waits_for_room = match &self.layered {
            Some(layered) => layered.waits_for_room(),
            None => !self.carrier.conversation.unsent().is_empty(),
        };
        let interest = Interest::of(read, waits_for_room);
        let clock = self.carrier.clock;
        let deadline = self
            .carrier
            .deadline()
            .map(|deadline| clock.until(deadline));
        let timeout = match (deadline, limit) {
            (Some(deadline), Some(limit)) => Some(deadline.min(limit)),
            (deadline, limit) => deadline.or(limit),
        };
        // One descriptor of the peer and one bell for everything else. A signal or a timeout that
        // polls would do without the bell, and bring an order late or wake a thousand idle threads.
        let stream = poll::awaited(&self.stream, interest);
        let bell = self.carrier.mailbox().bell();
        let mut bell = bell.map(|bell| poll::awaited(bell, Interest::READ));
        // With no interest in it a stream still says that it is gone: a peer that is owed an answer
        // is not read, and may have reset the connection. It says so at once and for ever, so after
        // that it is left out.
        let is_left_out = interest.is_empty() && self.hung_up;
        let ready = match bell {
            _ if is_left_out => {
                wait_for_first(bell.as_mut_slice(), timeout);
                false
            }
            Some(bell) => wait_for_first(&mut [stream, bell], timeout),
            None => wait_for_first(&mut [stream], timeout),
        };
        if ready && !read {
            self.hear_of_loss();
        }
        ready && read
    }

    /// The stream broke, or only: nothing more goes either way.
    fn hear_of_loss(&mut self) {
        let now = self.carrier.clock.now();
        match self.stream.take_error() {
            Ok(Some(error)) => {
                if let Some(loss) = self.stream.loss(&error) {
                    self.carrier.conversation.write_failed(now, loss);
                }
                // Where its last words are still to be heard, this is told once.
                self.hung_up = true;
            }
            _ => self.hung_up = true,
        }
    }
}

/// Wait until something happens or `timeout` has passed. `true`: the first has bytes, an end or an
/// error to read.
fn wait_for_first(all: &mut [Awaited<'_>], timeout: Option<Duration>) -> bool {
    poll::wait(all, timeout)
        && all
            .first()
            .is_some_and(|first| poll::readiness(first).is_readable())
}

/// Carry the conversation with one peer of a server from its first byte to its last.
pub(crate) fn carry(
    stream: Stream,
    admitted: Admitted,
    conversations: &Conversations,
    handler: Handler,
    desk: &mut Desk,
) {
    let clock = admitted.hub.clock;
    let begin = || Carrier::in_server(admitted, conversations, handler);
    // Unwatched there is no conversation; the stream closes and nothing else does.
    let Ok(carrier) = catch_unwind(AssertUnwindSafe(begin)) else {
        return;
    };
    let mut driver = Driver::new(stream, carrier);
    let went_well = catch_unwind(AssertUnwindSafe(|| {
        driver.carrier.conversation.open(clock.now());
        while driver.turn(desk, None) {}
    }));
    if went_well.is_err() {
        desk.discard();
        driver.carrier.panicked(clock.now());
        driver.stream.reset_on_close();
    }
}

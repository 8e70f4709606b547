//! `async`: event-driven on all cores.
//!
//! A task carries a conversation and owns no buffer: each worker thread reads into and writes from
//! one of its own, and a timer is armed anew only when an earlier deadline than the armed one comes.

mod loss;
mod source;
mod workers;

use std::cell::RefCell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use otherend_core::{Step, Time};
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Buffers;
use super::carrier::Carrier;
use super::layered::Layered;
use crate::stream;
use crate::system::socket;

pub(crate) use source::Source;
pub(crate) use workers::Workers;

/// After so many reads the task makes room for the others: a flood of 4 MiB.
const READS_A_TURN: u32 = 64;

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::new(Buffers::new());
}

/// A conversation and its stream: a future that is ready when the conversation is over.
pub(crate) struct Driver {
    stream: Source,
    pub(crate) carrier: Carrier,
    timer: Pin<Box<Sleep>>,
    /// When the timer will wake us; `None`: it was never asked to.
    armed: Option<Time>,
    /// Who was last registered to be woken by orders.
    waker: Option<Waker>,
    /// The runtime may not know that there is room to write.
    forgot_room: bool,
    /// What is between the two, if anything is.
    pub(crate) layered: Option<Box<Layered>>,
}

impl Driver {
    pub(crate) fn new(stream: Source, carrier: Carrier) -> Self {
        let timer = Box::pin(sleep_until(Instant::now()));
        Driver {
            stream,
            carrier,
            timer,
            armed: None,
            waker: None,
            forgot_room: false,
            layered: Layered::over(Vec::new()),
        }
    }

    /// Move what can be moved. Ready: it is over.
    fn carry(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.register(cx);
        let now = self.carrier.clock.now();
        // Lent for this turn alone: with 10,000 idle conversations on 2 workers there are 2
        // buffers, not 10,000. Nothing in here awaits, so no other task of this thread can borrow
        // them meanwhile.
        let over = BUFFERS.with_borrow_mut(|buffers| {
            self.carrier.conversation.lend(&mut buffers.outbox);
            let over = self.exchange(cx, now, &mut buffers.input);
            self.carrier.conversation.give_back(&mut buffers.outbox);
            buffers.trim();
            over
        });
        if over {
            return Poll::Ready(());
        }
        // Also when there is more to read: a flood holds up no deadline.
        match self.carrier.deadline() {
            Some(deadline) if deadline <= now => {
                self.carrier.tick(now);
                cx.waker().wake_by_ref();
            }
            Some(deadline) => self.wait(cx, deadline),
            None => {}
        }
        Poll::Pending
    }

    /// Read, answer and write until there is nothing to do. `true`: it is over.
    fn exchange(&mut self, cx: &mut Context<'_>, now: Time, input: &mut [u8]) -> bool {
        // The waker was left in the mailbox before this look: an order that comes behind the look
        // wakes us, one that came before it is seen.
        if self.carrier.mailbox().has_some() {
            self.follow_orders(cx, now);
        }
        let mut reads = 0;
        loop {
            // Layers may have something of their own to say, as an answer of TLS's.
            if self.carrier.has_unsent(now) || self.layered.is_some() {
                self.write(cx, now);
            }
            if let Step::Wait { read } = self.carrier.conversation.step() {
                let moved = match read {
                    // Woken at once, behind the others of this worker: a flood of one peer is a
                    // turn of 64 reads and then somebody else's.
                    true if reads == READS_A_TURN => {
                        cx.waker().wake_by_ref();
                        false
                    }
                    true => {
                        reads += 1;
                        self.read(cx, now, input) || self.hear_out(now, input)
                    }
                    false => self.hear_of_loss(cx, now),
                };
                if moved {
                    continue;
                }
            }
            // The books are kept once a turn, and before the peer hears of an end. Too much that
            // waits for all peers together may end this conversation.
            self.carrier.account(now);
            match self.carrier.conversation.step() {
                Step::Wait { .. } => return false,
                step => {
                    if self.end(cx, now, step) {
                        return true;
                    }
                }
            }
        }
    }

    /// End what `step` says. `true`: it is over.
    fn end(&mut self, cx: &mut Context<'_>, now: Time, step: Step) -> bool {
        self.carrier.leave();
        match step {
            Step::HalfClose => {
                match self.layered.is_some() {
                    true => self.close_layers(cx, now),
                    // A stream that is already broken says so at the next read.
                    false => _ = self.stream.half_close(),
                }
                self.carrier.conversation.half_closed(now);
                return false;
            }
            // As in the blocking driver: the layers' ends, if the socket takes them at once.
            Step::Close => self.close_layers(cx, now),
            Step::Reset => self.stream.reset_on_close(),
            Step::Wait { .. } => return false,
        }
        true
    }

    #[cold]
    fn follow_orders(&mut self, cx: &mut Context<'_>, now: Time) {
        for order in self.carrier.mailbox().take() {
            self.carrier.follow(now, order);
            if self.carrier.has_much_to_say() {
                self.write(cx, now);
            }
        }
    }

    #[inline(always)]
    fn write(&mut self, cx: &mut Context<'_>, now: Time) {
        if self.layered.is_some() {
            return self.write_layered(cx, now);
        }
        while self.carrier.has_unsent(now) {
            let conversation = &mut self.carrier.conversation;
            let room = &mut self.forgot_room;
            match self.stream.write_into_room(room, cx, conversation.unsent()) {
                Poll::Ready(Ok(count)) => conversation.sent(now, count),
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return self.lost(now, &error),
                // Nothing was taken, and that is told: the write timeout counts from here.
                Poll::Pending => return conversation.sent(now, 0),
            }
        }
    }

    fn write_layered(&mut self, cx: &mut Context<'_>, now: Time) {
        let Some(layered) = &mut self.layered else {
            return;
        };
        loop {
            let wire = layered.next(&mut self.carrier, now);
            if wire.is_empty() {
                break;
            }
            match self.stream.write_into_room(&mut self.forgot_room, cx, wire) {
                Poll::Ready(Ok(count)) => layered.took(count),
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return self.lost(now, &error),
                Poll::Pending => return layered.stalled(&mut self.carrier, now),
            }
        }
        if layered.take_half_close() {
            // A stream that is already broken says so at the next read.
            let _ = self.stream.half_close();
        }
    }

    /// As in the blocking driver: what broke here is no whole end over there.
    fn lost(&mut self, now: Time, error: &io::Error) {
        self.stream.reset_on_close();
        let loss = stream::loss(error);
        self.carrier.conversation.peer_lost(now, loss);
    }

    /// Let the layers say their ends, and send what the stream takes now.
    fn close_layers(&mut self, cx: &mut Context<'_>, now: Time) {
        if let Some(layered) = &mut self.layered {
            layered.close();
            self.write_layered(cx, now);
        }
    }

    /// `true`: something came.
    fn read(&mut self, cx: &mut Context<'_>, now: Time, input: &mut [u8]) -> bool {
        let Poll::Ready(outcome) = self.stream.poll_read(cx, input) else {
            return false;
        };
        self.hear(now, outcome, input);
        true
    }

    /// What a read into `input` brought.
    fn hear(&mut self, now: Time, outcome: io::Result<usize>, input: &[u8]) {
        let count = match outcome {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return,
            Err(error) => return self.lost(now, &error),
        };
        match (&mut self.layered, count) {
            (None, 0) => return self.carrier.conversation.peer_finished(now),
            (None, _) => self.carrier.conversation.receive(now, &input[..count]),
            (Some(layered), 0) => layered.wire_ended(&mut self.carrier, now),
            (Some(layered), _) => layered.hear(&mut self.carrier, now, &input[..count]),
        }
        if count < input.len() {
            self.carrier.was_short(now, &self.stream);
        }
    }

    /// While a stop hears what has come by now: read what the runtime does not know of yet, whose
    /// news of the socket may be older than the bytes in it. `true`: something changed.
    ///
    /// For example: a line arrives, and a microsecond later the order to drain. The task runs for
    /// the order before the runtime has asked epoll; it takes the socket for empty, and without this
    /// the line would be closed over unanswered.
    fn hear_out(&mut self, now: Time, input: &mut [u8]) -> bool {
        if !self.carrier.hears_out() {
            return false;
        }
        // The socket itself and not the runtime: that has only been told what epoll saw some time
        // ago, and a drain must know whether a read would block now.
        match socket::read(&self.stream, input) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.carrier.nothing_to_read(now);
            }
            outcome => self.hear(now, outcome, input),
        }
        true
    }

    /// See that we are woken at the next deadline.
    #[inline]
    fn wait(&mut self, cx: &mut Context<'_>, deadline: Time) {
        // A later deadline leaves the timer as it is: it wakes us once too early and is set anew.
        let armed = self.armed.is_some_and(|armed| armed <= deadline);
        if armed && !self.timer.is_elapsed() {
            return;
        }
        self.arm(cx, deadline);
    }

    #[cold]
    fn arm(&mut self, cx: &mut Context<'_>, deadline: Time) {
        self.armed = Some(deadline);
        let instant = self.carrier.clock.instant(deadline);
        self.timer.as_mut().reset(Instant::from_std(instant));
        // After a flood the task's budget is used up: the timer would not take our waker then, and
        // we would not come back to it, since it counts as armed.
        let mut timer = unconstrained(self.timer.as_mut());
        if Pin::new(&mut timer).poll(cx).is_ready() {
            self.armed = None;
            cx.waker().wake_by_ref();
        }
    }

    /// At the first call the conversation begins; orders and deadlines wake whoever polls us now.
    fn register(&mut self, cx: &Context<'_>) {
        if self.waker.is_none() {
            self.carrier.conversation.open(self.carrier.clock.now());
        }
        if !self
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            self.carrier.mailbox().wake_with(cx.waker());
            // A client may be polled by another task from now on, and the timer would go on waking
            // the one before.
            self.waker = Some(cx.waker().clone());
            self.armed = None;
        }
    }
}

impl Future for Driver {
    type Output = ();

    /// A panic of the behaviour ends this conversation and nothing else.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = catch_unwind(AssertUnwindSafe(|| self.carry(cx)));
        polled.unwrap_or_else(|_| {
            let now = self.carrier.clock.now();
            self.carrier.panicked(now);
            self.stream.reset_on_close();
            Poll::Ready(())
        })
    }
}

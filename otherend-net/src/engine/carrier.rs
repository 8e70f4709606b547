//! A conversation together with what surrounds it in a server: orders, counters, the stop.
//!
//! Both styles of driver (blocking, async) hold one of these and do nothing but move bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use otherend_core::{Conversation, Counts, EndReason, Flow, Handler, Said, Time};

use super::conversations::Conversations;
use crate::hub::admitted::Admitted;
use crate::hub::mailbox::{Mailbox, Order};
use crate::system::clock::Clock;
use crate::system::poll;
use crate::system::socket::AsSocket;

/// More unsent bytes than this are written before the next order is carried out.
const MUCH: usize = 64 * 1024;

/// A conversation on its way, and how its surroundings reach it.
pub(crate) struct Carrier {
    pub(crate) conversation: Conversation,
    pub(crate) clock: Clock,
    owner: Owner,
    /// Bytes that wait for this peer, as the server was last told.
    waiting: usize,
    /// What went both ways, as the server was last told.
    counted: Counts,
    /// Orders that wait for the peer to read, oldest first.
    postponed: VecDeque<Order>,
    /// Set when the stop came.
    at_stop: Option<AtStop>,
}

/// How it stood when the stop came.
struct AtStop {
    was_busy: bool,
    /// What is heard beyond these bytes was under way.
    bytes_heard: u64,
}

/// Whose conversation it is.
enum Owner {
    /// Among the conversations of a server.
    Server(Admitted),
    /// By itself, in a client.
    Client(Arc<Mailbox>),
}

impl Carrier {
    /// A conversation of a server, with whoever was admitted.
    pub(crate) fn in_server(
        admitted: Admitted,
        conversations: &Conversations,
        handler: Handler,
    ) -> Self {
        Carrier::of_peer(conversations.begin(&admitted, handler), admitted)
    }

    /// The conversation of a server with whoever was admitted.
    pub(crate) fn of_peer(conversation: Conversation, admitted: Admitted) -> Self {
        Carrier::new(conversation, admitted.hub.clock, Owner::Server(admitted))
    }

    /// A conversation by itself.
    pub(crate) fn in_client(
        conversation: Conversation,
        clock: Clock,
        mailbox: Arc<Mailbox>,
    ) -> Self {
        Carrier::new(conversation, clock, Owner::Client(mailbox))
    }

    fn new(conversation: Conversation, clock: Clock, owner: Owner) -> Self {
        Carrier {
            conversation,
            clock,
            owner,
            waiting: 0,
            counted: Counts::default(),
            postponed: VecDeque::new(),
            at_stop: None,
        }
    }

    #[inline]
    pub(crate) fn mailbox(&self) -> &Mailbox {
        match &self.owner {
            Owner::Server(admitted) => &admitted.guest.mailbox,
            Owner::Client(mailbox) => mailbox,
        }
    }

    /// Carry out the orders that wait.
    #[inline]
    pub(crate) fn follow_orders(&mut self, now: Time) {
        for order in self.mailbox().take() {
            self.follow(now, order);
        }
    }

    /// So much waits for the peer that a stream should be offered it before there is more.
    pub(crate) fn has_much_to_say(&self) -> bool {
        self.conversation.unsent().len() > MUCH
    }

    /// Carry out one order. A line for which there is no room waits until the peer has read some of
    /// what waits for it, and with it what was ordered behind it; an abort and a drain do not.
    pub(crate) fn follow(&mut self, now: Time, order: Order) {
        match order {
            // One queue for all three, whose order matters among them:
            //
            //     say "bye"    the peer reads nothing: it waits for room
            //     close        waits behind it, or the peer would miss its goodbye
            //     abort        waits for nothing
            Order::Say(_) | Order::FinishSaying | Order::Close(_) => {
                self.postponed.push_back(order);
                self.catch_up(now);
            }
            Order::Drain => {
                self.at_stop.get_or_insert_with(|| AtStop {
                    was_busy: self.conversation.is_busy(),
                    bytes_heard: self.conversation.counts().bytes_heard,
                });
                self.conversation.drain(now);
            }
            // Nobody can order it: see `Handle::say_as`.
            Order::SayAs(..) => {}
            Order::GoOn => _ = self.conversation.answer(now, |_| Flow::Continue),
            Order::Abort(reason) => self.conversation.abort(now, reason),
        }
    }

    /// Carry out the orders that had to wait, as far as there is room now.
    #[cold]
    fn catch_up(&mut self, now: Time) {
        while let Some(order) = self.postponed.front() {
            match order {
                Order::Say(line) => {
                    if self.conversation.say(now, line) == Said::Full {
                        return;
                    }
                    self.mailbox().let_go(line);
                }
                Order::FinishSaying => self.conversation.finish_saying(),
                Order::Close(reason) => self.conversation.close(now, *reason),
                _ => {}
            }
            self.postponed.pop_front();
        }
    }

    /// There are bytes for the peer, once what waited for room has got it.
    #[inline]
    pub(crate) fn has_unsent(&mut self, now: Time) -> bool {
        if !self.postponed.is_empty() {
            self.catch_up(now);
        }
        !self.conversation.unsent().is_empty()
    }

    /// A stop waits for [`nothing_to_read`](Self::nothing_to_read), and so does nothing else.
    #[inline]
    pub(crate) fn hears_out(&self) -> bool {
        self.conversation.hears_out() && self.postponed.is_empty()
    }

    /// A read of `stream` brought less than there was room for.
    #[inline]
    pub(crate) fn was_short(&mut self, now: Time, stream: &impl AsSocket) {
        if self.hears_out() && !poll::is_before_urgent(stream) {
            self.nothing_to_read(now);
        }
    }

    /// A read would block now.
    ///
    /// To a stop it matters at once: whoever answers each reply with its next line would always be
    /// quicker than the next read, and never let it block.
    #[inline]
    pub(crate) fn nothing_to_read(&mut self, now: Time) {
        if self.hears_out() {
            self.conversation.nothing_to_read(now);
        }
    }

    /// The next moment at which [`tick_if_due`](Self::tick_if_due) has something to do.
    pub(crate) fn deadline(&self) -> Option<Time> {
        Time::earliest(self.conversation.deadline(), self.stop_deadline())
    }

    /// Carry out the deadlines that have passed, the server's stop among them. `true`: some had.
    #[inline]
    pub(crate) fn tick_if_due(&mut self, now: Time) -> bool {
        let due = self.deadline().is_some_and(|deadline| deadline <= now);
        if due {
            self.tick(now);
        }
        due
    }

    /// Time has passed: what [`tick_if_due`](Self::tick_if_due) does, due or not.
    pub(crate) fn tick(&mut self, now: Time) {
        self.conversation.tick(now);
        if self.stop_deadline().is_some_and(|stop| now >= stop) {
            self.conversation.abort(now, EndReason::Stopped);
        }
    }

    /// The end of our side, or of the stream, follows. If that ends the conversation, somebody else
    /// can have its place now.
    pub(crate) fn leave(&self) {
        if let Owner::Server(admitted) = &self.owner
            && self.conversation.reason().is_some()
        {
            admitted.leave();
        }
    }

    fn stop_deadline(&self) -> Option<Time> {
        match &self.owner {
            Owner::Server(admitted) => admitted.hub.stop_deadline(),
            Owner::Client(_) => None,
        }
    }

    /// Tell the server what went both ways and how many bytes wait for this peer, of which too many
    /// in all end the slow ones, and which other conversation can go on now. Once a turn and not once
    /// a line: the counters are everybody's, and a thread that writes them takes them from the others.
    #[inline]
    pub(crate) fn account(&mut self, now: Time) {
        let waiting = self.conversation.waiting_bytes();
        if waiting != self.waiting {
            self.account_change(now, waiting);
        }
        self.count();
        self.wake_stirred();
    }

    /// Tell the server what went both ways since it was last told.
    #[inline]
    fn count(&mut self) {
        let counts = self.conversation.counts();
        // What goes one way moves its bytes.
        let moved = counts.bytes_heard != self.counted.bytes_heard
            || counts.bytes_said != self.counted.bytes_said
            || counts.messages_said != self.counted.messages_said;
        if !moved {
            return;
        }
        if let Owner::Server(Admitted { hub, .. }) = &self.owner {
            hub.counters.went(&self.counted, &counts);
        }
        self.counted = counts;
    }

    /// Wake the carrier of another conversation that can go on because this one did.
    #[inline]
    fn wake_stirred(&self) {
        if let Some(number) = self.conversation.stirred()
            && let Owner::Server(Admitted { hub, .. }) = &self.owner
            && let Some(guest) = hub.registry.get(number)
        {
            guest.mailbox.wake();
        }
    }

    fn account_change(&mut self, now: Time, waiting: usize) {
        let Owner::Server(Admitted { hub, .. }) = &self.owner else {
            return;
        };
        let all = hub.counters.waiting_changed(self.waiting, waiting);
        // Over the limit of all together, who grows goes, one at a time: a flood ends itself so.
        // Those for whom something waits that does not become more are slow, and no more.
        let grew = waiting > self.waiting;
        self.waiting = waiting;
        if grew && all > hub.max_output_in_all {
            self.conversation.abort(now, EndReason::OutputFull);
        }
    }

    /// The behaviour panicked: this conversation ends, and no other.
    pub(crate) fn panicked(&mut self, now: Time) {
        self.conversation.abort(now, EndReason::Panicked);
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        let Owner::Server(Admitted { hub, .. }) = &self.owner else {
            return;
        };
        let hub = Arc::clone(hub);
        hub.counters.waiting_changed(self.waiting, 0);
        if !self.conversation.is_over() {
            // The task or thread was torn down around it.
            self.conversation.abort(hub.clock.now(), EndReason::Stopped);
        }
        self.wake_stirred();
        let reason = self.conversation.reason().unwrap_or(EndReason::Stopped);
        let counts = self.conversation.counts();
        // Counted before the place is given up, which comes with the fields behind this: whoever
        // waits until nobody is here finds all of it counted.
        hub.counters.went(&self.counted, &counts);
        hub.counters.ended(reason);
        // A peer that broke it off was not cut off by the stop.
        let broke_off = matches!(reason, EndReason::PeerReset | EndReason::Unreachable);
        if let Some(at_stop) = self.at_stop.as_ref().filter(|_| !broke_off) {
            let heard_more = self.conversation.counts().bytes_heard > at_stop.bytes_heard;
            hub.counters
                .stopped(!reason.is_orderly(), at_stop.was_busy || heard_more);
        }
    }
}

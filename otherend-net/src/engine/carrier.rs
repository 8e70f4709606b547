//! A conversation together with what surrounds it in a server: orders, counters, the stop.
//!
//! Both styles of driver (blocking, async) hold one of these and do nothing but move bytes.

use std::sync::Arc;

use otherend_core::{AnyBehaviour, Conversation, EndReason, Time};

use super::conversations::Conversations;
use crate::hub::admitted::Admitted;
use crate::hub::mailbox::{Mailbox, Order};
use crate::system::clock::Clock;

/// More unsent bytes than this are written before the next order is carried out.
const MUCH: usize = 64 * 1024;

/// A conversation on its way, and how its surroundings reach it.
pub(crate) struct Carrier {
    pub(crate) conversation: Conversation,
    pub(crate) clock: Clock,
    place: Place,
    /// Bytes that wait for this peer, as the server was last told.
    waiting: usize,
    /// Set when the stop came: was something under way?
    busy_at_stop: Option<bool>,
}

/// Where it is carried.
enum Place {
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
        behaviour: AnyBehaviour,
    ) -> Self {
        Carrier::of_peer(conversations.begin(&admitted, behaviour), admitted)
    }

    /// The conversation of a server with whoever was admitted.
    pub(crate) fn of_peer(conversation: Conversation, admitted: Admitted) -> Self {
        Carrier::new(conversation, admitted.hub.clock, Place::Server(admitted))
    }

    /// A conversation by itself.
    pub(crate) fn in_client(
        conversation: Conversation,
        clock: Clock,
        mailbox: Arc<Mailbox>,
    ) -> Self {
        Carrier::new(conversation, clock, Place::Client(mailbox))
    }

    fn new(conversation: Conversation, clock: Clock, place: Place) -> Self {
        Carrier {
            conversation,
            clock,
            place,
            waiting: 0,
            busy_at_stop: None,
        }
    }

    #[inline]
    pub(crate) fn mailbox(&self) -> &Mailbox {
        match &self.place {
            Place::Server(admitted) => &admitted.member.mailbox,
            Place::Client(mailbox) => mailbox,
        }
    }

    /// Carry out the orders that wait. `unread` tells how many bytes wait in the stream.
    #[inline]
    pub(crate) fn follow_orders(&mut self, now: Time, unread: impl Fn() -> usize) {
        for order in self.mailbox().take() {
            self.follow(now, order, &unread);
        }
    }

    /// So much waits for the peer that a stream should be offered it before there is more.
    pub(crate) fn has_much_to_say(&self) -> bool {
        self.conversation.unsent().len() > MUCH
    }

    /// Carry out one order. `unread` tells how many bytes wait in the stream.
    pub(crate) fn follow(&mut self, now: Time, order: Order, unread: impl Fn() -> usize) {
        match order {
            Order::Say(line) => {
                self.conversation.say(now, &line);
            }
            Order::FinishSaying => self.conversation.finish_saying(),
            Order::Close(reason) => self.conversation.close(now, reason),
            Order::Drain => {
                let unread = unread();
                self.busy_at_stop
                    .get_or_insert(unread > 0 || self.conversation.is_busy());
                self.conversation.drain(now, unread);
            }
            Order::Abort(reason) => self.conversation.abort(now, reason),
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

    fn stop_deadline(&self) -> Option<Time> {
        match &self.place {
            Place::Server(admitted) => admitted.hub.stop_deadline(),
            Place::Client(_) => None,
        }
    }

    /// Tell the server how many bytes wait for this peer, of which too many in all end the slow
    /// ones, and which other conversation can go on now.
    #[inline]
    pub(crate) fn account(&mut self, now: Time) {
        let waiting = self.conversation.waiting_bytes();
        if waiting != self.waiting {
            self.account_change(now, waiting);
        }
        self.wake_stirred();
    }

    /// Wake the carrier of another conversation that can go on because this one did.
    #[inline]
    fn wake_stirred(&self) {
        if let Some(number) = self.conversation.stirred()
            && let Place::Server(Admitted { hub, .. }) = &self.place
            && let Some(member) = hub.registry.get(number)
        {
            member.mailbox.wake();
        }
    }

    fn account_change(&mut self, now: Time, waiting: usize) {
        let Place::Server(Admitted { hub, .. }) = &self.place else {
            return;
        };
        let all = hub.counters.waiting_changed(self.waiting, waiting);
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
        let Place::Server(Admitted { hub, .. }) = &self.place else {
            return;
        };
        hub.counters.waiting_changed(self.waiting, 0);
        if !self.conversation.is_over() {
            // The task or thread was torn down around it.
            self.conversation.abort(hub.clock.now(), EndReason::Stopped);
        }
        self.wake_stirred();
        let reason = self.conversation.reason().unwrap_or(EndReason::Stopped);
        hub.counters
            .ended(reason.is_orderly(), &self.conversation.counts());
        // A peer that broke it off was not cut off by the stop.
        let broke_off = matches!(reason, EndReason::PeerReset | EndReason::Unreachable);
        if let Some(was_busy) = self.busy_at_stop.filter(|_| !broke_off) {
            hub.counters.stopped(!reason.is_orderly(), was_busy);
        }
    }
}

//! What a server has counted since its start (usually: metrics).

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use otherend_core::{Counts, EndReason};

use super::tally::{SharedTally, Tally};
use crate::watch::Refusal;

/// Counters that conversations and acceptor share; each is exact, together they are a moment's blur.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    accepted: AtomicU64,
    refused: AtomicU64,
    withheld: AtomicU64,
    accept_errors: AtomicU64,
    ended: AtomicU64,
    disorderly: AtomicU64,
    messages_heard: AtomicU64,
    messages_said: AtomicU64,
    bytes_heard: AtomicU64,
    bytes_said: AtomicU64,
    drained_busy: AtomicU64,
    drained_idle: AtomicU64,
    aborted: AtomicU64,
    refusals: SharedTally<Refusal>,
    reasons: SharedTally<EndReason>,
    /// Bytes that wait for slow peers in all conversations together.
    waiting: AtomicUsize,
}

/// A server's counters at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Connections that became conversations.
    pub accepted: u64,
    /// Connections refused: full, too many of one source, or not allowed. Over UDP: datagrams.
    pub refused: u64,
    /// Those by why.
    pub refusals: Tally<Refusal>,
    /// Over UDP: replies that did not leave, because they would have been more than what was asked
    /// for them or because the system did not take them.
    pub withheld: u64,
    /// Times that accepting a connection failed.
    pub accept_errors: u64,
    /// Conversations that have ended.
    pub ended: u64,
    /// Those of them that a limit, a fault or force ended.
    pub disorderly: u64,
    /// Those that have ended by why.
    pub reasons: Tally<EndReason>,
    /// What has gone both ways, in conversations that go on too; a tap's are added at their end.
    pub counts: Counts,
}

/// How the conversations that were open at a stop ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Report {
    /// In the middle of something: they finished it and got every reply.
    pub finished: u64,
    /// Had nothing under way and were closed at once.
    pub idle_closed: u64,
    /// Cut off: the drain deadline or a second stop came first, or a limit. Peers that broke it off
    /// themselves are in none of these three.
    pub aborted: u64,
    /// The counters at the end.
    pub stats: Stats,
}

impl Counters {
    pub(crate) fn accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self, refusal: Refusal) {
        self.refusals.add(refusal);
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn withheld(&self) {
        self.withheld.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn accept_failed(&self) {
        self.accept_errors.fetch_add(1, Ordering::Relaxed);
    }

    /// Something went both ways in a conversation; `before` is what was told of it already.
    pub(crate) fn went(&self, before: &Counts, now: &Counts) {
        let add = |counter: &AtomicU64, before: u64, now: u64| {
            counter.fetch_add(now - before, Ordering::Relaxed);
        };
        add(
            &self.messages_heard,
            before.messages_heard,
            now.messages_heard,
        );
        add(&self.messages_said, before.messages_said, now.messages_said);
        add(&self.bytes_heard, before.bytes_heard, now.bytes_heard);
        add(&self.bytes_said, before.bytes_said, now.bytes_said);
    }

    /// A conversation has ended, for this reason.
    pub(crate) fn ended(&self, reason: EndReason) {
        self.reasons.add(reason);
        self.ended.fetch_add(1, Ordering::Relaxed);
        let disorderly = u64::from(!reason.is_orderly());
        self.disorderly.fetch_add(disorderly, Ordering::Relaxed);
    }

    /// A conversation ended while the server was stopping.
    pub(crate) fn stopped(&self, aborted: bool, was_busy: bool) {
        let counter = match (aborted, was_busy) {
            (true, _) => &self.aborted,
            (false, true) => &self.drained_busy,
            (false, false) => &self.drained_idle,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A conversation's waiting bytes changed; gives the sum over all.
    pub(crate) fn waiting_changed(&self, before: usize, after: usize) -> usize {
        // Less is a huge number here, and adding that wraps around to what is meant: from 100 to 40
        // it is 2^64 - 60.
        let change = after.wrapping_sub(before);
        self.waiting
            .fetch_add(change, Ordering::Relaxed)
            .wrapping_add(change)
    }

    pub(crate) fn stats(&self) -> Stats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            accepted: get(&self.accepted),
            refused: get(&self.refused),
            refusals: self.refusals.so_far(),
            withheld: get(&self.withheld),
            accept_errors: get(&self.accept_errors),
            ended: get(&self.ended),
            disorderly: get(&self.disorderly),
            reasons: self.reasons.so_far(),
            counts: Counts {
                messages_heard: get(&self.messages_heard),
                messages_said: get(&self.messages_said),
                bytes_heard: get(&self.bytes_heard),
                bytes_said: get(&self.bytes_said),
            },
        }
    }

    pub(crate) fn report(&self) -> Report {
        Report {
            finished: self.drained_busy.load(Ordering::Relaxed),
            idle_closed: self.drained_idle.load(Ordering::Relaxed),
            aborted: self.aborted.load(Ordering::Relaxed),
            stats: self.stats(),
        }
    }
}

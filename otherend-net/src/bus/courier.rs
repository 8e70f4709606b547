//! The end of a bus for whoever carries.

use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use super::requests::{Answer, Entry, Request};
use super::room::{Room, RoomEvent};
use super::{Link, Name};
use crate::lock::lock;
use crate::watch::ring::slots::Start;

/// Carries the messages of rooms (usually: a transport, or broker client): takes requests, and
/// delivers what comes back.
///
/// A courier promises: who is let into a room has its name alone there, on all machines; what is
/// said comes to all members on all machines in one order, under numbers that count up without a
/// gap; what could not be carried is not lost silently, but waits here or in its own hands. It
/// may take its time with every one of these.
///
/// Dropping it ends every room: its members are told that nothing comes after.
pub struct Courier(Arc<Link>);

impl Courier {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Courier(link)
    }

    /// What is to be done next; `None`: nothing, for `limit`. While it does not ask, lines wait up
    /// to [`BusConfig::waiting`](super::BusConfig::waiting).
    pub fn next(&self, limit: Duration) -> Option<Request> {
        let next = self.0.requests.next(limit);
        next.inspect(|request| self.close_empty_room(request))
    }

    /// The same for a task, of which there can be one.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Request> {
        match self.0.requests.next_or_wake(cx.waker()) {
            Some(request) => {
                self.close_empty_room(&request);
                Poll::Ready(request)
            }
            None => Poll::Pending,
        }
    }

    /// Let somebody in. The first member of a room here opens it: `sequence` is then the number in
    /// front of the first message to be delivered, which may be one of its history.
    pub fn admit(&self, entry: Entry, sequence: u64) {
        let mut rooms = lock(&self.0.rooms);
        let room = rooms.get(&entry.room).and_then(Weak::upgrade);
        let room = room.unwrap_or_else(|| {
            let room = Arc::new(Room::new(&self.0.config, sequence));
            rooms.insert(entry.room.clone(), Arc::downgrade(&room));
            room
        });
        drop(rooms);
        // Decided now: what is delivered from here on is news, however late the member looks.
        let begin = Start::Newest(self.0.config.history);
        let begin = room.records.number_at(begin);
        entry.reply.give(Answer::Admitted(room, begin));
    }

    /// Tell a room of a message. Between this and the one delivered last, by their numbers, lies
    /// what could not be had: members are told how many they missed. One with a number that has
    /// been is the same once more, and nobody is told: `false`. So it is where nobody is.
    pub fn deliver(&self, room: &Name, sequence: u64, told: RoomEvent) -> bool {
        self.room(room)
            .is_some_and(|room| room.deliver(sequence, told))
    }

    /// Tell all rooms of something that has no place in their order: [`RoomEvent::Away`],
    /// [`RoomEvent::Back`].
    pub fn tell_all(&self, told: &RoomEvent) {
        let rooms: Vec<_> = lock(&self.0.rooms).values().cloned().collect();
        for room in rooms.iter().filter_map(Weak::upgrade) {
            room.tell(told.clone());
        }
    }

    /// Somebody is in a room, on whatever machine: [`Member::present`](super::Member::present) says
    /// so from here on. Nobody is told: that is [`RoomEvent::Joined`]'s, which has a place in the order.
    pub fn arrived(&self, room: &Name, name: Name) {
        if let Some(room) = self.room(room) {
            room.arrived(name);
        }
    }

    /// Somebody is no longer there, as when its machine is gone.
    pub fn departed(&self, room: &Name, name: &Name) {
        if let Some(room) = self.room(room) {
            room.departed(name);
        }
    }

    /// A room is forgotten with the last who leaves it, and not by looking through all of them.
    fn close_empty_room(&self, request: &Request) {
        let Request::Leave { room, .. } = request else {
            return;
        };
        let mut rooms = lock(&self.0.rooms);
        if rooms.get(room).is_some_and(|room| room.strong_count() == 0) {
            rooms.remove(room);
        }
    }

    fn room(&self, room: &Name) -> Option<Arc<Room>> {
        lock(&self.0.rooms).get(room)?.upgrade()
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.0.requests.close();
        let rooms = std::mem::take(&mut *lock(&self.0.rooms));
        for room in rooms.values().filter_map(Weak::upgrade) {
            room.records.close();
        }
    }
}

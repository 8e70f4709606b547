//! Both directions of one connection in one thread (usually: a splice, or bidirectional copy):
//! wait, read, write, tell the observer.
//!
//! What one end does is done to the other: bytes are passed on untouched, a half-close as a
//! half-close, a reset as a reset. Between two waits each end is read once at most, so neither
//! starves the other. What the tap itself is told to say goes between two messages of an end.

mod own_words;

use std::collections::VecDeque;
use std::time::Duration;

use otherend_core::{Counts, EndReason, Event, Loss, Role, Time, Watched};

use super::Tapping;
use super::both::Both;
use super::direction::Direction;
use super::fault::Piece;
use crate::hub::admitted::Admitted;
use crate::hub::mailbox::Order;
use crate::stream::{self, Stream};
use crate::system::errors::is_passing;
use crate::system::poll::{self, Awaited, Interest, Readiness};

/// How many bytes one read takes at most.
const INPUT: usize = 64 * 1024;
/// At a stop, a connection on which nobody has said anything for so long is idle.
const QUIET: Duration = Duration::from_millis(200);

/// Two streams and what is between them.
pub(super) struct Splice<'a> {
    admitted: &'a Admitted,
    watched: &'a mut Watched,
    streams: Both<&'a Stream>,
    /// Who hung up and is not to be read now: waiting for it would not wait.
    hung_up: Both<bool>,
    /// By who speaks.
    directions: Both<Direction>,
    /// What is to be said in the place of each, until its moment comes.
    to_say: Both<VecDeque<Vec<u8>>>,
    input: Box<[u8]>,
    /// When and by whom something was last said.
    touched: Time,
    last_speaker: Option<Role>,
    /// Set when the stop came: was something under way?
    busy_at_stop: Option<bool>,
}

/// How it went.
pub(super) struct Conclusion {
    pub(super) reason: EndReason,
    /// Which end brought it about, if one did.
    pub(super) who: Option<Role>,
    /// Bytes passed on, by who said them.
    pub(super) passed: Both<u64>,
    /// Was something under way when the stop came, if it came?
    pub(super) busy_at_stop: Option<bool>,
}

impl Conclusion {
    /// Nothing was passed on.
    pub(super) fn of(reason: EndReason) -> Self {
        Conclusion {
            reason,
            who: None,
            passed: Both::default(),
            busy_at_stop: None,
        }
    }

    /// What the client said was heard, what the server said was said.
    pub(super) fn counts(&self) -> Counts {
        Counts {
            bytes_heard: self.passed.client,
            bytes_said: self.passed.server,
            ..Counts::default()
        }
    }

    pub(super) fn event(&self) -> Event<'static> {
        Event::Ended {
            reason: self.reason,
            who: self.who,
            counts: self.counts(),
        }
    }
}

/// Why it ends, and which end brought that about.
type Ending = (EndReason, Option<Role>);

impl<'a> Splice<'a> {
    pub(super) fn new(
        admitted: &'a Admitted,
        watched: &'a mut Watched,
        streams: Both<&'a Stream>,
        tap: &Tapping,
    ) -> Self {
        let direction = |from| Direction::new(&tap.faults, from, &tap.config);
        Splice {
            admitted,
            watched,
            streams,
            hung_up: Both::default(),
            directions: Both {
                client: direction(Role::Client),
                server: direction(Role::Server),
            },
            to_say: Both::default(),
            input: vec![0; INPUT].into_boxed_slice(),
            touched: admitted.hub.clock.now(),
            last_speaker: None,
            busy_at_stop: None,
        }
    }

    /// Pass on what comes until there is nothing more to pass.
    pub(super) fn run(mut self) -> Conclusion {
        let (reason, who) = loop {
            if let Some(ending) = self.turn() {
                break ending;
            }
        };
        Conclusion {
            reason,
            who,
            passed: Both {
                client: self.directions.client.passed(),
                server: self.directions.server.passed(),
            },
            busy_at_stop: self.busy_at_stop,
        }
    }

    /// One round: orders, what is due, what is kept, one wait, one read of each end.
    fn turn(&mut self) -> Option<Ending> {
        let now = self.admitted.hub.clock.now();
        let ending = self.follow_orders(now).or_else(|| self.move_on(now));
        self.watched.pause();
        if ending.is_some() {
            return ending;
        }
        let ready = match self.wait(now) {
            Ok(ready) => ready,
            Err(ending) => return Some(ending),
        };
        let now = self.admitted.hub.clock.now();
        // Each end is read once and not until it is empty: what a flood comes to would otherwise
        // wait in here, and the other end's answers and every order with it.
        let readable = Role::BOTH.into_iter();
        readable
            .filter(|&role| *ready.of(role))
            .find_map(|role| self.read(now, role))
    }

    // ---- orders and deadlines

    fn follow_orders(&mut self, now: Time) -> Option<Ending> {
        for order in self.admitted.guest.mailbox.take() {
            match order {
                Order::Drain => {
                    let busy = !self.is_idle(now);
                    self.busy_at_stop.get_or_insert(busy);
                }
                Order::Close(_) => {
                    for from in Role::BOTH {
                        self.say_own(now, from);
                    }
                    return Some((EndReason::ClosedHere, None));
                }
                Order::Abort(_) => return Some((EndReason::Stopped, None)),
                Order::SayAs(from, bytes) => self.to_say.of_mut(from).push_back(bytes),
                // Nobody can order these: see `Handle::say`.
                Order::Say(_) | Order::FinishSaying | Order::GoOn => {}
            }
        }
        let stop = self.admitted.hub.stop_deadline();
        if stop.is_some_and(|stop| now >= stop) {
            return Some((EndReason::Stopped, None));
        }
        (self.busy_at_stop.is_some() && self.is_idle(now)).then_some((EndReason::Drained, None))
    }

    /// Nothing is under way: all was passed on, the server owes no answer, nobody is speaking.
    fn is_idle(&self, now: Time) -> bool {
        // When may a stop close it? A tap knows no protocol, only who spoke last:
        //
        //     client   RING 3      the server owes an answer: not while that has not come
        //     server   250 rang    once nothing has followed for a moment, for there may be a second line
        self.last_speaker != Some(Role::Client)
            && now >= self.quiet_at()
            && self.directions.all(|direction| !direction.is_busy())
            && Role::BOTH.iter().all(|role| !self.has_more(*role))
    }

    /// What `role` has said waits to be read.
    fn has_more(&self, role: Role) -> bool {
        // An end that was read once is readable for ever.
        self.directions.of(role).wants_input() && poll::is_readable(*self.streams.of(role))
    }

    /// When it is idle if nobody says anything until then.
    fn quiet_at(&self) -> Time {
        match self.last_speaker {
            Some(_) => self.touched + QUIET,
            None => self.touched,
        }
    }

    fn deadline(&self) -> Option<Time> {
        let stop = self.admitted.hub.stop_deadline();
        let quiet = self.busy_at_stop.map(|_| self.quiet_at());
        // Once it is quiet and still not idle, something has to come first.
        let quiet = quiet.filter(|&quiet| quiet > self.admitted.hub.clock.now());
        let (client, server) = (
            self.directions.client.deadline(),
            self.directions.server.deadline(),
        );
        let deadlines = [stop, quiet, self.watched.deadline(), client, server];
        deadlines.into_iter().flatten().min()
    }

    // ---- moving

    /// Send what is kept and tell the ends what they are to be told.
    fn move_on(&mut self, now: Time) -> Option<Ending> {
        self.watched.tick(now);
        for from in Role::BOTH {
            let listener = *self.streams.of(from.other());
            // In the order in which it was said: what is kept, what faults had held up, the tap's
            // own word between two messages, what had to stand behind that. Only then may the end
            // pass.
            self.directions.of_mut(from).flush(listener);
            if let Some(ending) = self.let_through(now, from) {
                return Some(ending);
            }
            self.say_own(now, from);
            self.pass_rest(now, from);
            if self.directions.of_mut(from).take_finished() {
                if self.directions.all(Direction::is_over) {
                    self.admitted.leave();
                }
                // A stream that is already broken says so at the next read.
                let _ = listener.half_close();
                self.watched.tell(now, &Event::Finished { from });
            }
        }
        let over = self.directions.all(Direction::is_over);
        over.then(|| self.ending())
    }

    /// Do what the faults have come to; without faults there is nothing to do.
    fn let_through(&mut self, now: Time, from: Role) -> Option<Ending> {
        let listener = *self.streams.of(from.other());
        loop {
            self.say_own(now, from);
            let direction = self.directions.of_mut(from);
            let piece = direction.next_piece(now)?;
            let event = match &piece {
                Piece::Bytes(bytes) => {
                    direction.pass(listener, bytes);
                    Event::Bytes { from, bytes }
                }
                Piece::Boundary => Event::Boundary { from },
                Piece::Fault(fault, line) => {
                    fault.meet();
                    let fault = fault.text();
                    Event::Fault { from, fault, line }
                }
                Piece::Cut => return Some((EndReason::CutByFault, Some(from))),
                Piece::Reset => return Some((EndReason::ResetByFault, Some(from))),
                Piece::HalfClose => {
                    direction.pretend_end();
                    continue;
                }
                Piece::Stall => {
                    direction.stall();
                    continue;
                }
                Piece::Wait(_) => continue,
            };
            self.watched.tell(now, &event);
        }
    }

    /// Both directions are over: who broke one of them?
    fn ending(&self) -> Ending {
        let lost = |role: Role| {
            let loss = self.directions.of(role.other()).loss()?;
            Some(lost(role, loss))
        };
        let mut ends = Role::BOTH.into_iter();
        ends.find_map(lost)
            .unwrap_or((EndReason::PeerFinished, None))
    }

    fn read(&mut self, now: Time, from: Role) -> Option<Ending> {
        // Whether it has really gone is for this read to say; a hang-up may have bytes before it.
        *self.hung_up.of_mut(from) = false;
        let speaker = *self.streams.of(from);
        let outcome = speaker.read(&mut self.input);
        let direction = self.directions.of_mut(from);
        match outcome {
            Ok(0) => direction.finish(),
            Ok(count) => {
                (self.touched, self.last_speaker) = (now, Some(from));
                let mut bytes = &self.input[..count];
                if direction.divert(now, bytes) {
                    return self.let_through(now, from);
                }
                if !self.to_say.of(from).is_empty() {
                    bytes = direction.up_to_last_end(bytes);
                }
                direction.pass(self.streams.of(from.other()), bytes);
                self.watched.tell_bytes(now, from, bytes);
            }
            Err(error) if is_passing(&error) => {}
            Err(error) => return Some(lost(from, stream::loss(&error))),
        }
        None
    }

    // ---- waiting

    /// Wait until somebody says something, takes something or goes, for an order or a deadline.
    /// Gives who can be read.
    fn wait(&mut self, now: Time) -> Result<Both<bool>, Ending> {
        let (client, server) = (self.interest(Role::Client), self.interest(Role::Server));
        let timeout = self.deadline().map(|deadline| deadline.since(now));
        let happened = {
            let (hub, guest) = (&self.admitted.hub, &self.admitted.guest);
            let bell = guest.mailbox.bell().unwrap_or(&hub.door);
            let mut all = [
                self.awaited(Role::Client, client),
                self.awaited(Role::Server, server),
                poll::awaited(bell, Interest::READ),
            ];
            poll::wait(&mut all, timeout);
            [poll::readiness(&all[0]), poll::readiness(&all[1])]
        };
        Ok(Both {
            client: self.look(Role::Client, client, happened[0])?,
            server: self.look(Role::Server, server, happened[1])?,
        })
    }

    fn interest(&self, role: Role) -> Interest {
        let reads = self.directions.of(role).wants_input();
        Interest::of(reads, self.directions.of(role.other()).has_unsent())
    }

    /// What to wait for at one end.
    fn awaited(&self, role: Role, interest: Interest) -> Awaited<'_> {
        if *self.hung_up.of(role) && interest.is_empty() {
            // Waiting for it would not wait: ask something that never answers instead.
            return poll::awaited(&*self.admitted.hub.door, Interest::NONE);
        }
        poll::awaited(*self.streams.of(role), interest)
    }

    /// What happened at one end. `true`: it is to be read.
    fn look(&mut self, role: Role, asked: Interest, happened: Readiness) -> Result<bool, Ending> {
        if asked.reads() {
            return Ok(happened.is_readable());
        }
        if !happened.is_gone() {
            return Ok(false);
        }
        *self.hung_up.of_mut(role) = true;
        if happened.is_broken() && self.directions.of(role).is_over() {
            // Nothing of it is left to be read: it is gone now.
            let error = self.streams.of(role).take_error().ok().flatten();
            let loss = error.map_or(Loss::Reset, |error| stream::loss(&error));
            return Err(lost(role, loss));
        }
        Ok(false)
    }
}

fn lost(role: Role, loss: Loss) -> Ending {
    // Neither of the two can help it where a call of ours failed.
    let who = (loss != Loss::Here).then_some(role);
    (loss.into(), who)
}

//! What a connection waits for: the one place that tells its peer's slowness from our own.

use super::lane::Phase;
use super::{Beat, Player};
use crate::transcript::Over;
use crate::{Role, Time};

/// So many bytes may wait for our own turn, in each connection; then nothing more is read.
const UNHEARD: usize = 64 * 1024;
/// A referee cannot keep anybody from speaking: past this it gives up.
pub(super) const UNHEARD_BY_REFEREE: usize = 16 << 20;

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// Its peer: what is unheard is at most an unfinished line.
    Peer,
    /// The end of a pause, before something that is to be said or done.
    Pause(Time),
    /// The peer is to take some of what was said.
    Room,
    /// Its turn to speak: a [`tick`](Player::tick), or another connection.
    Turn,
}

impl Player {
    /// What this connection waits for.
    #[must_use]
    pub fn waits(&self, connection: usize) -> Waits {
        let lane = &self.lanes[connection];
        if lane.phase != Phase::Open || self.outcome.is_some() {
            return Waits::Peer;
        }
        match lane.paused {
            _ if lane.full => Waits::Room,
            Some(until) => Waits::Pause(until),
            None if self.is_our_turn(connection) => Waits::Turn,
            None => Waits::Peer,
        }
    }

    /// How much memory takes what was heard and has not had its turn, in bytes.
    #[must_use]
    pub fn unheard_len(&self, connection: usize) -> usize {
        let lane = &self.lanes[connection];
        lane.unheard_len(Role::Client) + lane.unheard_len(Role::Server)
    }

    /// The peer is to be read from: it is its turn, or not too much waits for ours.
    #[must_use]
    pub fn wants_input(&self, connection: usize) -> bool {
        self.waits(connection) == Waits::Peer || self.unheard_len(connection) < UNHEARD
    }

    /// When [`tick`](Self::tick) is due on this connection.
    #[must_use]
    pub fn deadline(&self, connection: usize) -> Option<Time> {
        let lane = &self.lanes[connection];
        if lane.phase != Phase::Open || self.outcome.is_some() {
            return None;
        }
        match self.waits(connection) {
            Waits::Pause(until) => Some(until),
            Waits::Room => None,
            Waits::Peer | Waits::Turn if lane.gathering.is_some() => self.gathered_at(connection),
            Waits::Turn => None,
            Waits::Peer => {
                let timeout = self.options.timeout.filter(|_| self.role.is_some());
                timeout.map(|timeout| lane.since + timeout)
            }
        }
    }

    /// A connection that can go on because another did: it wants a [`tick`](Self::tick).
    ///
    /// Over UDP also one that has said a datagram and has another to say.
    #[must_use]
    pub fn stirred(&self) -> Option<usize> {
        if self.lanes.len() == 1 && self.plan.over == Over::Tcp {
            return None;
        }
        (0..self.lanes.len()).find(|connection| self.can_speak(*connection))
    }

    /// Whom we hear, if we are one end.
    pub(super) fn peer(&self) -> Role {
        self.role.unwrap_or(Role::Client).other()
    }

    fn is_our_turn(&self, connection: usize) -> bool {
        let lane = &self.lanes[connection];
        let beat = self.beat(connection).map(Beat::who);
        lane.answering.is_some() || beat.is_some() && beat == self.role
    }

    /// The next step here is ours, and no other connection's comes before it.
    fn can_speak(&self, connection: usize) -> bool {
        let lane = &self.lanes[connection];
        if lane.phase != Phase::Open || lane.paused.is_some() || self.outcome.is_some() {
            return false;
        }
        let order = match self.beat(connection) {
            Some(Beat::Says(says)) => says.steps.get(lane.step).map(|said| said.order),
            Some(Beat::Ends(ends)) => Some(ends.order),
            None => None,
        };
        lane.answering.is_some() || self.is_our_turn(connection) && order == Some(self.done)
    }

    /// A referee has heard more of `who` than it can keep until it can be checked.
    pub(super) fn is_flooded(&self, connection: usize, who: Role) -> bool {
        let lane = &self.lanes[connection];
        self.role.is_none() && lane.unheard_len(who) > UNHEARD_BY_REFEREE
    }
}

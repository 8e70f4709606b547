//! What a connection waits for (usually: its scheduling): the one place that tells its peer's
//! slowness from our own, with the timeouts and the back-pressure that follow.

use super::lane::Progress;
use super::{Beat, Player};
use crate::transcript::plan::Position;
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
    /// Its turn, which it takes at the next [`tick`](Player::tick).
    Turn,
    /// Its turn comes when other connections have had theirs.
    Others,
}

impl Player {
    /// What this connection waits for.
    #[must_use]
    pub fn waits(&self, connection: usize) -> Waits {
        let lane = &self.lanes[connection];
        if lane.progress != Progress::Open || self.outcome.is_some() {
            return Waits::Peer;
        }
        // In the order of what holds up what. Without room not even a pause that is over goes on;
        // were that `Turn`, its deadline would always have come and the engine would spin until the
        // peer reads. Then a pause, then the rest of an answer (over UDP its second datagram), then
        // the script.
        //
        //     1S: id {{id:int=7}}     Peer on connection 1
        //     2C: JOIN {{id}}         Others on connection 2, then Turn once 1 has heard its id
        //
        // Whether a peer is slow, idle or just not asked yet is decided here and nowhere else: the
        // idle limit, the timeout and the drain all ask this.
        match lane.paused {
            _ if lane.full => Waits::Room,
            Some(until) => Waits::Pause(until),
            None if lane.answering.is_some() => Waits::Turn,
            None => match self.next_order(connection) {
                Some((order, after)) if order == self.done && self.has_heard(after) => Waits::Turn,
                Some(_) => Waits::Others,
                None => Waits::Peer,
            },
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
        // When it is the peer's turn it is always read: nothing else can go on. When it is ours a
        // peer may be some lines ahead; past that its socket fills up and it has to wait
        // (back-pressure).
        self.waits(connection) == Waits::Peer || self.unheard_len(connection) < UNHEARD
    }

    /// Nothing that came waits to be heard, and it is for the peer or others to go on.
    pub(crate) fn is_between_messages(&self, connection: usize) -> bool {
        let for_others = matches!(self.waits(connection), Waits::Peer | Waits::Others);
        for_others && self.unheard_len(connection) == 0
    }

    /// The peer has begun a line, and it is only for the peer to end it.
    pub(crate) fn is_mid_message(&self, connection: usize) -> bool {
        self.waits(connection) == Waits::Peer && self.unheard_len(connection) > 0
    }

    /// When [`tick`](Self::tick) is due on this connection.
    #[must_use]
    pub fn deadline(&self, connection: usize) -> Option<Time> {
        let deadlines = [self.patience(connection), self.silence(connection)];
        deadlines.into_iter().flatten().min()
    }

    /// When silence ends the message under way, where that is what ends one.
    fn silence(&self, connection: usize) -> Option<Time> {
        let idle = self.plan.framing.drawing()?.idle()?;
        let lane = &self.lanes[connection];
        let under_way = Role::BOTH
            .into_iter()
            .filter(|who| lane.unheard_len(*who) > 0);
        let heard = under_way.map(|who| lane.last_heard[who.index()]).min()?;
        let waits = self.waits(connection) == Waits::Peer && lane.progress == Progress::Open;
        waits.then_some(heard + idle)
    }

    /// When a pause is over, or nothing that the file waits for has come for too long.
    pub(super) fn patience(&self, connection: usize) -> Option<Time> {
        let lane = &self.lanes[connection];
        if lane.progress != Progress::Open || self.outcome.is_some() {
            return None;
        }
        match self.waits(connection) {
            // `Room` has no time of its own: the write timeout ends a peer that takes nothing.
            // `Others` has none either, and `Turn` has one that is over: so a wake-up that got lost
            // delays a turn until somebody asks again, and cannot lose it.
            Waits::Pause(until) => Some(until),
            Waits::Room | Waits::Others => None,
            Waits::Turn => Some(Time::ZERO),
            Waits::Peer if lane.gathering.is_some() => self.gathered_at(connection),
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
        if self.lanes.len() == 1 && self.plan.is_stream() {
            return None;
        }
        (0..self.lanes.len()).find(|connection| self.waits(*connection) == Waits::Turn)
    }

    /// Whom we hear, if we are one end.
    pub(super) fn peer(&self) -> Role {
        self.role.unwrap_or(Role::Client).other()
    }

    /// The place of the next step here among all that our side does, if it is ours, and what is to
    /// be heard elsewhere before.
    fn next_order(&self, connection: usize) -> Option<(usize, &[Position])> {
        match self.beat(connection)? {
            beat if Some(beat.who()) != self.role => None,
            Beat::Says(says) => {
                let said = says.step(self.lanes[connection].step)?;
                Some((said.order, said.after))
            }
            Beat::Ends(ends) => Some((ends.order, &[])),
        }
    }

    /// A referee has heard more of `who` than it can keep until it can be checked.
    pub(super) fn is_flooded(&self, connection: usize, who: Role) -> bool {
        let lane = &self.lanes[connection];
        self.role.is_none() && lane.unheard_len(who) > UNHEARD_BY_REFEREE
    }
}

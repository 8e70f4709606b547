//! `script`: plays a transcript, byte for byte.
//!
//! Unlike the other behaviours it is not asked line by line: a transcript says and checks bytes,
//! pauses, and decides how the conversation ends. The conversation hands it what comes.

use std::fmt;
use std::ops::DerefMut;
use std::sync::Arc;

use crate::transcript::{Options, Plan, Player};

/// Plays one connection of a transcript from the server's end.
///
/// ```
/// use std::sync::Arc;
/// use otherend_core::transcript::{Plan, Transcript};
/// use otherend_core::{Conversation, Script, Settings, Time};
///
/// let file = b"otherend talk 1\nS: 220 ready\nC: QUIT\nS: 221 bye\nS! close\n";
/// let plan = Arc::new(Plan::new(Transcript::parse(file)?));
/// let (settings, now) = (Arc::new(Settings::server()), Time::ZERO);
/// let mut mock = Conversation::new(settings, Script::server(plan)?, now);
/// mock.open(now);
/// mock.receive(now, b"QUIT\n");
/// assert_eq!(mock.unsent(), b"220 ready\n221 bye\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Script {
    part: Part,
}

enum Part {
    /// The performance has this connection only.
    Alone(Box<Player>),
    /// One of several connections.
    Among(Arc<dyn Performance>, usize),
}

/// A performance of several connections: several conversations play one transcript together,
/// whatever threads carry them.
pub trait Performance: Send + Sync {
    /// The player, lent to one conversation for the time of an input.
    fn player(&self) -> Box<dyn DerefMut<Target = Player> + '_>;

    /// The number of the client that came for `connection`.
    fn client(&self, connection: usize) -> Option<u64>;
}

/// A transcript whose script has several connections, which know of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeveralConnections(pub usize);

impl std::error::Error for SeveralConnections {}

impl fmt::Display for SeveralConnections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0;
        write!(
            f,
            "its script has {number} connections, which are to be played together"
        )
    }
}

impl Script {
    /// Play `plan`, which has one connection, from its start; the options of [`Player::server`] can
    /// be changed with [`with`](Self::with).
    ///
    /// # Errors
    /// Its script has several connections.
    pub fn server(plan: Arc<Plan>) -> Result<Self, SeveralConnections> {
        match plan.connections() {
            1 => Ok(Script {
                part: Part::Alone(Box::new(Player::server(plan))),
            }),
            several => Err(SeveralConnections(several)),
        }
    }

    /// Play `connection`, counted from 0, of a performance.
    #[must_use]
    pub fn among(performance: Arc<dyn Performance>, connection: usize) -> Self {
        Script {
            part: Part::Among(performance, connection),
        }
    }

    /// Change how it is played.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(Options) -> Options) -> Self {
        self.act(|player, _| player.change(change));
        self
    }

    /// Look at the performance and at the connection that this is of it.
    #[inline]
    pub(crate) fn ask<R>(&self, ask: impl FnOnce(&Player, usize) -> R) -> R {
        match &self.part {
            Part::Alone(player) => ask(player, 0),
            Part::Among(performance, connection) => ask(&performance.player(), *connection),
        }
    }

    /// Do something on this connection of the performance.
    #[inline]
    pub(crate) fn act<R>(&mut self, act: impl FnOnce(&mut Player, usize) -> R) -> R {
        match &mut self.part {
            Part::Alone(player) => act(player, 0),
            Part::Among(performance, connection) => act(&mut performance.player(), *connection),
        }
    }

    /// The number of another client of the performance that can go on now.
    #[inline]
    pub(crate) fn stirred(&self) -> Option<u64> {
        let Part::Among(performance, connection) = &self.part else {
            return None;
        };
        // The client on connection 1 said what connection 2 waited for. Whatever thread carries 2
        // sleeps and cannot see that; so whoever carried 1 asks here whom to wake.
        let stirred = performance.player().stirred();
        performance.client(stirred.filter(|stirred| stirred != connection)?)
    }
}

impl Drop for Script {
    /// A client that never came to speak is not waited for either.
    fn drop(&mut self) {
        self.act(Player::left);
    }
}

//! `script`: plays a transcript, byte for byte.
//!
//! Unlike the other behaviours it is not asked line by line: a transcript says and checks bytes,
//! pauses, and decides how the conversation ends. The conversation hands it what comes.

use std::fmt;
use std::sync::Arc;

use crate::transcript::{Options, Plan, Player};

/// Plays one connection of a transcript from the server's end.
pub struct Script {
    pub(crate) player: Player,
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
            "its script has {number} connections, and a server plays each by itself"
        )
    }
}

impl Script {
    /// The connection of a performance that has only this one.
    pub(crate) const CONNECTION: usize = 0;

    /// Play `plan` from its start; the options of [`Player::server`] can be changed with
    /// [`with`](Self::with).
    ///
    /// # Errors
    /// Its script has several connections.
    pub fn server(plan: Arc<Plan>) -> Result<Self, SeveralConnections> {
        match plan.connections() {
            1 => Ok(Script {
                player: Player::server(plan),
            }),
            several => Err(SeveralConnections(several)),
        }
    }

    /// Change how it is played.
    #[must_use]
    pub fn with(self, change: impl FnOnce(Options) -> Options) -> Self {
        let options = change(self.player.options());
        Script {
            player: self.player.with(options),
        }
    }
}

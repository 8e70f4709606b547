//! What of a connection is not written yet (usually: line buffers).

use super::auth::AuthState;
use super::frames::Frames;
use crate::Time;

#[derive(Debug, Default)]
pub(super) struct Connection {
    pub(super) sides: [Side; 2],
    /// What makes the next line of the client a secret.
    pub(super) auth: AuthState,
}

/// What one side of a connection has said and is not written.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// An unfinished line or message.
    pub(super) held: Vec<u8>,
    /// How far that was looked at, where messages stand in frames.
    pub(super) frames: Frames,
    pub(super) since: Time,
    /// What of that line is written already.
    pub(super) written: Vec<u8>,
    pub(super) stopped: bool,
    /// What it says next is to come apart from what it said.
    pub(super) parted: bool,
    /// When it finished sending, while whether it still listens has not shown yet.
    pub(super) unclear_stop: Option<Time>,
}

//! Transcripts over real sockets: play the client against a server, or be the server of a test.
//!
//! Every connection is a conversation like any other, with a thread that carries it; what is said
//! when is the core's [`Player`] to decide. For a server that many clients use at once, each from
//! the start of the file, a [`Server`](crate::Server) gets its handlers from [`Performances`].

mod mock;
mod performances;
mod performer;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use otherend_core::transcript::{Options, Outcome, Plan, Player, Timing, Transcript};

use crate::client::{ConnectError, ConnectOptions};
use crate::endpoint::Endpoint;
use performer::Performer;

pub use mock::Mock;
pub use performances::{Performances, Waiting};

/// How to play a transcript as the client.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PlayOptions {
    /// How to connect.
    pub connect: ConnectOptions,
    /// What becomes of the transcript's pauses.
    pub timing: Timing,
    /// How long to wait for what must be heard; `None`: as long as the transcript says.
    pub timeout: Option<Duration>,
}

/// A transcript that could not be played to its end or its first difference.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlayError {
    /// A connection of it could not be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A socket could not be used.
    #[error("cannot carry the connection: {0}")]
    Local(io::Error),
}

/// Play `plan` as the client of whoever answers at `endpoint`.
///
/// The outcome is [`Outcome::Passed`], or what was heard first that does not fit.
///
/// ```
/// use std::sync::Arc;
/// use otherend_net::core::transcript::{Outcome, Plan, Transcript};
/// use otherend_net::play::{Mock, PlayOptions, play};
///
/// let file = b"otherend talk 1\nC: RING 3\nS: 250 rang {{n:int=3}} times\nS! close\n";
/// let plan = Arc::new(Plan::new(Transcript::parse(file)?));
/// let mock = Mock::start(Arc::clone(&plan))?;
/// let outcome = play(plan, &mock.address().into(), &PlayOptions::default())?;
/// assert_eq!(outcome, Outcome::Passed);
/// assert_eq!(mock.finish(), []);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// When a connection cannot be made or no descriptor is left.
pub fn play(
    plan: Arc<Plan>,
    endpoint: &Endpoint,
    options: &PlayOptions,
) -> Result<Outcome, PlayError> {
    Performer::new(player(plan, options)).play(endpoint, &options.connect)
}

/// [`play`], and where the server differs, hear its turn to the end instead of stopping: gives
/// `original`, which `plan` was made from, brought up to date.
///
/// Lines and holes that still fit stay. What cannot be brought up to date is in the outcome: a
/// server that closes too early, or says nothing at all.
///
/// # Errors
///
/// As [`play`].
pub fn update(
    plan: Arc<Plan>,
    original: &Transcript,
    endpoint: &Endpoint,
    options: &PlayOptions,
) -> Result<(Outcome, Transcript), PlayError> {
    let performer = Performer::new(player(plan, options).updating());
    let outcome = performer.play(endpoint, &options.connect)?;
    let updated = performer.player().updated(original);
    Ok((outcome, updated))
}

fn player(plan: Arc<Plan>, options: &PlayOptions) -> Player {
    let player = Player::client(plan);
    let of_file = player.options();
    player.with(Options {
        timing: options.timing,
        timeout: options.timeout.or(of_file.timeout),
        ..of_file
    })
}

/// [`play`] for async programs, on a thread for blocking work.
///
/// # Errors
///
/// As [`play`].
///
/// # Panics
///
/// Outside of a tokio runtime.
#[cfg(feature = "tokio")]
pub async fn play_async(
    plan: Arc<Plan>,
    endpoint: Endpoint,
    options: PlayOptions,
) -> Result<Outcome, PlayError> {
    let playing = tokio::task::spawn_blocking(move || play(plan, &endpoint, &options));
    match playing.await {
        Ok(outcome) => outcome,
        Err(error) => Err(PlayError::Local(io::Error::other(error))),
    }
}

//! What can be seen: one vocabulary for servers, clients, taps and scripts, whatever carries them,
//! and whoever looks at it (usually: event listeners).

#[cfg(feature = "serde")]
pub mod json;
mod owned;
mod watched;

use std::error::Error;
use std::time::Duration;

use crate::transcript::{Closing, Mismatch};
use crate::{
    Address, Counts, EndReason, LineEnd, Loss, OutOfStep, Recognised, Role, Time, Unframed,
};

pub use owned::OwnedEvent;
pub use watched::Watched;

/// Something that happened in a conversation.
///
/// However TCP cut the bytes, the events are the same and in the same order, but for
/// [`Bytes`](Self::Bytes). One detail depends on it: a line that ended at CR LF is told as
/// [`LineEnd::Cr`] when its LF had not come yet.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The conversation begins. At a tap: the client is here, and the target is being connected to.
    Opened,
    /// A tap's target answered: from here on bytes pass.
    Connected {
        /// The address that answered.
        target: &'a Address,
        /// Our own address towards it.
        local: &'a Address,
        /// How long it took.
        after: Duration,
    },
    /// A tap's target could not be reached.
    NotConnected {
        /// Why.
        error: &'a (dyn Error + 'static),
    },
    /// Bytes as they went, before anything is made of them: the peer's as they came, ours as its
    /// socket took them, a tap's as they are passed on. How they are cut is TCP's choice.
    Bytes {
        /// Who said them.
        from: Role,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// The peer said a line.
    Heard {
        /// Without its terminator.
        message: &'a [u8],
        /// How it ended.
        end: LineEnd,
    },
    /// We said a line: it is queued, in the order of these events.
    Said {
        /// Without its terminator.
        message: &'a [u8],
        /// How it ends.
        end: LineEnd,
    },
    /// The peer's line passed the limit; it is discarded up to its end.
    MessageTooLong,
    /// The peer's first bytes were no text: telnet, or a mark.
    Recognised(Recognised),
    /// The peer said bytes that are no frame as it is drawn; see [`Framing`](crate::Framing).
    OutOfStep {
        /// All of them.
        bytes: &'a [u8],
        /// Why they are none.
        why: OutOfStep,
    },
    /// We were to say a message for which there is no frame: it is not said.
    Unframed {
        /// The message.
        message: &'a [u8],
        /// Why there is none.
        error: &'a Unframed,
    },
    /// The peer said something that the transcript does not have; see
    /// [`Script`](crate::Script).
    Unexpected(&'a Mismatch),
    /// A fault that a tap makes met this line of one end; at the start of a connection there is none.
    Fault {
        /// Whose line it is.
        from: Role,
        /// The fault, as it was written.
        fault: &'a str,
        /// The line with its end, as it was said.
        line: &'a [u8],
    },
    /// What a tap passed on so far stands by itself: a fault parts it from what follows.
    Boundary {
        /// Who said it.
        from: Role,
    },
    /// A tap said these bytes to one end by itself, as if the other had: it was told to. They are no
    /// [`Bytes`](Self::Bytes), for nobody at an end said them, and are counted nowhere.
    Injected {
        /// To whom.
        to: Role,
        /// The bytes, with whatever ends them.
        bytes: &'a [u8],
    },
    /// An end has finished sending; it may still be reading. At a tap the other end is told so.
    Finished {
        /// Who has finished.
        from: Role,
    },
    /// Our own side stopped: its sending side is shut down, or the stream is closed or reset. The
    /// last of these comes right before [`Ended`](Self::Ended).
    Stopped {
        /// In this way.
        how: Closing,
    },
    /// The stream broke: the peer reset it, or can no longer be reached.
    Lost(Loss),
    /// It is over; nothing comes after this.
    Ended {
        /// Why.
        reason: EndReason,
        /// Who brought it about, where it was one of the two ends. At a tap this says which.
        who: Option<Role>,
        /// What went both ways until now. A tap hears the client, and says what the server said.
        counts: Counts,
    },
}

/// The kinds of events that come so often that they are built only for whoever wants them; all
/// others are told to everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants {
    /// [`Event::Heard`] and [`Event::Said`].
    pub messages: bool,
    /// [`Event::Bytes`].
    pub bytes: bool,
}

impl Wants {
    /// Everything.
    pub const ALL: Wants = Wants {
        messages: true,
        bytes: true,
    };

    /// What either wants.
    #[must_use]
    pub const fn or(self, other: Wants) -> Wants {
        Wants {
            messages: self.messages || other.messages,
            bytes: self.bytes || other.bytes,
        }
    }
}

/// Whoever watches a conversation: a screen, a recorder, a counter.
///
/// Calls come in the order of the events, from whichever thread carries the conversation, and
/// while it waits: an observer that takes long delays the peer.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::mpsc::{Sender, channel};
/// use otherend_core::{Conversation, Echo, Event, Observer, Settings, Time, Wants};
///
/// struct Ear(Sender<Vec<u8>>);
///
/// impl Observer for Ear {
///     fn on_event(&mut self, _now: Time, event: &Event<'_>) {
///         if let Event::Heard { message, .. } = event {
///             let _ = self.0.send(message.to_vec());
///         }
///     }
///
///     fn wants(&self) -> Wants {
///         Wants { messages: true, bytes: false }
///     }
/// }
///
/// let (ear, heard) = channel();
/// let (settings, now) = (Arc::new(Settings::server()), Time::ZERO);
/// let conversation = Conversation::new(settings, Echo::default(), now);
/// conversation.observed(Box::new(Ear(ear))).receive(now, b"hello\nthere\n");
/// assert_eq!(heard.iter().collect::<Vec<_>>(), [&b"hello"[..], b"there"]);
/// ```
pub trait Observer: Send {
    /// Something happened at `now`. Slices live for this call only.
    fn on_event(&mut self, now: Time, event: &Event<'_>);

    /// What it is to be told of, from now on; asked at the beginning and after every pause.
    fn wants(&self) -> Wants {
        Wants::ALL
    }

    /// All of one input is worked off: the moment to hand on what was gathered.
    fn on_pause(&mut self) {}

    /// It has seen enough: it is let go after this input, and no more events are built.
    fn is_done(&self) -> bool {
        false
    }

    /// When [`tick`](Self::tick) is due at the latest; `None`: never.
    fn deadline(&self) -> Option<Time> {
        None
    }

    /// Time has passed.
    fn tick(&mut self, now: Time) {
        let _ = now;
    }
}

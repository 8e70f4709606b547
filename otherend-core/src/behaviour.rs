//! What to answer to a line.
//!
//! A behaviour sees lines and writes replies; it never sees a socket, a clock or another
//! conversation. The list of those built in is [`AnyBehaviour`].

mod echo;
mod replies;
mod script;
mod sink;

pub use echo::Echo;
pub use replies::Replies;
pub use script::{Performance, Script, SeveralConnections};
pub use sink::Sink;

/// What happens to the conversation after a line was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says how the conversation goes on"]
pub enum Flow {
    /// It goes on.
    Continue,
    /// It goes on once the answer is here, which comes later through
    /// [`Conversation::answer`](crate::Conversation::answer), or never. Until then no further line is
    /// taken, the peer is held back, its silence is no idleness, and a drain waits. Its reset ends the
    /// conversation all the same.
    Pending,
    /// This line is done with; no further one is taken, and the peer is held back, until
    /// [`Conversation::answer`](crate::Conversation::answer) says that there is room. Nothing is owed.
    Full,
    /// It ends once the replies so far have arrived.
    FinishAfterReplies,
    /// It ends now; replies that are not sent yet are lost.
    FinishNow,
}

/// What one end says to the other's lines. Each conversation has one of its own.
///
/// ```
/// use otherend_core::{Behaviour, Flow, Replies};
///
/// struct Shout;
///
/// impl Behaviour for Shout {
///     fn on_message(&mut self, line: &[u8], replies: &mut Replies<'_>) -> Flow {
///         replies.message(&line.to_ascii_uppercase());
///         Flow::Continue
///     }
/// }
/// ```
pub trait Behaviour: Send {
    /// The peer said `line`, without its terminator and at most `max_message` bytes long.
    ///
    /// Called once for every complete line, in order. Any number of replies may be written.
    fn on_message(&mut self, line: &[u8], replies: &mut Replies<'_>) -> Flow;

    /// The conversation has begun and the peer has said nothing yet: the moment to greet.
    fn on_open(&mut self, replies: &mut Replies<'_>) -> Flow {
        let _ = replies;
        Flow::Continue
    }

    /// The peer has finished sending and every line of it was answered. Replies still arrive.
    ///
    /// With [`Flow::Pending`] there is more to come: the conversation goes on until it is
    /// [answered](crate::Conversation::answer) or closed. Otherwise it ends here.
    fn on_peer_finished(&mut self, replies: &mut Replies<'_>) -> Flow {
        let _ = replies;
        Flow::Continue
    }
}

/// One of the behaviours built in, or one of yours.
#[non_exhaustive]
pub enum AnyBehaviour {
    /// Says back each line behind a prefix.
    Echo(Echo),
    /// Takes every line and says nothing.
    Sink(Sink),
    /// Whatever you wrote.
    Custom(Box<dyn Behaviour>),
}

impl AnyBehaviour {
    /// Any behaviour of your own.
    pub fn custom(behaviour: impl Behaviour + 'static) -> Self {
        AnyBehaviour::Custom(Box::new(behaviour))
    }
}

impl std::fmt::Debug for AnyBehaviour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            AnyBehaviour::Echo(_) => "echo",
            AnyBehaviour::Sink(_) => "sink",
            AnyBehaviour::Custom(_) => "custom",
        })
    }
}

/// What a behaviour says to any line, whatever is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Always<'b> {
    /// The line, behind this.
    Prefixed(&'b [u8]),
    /// Nothing.
    Nothing,
}

impl AnyBehaviour {
    /// What it says to every line, if that is always the same; `None`: it is to be asked each time.
    #[inline]
    pub(crate) fn always(&self) -> Option<Always<'_>> {
        match self {
            AnyBehaviour::Echo(echo) => Some(echo.always()),
            AnyBehaviour::Sink(sink) => Some(sink.always()),
            AnyBehaviour::Custom(_) => None,
        }
    }
}

impl Behaviour for AnyBehaviour {
    #[inline]
    fn on_message(&mut self, line: &[u8], replies: &mut Replies<'_>) -> Flow {
        match self {
            AnyBehaviour::Echo(echo) => echo.on_message(line, replies),
            AnyBehaviour::Sink(sink) => sink.on_message(line, replies),
            AnyBehaviour::Custom(custom) => custom.on_message(line, replies),
        }
    }

    fn on_open(&mut self, replies: &mut Replies<'_>) -> Flow {
        match self {
            AnyBehaviour::Echo(echo) => echo.on_open(replies),
            AnyBehaviour::Sink(sink) => sink.on_open(replies),
            AnyBehaviour::Custom(custom) => custom.on_open(replies),
        }
    }

    fn on_peer_finished(&mut self, replies: &mut Replies<'_>) -> Flow {
        match self {
            AnyBehaviour::Echo(echo) => echo.on_peer_finished(replies),
            AnyBehaviour::Sink(sink) => sink.on_peer_finished(replies),
            AnyBehaviour::Custom(custom) => custom.on_peer_finished(replies),
        }
    }
}

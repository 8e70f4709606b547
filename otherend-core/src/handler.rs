//! What decides what is said (usually: the protocol handler): messages and a behaviour, the player
//! of a transcript, or somebody else's bytes.
//!
//! A conversation has one and asks it through the methods below, whichever it is. What a handler
//! works on is the conversation's [`State`].

mod messages;
mod pipe;
mod script;

use std::time::Duration;

use crate::behaviour::{AnyBehaviour, Flow, Replies, Script};
use crate::conversation::{Settings, State};
use crate::{Echo, Loss, Sink, Time};
use messages::Messages;
use pipe::Piped;
use script::Scripted;

pub use pipe::{Next, Pipe};

/// What decides what is said in one conversation: made from an [`AnyBehaviour`], an [`Echo`], a
/// [`Sink`], a [`Script`] or a [`Pipe`].
#[derive(Debug)]
pub struct Handler(Kind);

#[derive(Debug)]
enum Kind {
    /// Messages are found in the bytes, and a behaviour answers each.
    Messages(Messages),
    /// A transcript is played, byte for byte.
    Script(Scripted),
    /// Bytes pass, and nothing is made of them.
    Pipe(Piped),
}

impl From<AnyBehaviour> for Handler {
    fn from(behaviour: AnyBehaviour) -> Self {
        Handler(Kind::Messages(Messages::new(behaviour)))
    }
}

impl From<Echo> for Handler {
    fn from(echo: Echo) -> Self {
        AnyBehaviour::Echo(echo).into()
    }
}

impl From<Sink> for Handler {
    fn from(sink: Sink) -> Self {
        AnyBehaviour::Sink(sink).into()
    }
}

impl From<Script> for Handler {
    fn from(script: Script) -> Self {
        Handler(Kind::Script(Scripted::new(script)))
    }
}

impl From<Box<dyn Pipe>> for Handler {
    fn from(pipe: Box<dyn Pipe>) -> Self {
        Handler(Kind::Pipe(Piped::new(pipe)))
    }
}

/// Ask whichever handler it is.
macro_rules! ask {
    ($handler:expr, $one:ident => $ask:expr) => {
        match &$handler.0 {
            Kind::Messages($one) => $ask,
            Kind::Script($one) => $ask,
            Kind::Pipe($one) => $ask,
        }
    };
    (mut $handler:expr, $one:ident => $ask:expr) => {
        match &mut $handler.0 {
            Kind::Messages($one) => $ask,
            Kind::Script($one) => $ask,
            Kind::Pipe($one) => $ask,
        }
    };
}

impl Handler {
    /// The limits of the conversation that it is for.
    pub(crate) fn limit(&mut self, settings: &Settings) {
        if let Kind::Script(script) = &mut self.0 {
            script.limit(settings);
        }
    }

    /// The stream is open: greet.
    pub(crate) fn open(&mut self, state: &mut State, now: Time) {
        ask!(mut self, one => one.open(state, now));
    }

    /// Bytes of the stream came; what cannot be taken now is held by `state`.
    #[inline]
    pub(crate) fn hear(&mut self, state: &mut State, now: Time, bytes: &[u8]) {
        ask!(mut self, one => one.hear(state, now, bytes));
    }

    /// A datagram came.
    pub(crate) fn hear_datagram(&mut self, state: &mut State, now: Time, datagram: &[u8]) {
        ask!(mut self, one => one.hear_datagram(state, now, datagram));
    }

    /// The peer has finished sending, and all of it was heard.
    pub(crate) fn finished(&mut self, state: &mut State, now: Time) {
        ask!(mut self, one => one.finished(state, now));
    }

    /// After so much silence of the peer the message under way has ended, where silence ends messages.
    /// One that would have to wait for an answer ends when that is here.
    #[inline]
    pub(crate) fn silence_ends(&self, state: &State) -> Option<Duration> {
        let idle = state.settings.framing.drawing()?.idle()?;
        // A pipe takes bytes, and looks for no messages.
        let listens = !matches!(self.0, Kind::Pipe(_)) && self.takes_input();
        (listens && state.decoder.is_mid_message()).then_some(idle)
    }

    /// It has.
    pub(crate) fn silence(&mut self, state: &mut State, now: Time) {
        match &mut self.0 {
            Kind::Messages(messages) => messages.silence(state, now),
            Kind::Script(script) => script.silence(state, now),
            Kind::Pipe(_) => {}
        }
    }

    /// The stream broke: what is said now is lost.
    pub(crate) fn lost(&mut self, state: &mut State, now: Time) {
        if let Kind::Script(script) = &mut self.0 {
            script.lost(state, now);
        }
    }

    /// The stream broke behind our last word: that has perhaps not arrived.
    pub(crate) fn lost_at_the_end(&mut self) {
        if let Kind::Script(script) = &mut self.0 {
            script.lost_at_the_end();
        }
    }

    /// Nothing can be said any more. `true`: what was said before that is still to be heard.
    pub(crate) fn broke(&mut self, loss: Loss) -> bool {
        match &mut self.0 {
            Kind::Messages(_) | Kind::Script(_) => false,
            Kind::Pipe(pipe) => {
                pipe.broken = Some(loss);
                true
            }
        }
    }

    /// How the stream broke whose rest is still heard.
    pub(crate) fn broken(&self) -> Option<Loss> {
        match &self.0 {
            Kind::Messages(_) | Kind::Script(_) => None,
            Kind::Pipe(pipe) => pipe.broken,
        }
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, state: &mut State, now: Time) {
        if let Kind::Script(script) = &mut self.0 {
            script.tick(state, now);
        }
    }

    /// The peer has taken all that was said.
    #[inline]
    pub(crate) fn all_sent(&mut self, state: &mut State, now: Time) {
        match &mut self.0 {
            Kind::Messages(_) => {}
            Kind::Script(script) => script.all_sent(state, now),
            Kind::Pipe(pipe) => pipe.say(state),
        }
    }

    /// The server lets nobody in any more.
    pub(crate) fn nobody_else_comes(&mut self) {
        if let Kind::Script(script) = &mut self.0 {
            script.nobody_else_comes();
        }
    }

    /// The conversation is over.
    pub(crate) fn leave(&mut self) {
        if let Kind::Script(script) = &mut self.0 {
            script.leave();
        }
    }

    /// The answer that was pending, or room for more: go on as `answer` says. `false`: nothing was
    /// awaited, and nothing was asked.
    pub(crate) fn answer(
        &mut self,
        state: &mut State,
        now: Time,
        answer: impl FnOnce(&mut Replies<'_>) -> Flow,
    ) -> bool {
        match &mut self.0 {
            Kind::Messages(messages) => messages.answer(state, now, answer),
            Kind::Script(_) => false,
            Kind::Pipe(pipe) => {
                pipe.say(state);
                true
            }
        }
    }

    /// When it has something to do by itself.
    pub(crate) fn deadline(&self) -> Option<Time> {
        match &self.0 {
            Kind::Messages(_) | Kind::Pipe(_) => None,
            Kind::Script(script) => script.deadline(),
        }
    }

    /// It is the peer's silence when nothing goes either way, and not its own doing.
    pub(crate) fn awaits_peer(&self) -> bool {
        ask!(self, one => one.awaits_peer())
    }

    /// It takes what comes now; else that is held back.
    #[inline]
    pub(crate) fn takes_input(&self) -> bool {
        match &self.0 {
            Kind::Messages(messages) => messages.takes_input(),
            // What it has not come to it keeps itself.
            Kind::Script(_) => true,
            Kind::Pipe(pipe) => pipe.wants_input(),
        }
    }

    /// It can make use of more.
    #[inline]
    pub(crate) fn wants_input(&self) -> bool {
        ask!(self, one => one.wants_input())
    }

    /// No line is under way, none waits, and no answer is owed.
    pub(crate) fn is_between_messages(&self, state: &State) -> bool {
        state.held.is_empty() && ask!(self, one => one.is_between_messages(state))
    }

    /// The peer has begun a line, and it is only for the peer to end it.
    #[inline]
    pub(crate) fn is_mid_message(&self, state: &State) -> bool {
        ask!(self, one => one.is_mid_message(state))
    }

    /// Bytes that it has taken and not come to.
    #[inline]
    pub(crate) fn waiting_bytes(&self) -> usize {
        match &self.0 {
            Kind::Messages(_) | Kind::Pipe(_) => 0,
            Kind::Script(script) => script.waiting_bytes(),
        }
    }

    /// The number of another conversation that can go on because this one did.
    #[inline]
    pub(crate) fn stirred(&self) -> Option<u64> {
        match &self.0 {
            Kind::Messages(_) | Kind::Pipe(_) => None,
            Kind::Script(script) => script.stirred(),
        }
    }
}

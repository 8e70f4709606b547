//! Records a conversation of a server or a client, as one of its observers.

use otherend_core::transcript::{Closing, Over};
use otherend_core::{EndReason, Event, Loss, Observer, Role, Time};

use super::{Notes, Recording};

/// Watches one conversation and leaves what goes over its connection in a [`Recording`].
///
/// By itself it hands its notes on at every pause. Whoever shows what it records calls
/// [`hand_on`](Self::hand_on) instead of [`on_pause`](Observer::on_pause), and shows it afterwards.
pub struct Scribe {
    recording: Recording,
    connection: u64,
    /// Who we are in the conversation.
    own: Role,
    notes: Notes,
    /// How our side stopped last.
    own_end: Closing,
    /// The peer broke the connection, whatever the conversation makes of that.
    is_lost: bool,
}

impl Scribe {
    /// For the conversation in which we are `own`; `connection` is its number in the recording.
    #[must_use]
    pub fn new(recording: Recording, connection: u64, own: Role) -> Self {
        Scribe {
            recording,
            connection,
            own,
            notes: Notes::default(),
            own_end: Closing::Close,
            is_lost: false,
        }
    }

    /// Let all that was said so far be written as it is, even if no line has ended.
    pub fn cut(&mut self, now: Time) {
        self.notes.cut(now, self.connection);
    }

    /// Hand the notes on; then comes `afterwards`, as [`Recording::push`] says.
    pub fn hand_on(&mut self, afterwards: impl FnOnce() + Send + 'static) {
        self.recording.push(&mut self.notes, afterwards);
    }

    /// Hand the notes on and wait until they are written, as [`Recording::push_and_wait`] does.
    pub fn hand_on_and_wait(&mut self) {
        self.recording.push_and_wait(&mut self.notes);
    }

    fn peer(&self) -> Role {
        self.own.other()
    }

    fn stopped(&mut self, now: Time, who: Role, how: Closing) {
        // No datagram says that another will not follow.
        if self.recording.channel.over == Over::Tcp {
            self.notes.stopped(now, self.connection, who, how);
        }
    }

    fn ended(&mut self, now: Time, reason: EndReason) {
        let (who, how) = if self.is_lost {
            (self.peer(), Closing::Reset)
        } else {
            (self.own, self.own_end)
        };
        if !reason.is_orderly() {
            self.notes
                .comment(now, self.connection, &reason.to_string());
        }
        self.stopped(now, who, how);
        self.notes.ended(now, self.connection);
    }
}

impl Observer for Scribe {
    fn on_event(&mut self, now: Time, event: &Event<'_>) {
        match *event {
            Event::Opened => self.notes.opened(now, self.connection),
            Event::PeerFinished => {
                self.stopped(now, self.peer(), Closing::Close);
            }
            Event::Ended { reason, .. } => self.ended(now, reason),
            // Lines are bytes too, and those are noted.
            _ => {}
        }
    }

    fn on_bytes_heard(&mut self, now: Time, bytes: &[u8]) {
        self.notes.said(now, self.connection, self.peer(), bytes);
    }

    fn on_bytes_said(&mut self, now: Time, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.notes.said(now, self.connection, self.own, bytes);
        }
    }

    fn on_stopped(&mut self, now: Time, how: Closing) {
        self.own_end = how;
        if how == Closing::HalfClose {
            // Whether it still hears anything decides what it is called.
            self.stopped(now, self.own, Closing::Close);
        }
    }

    fn on_lost(&mut self, _now: Time, _loss: Loss) {
        self.is_lost = true;
    }

    fn on_pause(&mut self) {
        if !self.notes.is_empty() {
            self.hand_on(|| ());
        }
    }
}

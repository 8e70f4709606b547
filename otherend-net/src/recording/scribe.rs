//! Records a conversation of a server, a client or a tap, as one of its observers.

use std::sync::mpsc;

use otherend_core::transcript::{Closing, Transport};
use otherend_core::{EndReason, Event, Observer, Role, Time, Wants};

use super::{Notes, Recording};

/// Watches one conversation and leaves what goes over its connection in a [`Recording`].
///
/// By itself it hands on what it saw at every pause. Whoever shows what it records calls
/// [`hand_on`](Self::hand_on) instead of [`on_pause`](Observer::on_pause), and shows it afterwards.
pub struct Scribe {
    recording: Recording,
    connection: u64,
    /// Who we are in the conversation; `None`: we stand between its ends.
    own: Option<Role>,
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
            own: Some(own),
            ..Scribe::between(recording, connection)
        }
    }

    /// For a conversation of two others, which a tap passes on.
    #[must_use]
    pub fn between(recording: Recording, connection: u64) -> Self {
        Scribe {
            recording,
            connection,
            own: None,
            notes: Notes::default(),
            own_end: Closing::Close,
            is_lost: false,
        }
    }

    /// Let all that was said so far be written as it is, even if no line has ended.
    pub fn cut(&mut self, now: Time) {
        self.notes.cut(now, self.connection);
    }

    /// Hand on what was seen, and never wait for the disk.
    ///
    /// `afterwards` is called once it is written — with [`SyncWhen::Each`](super::SyncWhen::Each)
    /// once it is on the disk — or at once when the recording has ended.
    pub fn hand_on(&mut self, afterwards: impl FnOnce() + Send + 'static) {
        self.recording.push(&mut self.notes, afterwards);
    }

    /// Hand on what was seen and wait until it is written, or until it is clear that it will not
    /// be: see [`hand_on`](Self::hand_on).
    pub fn hand_on_and_wait(&mut self) {
        let (done, waiting) = mpsc::channel();
        self.hand_on(move || {
            // Who does not wait any more need not know.
            let _ = done.send(());
        });
        // A thread that died without a word writes nothing any more.
        let _ = waiting.recv();
    }

    fn stopped(&mut self, now: Time, who: Role, how: Closing) {
        // No datagram says that another will not follow.
        if self.recording.channel.transport == Transport::Tcp {
            self.notes.stopped(now, self.connection, who, how);
        }
    }

    fn ended(&mut self, now: Time, own: Role, reason: EndReason) {
        let (who, how) = if self.is_lost {
            (own.other(), Closing::Reset)
        } else {
            (own, self.own_end)
        };
        if !reason.is_orderly() {
            self.comment(now, &reason.to_string());
        }
        self.stopped(now, who, how);
    }

    /// The end of a connection that a tap passed on.
    fn ended_between(&mut self, now: Time, reason: EndReason, who: Option<Role>) {
        match (reason, who) {
            // Each end has stopped already, or neither ever spoke.
            (EndReason::PeerFinished | EndReason::NotConnected, _) => {}
            (EndReason::CutByFault, Some(who)) => self.stopped(now, who, Closing::Close),
            (_, Some(who)) => self.stopped(now, who, Closing::Reset),
            (reason, None) => self.comment(now, &reason.between(None).to_string()),
        }
    }

    fn comment(&mut self, now: Time, text: &str) {
        self.notes.comment(now, self.connection, text);
    }
}

impl Observer for Scribe {
    fn on_event(&mut self, now: Time, event: &Event<'_>) {
        match *event {
            // A connection that a tap cannot pass on leaves a comment: nothing was said.
            Event::Opened if self.own.is_none() => {}
            Event::Opened | Event::Connected { .. } => self.notes.opened(now, self.connection),
            Event::NotConnected { error } => self.comment(now, &error.to_string()),
            // An empty datagram of ours is none that a transcript could say.
            Event::Bytes { from, bytes: b"" } if self.own == Some(from) => {}
            Event::Bytes { from, bytes } => self.notes.said(now, self.connection, from, bytes),
            // Not the line that met it: there may be a secret in it.
            Event::Fault { fault, .. } => self.comment(now, &format!("fault: {fault}")),
            Event::Injected { to, bytes } => {
                self.notes.injected(now, self.connection, to, bytes);
            }
            Event::Boundary { from } => self.notes.parted(now, self.connection, from),
            Event::Finished { from } => self.stopped(now, from, Closing::Close),
            Event::Stopped { how } => {
                self.own_end = how;
                if let (Closing::HalfClose, Some(own)) = (how, self.own) {
                    // Whether it still hears anything decides what it is called.
                    self.stopped(now, own, Closing::Close);
                }
            }
            Event::Lost(_) => self.is_lost = true,
            Event::Ended { reason, who, .. } => {
                match self.own {
                    Some(own) => self.ended(now, own, reason),
                    None => self.ended_between(now, reason, who),
                }
                self.notes.ended(now, self.connection);
            }
            // Lines are bytes too, and those are noted.
            _ => {}
        }
    }

    fn wants(&self) -> Wants {
        Wants {
            messages: false,
            bytes: true,
        }
    }

    fn on_pause(&mut self) {
        if !self.notes.is_empty() {
            self.hand_on(|| ());
        }
    }
}

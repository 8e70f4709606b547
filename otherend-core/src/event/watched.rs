//! The place of an observer in whatever it watches.

use super::{Event, Observer, Wants};
use crate::{Role, Time};

/// An observer and what it wants to be told, or nobody.
///
/// What carries conversations in ways of its own tells through this; a
/// [`Conversation`](crate::Conversation) has one already.
#[derive(Default)]
pub struct Watched {
    observer: Option<Box<dyn Observer>>,
    /// Kept beside it: asking costs a call, and lines come by the million.
    wants: Wants,
}

impl Watched {
    /// By `observer`, if there is one.
    #[must_use]
    pub fn by(observer: Option<Box<dyn Observer>>) -> Self {
        let wants = observer.as_ref().map(|observer| observer.wants());
        Watched {
            observer,
            wants: wants.unwrap_or_default(),
        }
    }

    /// Nobody watches, or no longer.
    #[must_use]
    pub fn is_by_nobody(&self) -> bool {
        self.observer.is_none()
    }

    /// What is to be told.
    #[must_use]
    pub fn wants(&self) -> Wants {
        self.wants
    }

    /// Tell of something, if it is wanted.
    #[inline]
    pub fn tell(&mut self, now: Time, event: &Event<'_>) {
        let is_wanted = match event {
            Event::Heard { .. } | Event::Said { .. } => self.wants.messages,
            Event::Bytes { .. } => self.wants.bytes,
            _ => true,
        };
        if let Some(observer) = self.observer.as_mut().filter(|_| is_wanted) {
            observer.on_event(now, event);
        }
    }

    /// Tell of bytes of `from`.
    #[inline]
    pub fn tell_bytes(&mut self, now: Time, from: Role, bytes: &[u8]) {
        if self.wants.bytes {
            self.tell(now, &Event::Bytes { from, bytes });
        }
    }

    /// Lines are to be told.
    #[inline]
    pub(crate) fn wants_messages(&self) -> bool {
        self.wants.messages
    }

    /// Whom to tell of lines.
    #[inline]
    pub(crate) fn of_messages(&mut self) -> Option<&mut (dyn Observer + 'static)> {
        match self.wants.messages {
            true => self.observer.as_deref_mut(),
            false => None,
        }
    }

    /// All of one input is worked off. Whoever has seen enough is let go.
    #[inline]
    pub fn pause(&mut self) {
        if let Some(observer) = &mut self.observer {
            observer.on_pause();
            self.wants = observer.wants();
            if observer.is_done() {
                *self = Watched::default();
            }
        }
    }

    /// When [`tick`](Self::tick) is due at the latest.
    #[inline]
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.observer.as_ref()?.deadline()
    }

    /// Time has passed: whoever waited for it is told.
    pub fn tick(&mut self, now: Time) {
        if let Some(observer) = &mut self.observer
            && observer.deadline().is_some_and(|due| now >= due)
        {
            observer.tick(now);
        }
    }
}

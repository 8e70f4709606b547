//! One observer made of several.

use otherend_core::transcript::Closing;
use otherend_core::{Event, Loss, Observer, Time};

/// Tells each of several observers everything, in one order, and lets go of those that are done.
pub(super) struct FanOut {
    observers: Vec<Box<dyn Observer>>,
}

impl FanOut {
    /// All of `observers` as one; one alone stays itself, and none is none.
    pub(super) fn over(mut observers: Vec<Box<dyn Observer>>) -> Option<Box<dyn Observer>> {
        match observers.len() {
            0 | 1 => observers.pop(),
            _ => Some(Box::new(FanOut { observers })),
        }
    }
}

impl Observer for FanOut {
    fn on_event(&mut self, now: Time, event: &Event<'_>) {
        for observer in &mut self.observers {
            observer.on_event(now, event);
        }
    }

    fn on_bytes_heard(&mut self, now: Time, bytes: &[u8]) {
        for observer in &mut self.observers {
            observer.on_bytes_heard(now, bytes);
        }
    }

    fn on_bytes_said(&mut self, now: Time, bytes: &[u8]) {
        for observer in &mut self.observers {
            observer.on_bytes_said(now, bytes);
        }
    }

    fn on_stopped(&mut self, now: Time, how: Closing) {
        for observer in &mut self.observers {
            observer.on_stopped(now, how);
        }
    }

    fn on_lost(&mut self, now: Time, loss: Loss) {
        for observer in &mut self.observers {
            observer.on_lost(now, loss);
        }
    }

    fn on_pause(&mut self) {
        self.observers.retain_mut(|observer| {
            observer.on_pause();
            !observer.is_done()
        });
    }

    fn is_done(&self) -> bool {
        self.observers.is_empty()
    }
}

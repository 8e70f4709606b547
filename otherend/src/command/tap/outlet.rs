//! Where a connection's observer leaves what it gathered: the recording, the screen, or both.

use otherend_net::recording::{Notes, Recording};

use crate::output::screen::{Batch, Screen};

/// The way to the screen and, if there is one, to the recording.
#[derive(Clone)]
pub(super) struct Outlet {
    pub(super) screen: Screen,
    pub(super) recording: Option<Recording>,
    /// What is shown waits until it is on the disk.
    pub(super) shown_when_recorded: bool,
}

impl Outlet {
    /// Hand on what was gathered, and empty it. Never waits.
    pub(super) fn hand_on(&self, batch: &mut Batch, notes: &mut Notes) {
        let Some(recording) = &self.recording else {
            return self.screen.push(batch);
        };
        if self.shown_when_recorded && !batch.is_empty() {
            let (screen, mut batch) = (self.screen.clone(), std::mem::take(batch));
            return recording.push(notes, move || screen.push(&mut batch));
        }
        if !notes.is_empty() {
            recording.push(notes, || ());
        }
        self.screen.push(batch);
    }
}

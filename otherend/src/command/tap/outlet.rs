//! Where a connection's observer leaves what it gathered: the recording, the screen, or both.

use otherend_core::Observer;
use otherend_net::recording::{Recording, Scribe};

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
    pub(super) fn hand_on(&self, batch: &mut Batch, scribe: &mut Option<Scribe>) {
        if let Some(scribe) = scribe {
            if self.shown_when_recorded && !batch.is_empty() {
                let (screen, mut batch) = (self.screen.clone(), std::mem::take(batch));
                return scribe.hand_on(move || screen.push(&mut batch));
            }
            scribe.on_pause();
        }
        self.screen.push(batch);
    }

    /// Records the connection with this number, if there is a recording.
    pub(super) fn scribe(&self, number: u64) -> Option<Scribe> {
        let recording = self.recording.clone()?;
        Some(Scribe::between(recording, number))
    }
}

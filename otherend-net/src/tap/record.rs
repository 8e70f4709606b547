//! What of a tapped connection goes into its recording.

use otherend_core::Time;
use otherend_core::transcript::Closing;

use super::{Ending, Event};
use crate::recording::Notes;

impl Event<'_> {
    /// Note this for a recording in which the connection has the number `connection`.
    ///
    /// A connection whose target was not reached leaves a comment: nothing was said.
    pub fn note(&self, notes: &mut Notes, now: Time, connection: u64) {
        match *self {
            Event::Accepted => {}
            Event::Connected { .. } => notes.opened(now, connection),
            Event::NotConnected { error } => notes.comment(now, connection, &error.to_string()),
            Event::Bytes { from, bytes } => notes.said(now, connection, from, bytes),
            Event::Fault { fault, .. } => {
                // Not the line that met it: there may be a secret in it.
                notes.comment(now, connection, &format!("fault: {fault}"));
            }
            Event::Boundary { from } => notes.parted(now, connection, from),
            Event::Finished { from } => notes.stopped(now, connection, from, Closing::Close),
            Event::Ended { ending, .. } => {
                match ending {
                    Ending::Reset(who) | Ending::Unreachable(who) => {
                        notes.stopped(now, connection, who, Closing::Reset);
                    }
                    Ending::CutByFault(who) => {
                        notes.stopped(now, connection, who, Closing::Close);
                    }
                    Ending::ResetByFault(who) => {
                        notes.stopped(now, connection, who, Closing::Reset);
                    }
                    Ending::ClosedHere | Ending::Drained | Ending::Stopped | Ending::Panicked => {
                        notes.comment(now, connection, &ending.to_string());
                    }
                    Ending::Finished | Ending::NotConnected => {}
                }
                notes.ended(now, connection);
            }
        }
    }
}

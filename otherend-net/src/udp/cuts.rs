//! Where one datagram of ours ends and the next begins: each line said is one of its own.

use std::sync::mpsc;

use otherend_core::transcript::Closing;
use otherend_core::{Event, LineEnd, Loss, Observer, Time};

/// The lengths of the datagrams that wait in a conversation's outbox, oldest first.
pub(super) struct Cuts {
    lengths: mpsc::Receiver<usize>,
}

/// Watches a conversation for [`Cuts`] and shows everything to the observer behind it.
struct Cutter {
    lengths: mpsc::Sender<usize>,
    behind: Option<Box<dyn Observer>>,
}

impl Cuts {
    /// The cuts of a conversation, and what observes it for them in front of `behind`.
    pub(super) fn before(behind: Option<Box<dyn Observer>>) -> (Cuts, Box<dyn Observer>) {
        let (sender, lengths) = mpsc::channel();
        let cutter = Cutter {
            lengths: sender,
            behind,
        };
        (Cuts { lengths }, Box::new(cutter))
    }

    /// How long the first datagram of `unsent` is; `None`: there is none.
    pub(super) fn next(&self, unsent: &[u8]) -> Option<usize> {
        let length = self.lengths.try_recv().ok()?;
        // What was queued before a conversation was cut off is not there any more.
        (length <= unsent.len()).then_some(length)
    }
}

impl Observer for Cutter {
    fn on_event(&mut self, now: Time, event: &Event<'_>) {
        if let Event::Said { line, end } = event {
            // A conversation whose cuts nobody wants any more is over.
            let _ = self.lengths.send(line.len() + length(*end));
        }
        if let Some(behind) = &mut self.behind {
            behind.on_event(now, event);
        }
    }

    fn on_bytes_heard(&mut self, now: Time, bytes: &[u8]) {
        if let Some(behind) = &mut self.behind {
            behind.on_bytes_heard(now, bytes);
        }
    }

    fn on_bytes_said(&mut self, now: Time, bytes: &[u8]) {
        if let Some(behind) = &mut self.behind {
            behind.on_bytes_said(now, bytes);
        }
    }

    fn on_stopped(&mut self, now: Time, how: Closing) {
        if let Some(behind) = &mut self.behind {
            behind.on_stopped(now, how);
        }
    }

    fn on_lost(&mut self, now: Time, loss: Loss) {
        if let Some(behind) = &mut self.behind {
            behind.on_lost(now, loss);
        }
    }

    fn on_pause(&mut self) {
        if let Some(behind) = &mut self.behind {
            behind.on_pause();
        }
    }
}

/// How many bytes end the line.
fn length(end: LineEnd) -> usize {
    match end {
        LineEnd::CrLf => 2,
        LineEnd::Lf | LineEnd::Cr => 1,
        LineEnd::EndOfStream => 0,
    }
}

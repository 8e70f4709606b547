//! `--record`: one conversation on its way to the recording, and what is shown only behind it.

use otherend_core::{Event, LineEnd, Observer, Role, Time, Wants};
use otherend_net::recording::{Recording, Scribe};

use crate::output::screen::{Batch, Screen};

/// Records one conversation.
pub(super) struct Recorded {
    scribe: Scribe,
    waiting: Option<Waiting>,
}

/// With `--sync each`: what is to be shown once it is on the disk.
#[derive(Default)]
struct Waiting {
    batch: Batch,
    /// Bytes of lines in it that the peer's socket has not taken yet. Until it has, there is
    /// nothing to be recorded.
    unsent: usize,
    /// In a recording a line ends with LF; one without has to be cut off there to be written.
    cut: Option<Time>,
}

impl Recorded {
    /// For the conversation with this number; `before_showing`: what is shown waits for the disk.
    pub(super) fn new(recording: Recording, number: u64, before_showing: bool) -> Self {
        Recorded {
            scribe: Scribe::new(recording, number, Role::Server),
            waiting: before_showing.then(Waiting::default),
        }
    }

    /// Lines, where one without an end has to be cut off.
    pub(super) fn wants(&self) -> Wants {
        Wants {
            messages: self.waiting.is_some(),
            bytes: true,
        }
    }

    /// Where to gather what waits for the disk; `None`: nothing does.
    pub(super) fn batch(&mut self) -> Option<&mut Batch> {
        self.waiting.as_mut().map(|waiting| &mut waiting.batch)
    }

    /// What is shown next may end where no line does.
    pub(super) fn cut(&mut self, now: Time) {
        if let Some(waiting) = &mut self.waiting {
            waiting.cut = Some(now);
        }
    }

    /// Hand on what was gathered: to the recording, and from there to the screen.
    pub(super) fn hand_on(&mut self, screen: &Screen) {
        match &mut self.waiting {
            // A line that was said is told of before the socket has taken its bytes, and they are
            // recorded when it has. Shown before that, somebody could read on the screen what is
            // missing in the file: so the batch waits until nothing is on the way between the two.
            Some(waiting) if waiting.unsent == 0 && !waiting.batch.is_empty() => {
                if let Some(now) = waiting.cut.take() {
                    self.scribe.cut(now);
                }
                let (screen, mut batch) = (screen.clone(), std::mem::take(&mut waiting.batch));
                self.scribe.hand_on(move || screen.push(&mut batch));
            }
            _ => self.scribe.on_pause(),
        }
    }

    pub(super) fn on_event(&mut self, now: Time, event: &Event<'_>) {
        self.scribe.on_event(now, event);
        let Some(waiting) = &mut self.waiting else {
            return;
        };
        match *event {
            Event::Bytes {
                from: Role::Server,
                bytes,
            } => waiting.unsent = waiting.unsent.saturating_sub(bytes.len()),
            Event::Heard { end, .. } if !is_written(end) => self.cut(now),
            Event::Said { message: line, end } => {
                waiting.unsent += line.len() + end.bytes().len();
                if !is_written(end) {
                    self.cut(now);
                }
            }
            // What was not taken until now never is.
            Event::Ended { .. } => waiting.unsent = 0,
            _ => {}
        }
    }
}

/// The recorder writes a line that ends so without being asked to.
fn is_written(end: LineEnd) -> bool {
    matches!(end, LineEnd::Lf | LineEnd::CrLf)
}

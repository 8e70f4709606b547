//! Shows conversations on the screen: who came, each line in and out, who left and why.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use otherend_core::transcript::Mismatch;
use otherend_core::{Event, Observer, Time};
use otherend_net::{Audience, Handle, Notice, Peer};

use super::other_end::Ear;
use crate::output::screen::{Batch, Remark, Said, Screen};

thread_local! {
    /// One a thread, not one a conversation: it is handed on before another conversation's turn.
    static BATCH: RefCell<Batch> = RefCell::default();
}

/// What there is to show.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// More than who came, what was said and who left.
    pub(super) verbose: bool,
    /// The transcript that is served.
    pub(super) talk: Option<String>,
}

/// Everybody's observer.
pub(super) struct Watch {
    screen: Screen,
    look: Arc<Look>,
    handle: OnceLock<Handle>,
}

impl Watch {
    pub(super) fn new(screen: Screen, look: Look) -> Self {
        let handle = OnceLock::new();
        Watch {
            screen,
            look: Arc::new(look),
            handle,
        }
    }

    /// Answer peers that diagnose, through this handle.
    pub(super) fn answers_through(&self, handle: Handle) {
        // There is one server, so a second handle is the same.
        let _ = self.handle.set(handle);
    }
}

impl Audience for Watch {
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>> {
        Some(Box::new(Watching {
            screen: self.screen.clone(),
            peer: *peer,
            look: Arc::clone(&self.look),
            since: Time::ZERO,
            skipped: 0,
            ear: self
                .handle
                .get()
                .cloned()
                .map(|handle| (Ear::new(), handle)),
        }))
    }

    fn notice(&self, now: Time, notice: &Notice<'_>) {
        self.screen.notice(now, notice);
    }
}

/// One conversation's observer.
struct Watching {
    screen: Screen,
    peer: Peer,
    look: Arc<Look>,
    since: Time,
    /// Lines not gathered because the screen is full.
    skipped: u64,
    ear: Option<(Ear, Handle)>,
}

impl Watching {
    fn line(&mut self, now: Time, said: Said, line: &[u8]) {
        if self.screen.is_full() {
            self.skipped += 1;
        } else {
            BATCH.with_borrow_mut(|batch| batch.line(now, self.peer.number, said, line));
        }
    }

    /// A peer that diagnoses together with us says so in a line.
    fn listen(&mut self, now: Time, line: &[u8]) {
        let Some((ear, handle)) = &mut self.ear else {
            return;
        };
        if let Some(text) = ear.line(&self.peer, handle, line) {
            self.remark(now, &Remark::Note("diagnosing", &text));
        }
    }

    fn unexpected(&self, now: Time, mismatch: &Mismatch) {
        let file = self.look.talk.as_deref().unwrap_or_default();
        if self.screen.look().json {
            return self.remark(now, &Remark::Unexpected { file, mismatch });
        }
        for line in mismatch.without_past().render(file).lines() {
            self.remark(now, &Remark::Note("unexpected", line));
        }
    }

    fn remark(&self, now: Time, remark: &Remark<'_>) {
        let json = self.screen.look().json;
        BATCH.with_borrow_mut(|batch| batch.remark(now, self.peer.number, remark, json));
    }
}

impl Observer for Watching {
    #[inline]
    fn on_event(&mut self, now: Time, event: &Event<'_>) {
        match *event {
            Event::Heard { line, end } => {
                self.line(now, Said::Client(Some(end)), line);
                self.listen(now, line);
            }
            Event::Said { line, end } => self.line(now, Said::Server(Some(end)), line),
            Event::Unexpected(mismatch) => self.unexpected(now, mismatch),
            Event::Opened => {
                self.since = now;
                self.remark(now, &Remark::Came(self.peer.address));
            }
            Event::PeerFinished if self.look.verbose => self.remark(now, &Remark::FinishedSending),
            Event::LineTooLong if self.look.verbose => self.remark(now, &Remark::LineTooLong),
            Event::Ended { reason, counts } => {
                let after = now.since(self.since);
                self.remark(
                    now,
                    &Remark::Left {
                        reason,
                        counts,
                        after,
                    },
                );
            }
            _ => {}
        }
    }

    fn on_pause(&mut self) {
        BATCH.with_borrow_mut(|batch| self.screen.push(batch));
        if self.skipped > 0 {
            self.screen.skip(std::mem::take(&mut self.skipped));
        }
    }
}

//! Shows conversations on the screen: who came, each line in and out, who left and why.

use std::cell::RefCell;

use otherend_core::{Event, Observer, Time};
use otherend_net::{Audience, Notice, Peer};

use crate::output::screen::{Batch, Remark, Said, Screen};

thread_local! {
    /// One a thread, not one a conversation: it is handed on before another conversation's turn.
    static BATCH: RefCell<Batch> = RefCell::default();
}

/// Everybody's observer.
pub(super) struct Watch {
    screen: Screen,
    verbose: bool,
}

impl Watch {
    pub(super) fn new(screen: Screen, verbose: bool) -> Self {
        Watch { screen, verbose }
    }
}

impl Audience for Watch {
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>> {
        Some(Box::new(Watching {
            screen: self.screen.clone(),
            peer: *peer,
            verbose: self.verbose,
            since: Time::ZERO,
            skipped: 0,
        }))
    }

    fn notice(&self, now: Time, notice: &Notice<'_>) {
        match notice {
            Notice::Refused { address, refusal } => {
                self.screen
                    .remark(now, 0, &Remark::Refused(*address, *refusal));
            }
            Notice::AcceptFailed { error } => {
                self.screen
                    .remark(now, 0, &Remark::AcceptFailed(&error.to_string()));
            }
            Notice::SelfConnect { address } => {
                self.screen.remark(now, 0, &Remark::SelfConnect(*address));
            }
            _ => {}
        }
    }
}

/// One conversation's observer.
struct Watching {
    screen: Screen,
    peer: Peer,
    verbose: bool,
    since: Time,
    /// Lines not gathered because the screen is full.
    skipped: u64,
}

impl Watching {
    fn line(&mut self, now: Time, said: Said, line: &[u8]) {
        if self.screen.is_full() {
            self.skipped += 1;
        } else {
            BATCH.with_borrow_mut(|batch| batch.line(now, self.peer.number, said, line));
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
            Event::Heard { line, end } => self.line(now, Said::ByClient(Some(end)), line),
            Event::Said { line, end } => self.line(now, Said::ByServer(Some(end)), line),
            Event::Opened => {
                self.since = now;
                self.remark(now, &Remark::Came(self.peer.address));
            }
            Event::PeerFinished if self.verbose => self.remark(now, &Remark::FinishedSending),
            Event::LineTooLong if self.verbose => self.remark(now, &Remark::LineTooLong),
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

//! What the peer says, made fit for the screen and put above the prompt.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use otherend_core::json::Scene;
use otherend_core::{Counts, Event, Observer, Role, Time};
use otherend_net::recording::{Recording, Scribe};

use super::super::Args;
use super::super::linger::Linger;
use super::unfinished::Unfinished;
use crate::args::record::RecordArgs;
use crate::lock::lock;
use crate::output::prompt::Above;
use crate::output::screen::{Batch, Happened, Remark, Renderer, Said};
use crate::output::time::TimeStyle;

/// Shows what the peer says, one piece for everything that came at once.
pub(super) struct Shown {
    above: Above,
    linger: Arc<Linger>,
    renderer: Renderer,
    batch: Batch,
    verbose: bool,
    quiet: bool,
    seen: Arc<Seen>,
    /// Lines come in pieces, and what came of one may be a prompt. Frames and datagrams are
    /// whole or nothing: their bytes have lengths and checksums between the words.
    may_be_unfinished: bool,
    scribe: Option<Scribe>,
    /// What is shown waits until it is on the disk.
    shown_when_recorded: bool,
}

/// What the one who waits for the peer wants to know.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What went both ways, once all is over.
    pub(super) counts: OnceLock<Counts>,
    /// The line that has begun.
    pub(super) unfinished: Mutex<Unfinished>,
}

impl Shown {
    pub(super) fn new(args: &Args, above: Above, linger: Arc<Linger>, seen: Arc<Seen>) -> Shown {
        let mut look = args.screen.look(false, TimeStyle::None);
        look.datagrams = args.udp;
        Shown {
            above,
            linger,
            renderer: Renderer::new(look, Instant::now()),
            batch: Batch::default(),
            verbose: args.screen.verbose > 0,
            quiet: args.screen.quiet,
            seen,
            may_be_unfinished: !args.udp && args.framing().is_lines(),
            scribe: None,
            shown_when_recorded: false,
        }
    }

    /// Record it too.
    pub(super) fn record(&mut self, recording: Option<Recording>, args: &RecordArgs) {
        self.scribe = recording.map(|to| Scribe::new(to, 1, Role::Client));
        self.shown_when_recorded = args.is_before_showing();
    }

    fn happened(&mut self, now: Time, event: &Event<'_>) {
        let happened = Happened {
            event,
            scene: Scene::default(),
            datagrams: false,
        };
        if !self.quiet {
            let remark = Remark::Happened(happened);
            self.batch.remark(now, 0, &remark, false);
        }
    }
}

impl Observer for Shown {
    fn on_event(&mut self, now: Time, event: &Event<'_>) {
        if let Some(scribe) = &mut self.scribe {
            scribe.on_event(now, event);
        }
        match *event {
            Event::Heard { message: line, end } => {
                self.linger.heard();
                self.batch.line(now, 0, Said::Server(Some(end)), line);
                if !self.may_be_unfinished {
                    lock(&self.seen.unfinished).heard_whole(line);
                }
            }
            Event::Bytes {
                from: Role::Server,
                bytes,
            } if self.may_be_unfinished => {
                lock(&self.seen.unfinished).heard(bytes);
            }
            Event::MessageTooLong
            | Event::Recognised(_)
            | Event::OutOfStep { .. }
            | Event::Unframed { .. } => {
                self.happened(now, event);
            }
            Event::Finished { .. } if self.verbose => self.happened(now, event),
            Event::Ended { counts, .. } => {
                let _ = self.seen.counts.set(counts);
            }
            // What we say stands behind the prompt already.
            _ => {}
        }
    }

    fn on_pause(&mut self) {
        match &mut self.scribe {
            Some(scribe) if self.shown_when_recorded => scribe.hand_on_and_wait(),
            Some(scribe) => scribe.on_pause(),
            None => {}
        }
        let mut text = Vec::new();
        self.renderer.follow_clock();
        self.renderer.batch_into(&mut text, &self.batch);
        self.batch.clear();
        if !text.is_empty() {
            // A terminal that is gone is noticed by whoever reads it.
            let _ = self.above.print(&String::from_utf8_lossy(&text));
        }
    }
}

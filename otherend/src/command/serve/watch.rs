//! Shows conversations on the screen: who came, each line in and out, who left and why; and has
//! them recorded, if that is wanted.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use otherend_core::json::Scene;
use otherend_core::transcript::Mismatch;
use otherend_core::{Event, Observer, Role, Time, Wants};
use otherend_net::recording::Recording;
use otherend_net::{Handle, Notice, Peer, Watcher};

use super::misfits::{Misfits, advice};
use super::other_end::Ear;
use super::recorded::Recorded;
use crate::output::hex;
use crate::output::screen::{Batch, Happened, Remark, Said, Screen};

thread_local! {
    /// One a thread, not one a conversation: it is handed on before another conversation's turn.
    static BATCH: RefCell<Batch> = RefCell::default();
}

/// What there is to show.
pub(super) struct WatchConfig {
    /// Only what went wrong is shown.
    pub(super) quiet: bool,
    /// More than who came, what was said and who left.
    pub(super) verbose: bool,
    /// The transcript that is served.
    pub(super) talk: Option<Talk>,
    /// Where it is recorded; `true`: what is shown waits until it is on the disk.
    pub(super) recording: Option<(Recording, bool)>,
}

/// What is to be known of a transcript that is served.
pub(super) struct Talk {
    pub(super) file: String,
    /// Whoever says what it does not have is left.
    pub(super) strict: bool,
    /// What to do about that was said.
    pub(super) advised: AtomicBool,
}

/// Everybody's observer.
pub(super) struct ScreenWatcher {
    screen: Screen,
    config: Arc<WatchConfig>,
    handle: OnceLock<Handle>,
}

impl ScreenWatcher {
    pub(super) fn new(screen: Screen, config: WatchConfig) -> Self {
        let handle = OnceLock::new();
        ScreenWatcher {
            screen,
            config: Arc::new(config),
            handle,
        }
    }

    /// Answer peers that diagnose, through this handle.
    pub(super) fn answers_through(&self, handle: Handle) {
        // There is one server, so a second handle is the same.
        let _ = self.handle.set(handle);
    }
}

impl Watcher for ScreenWatcher {
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>> {
        let listens = self.handle.get().is_some();
        if self.config.quiet && self.config.recording.is_none() && !listens {
            return None;
        }
        Some(Box::new(ScreenObserver {
            screen: self.screen.clone(),
            peer: peer.clone(),
            config: Arc::clone(&self.config),
            recorded: self
                .config
                .recording
                .as_ref()
                .map(|(to, first)| Box::new(Recorded::new(to.clone(), peer.number, *first))),
            since: Time::ZERO,
            skipped: 0,
            offsets: [0; 2],
            misfits: None,
            ear: self
                .handle
                .get()
                .cloned()
                .map(|handle| (Ear::new(), handle)),
        }))
    }

    fn notice(&self, now: Time, notice: &Notice<'_>) {
        if !self.config.quiet || matches!(notice, Notice::AcceptFailed { .. }) {
            self.screen.notice(now, notice);
        }
    }
}

/// One conversation's observer.
struct ScreenObserver {
    screen: Screen,
    peer: Peer,
    config: Arc<WatchConfig>,
    since: Time,
    /// Lines, or rows of hex, not gathered because the screen is full.
    skipped: u64,
    /// How many bytes the peer and we have said; only for hex.
    offsets: [u64; 2],
    ear: Option<(Ear, Handle)>,
    /// Boxed: most clients fit.
    misfits: Option<Box<Misfits>>,
    /// Boxed: most servers record nothing.
    recorded: Option<Box<Recorded>>,
}

impl ScreenObserver {
    /// Where things to show are gathered.
    fn gather(&mut self, add: impl FnOnce(&mut Batch)) {
        // What is shown only once it is on the disk has a batch of its own, which waits there. All
        // else goes into the thread's, which every conversation of it uses in turn.
        match self.recorded.as_mut().and_then(|recorded| recorded.batch()) {
            Some(batch) => add(batch),
            None => BATCH.with_borrow_mut(add),
        }
    }

    fn line(&mut self, now: Time, said: Said, line: &[u8]) {
        if self.screen.look().hex {
            return;
        }
        if self.screen.is_full() {
            self.skipped += 1;
        } else {
            let number = self.peer.number;
            self.gather(|batch| batch.line(now, number, said, line));
        }
    }

    /// With `--hex`: bytes as they went, in place of lines.
    fn bytes(&mut self, now: Time, from: Role, bytes: &[u8]) {
        if !self.screen.look().hex {
            return;
        }
        let said = match from {
            Role::Client => Said::Client(None),
            Role::Server => Said::Server(None),
        };
        let offset = &mut self.offsets[from.index()];
        let from = *offset;
        *offset += bytes.len() as u64;
        if self.screen.is_full() {
            self.skipped += bytes.len().div_ceil(hex::ROW) as u64;
        } else {
            let number = self.peer.number;
            self.gather(|batch| batch.bytes_at((now, number, said), from, bytes));
            if let Some(recorded) = &mut self.recorded {
                recorded.cut(now);
            }
        }
    }

    /// A peer that diagnoses together with us says so in a line.
    fn listen(&mut self, now: Time, line: &[u8]) {
        let Some((ear, handle)) = &mut self.ear else {
            return;
        };
        let text = ear.line(&self.peer, handle, line);
        if ear.is_done() {
            self.ear = None;
        }
        if let Some(text) = text.filter(|_| !self.config.quiet) {
            self.remark(now, &Remark::note("diagnosing", &text));
        }
    }

    fn unexpected(&mut self, now: Time, mismatch: &Mismatch) {
        let config = Arc::clone(&self.config);
        let Some(talk) = &config.talk else {
            return;
        };
        let file = &talk.file;
        if self.screen.look().json {
            return self.happened(now, &Event::Unexpected(mismatch), file);
        }
        if !self.misfits.get_or_insert_default().is_first(mismatch) {
            return;
        }
        self.sum_up_misfits(now, Some(mismatch));
        for line in mismatch.without_past().render(file).lines() {
            self.remark(now, &Remark::note("unexpected", line));
        }
        if let Some(advice) = advice(mismatch, talk.strict)
            // Once a run: the second client that differs has the same author.
            && !talk.advised.swap(true, Ordering::Relaxed)
        {
            self.remark(now, &Remark::note("advice", &advice));
        }
    }

    /// Say how many lines did not fit before the script went on to `next`, or ended.
    fn sum_up_misfits(&mut self, now: Time, next: Option<&Mismatch>) {
        let config = Arc::clone(&self.config);
        if let (Some(talk), Some(misfits)) = (&config.talk, &mut self.misfits)
            && let Some(text) = misfits.turn_to(&talk.file, next)
        {
            self.remark(now, &Remark::note("unexpected", &text));
        }
    }

    fn remark(&mut self, now: Time, remark: &Remark<'_>) {
        let (json, number) = (self.screen.look().json, self.peer.number);
        self.gather(|batch| batch.remark(now, number, remark, json));
    }

    fn happened(&mut self, now: Time, event: &Event<'_>, file: &str) {
        let address = self.peer.address.clone();
        let scene = Scene {
            peer: Some(&address),
            after: now.since(self.since),
            between: false,
            file,
        };
        let happened = Happened {
            event,
            scene,
            datagrams: self.screen.look().datagrams,
        };
        self.remark(now, &Remark::Happened(happened));
    }

    fn show(&mut self, now: Time, event: &Event<'_>) {
        match *event {
            Event::Heard { message: line, end } => {
                self.line(now, Said::Client(Some(end)), line);
                self.listen(now, line);
            }
            Event::Said { message: line, end } => self.line(now, Said::Server(Some(end)), line),
            Event::Unexpected(mismatch) => self.unexpected(now, mismatch),
            Event::Opened => {
                self.since = now;
                self.happened(now, event, "");
            }
            Event::Bytes { from, bytes } => self.bytes(now, from, bytes),
            Event::Finished { .. } | Event::MessageTooLong if self.config.verbose => {
                self.happened(now, event, "");
            }
            Event::Recognised(_) | Event::OutOfStep { .. } | Event::Unframed { .. } => {
                self.happened(now, event, "")
            }
            Event::Ended { .. } => {
                self.sum_up_misfits(now, None);
                self.happened(now, event, "");
            }
            _ => {}
        }
    }
}

impl Observer for ScreenObserver {
    #[inline]
    fn on_event(&mut self, now: Time, event: &Event<'_>) {
        if let Some(recorded) = &mut self.recorded {
            recorded.on_event(now, event);
        }
        match *event {
            _ if !self.config.quiet => self.show(now, event),
            Event::Heard { message: line, .. } => self.listen(now, line),
            _ => {}
        }
    }

    fn wants(&self) -> Wants {
        let shown = Wants {
            messages: self.ear.is_some() || (!self.config.quiet && !self.screen.look().hex),
            bytes: !self.config.quiet && self.screen.look().hex,
        };
        let recorded = self.recorded.as_ref().map(|recorded| recorded.wants());
        shown.or(recorded.unwrap_or_default())
    }

    fn is_done(&self) -> bool {
        // Nothing is left to see here, so no event of this conversation is built any more.
        self.config.quiet && self.recorded.is_none() && self.ear.is_none()
    }

    fn on_pause(&mut self) {
        if let Some(recorded) = &mut self.recorded {
            recorded.hand_on(&self.screen);
        }
        BATCH.with_borrow_mut(|batch| self.screen.push(batch));
        if self.skipped > 0 {
            self.screen.skip(std::mem::take(&mut self.skipped));
        }
    }
}

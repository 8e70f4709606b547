//! The screen: what many conversations say, in one stream, without ever holding one of them up.
//!
//! Whoever carries a conversation leaves whole batches in a bounded queue; one thread formats and
//! writes. Past the bound lines are skipped, counted, and the count is shown. A stdout that is
//! gone ends the showing and nothing else.

mod batch;
mod remark;
mod render;

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use otherend_core::Time;
use otherend_net::Notice;

use crate::output::time::TimeStyle;

pub(crate) use batch::{Batch, Said};
pub(crate) use remark::{Remark, TapRemark};
pub(crate) use render::Renderer;

/// How many bytes may wait to be written before lines are skipped.
const ROOM: usize = 4 * 1024 * 1024;
/// How many bytes of remarks may wait beyond that: who came and who left matters more.
const ROOM_FOR_REMARKS: usize = 1024 * 1024;

/// After something was shown, what comes next is gathered for so long: nobody sees the difference,
/// and who speaks fast does not pay for waking the screen at every line.
const GATHER: Duration = Duration::from_millis(4);

/// How things are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// JSON Lines instead of text.
    pub(crate) json: bool,
    /// What stands before each line of text.
    pub(crate) time: TimeStyle,
    /// Show the number of the peer in front of each line.
    pub(crate) numbers: bool,
    /// Show the peer's bytes as they are, control characters included.
    pub(crate) raw: bool,
    /// Show the peer's bytes in rows of hex.
    pub(crate) hex: bool,
    /// Show only what went wrong.
    pub(crate) quiet: bool,
    /// Lines are datagrams: they need no end, and nobody connects.
    pub(crate) datagrams: bool,
}

/// The way to the screen; clone it for everyone who has something to show.
#[derive(Clone)]
pub(crate) struct Screen {
    shared: Arc<Shared>,
    look: Look,
}

struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    /// The queue is full: do not even gather lines. Only a hint, so that skipping costs nothing.
    full: AtomicBool,
    skipped: AtomicU64,
}

#[derive(Default)]
struct Queue {
    waiting: Batch,
    /// Nothing more comes.
    closed: bool,
    /// Nobody can be shown anything any more.
    dead: bool,
}

impl Screen {
    /// Start showing on stdout; `zero` is the moment that the conversations' clock calls zero.
    ///
    /// # Errors
    ///
    /// When there is no thread left.
    pub(crate) fn start(look: Look, zero: Instant) -> io::Result<(Screen, ScreenThread)> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            filled: Condvar::new(),
            full: AtomicBool::new(false),
            skipped: AtomicU64::new(0),
        });
        let inside = Arc::clone(&shared);
        let renderer = Renderer::new(look, zero);
        let thread = thread::Builder::new()
            .name("screen".into())
            .spawn(move || {
                // A stdout that is gone is nobody's trouble: nobody looks.
                let _ = show(&inside, renderer);
                inside.lock().dead = true;
                inside.full.store(true, Ordering::Relaxed);
            })?;
        let screen = Screen { shared, look };
        Ok((
            screen.clone(),
            ScreenThread {
                screen,
                thread: Some(thread),
            },
        ))
    }

    /// Lines need not be gathered now: they would be skipped.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.shared.full.load(Ordering::Relaxed)
    }

    /// So many lines were not even gathered.
    pub(crate) fn skip(&self, lines: u64) {
        self.shared.skipped.fetch_add(lines, Ordering::Relaxed);
    }

    /// Leave a batch and empty it. Never waits for the screen.
    pub(crate) fn push(&self, batch: &mut Batch) {
        if batch.is_empty() {
            return;
        }
        let mut queue = self.shared.lock();
        let size = queue.waiting.size() + batch.size();
        let room = if batch.has_remarks() {
            ROOM + ROOM_FOR_REMARKS
        } else {
            ROOM
        };
        if queue.dead || size > room {
            drop(queue);
            self.skip(batch.lines());
            self.shared.full.store(true, Ordering::Relaxed);
        } else {
            queue.waiting.append(batch);
            drop(queue);
            self.shared.filled.notify_one();
        }
        batch.clear();
    }

    /// Show one remark.
    pub(crate) fn remark(&self, now: Time, number: u64, remark: &Remark<'_>) {
        let mut batch = Batch::default();
        batch.remark(now, number, remark, self.look.json);
        self.push(&mut batch);
    }

    /// Show what happened at the door.
    pub(crate) fn notice(&self, now: Time, notice: &Notice<'_>) {
        let text;
        let remark = match notice {
            Notice::Refused { address, refusal } => Remark::Refused(*address, *refusal),
            Notice::AcceptFailed { error } => {
                text = error.to_string();
                Remark::AcceptFailed(&text)
            }
            Notice::Withheld { address, error } => {
                text = error.map(ToString::to_string).unwrap_or_default();
                Remark::Withheld(*address, error.map(|_| &text[..]))
            }
            Notice::SelfConnect { address } => Remark::SelfConnect(*address),
            _ => return,
        };
        self.remark(now, 0, &remark);
    }

    /// How things are shown here.
    pub(crate) fn look(&self) -> Look {
        self.look
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread behind a [`Screen`]; finish it to see everything that was pushed.
pub(crate) struct ScreenThread {
    screen: Screen,
    thread: Option<JoinHandle<()>>,
}

impl ScreenThread {
    /// Show what is still waiting, then stop showing.
    pub(crate) fn finish(&mut self) {
        self.screen.shared.lock().closed = true;
        self.screen.shared.filled.notify_one();
        if let Some(thread) = self.thread.take() {
            // A screen that panicked has nothing more to show.
            let _ = thread.join();
        }
    }
}

impl Drop for ScreenThread {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Format and write what comes until nothing more does.
fn show(shared: &Shared, mut renderer: Renderer) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let mut batch = Batch::default();
    let mut text = Vec::new();
    loop {
        let closed = take(shared, &mut batch);
        renderer.follow_clock();
        renderer.batch_into(&mut text, &batch);
        let skipped = shared.skipped.swap(0, Ordering::Relaxed);
        if skipped > 0 {
            renderer.skipped_into(&mut text, batch.last_time(), skipped);
        }
        batch.clear();
        stdout.write_all(&text)?;
        stdout.flush()?;
        text.clear();
        if closed {
            return Ok(());
        }
        thread::sleep(GATHER);
    }
}

/// Wait for something to show and swap it with the empty `batch`. `true`: it is the last.
fn take(shared: &Shared, batch: &mut Batch) -> bool {
    let queue = shared.lock();
    let nothing = |queue: &mut Queue| queue.waiting.is_empty() && !queue.closed;
    let mut queue = shared
        .filled
        .wait_while(queue, nothing)
        .unwrap_or_else(PoisonError::into_inner);
    std::mem::swap(&mut queue.waiting, batch);
    shared.full.store(false, Ordering::Relaxed);
    queue.closed
}

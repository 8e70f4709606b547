//! The thread that formats and writes, and how long its end is waited for.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use otherend_core::Time;

use super::{Batch, Look, Renderer, Shared};

/// After something was shown, what comes next is gathered for so long: nobody sees the difference,
/// and who speaks fast does not pay for waking the screen at every line.
const GATHER: Duration = Duration::from_millis(4);
/// At the end: how long stdout may take nothing.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many bytes are written at once: whoever takes one of them within [`PATIENCE`] is slow, and
/// not stuck.
const PIECE: usize = 8 * 1024;

/// The thread behind a [`Screen`](super::Screen); finish it to see everything that was pushed.
pub(crate) struct ScreenThread {
    shared: Arc<Shared>,
    /// Hears when the thread is gone.
    end: Option<mpsc::Receiver<()>>,
}

impl ScreenThread {
    pub(super) fn start(shared: Arc<Shared>, look: Look, zero: Instant) -> io::Result<Self> {
        let (tell_end, end) = mpsc::channel();
        let inside = Arc::clone(&shared);
        thread::Builder::new()
            .name("screen".into())
            .spawn(move || {
                // A stdout that is gone is nobody's trouble: nobody looks.
                let _ = show(&inside, look, zero);
                inside.die();
                // Who does not wait for the end need not know.
                let _ = tell_end.send(());
            })?;
        let end = Some(end);
        Ok(ScreenThread { shared, end })
    }

    /// Show what is still waiting, then stop showing. A stdout that takes nothing for 2 s is not
    /// waited for any longer.
    pub(crate) fn finish(&mut self) {
        self.shared.lock().closed = true;
        self.shared.filled.notify_one();
        let Some(end) = self.end.take() else {
            return;
        };
        let progress = || self.shared.progress.load(Ordering::Relaxed);
        let mut before = progress();
        // A thread that panicked has ended, too.
        while end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            let now = progress();
            if now == before {
                return;
            }
            before = now;
        }
    }
}

impl Drop for ScreenThread {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Format and write what comes until nothing more does.
fn show(shared: &Shared, look: Look, zero: Instant) -> io::Result<()> {
    // Not through the program's own handle: its lock would be held while stdout takes nothing.
    let mut stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let mut renderer = Renderer::new(look, zero);
    let mut batch = Batch::default();
    let mut text = Vec::new();
    loop {
        let taken = shared.take(&mut batch);
        renderer.follow_clock();
        renderer.batch_into(&mut text, &batch);
        if taken.skipped > 0 {
            let now = || Time::ZERO + zero.elapsed();
            let at = batch.last_time().unwrap_or_else(now);
            renderer.skipped_into(&mut text, at, taken.skipped);
        }
        batch.clear();
        for piece in text.chunks(PIECE) {
            stdout.write_all(piece)?;
            shared.progress.fetch_add(1, Ordering::Relaxed);
        }
        text.clear();
        if taken.last {
            return Ok(());
        }
        thread::sleep(GATHER);
    }
}

//! The thread that formats and writes, and how long its end is waited for.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use otherend_core::Time;

use crate::exit::file::stdout_unwritable;
use crate::exit::{self, Failure};
use crate::output::human::{self, plural};
use crate::output::stdio;

use super::{Backlog, Batch, Look, Renderer};

/// After something was shown, what comes next is gathered for so long: nobody sees the difference,
/// and who speaks fast does not pay for waking the screen at every line.
const GATHER: Duration = Duration::from_millis(4);
/// At the end: how long stdout may take nothing.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many bytes are written at once: whoever takes one of them within [`PATIENCE`] is slow, and
/// not stuck. A pipe that takes anything takes as much (PIPE_BUF), so that what was not taken is
/// known to the line.
const PIECE: usize = 4 * 1024;

/// The thread behind a [`Screen`](super::Screen); finish it to see everything that was pushed.
pub(crate) struct ScreenThread {
    backlog: Arc<Backlog>,
    /// Hears when the thread is gone, and whether stdout took everything.
    end: Option<mpsc::Receiver<Result<(), Failure>>>,
}

impl ScreenThread {
    pub(super) fn start(backlog: Arc<Backlog>, look: Look, zero: Instant) -> io::Result<Self> {
        let (tell_end, end) = mpsc::channel();
        let inside = Arc::clone(&backlog);
        thread::Builder::new()
            .name("screen".into())
            .spawn(move || {
                let terminal = stdio::stdout().is_terminal();
                let shown = show(&inside, look, zero);
                inside.die();
                // Who does not wait for the end need not know.
                let _ = tell_end.send(shown.or_else(|error| lost(&error, terminal)));
            })?;
        let end = Some(end);
        Ok(ScreenThread { backlog, end })
    }

    /// Show what is still waiting, then stop showing. A stdout that takes nothing for 2 s is not
    /// waited for any longer.
    ///
    /// # Errors
    ///
    /// When stdout could not be written; that was said when it happened.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.backlog.lock().closed = true;
        self.backlog.filled.notify_one();
        let Some(end) = self.end.take() else {
            return Ok(());
        };
        let progress = || self.backlog.progress.load(Ordering::Relaxed);
        let mut before = progress();
        loop {
            match end.recv_timeout(PATIENCE) {
                Ok(shown) => return shown,
                Err(RecvTimeoutError::Timeout) if progress() != before => before = progress(),
                // On a busy machine it may take that long to format what is to be shown.
                Err(RecvTimeoutError::Timeout) if !self.backlog.waits.load(Ordering::Relaxed) => {}
                Err(RecvTimeoutError::Timeout) => {
                    stuck(self.backlog.unshown());
                    return Ok(());
                }
                // It panicked, and has said so.
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }
}

impl Drop for ScreenThread {
    fn drop(&mut self) {
        // What was lost is said already.
        let _ = self.finish();
    }
}

/// Stdout is there and takes nothing, so that `lines` are lost. It is said only where stderr takes
/// something: both are often one terminal, and whoever wants to stop must be able to.
fn stuck(lines: u64) {
    if lines > 0 && stdio::stderr().takes_within(Duration::ZERO) {
        let (lines, patience) = (plural(lines, "line"), human::duration(PATIENCE));
        exit::complain(&format!(
            "{lines} not shown: stdout took nothing for {patience}"
        ));
    }
}

/// Stdout does not take any more. A pipe or a terminal that is gone is nobody's trouble, for nobody
/// looks; a log that ends here is told of at once, as those who talk go on.
fn lost(error: &io::Error, terminal: bool) -> Result<(), Failure> {
    if terminal || error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(());
    }
    let failure = stdout_unwritable(error);
    exit::complain(&format!(
        "{failure}; from here on nothing is shown, the conversations go on"
    ));
    Err(Failure::Shown(2))
}

/// How many lines end in it.
fn ends(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Format and write what comes until nothing more does.
fn show(backlog: &Backlog, look: Look, zero: Instant) -> io::Result<()> {
    let mut stdout = stdio::stdout();
    let mut renderer = Renderer::new(look, zero);
    let mut batch = Batch::default();
    let mut text = Vec::new();
    loop {
        let taken = backlog.take(&mut batch);
        renderer.follow_clock();
        renderer.batch_into(&mut text, &batch);
        if taken.skipped > 0 {
            let now = || Time::ZERO + zero.elapsed();
            let at = batch.last_time().unwrap_or_else(now);
            renderer.skipped_into(&mut text, at, taken.skipped);
        }
        batch.clear();
        // The line that tells of the skipped ones is none of them.
        let in_hand = ends(&text) + taken.skipped.saturating_sub(1);
        backlog.in_hand.store(in_hand, Ordering::Relaxed);
        let mut rest = &text[..];
        while !rest.is_empty() {
            backlog.progress.fetch_add(1, Ordering::Relaxed);
            // `finish` tells two kinds of standing still apart by this: a reader who takes nothing
            // is given up after 2 s, a machine that is busy formatting is not.
            backlog.waits.store(true, Ordering::Relaxed);
            stdout.wait_until_it_takes()?;
            let taken = stdout.write(&rest[..rest.len().min(PIECE)])?;
            backlog.waits.store(false, Ordering::Relaxed);
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            backlog
                .in_hand
                .fetch_sub(ends(&rest[..taken]), Ordering::Relaxed);
            backlog.progress.fetch_add(1, Ordering::Relaxed);
            rest = &rest[taken..];
        }
        backlog.in_hand.store(0, Ordering::Relaxed);
        text.clear();
        if taken.last {
            return Ok(());
        }
        // A thousand conversations with a line each are then one write and not a thousand. Nobody
        // sees 4 ms.
        thread::sleep(GATHER);
    }
}

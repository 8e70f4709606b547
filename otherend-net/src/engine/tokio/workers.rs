//! The threads that tasks run on (usually: a runtime).

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::{Driver, Source};
use crate::accept::acceptor::Acceptor;
use crate::engine::carrier::Carrier;
use crate::engine::conversations::Conversations;

/// After how many turns a worker looks into the queue that all share. Its own holds 256; what a
/// crowd has more waits there, and with tokio's own interval, which is far longer, 10 of 1,000
/// clients waited 140 ms for what the others had in 2. With 1, the worker's own queue would wait.
const TURNS_A_LOOK: u32 = 4;

/// The worker threads, and one that waits for the time.
///
/// A runtime that has both looks at the clock and its timers before and after each wait for bytes.
/// Timers of conversations are hardly ever due, so a thread of their own waits for them, and wakes
/// the task that belongs to one.
pub(crate) struct Workers {
    bytes: Runtime,
    time: Runtime,
}

impl Workers {
    /// Start them, `count` or one a core.
    ///
    /// # Errors
    ///
    /// When there is no thread or descriptor left.
    pub(crate) fn start(count: Option<usize>) -> io::Result<Workers> {
        let mut bytes = Builder::new_multi_thread();
        if let Some(count) = count {
            bytes.worker_threads(count.max(1));
        }
        bytes.global_queue_interval(TURNS_A_LOOK);
        bytes.thread_name("otherend").enable_io();
        let mut time = Builder::new_multi_thread();
        time.worker_threads(1);
        time.thread_name("otherend-time").enable_time();
        Ok(Workers {
            bytes: bytes.build()?,
            time: time.build()?,
        })
    }

    /// Serve until the server stops; this thread accepts, the workers carry.
    pub(crate) fn serve(&self, acceptor: &mut Acceptor, conversations: &Arc<Conversations>) {
        // A stream must be born inside the runtime that it belongs to; so must a timer.
        let _inside = self.bytes.enter();
        acceptor.run(&mut |stream, admitted| {
            let door = Arc::clone(&admitted.hub);
            let Some(handler) = conversations.handler(&admitted.guest.peer) else {
                return;
            };
            match Source::new(stream) {
                Ok(stream) => {
                    let begin = || Carrier::in_server(admitted, conversations, handler);
                    // Unwatched there is no conversation; the acceptor goes on.
                    if let Ok(carrier) = catch_unwind(AssertUnwindSafe(begin)) {
                        let _timed = self.time.enter();
                        self.bytes.spawn(Driver::new(stream, carrier));
                    }
                }
                Err(error) => door.accept_failed(&error),
            }
        });
    }

    /// Wait for what still runs, `limit` at most.
    pub(crate) fn shut_down(self, limit: Duration) {
        self.bytes.shutdown_timeout(limit);
        // Last: a task that waits for a time that has ended would panic.
        self.time.shutdown_background();
    }
}

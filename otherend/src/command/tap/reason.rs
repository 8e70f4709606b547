//! Why the target is not reached: told once for each time that it goes away, found out beside the
//! connections that wait for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use otherend_core::Time;
use otherend_net::{ConnectOptions, Endpoint};

use crate::output::screen::{Remark, Screen};
use crate::output::why;

/// Finds out and tells; shared by all connections.
#[derive(Clone)]
pub(super) struct Reason(Arc<Inner>);

struct Inner {
    target: Endpoint,
    options: ConnectOptions,
    /// It was told, and the target was not reached since.
    told: AtomicBool,
}

impl Reason {
    pub(super) fn new(target: Endpoint, options: ConnectOptions) -> Self {
        Reason(Arc::new(Inner {
            target,
            options,
            told: AtomicBool::new(false),
        }))
    }

    /// The target was reached: when it goes away again, that is news.
    pub(super) fn forget(&self) {
        self.0.told.store(false, Ordering::Relaxed);
    }

    /// The target was not reached. Without a thread for it the reason stays unsaid.
    pub(super) fn tell(&self, now: Time, screen: Screen) {
        if self.0.told.swap(true, Ordering::Relaxed) {
            return;
        }
        let (reason, asked) = (self.clone(), Instant::now());
        let _ = thread::Builder::new().name("reason".into()).spawn(move || {
            for line in why::lines(&reason.0.target, &reason.0.options) {
                let now = now + asked.elapsed();
                screen.remark(now, 0, &Remark::note("reason", &line));
            }
        });
    }
}

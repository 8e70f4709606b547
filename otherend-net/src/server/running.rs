//! A server that serves in a thread of its own.

use std::thread::{self, JoinHandle};

use otherend_core::Address;

use crate::error::BindError;
use crate::hub::handle::Handle;
use crate::hub::stats::Report;

/// A server in a thread of its own; dropping it stops it at once.
#[must_use = "dropping it stops the server at once"]
pub struct Running {
    handle: Handle,
    addresses: Vec<Address>,
    thread: Option<JoinHandle<Result<Report, BindError>>>,
}

impl Running {
    /// Let `serve` run in a thread of its own.
    ///
    /// # Errors
    ///
    /// When there is no thread left.
    pub(crate) fn start(
        handle: Handle,
        addresses: Vec<Address>,
        serve: impl FnOnce() -> Result<Report, BindError> + Send + 'static,
    ) -> Result<Running, BindError> {
        let thread = thread::Builder::new()
            .name("otherend server".into())
            .spawn(serve)
            .map_err(BindError::Engine)?;
        Ok(Running {
            handle,
            addresses,
            thread: Some(thread),
        })
    }

    /// The addresses it listens on.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Reaches the server from anywhere.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Take nobody in any more, let the conversations finish (the drain timeout at most), and report.
    pub fn drain(mut self) -> Report {
        self.handle.drain();
        self.join()
    }

    /// Cut every conversation off and report.
    pub fn stop(mut self) -> Report {
        self.handle.stop();
        self.join()
    }

    fn join(&mut self) -> Report {
        let outcome = self.thread.take().and_then(|thread| thread.join().ok());
        outcome
            .and_then(Result::ok)
            .unwrap_or_else(|| self.handle.hub.counters.report())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.handle.stop();
            self.join();
        }
    }
}

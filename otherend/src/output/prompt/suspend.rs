//! Ctrl-Z and back. The shell has its own mode for the terminal meanwhile, so the prompt gives it
//! back first, and begins anew with what was typed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_current_process_group};
use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};
use signal_hook::consts::SIGCONT;

use super::gate::Gate;

/// Where nobody can continue it the system does not stop a program: so long it may take to.
const STOPPED_WITHIN: Duration = Duration::from_secs(1);
/// How often it is asked whether the program goes on.
const PAUSE: Duration = Duration::from_millis(5);

/// What stood before and behind the cursor at Ctrl-Z.
pub(super) type Typed = (String, String);

/// Makes the line editor give the terminal back at Ctrl-Z.
#[derive(Clone)]
pub(super) struct CtrlZ {
    gate: Arc<Gate>,
    typed: Arc<Mutex<Option<Typed>>>,
}

impl CtrlZ {
    pub(super) fn new(gate: Arc<Gate>) -> CtrlZ {
        let typed = Arc::default();
        CtrlZ { gate, typed }
    }

    /// It was pressed: stop the program and its companions. What was typed, once it goes on.
    pub(super) fn stopped(&self) -> Option<Typed> {
        let typed = self.typed.lock();
        let typed = typed.unwrap_or_else(PoisonError::into_inner).take()?;
        stop();
        Some(typed)
    }
}

impl ConditionalEventHandler for CtrlZ {
    fn handle(
        &self,
        _event: &Event,
        _times: RepeatCount,
        _positive: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let (before, behind) = context.line().split_at_checked(context.pos())?;
        let typed = (before.to_owned(), behind.to_owned());
        *self.typed.lock().unwrap_or_else(PoisonError::into_inner) = Some(typed);
        self.gate.close();
        Some(Cmd::Interrupt)
    }
}

/// Stop the process group, as the terminal does at Ctrl-Z, and return when it goes on.
fn stop() {
    let goes_on = Arc::new(AtomicBool::new(false));
    let Ok(id) = signal_hook::flag::register(SIGCONT, Arc::clone(&goes_on)) else {
        return;
    };
    // The signal may stop another thread first: this one must not take the terminal back before.
    if kill_current_process_group(Signal::TSTP).is_ok() {
        let until = Instant::now() + STOPPED_WITHIN;
        while !goes_on.load(Ordering::SeqCst) && Instant::now() < until {
            thread::sleep(PAUSE);
        }
    }
    signal_hook::low_level::unregister(id);
}

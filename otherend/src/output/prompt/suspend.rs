//! Ctrl-Z and back. The shell has its own mode for the terminal meanwhile, so the prompt gives it
//! back first, and begins anew with what was typed.

use std::sync::{Arc, Mutex};

use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};

use super::gate::Gate;
use crate::lock::lock;
use crate::system::process;

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
        let typed = lock(&self.typed).take()?;
        process::stop();
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
        // The editor knows no way to suspend and come back with its text. To it this is Ctrl-C,
        // after which it gives the terminal back; that it was Ctrl-Z is known by what was left
        // here.
        *lock(&self.typed) = Some(typed);
        self.gate.close();
        Some(Cmd::Interrupt)
    }
}

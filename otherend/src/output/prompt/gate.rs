//! Who may print: nobody between Enter and the next prompt, when the terminal changes its mode.

use std::borrow::Cow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper, Result};

use crate::lock::lock;

/// Whether the prompt stands on the screen.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    prompt: Standing,
    /// Nothing stands behind the prompt's sign.
    nothing_typed: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Standing {
    /// Not yet, or not while a line is being handed over.
    #[default]
    Between,
    /// It stands: text can be printed above it.
    Open,
    /// It will never stand again.
    Removed,
}

impl Gate {
    /// Wait until it is clear who prints. `true`: the prompt stands. `false`: there is none.
    pub(super) fn wait_until_open(&self) -> bool {
        let state = self
            .changed
            .wait_while(self.lock(), |state| state.prompt == Standing::Between)
            .unwrap_or_else(PoisonError::into_inner);
        state.prompt == Standing::Open
    }

    /// Nothing was typed when the prompt was last painted.
    pub(super) fn nothing_typed(&self) -> bool {
        self.lock().nothing_typed
    }

    /// The prompt goes for good.
    pub(super) fn remove(&self) {
        self.lock().prompt = Standing::Removed;
        self.changed.notify_all();
    }

    fn open(&self, nothing_typed: bool) {
        let mut state = self.lock();
        state.nothing_typed = nothing_typed;
        // Once removed it stays so, whatever the editor still paints on its way out.
        if state.prompt == Standing::Between {
            state.prompt = Standing::Open;
            self.changed.notify_all();
        }
    }

    /// The prompt will not stand for a while.
    pub(super) fn close(&self) {
        self.lock().prompt = Standing::Between;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Tells the gate what the line editor does.
pub(super) struct Hooks {
    gate: Arc<Gate>,
    /// The prompt's sign in its colour.
    sign: String,
}

impl Hooks {
    pub(super) fn new(gate: Arc<Gate>, sign: String) -> Hooks {
        Hooks { gate, sign }
    }
}

impl Hinter for Hooks {
    type Hint = String;

    /// Called before the prompt is painted, and the terminal is in its editing mode by then.
    fn hint(&self, line: &str, _pos: usize, _context: &Context<'_>) -> Option<String> {
        self.gate.open(line.is_empty());
        None
    }
}

impl Validator for Hooks {
    /// Called at Enter, while the terminal is still in its editing mode.
    fn validate(&self, _context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        self.gate.close();
        Ok(ValidationResult::Valid(None))
    }
}

impl Highlighter for Hooks {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(
        &'s self,
        prompt: &'p str,
        default: bool,
    ) -> Cow<'b, str> {
        if default && !prompt.is_empty() {
            return Cow::Borrowed(&self.sign);
        }
        Cow::Borrowed(prompt)
    }
}

impl Completer for Hooks {
    type Candidate = String;
}

impl Helper for Hooks {}

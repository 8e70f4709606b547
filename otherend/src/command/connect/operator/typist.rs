//! What is typed at the prompt is said; what ends the typing ends the saying.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use otherend_core::ExitWords;
use otherend_core::transcript::Masks;
use otherend_net::Voice;

use super::super::linger::{Limits, Linger};
use super::shown::Seen;
use crate::output::prompt::{Prompt, Typed};

/// How long a peer may take to close after the exit word.
const AFTER_EXIT: Duration = Duration::from_secs(2);

/// What ended the typing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Enough {
    /// This exit word.
    ExitWord(String),
    /// Ctrl-D.
    EndOfInput,
    /// Ctrl-C.
    Interrupt,
}

/// Whoever sits at the prompt.
pub(super) struct Typist {
    pub(super) voice: Voice,
    pub(super) exit_words: ExitWords,
    pub(super) half_close: bool,
    pub(super) after_input: Option<Limits>,
    /// There is an end that the peer can be told of, and can tell.
    pub(super) has_end: bool,
    pub(super) linger: Arc<Linger>,
    pub(super) seen: Arc<Seen>,
    /// The conversation is over.
    pub(super) over: Arc<AtomicBool>,
    /// What ended the typing first.
    pub(super) enough: Arc<OnceLock<Enough>>,
}

impl Typist {
    /// Say what is typed. The prompt stays, at last without its sign, until all is over: what the
    /// peer still says appears above it.
    pub(super) fn type_all(self, mut prompt: Prompt) {
        let mut done = false;
        loop {
            let typed = prompt.next(|text| !self.is_secret(text));
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            match typed {
                Ok(Typed::Lines(lines)) if !done => done = self.say(&lines),
                Ok(Typed::Lines(_)) => {}
                Ok(Typed::End) if !done => {
                    done = true;
                    self.ends_with(Enough::EndOfInput);
                    self.finish(self.half_close, self.after_input);
                }
                Ok(Typed::Interrupt) => {
                    done = true;
                    self.ends_with(Enough::Interrupt);
                    self.voice.close();
                }
                // The terminal is gone, or somebody insists.
                Ok(Typed::End) | Err(_) => return self.voice.close(),
            }
            if done {
                prompt.hide();
            }
        }
    }

    /// It must not be kept: it answers a prompt for a secret, or says what it is itself.
    fn is_secret(&self, text: &str) -> bool {
        let unfinished = self.seen.unfinished.lock();
        let unfinished = unfinished.unwrap_or_else(PoisonError::into_inner);
        let mut lines = text.lines().map(str::as_bytes);
        unfinished.asks_for_secret() || lines.any(|line| Masks::usual().has_secret(line))
    }

    /// Say lines; `true`: the last of them ends the conversation.
    fn say(&self, lines: &[String]) -> bool {
        for line in lines {
            let is_exit_word = self.exit_words.contain(line.as_bytes());
            if is_exit_word {
                self.ends_with(Enough::ExitWord(line.clone()));
            }
            self.voice.say(line.as_bytes());
            if is_exit_word {
                let limits = match self.has_end {
                    true => Some(Limits::of(AFTER_EXIT)),
                    false => self.after_input,
                };
                self.finish(true, limits);
                return true;
            }
        }
        false
    }

    /// Before the peer can hear of it, so that whoever tells of the end knows.
    fn ends_with(&self, enough: Enough) {
        // Only the first counts.
        let _ = self.enough.set(enough);
    }

    fn finish(&self, half_close: bool, limits: Option<Limits>) {
        if half_close && self.has_end {
            self.voice.finish_saying();
        }
        let Some(limits) = limits else {
            return;
        };
        let (voice, linger) = (self.voice.clone(), Arc::clone(&self.linger));
        let thread = thread::Builder::new().name("linger".into());
        // Without a thread left the peer has all the time it wants.
        let _ = thread.spawn(move || {
            if linger.is_up(limits) {
                voice.close();
            }
        });
    }
}

//! What is typed at the prompt is said; what ends the typing ends the saying.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use otherend_core::ExitWords;
use otherend_core::transcript::Masks;
use otherend_net::Voice;

use super::super::linger::{Limits, Linger};
use super::farewell::{Enough, Farewell};
use super::shown::Seen;
use crate::lock::lock;
use crate::output::prompt::{Prompt, Typed};

/// How long a peer may take to close after the exit word.
const AFTER_EXIT: Duration = Duration::from_secs(2);

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
    pub(super) farewell: Arc<Farewell>,
}

impl Typist {
    /// Say what is typed. The prompt stays, at last without its sign, until all is over: what the
    /// peer still says appears above it.
    pub(super) fn type_all(self, mut prompt: Prompt) {
        let mut done = false;
        loop {
            // Decided when the line is done and not when the prompt began: `Password: ` may have
            // come while something was being typed.
            let typed = prompt.next(|text| !self.is_secret(text));
            if self.farewell.is_over() {
                return;
            }
            match typed {
                Ok(Typed::Lines(lines)) if !done => done = self.say(&lines),
                Ok(Typed::Lines(_)) => prompt.remark("not said: the input has ended"),
                Ok(Typed::End) if !done => {
                    done = true;
                    self.farewell.wish(Enough::EndOfInput);
                    self.finish(self.half_close, self.after_input);
                }
                Ok(Typed::Interrupt) => {
                    done = true;
                    self.farewell.leave(Enough::Interrupt);
                }
                // The terminal is gone, or somebody insists.
                Ok(Typed::End) | Err(_) => return self.farewell.close(),
            }
            if done {
                prompt.hide();
            }
        }
    }

    /// It must not be kept: it answers a prompt for a secret, or says what it is itself.
    fn is_secret(&self, text: &str) -> bool {
        let unfinished = lock(&self.seen.unfinished);
        let mut lines = text.lines().map(str::as_bytes);
        unfinished.asks_for_secret() || lines.any(|line| Masks::usual().has_secret(line))
    }

    /// Say lines; `true`: the last of them ends the conversation.
    fn say(&self, lines: &[String]) -> bool {
        for line in lines {
            let is_exit_word = self.exit_words.contain(line.as_bytes());
            if is_exit_word {
                // Before it is said: the server may close at once, and whoever tells of that must
                // know that we asked for it.
                self.farewell.wish(Enough::ExitWord(line.clone()));
            }
            lock(&self.seen.unfinished).answered();
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

    fn finish(&self, half_close: bool, limits: Option<Limits>) {
        if half_close && self.has_end {
            self.voice.finish_saying();
        }
        let Some(limits) = limits else {
            return;
        };
        let (farewell, linger) = (Arc::clone(&self.farewell), Arc::clone(&self.linger));
        let thread = thread::Builder::new().name("linger".into());
        // Without a thread left the peer has all the time it wants.
        let _ = thread.spawn(move || {
            if linger.is_up(limits) {
                farewell.close();
            }
        });
    }
}

//! How the operator ends it: the first wish is carried out in good order, a further one at once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use otherend_core::{EndReason, escaped};
use otherend_net::Voice;

/// An end that takes longer than this is explained to whoever waits for it.
const A_MOMENT: Duration = Duration::from_millis(300);

/// What ended the typing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Enough {
    /// This exit word.
    ExitWord(String),
    /// Ctrl-D.
    EndOfInput,
    /// Ctrl-C.
    Interrupt,
    /// A signal from outside, by its name.
    Signal(&'static str),
}

/// What the operator wants, and how far it is.
pub(super) struct Farewell {
    voice: Voice,
    /// What is waited for after the last line.
    awaited: &'static str,
    /// The conversation is over.
    over: AtomicBool,
    /// What ended the typing first, and when.
    enough: OnceLock<(Enough, Instant)>,
    /// Nothing of the peer is shown any more.
    closing: AtomicBool,
    /// The end is not waited for.
    insisted: AtomicBool,
    /// Why it takes a moment was said.
    explained: AtomicBool,
}

impl Farewell {
    /// `has_end`: the server can close.
    pub(super) fn new(voice: Voice, has_end: bool) -> Farewell {
        let awaited = match has_end {
            true => "waiting for the server to close",
            false => "waiting for late answers",
        };
        Farewell {
            voice,
            awaited,
            over: AtomicBool::new(false),
            enough: OnceLock::new(),
            closing: AtomicBool::new(false),
            insisted: AtomicBool::new(false),
            explained: AtomicBool::new(false),
        }
    }

    /// Nothing more will be typed. Before the peer can hear of it, so that whoever tells of the end
    /// knows. `false`: that was so already.
    pub(super) fn wish(&self, enough: Enough) -> bool {
        self.enough.set((enough, Instant::now())).is_ok()
    }

    /// Ctrl-C, or a signal: close; at once, if the end was wished for already.
    pub(super) fn leave(&self, enough: Enough) {
        if self.is_over() {
            return;
        }
        // The first Ctrl-C closes in good order, which a server that does not answer can draw out;
        // the second does not wait.
        if self.wish(enough) {
            return self.close();
        }
        self.insisted.store(true, Ordering::SeqCst);
        self.closing.store(true, Ordering::SeqCst);
        self.voice.abort();
    }

    /// Say what is queued and close.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.voice.close();
    }

    /// Nothing of the peer is to be shown any more.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// The conversation is over: a signal only wakes the prompt now.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Why the end takes a moment; once, and only if it does.
    pub(super) fn explanation(&self) -> Option<String> {
        let (enough, since) = self.enough.get()?;
        if since.elapsed() < A_MOMENT || self.explained.swap(true, Ordering::SeqCst) {
            return None;
        }
        let awaited = self.awaited;
        Some(match enough {
            Enough::ExitWord(_) => format!("{awaited}; Ctrl-C leaves"),
            Enough::EndOfInput => format!("input ended; {awaited}; Ctrl-C leaves"),
            Enough::Interrupt | Enough::Signal(_) => "closing; Ctrl-C again leaves at once".into(),
        })
    }

    /// It was Ctrl-D that ended the typing.
    pub(super) fn is_end_of_input(&self) -> bool {
        matches!(self.enough.get(), Some((Enough::EndOfInput, _)))
    }

    /// Who ended it, and how.
    pub(super) fn ending(&self, reason: EndReason) -> String {
        let ours = match self.enough.get().map(|(enough, _)| enough) {
            Some(Enough::ExitWord(word)) => format!("you said {}", escaped(word.as_bytes())),
            Some(Enough::EndOfInput) => "you ended the input (Ctrl-D)".to_owned(),
            Some(Enough::Interrupt) => "you closed it (Ctrl-C)".to_owned(),
            Some(Enough::Signal(name)) => format!("{name} closed it"),
            None if reason == EndReason::PeerFinished => {
                return "the server closed the connection".into();
            }
            None => return reason.to_string(),
        };
        match reason {
            EndReason::PeerFinished => format!("{ours} and the server closed"),
            _ if self.insisted.load(Ordering::SeqCst) => {
                format!("{ours} and left before the server closed")
            }
            _ => ours,
        }
    }
}

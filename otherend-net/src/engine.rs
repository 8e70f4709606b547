//! The three engines (usually: event loops, or runtimes): functions of one shape that wait for
//! bytes, orders and deadlines, feed the conversation, and carry out what it asks. Beside them is
//! the loop for datagrams, which accepts nothing.

pub(crate) mod blocking;
pub(crate) mod carrier;
pub(crate) mod conversations;
pub(crate) mod datagrams;
pub(crate) mod desk;
pub(crate) mod layered;
pub(crate) mod single;
pub(crate) mod threads;
#[cfg(feature = "tokio")]
pub(crate) mod tokio;

use std::fmt;
use std::str::FromStr;

use otherend_core::Outbox;

use crate::accept::acceptor::Manner;
use crate::hub::mailbox::Mailbox;

/// What moves bytes and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Engine {
    /// One client at a time in the calling thread; the others wait their turn.
    Single,
    /// One thread for each client.
    #[cfg_attr(not(feature = "tokio"), default)]
    Threads,
    /// Event-driven on all cores.
    #[cfg(feature = "tokio")]
    #[default]
    Async,
}

impl Engine {
    /// All engines that this build has.
    pub const ALL: &'static [Engine] = &[
        Engine::Single,
        Engine::Threads,
        #[cfg(feature = "tokio")]
        Engine::Async,
    ];

    /// The engine's name on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Engine::Single => "single",
            Engine::Threads => "threads",
            #[cfg(feature = "tokio")]
            Engine::Async => "async",
        }
    }

    /// How many clients it serves at once unless told otherwise; `None`: always one.
    pub(crate) const fn usual_clients(self) -> Option<usize> {
        match self {
            Engine::Single => None,
            Engine::Threads => Some(512),
            #[cfg(feature = "tokio")]
            Engine::Async => Some(1024),
        }
    }

    /// A thread has a bell beside its socket.
    pub(crate) const fn descriptors_per_client(self) -> usize {
        match self {
            Engine::Single | Engine::Threads => 2,
            #[cfg(feature = "tokio")]
            Engine::Async => 1,
        }
    }

    /// What it wants of those who are let in.
    pub(crate) const fn manner(self) -> Manner {
        Manner {
            one_at_a_time: matches!(self, Engine::Single),
            mailbox: match self {
                Engine::Single | Engine::Threads => Mailbox::for_thread,
                #[cfg(feature = "tokio")]
                Engine::Async => || Ok(Mailbox::for_task()),
            },
            memory: match self {
                // Its thread, the buffers of that, and what waits to be read to its end or to be sent.
                Engine::Single | Engine::Threads => 768 << 10,
                #[cfg(feature = "tokio")]
                Engine::Async => 192 << 10,
            },
        }
    }

    /// How many connections wait in the kernel to be accepted.
    pub(crate) const fn backlog(self) -> i32 {
        match self {
            Engine::Single => 128,
            _ => 1024,
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Engine::ALL
            .iter()
            .copied()
            .find(|engine| engine.name() == text)
            .ok_or_else(|| {
                let names: Vec<_> = Engine::ALL.iter().map(|engine| engine.name()).collect();
                format!("{text:?} is no engine: use {}", names.join(", "))
            })
    }
}

/// How many bytes one read takes at most.
const INPUT: usize = 64 * 1024;
/// More memory than this is not kept for the next replies.
const KEPT_OUTBOX: usize = 1024 * 1024;

/// What one thread reads into and writes from, for all conversations that it carries.
pub(crate) struct Buffers {
    pub(crate) input: Box<[u8]>,
    pub(crate) outbox: Outbox,
}

impl Buffers {
    pub(crate) fn new() -> Self {
        Buffers {
            input: vec![0; INPUT].into_boxed_slice(),
            outbox: Outbox::with_capacity(2 * INPUT),
        }
    }

    /// Give a burst's memory back.
    pub(crate) fn trim(&mut self) {
        if self.outbox.capacity() > KEPT_OUTBOX {
            self.outbox = Outbox::with_capacity(2 * INPUT);
        }
    }
}

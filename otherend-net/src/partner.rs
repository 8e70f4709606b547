//! Whoever answers in a behaviour's place (usually: a backend, an upstream): a process, a person,
//! another server, a room. This is the contract that all of them have with a conversation.
//!
//! ```text
//!                       bounded: Flow::Full           takes one: room again
//! peer ──▶ conversation: Relay ──▶ lines that wait ──▶ Partner::hear
//!      ◀── conversation        ◀── mailbox         ◀── Partner::say
//!          slow: it waits            bounded: Delivery::Full
//! ```
//!
//! Both directions hold back. A partner that does not take what the peer says stops the peer from
//! being read, and nobody is ended for being slow. The peer's end reaches the partner behind the
//! last line; the partner's end closes the conversation behind the last thing it said.
//!
//! ```
//! use std::sync::{Arc, OnceLock};
//! use std::thread;
//!
//! use otherend_net::core::AnyBehaviour;
//! use otherend_net::partner::{Asked, relay};
//! use otherend_net::{Client, ConnectOptions, Handle, Received, Server, ServerConfig};
//!
//! let handle = Arc::new(OnceLock::<Handle>::new());
//! let later = Arc::clone(&handle);
//! let config = ServerConfig::default();
//! let server = Server::bind(&["127.0.0.1:0".parse()?], config, move |peer| {
//!     let (relay, partner) = relay(later.get().expect("set below"), peer);
//!     // Somebody who answers each line in capitals, in a thread of its own.
//!     thread::spawn(move || {
//!         while let Asked::Line(line) = partner.hear(None) {
//!             partner.say(&line.to_ascii_uppercase());
//!         }
//!     });
//!     AnyBehaviour::custom(relay)
//! })?;
//! handle.set(server.handle()).ok().expect("once");
//! let server = server.start()?;
//!
//! let mut client = Client::connect(&server.addresses()[0], &ConnectOptions::default())?;
//! client.say(b"hello")?;
//! assert_eq!(client.receive(), Received::Line(b"HELLO".to_vec()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use otherend_core::{Behaviour, Flow, Replies};

use crate::hub::handle::{Delivery, Handle};
use crate::lock::lock;
use crate::peer::Peer;

/// So many lines wait for a partner before its peer is held back.
const LINES: usize = 64;

/// The two ends of a relay for the conversation with `peer`: the behaviour that it is to have, and
/// the partner's hands on it. `handle` is the server's.
pub fn relay(handle: &Handle, peer: &Peer) -> (Relay, Partner) {
    let link = Arc::new(Link::default());
    let partner = Partner {
        link: Arc::clone(&link),
        handle: handle.clone(),
        number: peer.number,
    };
    (Relay { link }, partner)
}

/// Hands every line to a [`Partner`] and says nothing by itself.
pub struct Relay {
    link: Arc<Link>,
}

/// Hears what one peer says, and answers.
///
/// Dropping it closes the conversation once the peer has got what was said.
#[must_use = "dropping it closes the conversation"]
pub struct Partner {
    link: Arc<Link>,
    handle: Handle,
    number: u64,
}

/// What a partner hears of its peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The peer said this line.
    Line(Vec<u8>),
    /// The peer has finished sending; it may still be reading. Told once, behind its last line.
    Finished,
    /// The conversation is over: nobody hears what is said now.
    Gone,
    /// Nothing came in time.
    TimedOut,
}

/// What lies between the two.
#[derive(Default)]
struct Link {
    inside: Mutex<Inside>,
    /// Something can be heard.
    filled: Condvar,
}

#[derive(Default)]
struct Inside {
    lines: VecDeque<Vec<u8>>,
    /// The peer is held back until there is room.
    full: bool,
    finished: bool,
    gone: bool,
}

impl Behaviour for Relay {
    fn on_message(&mut self, line: &[u8], _replies: &mut Replies<'_>) -> Flow {
        let mut inside = lock(&self.link.inside);
        // The line that fills the link is taken, and says so: 64 wait then, and what the peer says
        // next stays in its socket. It goes on once half of them are taken, so a wake-up is worth
        // 32 lines.
        inside.lines.push_back(line.to_vec());
        inside.full = inside.lines.len() >= LINES;
        self.link.filled.notify_one();
        if inside.full {
            Flow::Full
        } else {
            Flow::Continue
        }
    }

    /// The partner may have more to say: the conversation stays until it closes.
    fn on_peer_finished(&mut self, _replies: &mut Replies<'_>) -> Flow {
        lock(&self.link.inside).finished = true;
        self.link.filled.notify_one();
        Flow::Pending
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        lock(&self.link.inside).gone = true;
        self.link.filled.notify_one();
    }
}

impl Partner {
    /// What the peer says next, within `limit`; `None`: however long it takes.
    #[must_use]
    pub fn hear(&self, limit: Option<Duration>) -> Asked {
        let inside = lock(&self.link.inside);
        let silent =
            |inside: &mut Inside| inside.lines.is_empty() && !inside.finished && !inside.gone;
        let mut inside = match limit {
            None => {
                let filled = self.link.filled.wait_while(inside, silent);
                filled.unwrap_or_else(PoisonError::into_inner)
            }
            Some(limit) => {
                let filled = self.link.filled.wait_timeout_while(inside, limit, silent);
                filled.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if let Some(line) = inside.lines.pop_front() {
            // Room for one is no reason to wake the conversation for one line at a time.
            if inside.full && inside.lines.len() <= LINES / 2 {
                inside.full = false;
                self.handle.go_on(self.number);
            }
            return Asked::Line(line);
        }
        if inside.gone {
            return Asked::Gone;
        }
        match std::mem::take(&mut inside.finished) {
            true => Asked::Finished,
            false => Asked::TimedOut,
        }
    }

    /// Say a line to the peer, asked or not. [`Delivery::Full`]: the peer does not read; wait, or say
    /// less.
    pub fn say(&self, line: &[u8]) -> Delivery {
        self.handle.say(self.number, line)
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        self.handle.close(self.number);
    }
}

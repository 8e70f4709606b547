//! Says why it does not connect, and why an address cannot be listened on: as data.
//!
//! ```
//! use std::net::TcpListener;
//!
//! use otherend_diagnose::{CauseKind, Options};
//!
//! // A port that was free a moment ago: nobody listens there.
//! let nobody = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
//! let diagnosis = otherend_diagnose::connect(&nobody.into(), &Options::default());
//!
//! assert!(!diagnosis.verdict.works);
//! assert!(diagnosis.verdict.kinds().contains(&CauseKind::NotListening));
//! for cause in &diagnosis.verdict.causes {
//!     println!("{} ({:?}): {}", cause.kind, cause.likelihood, cause.says);
//!     println!("because {}; do {:?}", cause.because.join(", "), cause.remedy);
//! }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! [`connect`] and [`listen`] take an [`Endpoint`](otherend_net::Endpoint), look at everything that can
//! be seen from here (name, route, the attempt itself, what else answers there, what the server says,
//! the server's process and the firewall's rules where they are this machine's), and collect
//! [`Evidence`]. [`verdict`], a pure function, turns it into a [`Verdict`]: **every** cause that fits,
//! the likeliest first, each with its evidence, the one check that tells it from the others, and a
//! remedy. They block, within [`Options::deadline`]; `connect_with_progress` tells of each step.
//!
//! Nothing here needs a privilege: what only root may read (the rules, other users' processes) is used
//! when it can be read, and said to be unknown otherwise. So is, on systems other than Linux, what
//! they do not tell: who listens, routes, ICMP errors, rules.
//!
//! Of use by themselves: [`interfaces`] (this machine's adapters, and where a listener can be reached),
//! [`listeners`] (who has a port), [`two_ended`] (the server's part where both ends diagnose).
#![forbid(unsafe_code)]

mod cause;
mod connect;
mod contrast;
mod conversation;
mod dns;
mod evidence;
mod firewall;
pub mod interfaces;
#[cfg(target_os = "linux")]
mod linux;
mod listen;
pub mod listeners;
mod machine;
mod name;
#[cfg(target_os = "linux")]
mod netlink;
mod phrase;
mod probe;
mod protocol;
mod slip;
mod step;
pub mod two_ended;
#[cfg(not(target_os = "linux"))]
mod unknown;
mod verdict;
mod way;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use unknown as system;

use std::net::SocketAddr;
use std::time::Duration;

use otherend_net::endpoint::Family;
use serde::Serialize;

pub use cause::{Cause, CauseKind, Likelihood, Verdict};
pub use connect::{connect, connect_with_progress};
pub use evidence::*;
pub use listen::{listen, listen_with_progress};
pub use step::{Mark, Progress, Stage, Step};
pub use verdict::{listen_verdict, verdict};

/// How many causes the short form shows.
const SHORT: usize = 3;

/// What to diagnose, and how far to go.
#[derive(Debug, Clone)]
pub struct Options {
    /// For everything together: 10 s unless set, at least 1 s, at most an hour. Under 4 s an absent
    /// machine and a silent one look the same.
    pub deadline: Duration,
    /// Which addresses of a name are wanted.
    pub family: Family,
    /// Do not look up names.
    pub no_dns: bool,
    /// What the name is known to stand for: it is not looked up again. Empty: look it up.
    pub addresses: Vec<SocketAddr>,
    /// Speak TLS: say a hello and look at the answer. No handshake is finished.
    pub tls: bool,
    /// A line to say once connected.
    pub say: Option<String>,
    /// A text that the reply must contain.
    pub expect: Option<String>,
    /// Tell the server, which is otherend's too, what this end sees, and hear what it sees.
    pub two_ended: bool,
    /// When a port is refused, look whether one that is a slip of the finger away accepts: on this
    /// machine's kind of networks only, and at most 50 of them.
    pub search_ports: bool,
    /// Talk to a server that accepts. Without it, being accepted is enough.
    pub converse: bool,
    /// Datagrams are to be listened for, not connections; only [`listen`] looks at this.
    pub udp: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            deadline: Duration::from_secs(10),
            family: Family::Any,
            no_dns: false,
            addresses: Vec::new(),
            tls: false,
            say: None,
            expect: None,
            two_ended: false,
            search_ports: true,
            converse: true,
            udp: false,
        }
    }
}

/// What was found out about connecting to an address.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// What was looked at, in order.
    pub steps: Vec<Step>,
    /// Everything that was found out.
    pub evidence: Evidence,
    /// What it amounts to.
    pub verdict: Verdict,
}

/// What was found out about listening on an address.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ListenDiagnosis {
    /// What was looked at, in order.
    pub steps: Vec<Step>,
    /// Everything that was found out.
    pub evidence: ListenEvidence,
    /// What it amounts to.
    pub verdict: Verdict,
}

impl Diagnosis {
    /// The likeliest causes, a line each (`not-listening: no server runs on port …`), and what to do
    /// where there is only one: for a command that could not connect and said so.
    #[must_use]
    pub fn first_lines(&self) -> Vec<String> {
        first_lines(&self.verdict)
    }
}

impl ListenDiagnosis {
    /// The likeliest causes, a line each, for a command that could not listen and said so.
    #[must_use]
    pub fn first_lines(&self) -> Vec<String> {
        first_lines(&self.verdict)
    }
}

/// Peers whose first packet arrived at a port of this machine, and from whom nothing came after the
/// kernel's answer: that answer is lost on its way back, or the peer has gone. Empty where the
/// system does not tell.
#[must_use]
pub fn half_open(port: u16) -> Vec<SocketAddr> {
    system::half_open(port)
}

fn first_lines(verdict: &Verdict) -> Vec<String> {
    let shown = verdict.causes.iter().take(SHORT);
    let mut lines: Vec<String> = shown
        .map(|cause| format!("{}: {}", cause.kind, cause.says))
        .collect();
    if let ([cause], true) = (verdict.causes.as_slice(), !verdict.works) {
        lines.extend(cause.remedy.iter().map(|remedy| format!("to do: {remedy}")));
    }
    match verdict.causes.len().saturating_sub(SHORT) {
        0 => {}
        1 => lines.push("or one more cause that fits".to_owned()),
        more => lines.push(format!("or {more} more causes that fit")),
    }
    lines
}

/// The steps so far, and whoever watches them.
struct StepLog<'a> {
    steps: Vec<Step>,
    on_progress: &'a mut dyn FnMut(Progress<'_>),
}

impl StepLog<'_> {
    fn begins(&mut self, stage: Stage, at: &str) {
        (self.on_progress)(Progress::Begins(stage, at));
    }

    fn step(&mut self, stage: Stage, mark: Mark, text: impl Into<String>, took: Duration) {
        let text = text.into();
        let step = Step {
            stage,
            mark,
            text,
            took,
        };
        (self.on_progress)(Progress::Done(&step));
        self.steps.push(step);
    }
}

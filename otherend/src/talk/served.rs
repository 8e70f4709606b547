//! A transcript that is served: read again when its file changes, all or nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use otherend_core::transcript::{Options, Plan, Transport};
use otherend_core::{Framing, Handler};
use otherend_net::Peer;
use otherend_net::play::{Performances, Waiting};

use super::files;
use crate::args::talk::PlayArgs;
use crate::exit::Failure;

/// How often the file is looked at.
const EVERY: Duration = Duration::from_millis(500);

/// A file and what was last read from it.
pub(crate) struct Served {
    path: PathBuf,
    how: How,
    performances: Performances,
}

/// How it is served.
pub(crate) struct How {
    pub(crate) play: PlayArgs,
    /// Close at the first line that nothing fits.
    pub(crate) strict: bool,
    /// What carries it.
    pub(crate) transport: Transport,
    /// Whoever comes waits until whoever is here has left.
    pub(crate) one_at_a_time: bool,
}

/// What tells one state of a file from the next.
type Stamp = Option<(SystemTime, u64)>;

impl Served {
    /// Read the file for the first time.
    ///
    /// # Errors
    /// It cannot be read, is no transcript, or is none that a server can play.
    pub(crate) fn open(path: PathBuf, how: How) -> Result<Self, Failure> {
        let plan = read(&path, &how)?;
        let performances = Performances::new(plan).with(|options| Options {
            strict: how.strict,
            timing: how.play.timing(),
            ..options
        });
        Ok(Served {
            path,
            how,
            performances,
        })
    }

    /// How to name the file.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// What a message is in it.
    pub(crate) fn framing(&self) -> Framing {
        match self.plan().framing() {
            // Server and file agree on what carries it.
            Framing::Datagram => Framing::Lf,
            framing => framing.clone(),
        }
    }

    /// What is played for whoever comes now.
    pub(crate) fn plan(&self) -> Arc<Plan> {
        self.performances.plan()
    }

    /// The behaviour for a peer: its connection of the transcript, from its start.
    pub(crate) fn handler(&self, peer: &Peer) -> Handler {
        Handler::from(self.performances.join(peer))
    }

    /// Read the file again whenever it changes, and look who waits for others; `tell` of both, with
    /// the number of the client or 0, until `over`.
    ///
    /// # Errors
    /// There is no thread left.
    pub(crate) fn follow(
        self: Arc<Self>,
        over: impl Fn() -> bool + Send + 'static,
        tell: impl Fn(u64, &str) + Send + 'static,
    ) -> std::io::Result<()> {
        let thread = thread::Builder::new().name("transcript".into());
        let mut seen = self.stamp();
        let mut waiting = Vec::new();
        thread.spawn(move || {
            while !over() {
                thread::sleep(EVERY);
                let stamp = self.stamp();
                // By time and length, twice a second: an editor that writes a new file and renames
                // it changes what a watch on the old one would never see.
                if stamp != seen {
                    seen = stamp;
                    tell(0, &self.read_again());
                }
                for (client, text) in self.who_waits(&mut waiting) {
                    tell(client, &text);
                }
            }
        })?;
        Ok(())
    }

    /// Those who waited for others at the last look already, each once.
    fn who_waits(&self, before: &mut Vec<(Waiting, bool)>) -> Vec<(u64, String)> {
        let mut lasting = Vec::new();
        // Told only when it was there at the last look too: between two clients that come one after
        // the other there is always a moment in which one waits.
        let waiting = self.performances.waiting().into_iter();
        *before = waiting
            .map(|waiting| {
                let seen = before.iter().find(|(other, _)| *other == waiting);
                if let Some((_, false)) = seen {
                    lasting.push((waiting.client, self.waits(&waiting)));
                }
                (waiting, seen.is_some())
            })
            .collect();
        lasting
    }

    fn waits(&self, waiting: &Waiting) -> String {
        let name = self.name();
        let Waiting {
            line,
            connection,
            opens_on,
            ..
        } = waiting;
        format!(
            "{name}:{line} waits until somebody has come for connection {connection} ({name}:{opens_on})"
        )
    }

    fn stamp(&self) -> Stamp {
        let found = fs::metadata(&self.path).ok()?;
        Some((found.modified().ok()?, found.len()))
    }

    fn read_again(&self) -> String {
        match read(&self.path, &self.how) {
            // Every conversation has that of the server, which was settled when it began.
            Ok(changed) if changed.framing() != self.plan().framing() => format!(
                "{} changed and has another framing, so what it said stays: start the server again",
                self.name()
            ),
            Ok(changed) => {
                // What was reached and what fitted nothing is counted over the whole run, and not
                // from the last save on.
                changed.take_over(&self.plan());
                self.performances.change_to(changed);
                format!("{} changed: new clients get what it says now", self.name())
            }
            Err(error) => format!(
                "{} changed and cannot be used, so what it said stays:\n{error}",
                self.name()
            ),
        }
    }
}

fn read(path: &Path, how: &How) -> Result<Arc<Plan>, Failure> {
    let file = files::read(path, how.play.limits())?;
    let plan = how.play.plan(path, file.transcript)?;
    match unusable(&plan, how) {
        Some(why) => Err(Failure::Usage(format!("{}{why}", path.display()))),
        None => Ok(Arc::new(plan)),
    }
}

/// Why a file cannot be served so: the place in it and the reason.
fn unusable(plan: &Plan, how: &How) -> Option<String> {
    match (plan.transport(), how.transport) {
        (Transport::Udp, Transport::Tcp) => return Some(": it is over UDP: add --udp".to_owned()),
        (Transport::Tcp, Transport::Udp) => {
            let text = ": it is over TCP: leave --udp out, or write `over udp` at its top";
            return Some(text.to_owned());
        }
        _ => {}
    }
    let line = plan.overlap().filter(|_| how.one_at_a_time)?;
    Some(format!(
        ":{line}: this connection opens while another is open, and --engine single serves one at a \
         time: use --engine threads or async"
    ))
}

//! The system's resolver and the name servers themselves, all asked at the same time: what the one
//! does not say in time, another may.

use std::net::SocketAddr;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use otherend_net::endpoint::{Endpoint, ResolveError};

use crate::Options;
use crate::dns::{self, Configured};
use crate::evidence::{Resolver, ResolverAnswer};

/// How long the name servers' own answers are waited for once the system has answered.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Until the system has answered, when a name server has given addresses meanwhile.
    pub(crate) enough: Duration,
    /// When nobody has given any.
    pub(crate) most: Duration,
}

/// What everybody said.
pub(super) struct Answers {
    /// The system's resolver; that it took too long where it did not answer.
    pub(super) system: Result<Vec<SocketAddr>, ResolveError>,
    /// How long that took.
    pub(super) took: Duration,
    /// Each name server that was asked.
    pub(super) servers: Vec<Resolver>,
}

enum Answer {
    System(Result<Vec<SocketAddr>, ResolveError>),
    Server(Resolver),
}

/// Ask the system and each configured name server for the addresses of a name.
pub(super) fn ask(endpoint: &Endpoint, name: &str, options: &Options, limits: Limits) -> Answers {
    let started = Instant::now();
    let (to, heard) = mpsc::channel();
    let mut asking = Asking {
        waiting: match options.no_dns || !endpoint.needs_lookup() {
            true => Vec::new(),
            false => ask_servers(name, options, limits.most, &to),
        },
        system: None,
        servers: Vec::new(),
    };
    ask_system(endpoint, options, limits.most, to);
    while let Ok(one) = heard.recv_timeout(asking.until(limits).saturating_sub(started.elapsed())) {
        asking.hears(one, started.elapsed());
    }
    asking.answers(name, started.elapsed())
}

fn ask_system(endpoint: &Endpoint, options: &Options, limit: Duration, to: Sender<Answer>) {
    let (endpoint, family, no_dns) = (endpoint.clone(), options.family, options.no_dns);
    let ask = move || {
        let found = endpoint.resolve_within(family, no_dns, limit);
        // Nobody waits any more when the time was up.
        drop(to.send(Answer::System(found)));
    };
    let named = thread::Builder::new().name("system resolver".into());
    if named.spawn(ask.clone()).is_err() {
        ask();
    }
}

/// Each name server in a thread of its own. Gives those that were asked.
fn ask_servers(
    name: &str,
    options: &Options,
    limit: Duration,
    to: &Sender<Answer>,
) -> Vec<SocketAddr> {
    let configured = Configured::read();
    let names = configured.names(name);
    let mut asked = configured.servers;
    // Without a thread for it, a server is missing from the evidence, no more.
    asked.retain(|server| {
        let (server, names, family, to) = (*server, names.clone(), options.family, to.clone());
        let ask = move || {
            let answer = dns::ask(server, &names, family, limit);
            drop(to.send(Answer::Server(answer)));
        };
        let named = thread::Builder::new().name("name server".into());
        named.spawn(ask).is_ok()
    });
    asked
}

/// What is known while answers come in.
struct Asking {
    waiting: Vec<SocketAddr>,
    system: Option<(Result<Vec<SocketAddr>, ResolveError>, Duration)>,
    servers: Vec<Resolver>,
}

impl Asking {
    /// When it is enough, from the beginning.
    fn until(&self, limits: Limits) -> Duration {
        let found = self
            .servers
            .iter()
            .any(|server| !server.addresses.is_empty());
        // Of 10 s, with a first name server that is silent and a second that knows the name:
        //
        //   0.0 s  the system and both servers are asked
        //   0.1 s  the second has answered; the system still waits for the first
        //   4.0 s  enough: the addresses are used, and the system is called late
        //
        // Had nobody answered, the system would have had until 6.0 s: glibc turns to the next server
        // after 5 s.
        match &self.system {
            // The name servers know more, perhaps: they are only late.
            Some((Err(ResolveError::NoAnswer { .. }), took)) => limits.enough.max(*took + PATIENCE),
            Some((_, took)) => *took + PATIENCE,
            None if found => limits.enough,
            None => limits.most,
        }
    }

    fn hears(&mut self, heard: Answer, after: Duration) {
        match heard {
            Answer::System(found) => self.system = Some((found, after)),
            Answer::Server(server) => {
                self.waiting.retain(|address| *address != server.address);
                self.servers.push(server);
            }
        }
    }

    fn answers(self, name: &str, waited: Duration) -> Answers {
        let silent = |address| Resolver {
            address,
            answer: ResolverAnswer::Silent,
            addresses: Vec::new(),
            took: waited,
        };
        let mut servers = self.servers;
        servers.extend(self.waiting.into_iter().map(silent));
        servers.sort_by_key(|server| server.address);
        let (system, took) = self.system.unwrap_or_else(|| {
            let (host, limit) = (name.to_owned(), waited);
            (Err(ResolveError::TimedOut { host, limit }), waited)
        });
        Answers {
            system,
            took,
            servers,
        }
    }
}

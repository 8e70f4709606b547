//! Who plays with whom (usually: a matchmaker): the clients of one server take the connections of a
//! transcript.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard};

use otherend_core::transcript::{Options, Plan, Player};
use otherend_core::{Performance, Script};

use crate::lock::lock;
use crate::peer::Peer;

/// Performs a transcript for the clients of a server, any number of times at once.
///
/// Each client gets a connection of the script. With one connection every client begins a
/// performance of its own. With several, a client gets the next connection of the oldest performance
/// in which somebody who plays the file could have opened it by now; if there is none, it begins a
/// new one. A performance that all have left, one of them early, has ended.
///
/// ```
/// use std::sync::Arc;
/// use otherend_net::core::transcript::{Outcome, Plan, Transcript};
/// use otherend_net::play::{Performances, PlayOptions, play};
/// use otherend_net::{Server, ServerConfig};
///
/// let file = b"otherend talk 1\nC: hello\nS: you are first\n2C: hello\n2S: you are second\nS: bye\n";
/// let plan = Arc::new(Plan::new(Transcript::parse(file)?));
/// let performances = Performances::new(Arc::clone(&plan));
/// let server = Server::bind(&["127.0.0.1:0".parse()?], ServerConfig::default(), move |peer| {
///     performances.join(peer)
/// })?;
/// let address = server.addresses()[0].inet().expect("it listens on TCP");
/// let running = server.start()?;
/// let outcome = play(plan, &address.into(), &PlayOptions::default())?;
/// assert_eq!(outcome, Outcome::Passed);
/// running.drain();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Performances {
    options: Options,
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    /// What new performances play.
    plan: Arc<Plan>,
    /// Those of several connections that may need more clients, oldest first.
    open: Vec<Arc<SharedPerformance>>,
}

/// A client that hears nothing until another one comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Its number.
    pub client: u64,
    /// The line of the file that it is to hear.
    pub line: usize,
    /// The connection, counted from 1, that nobody has taken.
    pub connection: usize,
    /// The line on which that opens.
    pub opens_on: usize,
}

/// A performance that several clients share.
#[derive(Debug)]
struct SharedPerformance(Mutex<Ensemble>);

#[derive(Debug)]
struct Ensemble {
    plan: Arc<Plan>,
    player: Player,
    /// The numbers of the clients that have come, by connection.
    clients: Vec<u64>,
}

impl Performances {
    /// Perform `plan` with the options of [`Player::server`].
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        Performances {
            options: Player::server(Arc::clone(&plan)).options(),
            inside: Mutex::new(Inside {
                plan,
                open: Vec::new(),
            }),
        }
    }

    /// Change how it is played.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(Options) -> Options) -> Self {
        self.options = change(self.options);
        self
    }

    /// What new performances play.
    #[must_use]
    pub fn plan(&self) -> Arc<Plan> {
        Arc::clone(&lock(&self.inside).plan)
    }

    /// Let new performances play `plan`; those that have begun go on with what they have.
    pub fn change_to(&self, plan: Arc<Plan>) {
        lock(&self.inside).plan = plan;
    }

    /// The part of `peer`, who comes now.
    #[must_use]
    pub fn join(&self, peer: &Peer) -> Script {
        let mut inside = lock(&self.inside);
        // Only who comes can fill a performance up, so this is where it shows that one cannot be
        // filled any more. Of several that wait for the same part the oldest has it, whose clients
        // wait longest.
        inside.open.retain(|shared| lock(&shared.0).can_fill());
        if let Some(script) = inside.open.iter().find_map(|shared| shared.join(peer)) {
            return script;
        }
        let plan = Arc::clone(&inside.plan);
        // Nearly every file has one connection. Its player belongs to the conversation alone, and
        // no lock is in the way of its lines.
        if let Ok(script) = Script::server(Arc::clone(&plan)) {
            return script.with(|_| self.options);
        }
        let shared = Arc::new(SharedPerformance(Mutex::new(Ensemble {
            player: Player::server(Arc::clone(&plan)).with(self.options),
            plan,
            clients: vec![peer.number],
        })));
        inside.open.push(Arc::clone(&shared));
        Script::among(shared, 0)
    }

    /// Who waits for a connection that nobody has taken.
    #[must_use]
    pub fn waiting(&self) -> Vec<Waiting> {
        let inside = lock(&self.inside);
        let open = inside.open.iter();
        open.flat_map(|shared| lock(&shared.0).waiting()).collect()
    }
}

impl SharedPerformance {
    fn join(self: &Arc<Self>, peer: &Peer) -> Option<Script> {
        let mut ensemble = lock(&self.0);
        let next = ensemble.clients.len();
        if !ensemble.player.is_due(next) {
            return None;
        }
        // Under the lock in which it was found due: two that come at once are two connections.
        ensemble.clients.push(peer.number);
        Some(Script::among(Arc::clone(self) as Arc<_>, next))
    }
}

impl Ensemble {
    /// There is a connection left, and somebody here who may lead up to it or to whom it is next.
    fn can_fill(&self) -> bool {
        let next = self.clients.len();
        // It stays as long as somebody may still join: with all gone too early nobody ever leads up
        // to the rest, and the next who comes begins at the top.
        let here = (0..next).any(|connection| !self.player.is_over(connection));
        next < self.player.connections() && (here || self.player.is_due(next))
    }

    fn waiting(&self) -> Vec<Waiting> {
        let next = self.clients.len();
        let Some(opens_on) = self.plan.opens_on(next) else {
            return Vec::new();
        };
        let clients = self.clients.iter().enumerate();
        let waiting = clients.filter_map(|(connection, client)| {
            let line = self.player.held_up_at(connection)?;
            let waiting = Waiting {
                client: *client,
                line,
                connection: next + 1,
                opens_on,
            };
            (line > opens_on).then_some(waiting)
        });
        waiting.collect()
    }
}

impl Performance for SharedPerformance {
    fn player(&self) -> Box<dyn DerefMut<Target = Player> + '_> {
        Box::new(Lent(lock(&self.0)))
    }

    fn client(&self, connection: usize) -> Option<u64> {
        lock(&self.0).clients.get(connection).copied()
    }
}

/// The player, while a conversation has it.
struct Lent<'a>(MutexGuard<'a, Ensemble>);

impl Deref for Lent<'_> {
    type Target = Player;

    fn deref(&self) -> &Player {
        &self.0.player
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Player {
        &mut self.0.player
    }
}

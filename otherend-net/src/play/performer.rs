//! Plays the client's end: each connection is a conversation that a thread's driver carries, as any
//! other; the player that they share says when the next one opens and how it all ended.

use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use otherend_core::transcript::{Outcome, Player, Transport};
use otherend_core::{
    Address, Conversation, EndReason, Event, Framing, Loss, Observer, Outbox, Performance, Script,
    Settings, Time, Wants,
};

use super::PlayError;
use crate::client::{ConnectError, ConnectOptions, reach};
use crate::endpoint::{Endpoint, Target};
use crate::engine::blocking::Driver;
use crate::engine::carrier::Carrier;
use crate::engine::desk::Desk;
use crate::hub::Hub;
use crate::hub::admitted::Admitted;
use crate::hub::mailbox::{Mailbox, Order};
use crate::lock::lock;
use crate::stream::Stream;
use crate::system::bell::Bell;

/// After our end: how long the peer's is waited for.
const LINGER: Duration = Duration::from_millis(250);
/// How often it is looked whether our end was acknowledged.
const LOOK: Duration = Duration::from_millis(1);

/// A transcript on its way, played as the client.
pub(super) struct Performer {
    player: Mutex<Player>,
    /// Some conversation had its turn with the player.
    changed: Condvar,
    /// Over UDP: where nobody receives datagrams, once that was said.
    refused: Arc<Mutex<Option<io::Error>>>,
}

/// What is to be done next.
enum Next {
    Open(usize),
    End(Outcome),
}

impl Performer {
    pub(super) fn new(player: Player) -> Arc<Self> {
        Arc::new(Performer {
            player: Mutex::new(player),
            changed: Condvar::new(),
            refused: Arc::default(),
        })
    }

    pub(super) fn player(&self) -> MutexGuard<'_, Player> {
        lock(&self.player)
    }

    /// Play until all is said and heard, or something does not fit.
    pub(super) fn play(
        self: &Arc<Self>,
        endpoint: &Endpoint,
        options: &ConnectOptions,
    ) -> Result<Outcome, PlayError> {
        let hub = Arc::new(Hub::new(Bell::new().map_err(PlayError::Local)?));
        let played = self.open_all(&hub, endpoint, options);
        // Passed says that all was said and all that was heard fitted. Some of what was said may
        // still lie in our own memory, and a server that never reads it has not passed anything.
        let all_read = if let Ok(Outcome::Passed) = played {
            self.all_is_read(&hub)
        } else {
            tell_all(&hub, || Order::Close(EndReason::ClosedHere));
            true
        };
        if !hub.registry.wait_until_empty(LINGER * 2) {
            // Whoever does not read now would hold its thread and its socket for ever.
            tell_all(&hub, || Order::Abort(EndReason::PeerNotReading));
        }
        match lock(&self.refused).take() {
            Some(error) => Err(PlayError::Local(error)),
            None if !all_read => {
                let text = "the server does not read what is said to it";
                let error = io::Error::new(io::ErrorKind::TimedOut, text);
                Err(PlayError::Local(error))
            }
            // Whoever had the last word may have learned only now that it was not taken.
            None => played.map(|passed| self.player().outcome().cloned().unwrap_or(passed)),
        }
    }

    /// What was said last is still on its way, and the peers have a moment to close. `false`: one
    /// has read nothing for as long as the transcript waits for a line.
    fn all_is_read(&self, hub: &Hub) -> bool {
        let patience = self.player().options().timeout.unwrap_or(Duration::MAX);
        let patience = patience.max(LINGER * 2);
        loop {
            // Not whether it takes long, but whether it goes on: a slow link may need minutes for
            // what is left, and is given them as long as it takes some of it in the time that a
            // line has.
            let said = hub.counters.stats().counts.bytes_said;
            if hub.registry.wait_until_empty(patience) {
                return true;
            }
            if hub.counters.stats().counts.bytes_said == said {
                return false;
            }
        }
    }

    /// Open each connection when its time has come, until there is an outcome.
    fn open_all(
        self: &Arc<Self>,
        hub: &Arc<Hub>,
        endpoint: &Endpoint,
        options: &ConnectOptions,
    ) -> Result<Outcome, PlayError> {
        let framing = self.player().framing().clone();
        let target = match self.player().transport() {
            Transport::Tcp => Target::Stream(endpoint.clone()),
            Transport::Udp => Target::Datagrams(endpoint.clone()),
        };
        let settings = Arc::new(settings(framing));
        loop {
            match self.next() {
                Next::End(outcome) => return Ok(outcome),
                Next::Open(connection) => {
                    let stream = match reach(&target, options) {
                        Err(error) if was_reset(&error) => {
                            self.lose(hub, connection);
                            continue;
                        }
                        reached => reached?,
                    };
                    let driver = self.begin(hub, connection, stream, &settings);
                    let driver = driver.map_err(PlayError::Local)?;
                    self.carry(connection, driver).map_err(PlayError::Local)?;
                }
            }
        }
    }

    /// Wait for what is to be done next.
    fn next(&self) -> Next {
        let mut player = self.player();
        let mut named = None;
        loop {
            if let Some(connection) = player.to_open() {
                let named = *named.get_or_insert_with(Instant::now);
                let left = player
                    .opens_after(connection)
                    .saturating_sub(named.elapsed());
                if left.is_zero() {
                    return Next::Open(connection);
                }
                // The others go on meanwhile, and may end it all.
                let waited = self.changed.wait_timeout(player, left);
                player = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            if let Some(outcome) = player.outcome() {
                return Next::End(outcome.clone());
            }
            let waited = self.changed.wait(player);
            player = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The conversation on `connection`, opened: the player knows of it before anything else is
    /// asked of it.
    fn begin(
        self: &Arc<Self>,
        hub: &Arc<Hub>,
        connection: usize,
        stream: Stream,
        settings: &Arc<Settings>,
    ) -> io::Result<Driver> {
        // Where the peer has reset it already there is no other end; the first read says so.
        let address = stream.peer_address().unwrap_or(Address::Unnamed);
        let local = stream.local_address()?;
        let peer = hub.introduce(address, local);
        let admitted = Admitted::new(hub, peer, Mailbox::for_thread()?);
        let now = hub.clock.now();
        let performance = Arc::clone(self) as Arc<dyn Performance>;
        let script = Script::among(performance, connection);
        let mut conversation = Conversation::new(Arc::clone(settings), script, now);
        if settings.framing == Framing::Datagram {
            let refused = Arc::clone(&self.refused);
            let address = admitted.guest.peer.address.to_string();
            conversation = conversation.observed(Box::new(Refusals { refused, address }));
        }
        conversation.open(now);
        Ok(Driver::new(
            stream,
            Carrier::of_peer(conversation, admitted),
        ))
    }
}

impl Performer {
    /// Carry the conversation on `connection` to its end in a thread of its own.
    ///
    /// Its first turn is this thread's, which opens the next connection after it: what is said first
    /// here leaves before what is said first there. Of two datagrams the second could come first
    /// otherwise, and a server of several clients take the one for the other.
    fn carry(self: &Arc<Self>, connection: usize, mut driver: Driver) -> io::Result<()> {
        let mut desk = Desk::default();
        let goes_on = driver.turn(&mut desk, Some(Duration::ZERO));
        let performer = Arc::clone(self);
        let rest = move || {
            while goes_on && driver.turn(&mut desk, None) {}
            performer.see_taken(connection, &driver.stream);
        };
        let thread = thread::Builder::new().name("play".into());
        thread.spawn(rest).map(drop)
    }

    /// After a server's end: was our last word taken? One that came when the server had closed is
    /// answered by a reset, which nobody would hear once the socket is gone.
    fn see_taken(&self, connection: usize, stream: &Stream) {
        let has_finished = || matches!(stream.read(&mut [0]), Ok(0));
        if !self.player().has_last_word(connection) || !has_finished() {
            return;
        }
        // Fails where it was done before.
        let _ = stream.half_close();
        let until = Instant::now() + LINGER;
        loop {
            // Both have finished, so the socket has no peer any more once our end was acknowledged,
            // and all before it.
            let is_over = stream.peer_address().is_err() || Instant::now() >= until;
            if let Ok(Some(_)) = stream.take_error() {
                return self.player().lost_at_the_end(connection);
            }
            if is_over {
                return;
            }
            // No event tells of an acknowledgement. It is a round trip away, so it is looked for,
            // for a moment and only by who has had the last word.
            thread::sleep(LOOK);
        }
    }

    /// The connection was reset as soon as it stood.
    fn lose(&self, hub: &Hub, connection: usize) {
        let (now, mut unsent) = (hub.clock.now(), Outbox::new());
        let mut player = self.player();
        player.opened(connection, now, &mut unsent);
        player.lost(connection, now, &mut unsent);
        player.lost_at_the_end(connection);
    }
}

/// The player's own time limits are the only ones: what it waits for, and how long, stands in the
/// file or was asked for.
fn settings(framing: Framing) -> Settings {
    Settings {
        framing,
        max_output: usize::MAX,
        linger_idle: LINGER,
        linger_total: LINGER,
        ..Settings::client()
    }
}

/// Order the same of all that are still open.
fn tell_all(hub: &Hub, order: impl Fn() -> Order) {
    for guest in hub.registry.all() {
        guest.mailbox.post(order());
    }
}

/// It stood, and was reset before anybody looked. A moment later the first read would have said so,
/// and which of the two it is must not show.
fn was_reset(error: &ConnectError) -> bool {
    let ConnectError::Failed { attempts, .. } = error else {
        return false;
    };
    attempts.iter().any(|attempt| is_reset(&attempt.error))
}

/// A connection that does not stand yet is refused instead.
fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}

impl Performance for Performer {
    fn player(&self) -> Box<dyn DerefMut<Target = Player> + '_> {
        Box::new(Lent {
            player: Performer::player(self),
            changed: &self.changed,
        })
    }

    /// They are numbered in the order in which they open, from 1.
    fn client(&self, connection: usize) -> Option<u64> {
        Some(connection as u64 + 1)
    }
}

/// The player, while a conversation has it.
struct Lent<'a> {
    player: MutexGuard<'a, Player>,
    changed: &'a Condvar,
}

impl Deref for Lent<'_> {
    type Target = Player;

    fn deref(&self) -> &Player {
        &self.player
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Player {
        &mut self.player
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        // Whoever waits has something to do a few times in a file; to wake it at every turn would
        // cost ten times what a line does.
        if self.player.outcome().is_some() || self.player.to_open().is_some() {
            // Woken while the player is still locked here, it gets it right after.
            self.changed.notify_one();
        }
    }
}

/// Remembers that nobody receives datagrams there: that is no difference to the transcript.
struct Refusals {
    refused: Arc<Mutex<Option<io::Error>>>,
    address: String,
}

impl Observer for Refusals {
    fn on_event(&mut self, _now: Time, event: &Event<'_>) {
        if let Event::Lost(Loss::Refused) = event {
            let text = format!("nothing is listening on udp {}", self.address);
            let error = io::Error::new(io::ErrorKind::ConnectionRefused, text);
            lock(&self.refused).get_or_insert(error);
        }
    }

    fn wants(&self) -> Wants {
        Wants::default()
    }
}

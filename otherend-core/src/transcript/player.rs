//! Plays a transcript from either end (usually: replay), or listens in between and checks both.

mod act;
mod failing;
mod gathering;
mod hear;
mod lane;
mod mismatch;
mod optional;
mod others;
mod unit;
mod updating;
mod waiting;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use lane::{Lane, Progress};

pub use mismatch::{Mismatch, Reason, Told};
pub use waiting::Waits;

use super::plan::{Beat, Plan, Take, Values};
use super::update::Edit;
use super::{Closing, Transport};
use crate::{Framing, Outbox, Role, Time};

/// The longest line that is waited for, in bytes, unless somebody limits it or the file has a longer
/// one.
const LONGEST: usize = 1 << 20;

/// What becomes of the pauses in a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Timing {
    /// They are notes: nothing waits.
    #[default]
    Ignored,
    /// They are kept, this many times faster than written.
    Speed(f64),
}

/// How a transcript is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// What becomes of the pauses.
    pub timing: Timing,
    /// How long to wait for what must be heard; `None`: for ever.
    pub timeout: Option<Duration>,
    /// As a server: end a connection at the first line that nothing fits.
    pub strict: bool,
}

/// How playing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All was said, and all that was heard fitted.
    Passed,
    /// What was heard first that did not fit.
    Failed(Box<Mismatch>),
}

/// One performance of a transcript, on all of its connections.
///
/// Made for a role: the client says the `C` steps and checks the `S` steps, the server the reverse,
/// the referee says nothing and checks both. Nothing blocks, nothing reads a clock, nothing panics
/// on any bytes, and how the bytes were cut makes no difference.
///
/// Connections are counted from 0 in the order of the file. **In**: [`opened`](Self::opened),
/// [`heard`](Self::heard), [`finished`](Self::finished), [`lost`](Self::lost) and, once
/// [`deadline`](Self::deadline) has passed or [`stirred`](Self::stirred) names the connection,
/// [`tick`](Self::tick). **Out**, after each of these: what was added to the outbox is to be sent;
/// then [`closing`](Self::closing) says how to stop, if at all. A client asks
/// [`to_open`](Self::to_open) which connection to open.
///
/// ```
/// use std::sync::Arc;
/// use otherend_core::transcript::{Outcome, Plan, Player, Transcript};
/// use otherend_core::{Outbox, Time};
///
/// let file = b"otherend talk 1\nC: RING 3\nS: 250 rang {{n:int=3}} times\nS! close\n";
/// let plan = Arc::new(Plan::new(Transcript::parse(file).unwrap()));
/// let mut player = Player::client(plan);
/// let (now, mut out) = (Time::ZERO, Outbox::new());
///
/// assert_eq!(player.to_open(), Some(0));
/// player.opened(0, now, &mut out);
/// assert_eq!(out.unsent(), b"RING 3\n");
/// player.heard(0, now, b"250 rang 4", &mut out);
/// player.heard(0, now, b" times\n", &mut out);
/// player.finished(0, now, &mut out);
/// assert_eq!(player.outcome(), Some(&Outcome::Passed));
/// ```
#[derive(Debug)]
pub struct Player {
    plan: Arc<Plan>,
    /// Who is played; `None` is the referee.
    role: Option<Role>,
    options: Options,
    /// With this many bytes in the outbox no more lines are answered.
    max_output: usize,
    /// The longest line in bytes, its end not counted.
    max_message: usize,
    lanes: Vec<Lane>,
    /// What holes of the script remember.
    values: Values,
    /// How many steps of the file our side has said or done, on all connections; those that nobody
    /// waits for any more count.
    done: usize,
    /// Steps after those that nobody waits for any more.
    skipped: BTreeSet<usize>,
    outcome: Option<Outcome>,
    /// Lines that nothing fitted, of a server that goes on.
    unexpected: VecDeque<Mismatch>,
    unexpected_dropped: u64,
    /// What a file that is brought up to date is to say instead; `None`: it is only checked.
    edits: Option<Vec<Edit>>,
    /// What was said and heard last, for messages.
    told: VecDeque<Told>,
    takes: Vec<Take>,
    /// Messages that are no slice of what was heard are put together here, one after the other.
    made: Vec<u8>,
}

impl Player {
    /// Play the client, with the file's timeout.
    #[must_use]
    pub fn client(plan: Arc<Plan>) -> Self {
        let timeout = Some(plan.timeout);
        Player::new(plan, Some(Role::Client), timeout)
    }

    /// Play the server, for ever patient.
    #[must_use]
    pub fn server(plan: Arc<Plan>) -> Self {
        Player::new(plan, Some(Role::Server), None)
    }

    /// Say nothing and check both ends.
    #[must_use]
    pub fn referee(plan: Arc<Plan>) -> Self {
        Player::new(plan, None, None)
    }

    fn new(plan: Arc<Plan>, role: Option<Role>, timeout: Option<Duration>) -> Self {
        let lanes = (0..plan.connections()).map(|_| Lane::default()).collect();
        Player {
            role,
            options: Options {
                timing: Timing::default(),
                timeout,
                strict: false,
            },
            max_output: usize::MAX,
            max_message: LONGEST.max(plan.longest),
            lanes,
            plan,
            values: Values::default(),
            done: 0,
            skipped: BTreeSet::new(),
            outcome: None,
            unexpected: VecDeque::new(),
            unexpected_dropped: 0,
            edits: None,
            told: VecDeque::new(),
            takes: Vec::new(),
            made: Vec::new(),
        }
    }

    /// Play with these options.
    #[must_use]
    pub fn with(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Play with other options from here on.
    pub(crate) fn change(&mut self, change: impl FnOnce(Options) -> Options) {
        self.options = change(self.options);
    }

    /// Answer no more lines while `max_output` bytes or more wait in the outbox, and hear none that
    /// is longer than `max_message` and than every line of the file.
    pub(crate) fn limit(&mut self, max_output: usize, max_message: usize) {
        self.max_output = max_output;
        self.max_message = max_message.max(self.plan.longest);
    }

    /// The options in force.
    #[must_use]
    pub fn options(&self) -> Options {
        self.options
    }

    // ---- in

    /// The connection is open.
    pub fn opened(&mut self, connection: usize, now: Time, out: &mut Outbox) {
        let lane = &mut self.lanes[connection];
        if lane.progress != Progress::Unopened {
            return;
        }
        lane.progress = Progress::Open;
        lane.since = now;
        if self.role == Some(Role::Client) {
            self.count_done();
        }
        // An opening is a line of the file only where the file writes it (`2C: connect`).
        if let Some(line) = self.plan.scripts.get(connection).and_then(|lane| lane.line) {
            self.plan.reach(line);
        }
        self.greet(connection, now, out);
        self.drive(connection, now, out);
    }

    /// The peer sent `bytes`; over UDP they are one datagram.
    #[inline]
    pub fn heard(&mut self, connection: usize, now: Time, bytes: &[u8], out: &mut Outbox) {
        let from = self.peer();
        self.take_in(connection, now, (from, bytes), out);
    }

    /// The peer has finished sending.
    pub fn finished(&mut self, connection: usize, now: Time, out: &mut Outbox) {
        self.end_of_peer(connection, Closing::Close);
        self.drive(connection, now, out);
    }

    /// The peer reset the connection, or it broke.
    pub fn lost(&mut self, connection: usize, now: Time, out: &mut Outbox) {
        self.end_of_peer(connection, Closing::Reset);
        self.drive(connection, now, out);
    }

    /// Time has passed, or another connection has made this one go on.
    pub fn tick(&mut self, connection: usize, now: Time, out: &mut Outbox) {
        if self.gathered_at(connection).is_some_and(|end| now >= end) {
            self.end_gathering(connection, now);
        }
        // Go on first: what is due by now may be our own turn, and a peer that we kept waiting is
        // not blamed for its silence.
        let before = out.len();
        self.drive(connection, now, out);
        self.check_patience(connection, now);
        // Over UDP what one call says is one datagram.
        if self.plan.is_stream() || out.len() == before {
            self.drive(connection, now, out);
        }
    }

    /// The referee heard `bytes` from `who`.
    pub fn overheard(&mut self, connection: usize, now: Time, who: Role, bytes: &[u8]) {
        self.take_in(connection, now, (who, bytes), &mut Outbox::new());
        if self.is_flooded(connection, who) {
            self.fail_at(connection, who, Vec::new(), Reason::TooMuch);
        }
    }

    /// The referee saw how `who` stopped; a half-close and a close look the same.
    pub fn saw_end(&mut self, connection: usize, now: Time, who: Role, how: Closing) {
        self.lanes[connection].ended[who.index()].get_or_insert(how);
        self.drive(connection, now, &mut Outbox::new());
    }

    // ---- out

    /// The connection that a client should open now.
    #[must_use]
    pub fn to_open(&self) -> Option<usize> {
        if self.role != Some(Role::Client) || self.outcome.is_some() {
            return None;
        }
        let next = self
            .lanes
            .iter()
            .position(|lane| lane.progress == Progress::Unopened)?;
        let Some(script) = self.plan.scripts.get(next) else {
            return Some(next);
        };
        // Connections open in the order of the file, and where it says so: with `2C: connect` below
        // `1C: LOGIN` not before LOGIN was said, for a server may count its clients.
        let is_next = script.opens == self.done && self.has_heard_above(script.opens_on());
        is_next.then_some(next)
    }

    /// How long after [`to_open`](Self::to_open) named it a client opens this connection: the pause
    /// above its `C! connect`, as far as it is kept.
    #[must_use]
    pub fn opens_after(&self, connection: usize) -> Duration {
        let lane = self.plan.scripts.get(connection);
        lane.map_or(Duration::ZERO, |lane| self.kept(lane.pause))
    }

    /// A server has stopped on this connection because the client does not fit the transcript.
    pub(crate) fn broke_off(&self, connection: usize) -> bool {
        self.lanes[connection].broke_off
    }

    /// The connection that the next client of a server gets; `None`: all of them are taken.
    #[must_use]
    pub fn to_accept(&self) -> Option<usize> {
        self.lanes
            .iter()
            .position(|lane| lane.progress == Progress::Unopened)
    }

    /// How to stop once all is sent; told once.
    pub fn closing(&mut self, connection: usize) -> Option<Closing> {
        self.lanes[connection].closing.take()
    }

    /// How it ended; `None` while it goes on.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// A line that nothing fitted; the server went on.
    pub fn unexpected(&mut self) -> Option<Mismatch> {
        self.unexpected.pop_front()
    }

    /// How many more of them there were than could be kept.
    #[must_use]
    pub fn unexpected_dropped(&self) -> u64 {
        self.unexpected_dropped
    }

    /// What a message is: lines, datagrams, or what stands in the file's frame.
    #[must_use]
    pub fn framing(&self) -> &Framing {
        self.plan.framing()
    }

    /// What carries it.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.plan.transport()
    }

    /// How many connections it has.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.lanes.len()
    }

    /// This connection is done with.
    #[must_use]
    pub fn is_over(&self, connection: usize) -> bool {
        self.lanes[connection].progress == Progress::Over
    }

    /// The line of the file that each open connection has come to.
    pub(crate) fn waiting_lines(&self) -> Vec<usize> {
        let open =
            (0..self.lanes.len()).filter(|lane| self.lanes[*lane].progress == Progress::Open);
        open.filter_map(|lane| self.line_at(lane)).collect()
    }

    /// Where holes of the script took something else than the other player's did.
    pub(crate) fn values_unlike(&self, other: &Player) -> Vec<usize> {
        self.values.unlike(&other.values)
    }

    // ---- inside

    fn end_of_peer(&mut self, connection: usize, how: Closing) {
        let peer = self.peer().index();
        self.lanes[connection].ended[peer].get_or_insert(how);
    }

    fn beat(&self, connection: usize) -> Option<Beat<'_>> {
        self.plan.beat(connection, self.lanes[connection].beat)
    }
}

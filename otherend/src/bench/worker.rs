//! One thread of the load: an event loop over its clients.
//!
//! It waits for sockets or the next moment, hears what came, says what may be said next, and does
//! that until the run's end. Two workers share nothing but the plan and the flag that stops them, so
//! that no lock of the load is in any latency.

mod pacer;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Token};

use super::connection::{Buffers, Connection, End};
use super::cpu::{CpuShare, Stopwatch};
use super::measurements::{Interval, Measurements};
use super::payload::Payload;
use super::plan::{Plan, nanos};
use super::poller::Poller;
use pacer::Pacer;

/// How long Ctrl-C may go unnoticed.
const PATIENCE: u64 = 100_000_000;

/// What all workers share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Common<'a> {
    pub(crate) plan: &'a Plan,
    /// Set to end the run now.
    pub(crate) stop: &'a AtomicBool,
}

/// What a worker has found out when it is done.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) measurements: Measurements,
    pub(crate) cpu: CpuShare,
    /// Until when it said lines, in nanoseconds since the start.
    pub(crate) until: u64,
    /// The clients whose connection ended too early, and how.
    pub(crate) ends: Vec<(u32, End)>,
    /// Lines without a reply on connections that still stood.
    pub(crate) unanswered: u64,
    /// Lines without a reply since their connection was gone, or never came about.
    pub(crate) lost: u64,
    /// The connections, open until everybody has measured what they wanted: a server may end the
    /// process behind each, and with it the account of its CPU time.
    pub(crate) connections: Vec<Option<Connection>>,
}

/// One thread of the load.
pub(crate) struct Worker<'a> {
    common: Common<'a>,
    /// The moment from which all workers count.
    start: Instant,
    poller: Poller,
    buffers: Buffers,
    measurements: Measurements,
    pacer: Pacer,
    /// A client's place is its token; empty once its connection has ended.
    connections: Vec<Option<Connection>>,
    alive: usize,
    unanswered: u64,
    lost: u64,
    ends: Vec<(u32, End)>,
    intervals: Sender<Interval>,
    /// The last look at the clock, in nanoseconds since the start.
    now: u64,
}

impl<'a> Worker<'a> {
    /// A worker for `clients`, some of which may have no connection.
    pub(crate) fn new(
        common: Common<'a>,
        clients: Vec<(u32, Option<TcpStream>)>,
        intervals: Sender<Interval>,
    ) -> io::Result<Worker<'a>> {
        let plan = common.plan;
        let numbers = clients.iter().map(|(client, _)| *client).collect();
        let pacer = Pacer::new(plan, numbers);
        let poller = Poller::new(pacer.is_open())?;
        let mut connections = Vec::with_capacity(clients.len());
        for (client, stream) in clients {
            let mut connection = stream.map(|stream| Connection::new(client, stream));
            if let Some(connection) = &mut connection {
                poller.register(&mut connection.stream, Token(connections.len()))?;
            }
            connections.push(connection);
        }
        Ok(Worker {
            common,
            start: Instant::now(),
            poller,
            buffers: Buffers::new(Payload::new(&plan.said), Payload::new(&plan.heard)),
            measurements: Measurements::new(plan.times),
            pacer,
            alive: connections.iter().flatten().count(),
            connections,
            unanswered: 0,
            lost: 0,
            ends: Vec::new(),
            intervals,
            now: 0,
        })
    }

    /// From `start` on, say lines until the end, wait for the last replies, and tell what was found.
    ///
    /// # Errors
    ///
    /// When the poller fails.
    pub(crate) fn run(mut self, start: Instant) -> io::Result<Findings> {
        self.start = start;
        let watch = Stopwatch::start();
        let mut events = Poller::events();
        self.look_at_clock();
        self.begin();
        while self.goes_on(self.common.plan.times.end) {
            self.round(&mut events)?;
        }
        // Waiting for the last replies is no load: its idle time must not dilute the CPU share.
        let (cpu, until) = (watch.read(), self.now.min(self.common.plan.times.end));
        self.end_interval();
        self.pacer.stop();
        while self.unanswered > 0 && self.goes_on(self.common.plan.times.given_up) {
            self.round(&mut events)?;
        }
        Ok(self.findings(cpu, until))
    }

    fn is_stopped(&self) -> bool {
        self.common.stop.load(Ordering::Relaxed)
    }

    fn goes_on(&self, until: u64) -> bool {
        self.now < until && self.alive > 0 && !self.is_stopped()
    }

    fn look_at_clock(&mut self) {
        self.now = nanos(self.start.elapsed());
    }

    /// Closed loop: the first lines of every client.
    fn begin(&mut self) {
        let Pacer::Closed { in_flight, .. } = self.pacer else {
            return;
        };
        for position in 0..self.connections.len() {
            if let Some(connection) = &mut self.connections[position] {
                connection.lines_due = in_flight;
                connection.in_flight.push(self.now, in_flight);
                self.unanswered += in_flight;
            }
            self.say(position);
        }
    }

    /// Wait for whatever comes first, and do all that it asks for.
    fn round(&mut self, events: &mut Events) -> io::Result<()> {
        // Not longer than 100 ms: Ctrl-C sets a flag, which wakes no poller.
        let limit = self.next_moment().saturating_sub(self.now).min(PATIENCE);
        self.poller.wait(events, Duration::from_nanos(limit))?;
        self.look_at_clock();
        for event in events.iter() {
            self.handle(event);
        }
        self.say_what_is_due();
        if self.now >= self.measurements.interval_ends() && self.pacer.is_going() {
            self.end_interval();
        }
        Ok(())
    }

    fn next_moment(&self) -> u64 {
        let times = &self.common.plan.times;
        let end = match self.pacer.is_going() {
            true => times.end.min(self.measurements.interval_ends()),
            false => times.given_up,
        };
        self.pacer.next_due().map_or(end, |due| due.min(end))
    }

    fn handle(&mut self, event: &Event) {
        let position = event.token().0;
        let Some(Some(connection)) = self.connections.get_mut(position) else {
            return;
        };
        if event.is_writable() {
            connection.set_writable();
        }
        let closed = event.is_read_closed() || event.is_error();
        if (event.is_readable() || closed) && !self.hear(position, closed) {
            return;
        }
        self.say(position);
    }

    /// Hear what has come for a client; `false` when that was its end.
    fn hear(&mut self, position: usize, closed: bool) -> bool {
        let Some(connection) = &mut self.connections[position] else {
            return false;
        };
        match connection.hear(&mut self.buffers, closed) {
            Ok(0) => {}
            Ok(answered) => {
                // Not the time of the round: a hundred clients may have been heard since it began,
                // and their work would be missing in the latencies of the last.
                self.now = nanos(self.start.elapsed());
                let account = (self.now, answered);
                let due = self
                    .pacer
                    .answered(connection, &mut self.measurements, account);
                self.unanswered += due;
                self.unanswered -= answered;
            }
            Err(end) => {
                self.end(position, end);
                return false;
            }
        }
        true
    }

    /// Say what a client has to say.
    fn say(&mut self, position: usize) {
        let Some(connection) = &mut self.connections[position] else {
            return;
        };
        let lines = self.pacer.lines_allowed(connection);
        if let Err(end) = connection.say(&mut self.buffers, lines) {
            self.end(position, end);
        }
    }

    /// Open loop: say the lines whose moment has come.
    fn say_what_is_due(&mut self) {
        let Pacer::Open(turns) = &mut self.pacer else {
            return;
        };
        let end = self.common.plan.times.end;
        let touched = turns.take_due(self.now, end, |position, due| {
            self.measurements.noticed(self.now, due);
            match &mut self.connections[position] {
                Some(connection) => {
                    connection.lines_due += 1;
                    self.unanswered += 1;
                }
                // The users of a service do not stop coming when a connection of theirs breaks, so
                // its lines still count, as lost.
                None => self.lost += 1,
            }
        });
        for position in touched {
            self.say(position);
        }
    }

    /// A client's connection is over.
    fn end(&mut self, position: usize, end: End) {
        if let Some(connection) = self.connections[position].take() {
            self.alive -= 1;
            self.unanswered -= connection.unanswered();
            self.lost += connection.unanswered();
            self.measurements.ended();
            self.ends.push((connection.client, end));
        }
    }

    fn end_interval(&mut self) {
        // Nobody listens any more only when the run is being given up.
        let _ = self
            .intervals
            .send(self.measurements.end_interval(self.now));
    }

    fn findings(mut self, cpu: CpuShare, until: u64) -> Findings {
        // Whoever stops the run early does not ask for the replies under way.
        let unanswered = if self.is_stopped() {
            0
        } else {
            self.unanswered
        };
        if unanswered > 0 {
            for connection in self.connections.iter_mut().flatten() {
                self.pacer
                    .give_up(connection, &mut self.measurements, self.now);
            }
        }
        Findings {
            measurements: self.measurements,
            cpu,
            until,
            ends: self.ends,
            unanswered,
            lost: self.lost,
            connections: self.connections,
        }
    }
}

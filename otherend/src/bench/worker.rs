//! One thread of the load: its clients, its poller, its tally, and the loop over them.

mod pace;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Token};

use super::connection::{Connection, Desk, End};
use super::cpu::{CpuShare, Stopwatch};
use super::plan::{Plan, nanos};
use super::sheet::Sheet;
use super::tally::{Interval, Tally};
use super::waiter::Waiter;
use pace::Rhythm;

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
    pub(crate) tally: Tally,
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
    waiter: Waiter,
    desk: Desk,
    tally: Tally,
    rhythm: Rhythm,
    /// A client's place is its token; empty once its connection has ended.
    seats: Vec<Option<Connection>>,
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
        let rhythm = Rhythm::new(plan, numbers);
        let waiter = Waiter::new(rhythm.is_open())?;
        let mut seats = Vec::with_capacity(clients.len());
        for (client, stream) in clients {
            let mut seat = stream.map(|stream| Connection::new(client, stream));
            if let Some(connection) = &mut seat {
                waiter.register(&mut connection.stream, Token(seats.len()))?;
            }
            seats.push(seat);
        }
        Ok(Worker {
            common,
            start: Instant::now(),
            waiter,
            desk: Desk::new(Sheet::new(&plan.said), Sheet::new(&plan.heard)),
            tally: Tally::new(plan.times),
            rhythm,
            alive: seats.iter().flatten().count(),
            seats,
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
        let mut events = Waiter::events();
        self.look_at_clock();
        self.begin();
        while self.goes_on(self.common.plan.times.end) {
            self.round(&mut events)?;
        }
        let (cpu, until) = (watch.read(), self.now.min(self.common.plan.times.end));
        self.end_interval();
        self.rhythm.stop();
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
        let Rhythm::Closed { in_flight, .. } = self.rhythm else {
            return;
        };
        for position in 0..self.seats.len() {
            if let Some(connection) = &mut self.seats[position] {
                connection.lines_due = in_flight;
                connection.in_flight.push(self.now, in_flight);
                self.unanswered += in_flight;
            }
            self.say(position);
        }
    }

    /// Wait for whatever comes first, and do all that it asks for.
    fn round(&mut self, events: &mut Events) -> io::Result<()> {
        let limit = self.next_moment().saturating_sub(self.now).min(PATIENCE);
        self.waiter.wait(events, Duration::from_nanos(limit))?;
        self.look_at_clock();
        for event in events.iter() {
            self.attend(event);
        }
        self.say_what_is_due();
        if self.now >= self.tally.interval_ends() && self.rhythm.is_going() {
            self.end_interval();
        }
        Ok(())
    }

    fn next_moment(&self) -> u64 {
        let times = &self.common.plan.times;
        let end = match self.rhythm.is_going() {
            true => times.end.min(self.tally.interval_ends()),
            false => times.given_up,
        };
        self.rhythm.next_due().map_or(end, |due| due.min(end))
    }

    fn attend(&mut self, event: &Event) {
        let position = event.token().0;
        let Some(Some(connection)) = self.seats.get_mut(position) else {
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
        let Some(connection) = &mut self.seats[position] else {
            return false;
        };
        match connection.hear(&mut self.desk, closed) {
            Ok(0) => {}
            Ok(answered) => {
                self.now = nanos(self.start.elapsed());
                let account = (self.now, answered);
                let due = self.rhythm.answered(connection, &mut self.tally, account);
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
        let Some(connection) = &mut self.seats[position] else {
            return;
        };
        let lines = self.rhythm.lines_allowed(connection);
        if let Err(end) = connection.say(&mut self.desk, lines) {
            self.end(position, end);
        }
    }

    /// Open loop: say the lines whose moment has come.
    fn say_what_is_due(&mut self) {
        let Rhythm::Open(turns) = &mut self.rhythm else {
            return;
        };
        let end = self.common.plan.times.end;
        let touched = turns.take_due(self.now, end, |position, due| {
            self.tally.noticed(self.now, due);
            match &mut self.seats[position] {
                Some(connection) => {
                    connection.lines_due += 1;
                    self.unanswered += 1;
                }
                None => self.lost += 1,
            }
        });
        for position in touched {
            self.say(position);
        }
    }

    /// A client's connection is over.
    fn end(&mut self, position: usize, end: End) {
        if let Some(connection) = self.seats[position].take() {
            self.alive -= 1;
            self.unanswered -= connection.unanswered();
            self.lost += connection.unanswered();
            self.tally.ended();
            self.ends.push((connection.client, end));
        }
    }

    fn end_interval(&mut self) {
        // Nobody listens any more only when the run is being given up.
        let _ = self.intervals.send(self.tally.end_interval(self.now));
    }

    fn findings(mut self, cpu: CpuShare, until: u64) -> Findings {
        // Whoever stops the run early does not ask for the replies under way.
        let unanswered = if self.is_stopped() {
            0
        } else {
            self.unanswered
        };
        if unanswered > 0 {
            for connection in self.seats.iter_mut().flatten() {
                self.rhythm.give_up(connection, &mut self.tally, self.now);
            }
        }
        Findings {
            tally: self.tally,
            cpu,
            until,
            ends: self.ends,
            unanswered,
            lost: self.lost,
            connections: self.seats,
        }
    }
}

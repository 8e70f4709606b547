//! When a worker's clients say their lines: after a reply (closed loop) or at a moment (open loop).
//!
//! The difference is what a latency counts from. The server stalls for 100 ms at 1,000 lines a second
//! from one client: the closed loop says one line, waits, and has one latency of 100 ms. The open
//! loop finds 100 lines due when it can go on, and each counts from when it was due: 100 ms, 99 ms …
//! Gil Tene calls what the first one hides coordinated omission; the second is what users would feel.

use super::super::connection::Connection;
use super::super::measurements::Measurements;
use super::super::plan::{Pace, Plan};
use super::super::schedule::Schedule;

/// The pace of one worker.
#[derive(Debug)]
pub(super) enum Pacer {
    Closed { in_flight: u64, going: bool },
    Open(Turns),
}

/// Open loop: whose turn it is.
#[derive(Debug)]
pub(super) struct Turns {
    schedule: Schedule,
    /// Lines of a client that may be unanswered.
    at_most: u64,
    /// The clients of this worker, in the order of their turns.
    clients: Vec<u32>,
    /// The next turn: this client says its line of this number.
    position: usize,
    number: u64,
    going: bool,
}

impl Pacer {
    pub(super) fn new(plan: &Plan, clients: Vec<u32>) -> Pacer {
        match plan.pace {
            Pace::Closed { in_flight } => Pacer::Closed {
                in_flight: in_flight.into(),
                going: true,
            },
            Pace::Open { rate, at_most } => Pacer::Open(Turns {
                schedule: Schedule::new(rate, plan.clients),
                at_most: at_most.map_or(u64::MAX, u64::from),
                clients,
                position: 0,
                number: 0,
                going: true,
            }),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self, Pacer::Open(_))
    }

    /// Lines are still being said.
    pub(super) fn is_going(&self) -> bool {
        match self {
            Pacer::Closed { going, .. } => *going,
            Pacer::Open(turns) => turns.going,
        }
    }

    /// No more lines become due.
    pub(super) fn stop(&mut self) {
        match self {
            Pacer::Closed { going, .. } => *going = false,
            Pacer::Open(turns) => turns.going = false,
        }
    }

    /// When the next line becomes due by itself.
    pub(super) fn next_due(&self) -> Option<u64> {
        match self {
            Pacer::Open(turns) if turns.going => turns.next().map(|(_, due)| due),
            _ => None,
        }
    }

    /// How many of its first lines a client may have said by now.
    #[inline]
    pub(super) fn lines_allowed(&self, connection: &Connection) -> u64 {
        match self {
            Pacer::Closed { .. } => u64::MAX,
            Pacer::Open(turns) => connection.lines_answered.saturating_add(turns.at_most),
        }
    }

    /// A client heard replies: (now, how many). Gives the number of lines that are due for it.
    #[inline]
    pub(super) fn answered(
        &self,
        connection: &mut Connection,
        measurements: &mut Measurements,
        (now, lines): (u64, u64),
    ) -> u64 {
        match self {
            Pacer::Closed { going, .. } => {
                connection.in_flight.answered(lines, |said_at, lines| {
                    measurements.answered(now, said_at, lines)
                });
                if !going {
                    return 0;
                }
                // One line for each reply keeps `in_flight` of them unanswered.
                connection.lines_due += lines;
                connection.in_flight.push(now, lines);
                lines
            }
            Pacer::Open(turns) => {
                // The schedule knows when a line was due: nothing was stored for it. Replies come in
                // the order of the lines, so the last `lines` of those answered are the new ones.
                let after = connection.lines_answered;
                for number in after - lines..after {
                    let due = turns.schedule.due(connection.client, number);
                    measurements.answered(now, due, 1);
                }
                0
            }
        }
    }

    /// Nobody waits for this client's replies any longer.
    pub(super) fn give_up(
        &self,
        connection: &mut Connection,
        measurements: &mut Measurements,
        now: u64,
    ) {
        match self {
            Pacer::Closed { .. } => {
                let lines = connection.unanswered();
                connection.in_flight.answered(lines, |said_at, lines| {
                    measurements.unanswered(now, said_at, lines)
                });
            }
            Pacer::Open(turns) => {
                for number in connection.lines_answered..connection.lines_due {
                    let due = turns.schedule.due(connection.client, number);
                    measurements.unanswered(now, due, 1);
                }
            }
        }
    }
}

impl Turns {
    /// Whose turn is next, and when.
    fn next(&self) -> Option<(usize, u64)> {
        let client = *self.clients.get(self.position)?;
        Some((self.position, self.schedule.due(client, self.number)))
    }

    /// Take every turn that has come by `now` and lies before `end`; gives the positions that had
    /// one, each once.
    pub(super) fn take_due(
        &mut self,
        now: u64,
        end: u64,
        mut each: impl FnMut(usize, u64),
    ) -> Vec<usize> {
        // A late worker may owe a client several lines: they are counted one by one, and said together.
        let first = self.position;
        let mut turns = 0;
        while let Some((position, due)) = self.next() {
            if due > now || due >= end || !self.going {
                break;
            }
            each(position, due);
            turns += 1;
            self.position += 1;
            if self.position == self.clients.len() {
                self.position = 0;
                self.number += 1;
            }
        }
        let count = self.clients.len();
        (first..first + turns.min(count))
            .map(|turn| turn % count)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(clients: Vec<u32>) -> Turns {
        Turns {
            schedule: Schedule::new(1_000_000_000, 4),
            at_most: u64::MAX,
            clients,
            position: 0,
            number: 0,
            going: true,
        }
    }

    fn taken(turns: &mut Turns, now: u64, end: u64) -> (Vec<(usize, u64)>, Vec<usize>) {
        let mut seen = Vec::new();
        let touched = turns.take_due(now, end, |position, due| seen.push((position, due)));
        (seen, touched)
    }

    #[test]
    fn a_worker_takes_the_turns_of_its_own_clients_only() {
        let mut turns = turns(vec![1, 3]);
        assert_eq!(taken(&mut turns, 0, 100), (vec![], vec![]));
        assert_eq!(taken(&mut turns, 3, 100).0, [(0, 1), (1, 3)]);
        assert_eq!(taken(&mut turns, 4, 100).0, []);
        assert_eq!(turns.next(), Some((0, 5)));
    }

    #[test]
    fn a_late_worker_takes_all_turns_it_missed_and_names_each_client_once() {
        let mut turns = turns(vec![1, 3]);
        let (seen, touched) = taken(&mut turns, 12, 100);
        assert_eq!(seen, [(0, 1), (1, 3), (0, 5), (1, 7), (0, 9), (1, 11)]);
        assert_eq!(touched, [0, 1]);
    }

    #[test]
    fn no_turn_comes_after_the_end() {
        let mut turns = turns(vec![0]);
        assert_eq!(taken(&mut turns, 1000, 9).0, [(0, 0), (0, 4), (0, 8)]);
    }
}

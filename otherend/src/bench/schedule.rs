//! Open loop: when each line is due, whatever the server does.
//!
//! Lines are spaced evenly over the clients in turn. A line's moment depends on nothing but its
//! number, so a server that stalls delays no moment: the wait counts as latency.

/// The moments of all lines, in nanoseconds since the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Schedule {
    clients: u64,
    /// Exact to the nanosecond for 100 days: a double holds 53 bits.
    nanos_per_line: f64,
}

impl Schedule {
    /// `rate` lines a second over `clients` clients.
    pub(crate) fn new(rate: u64, clients: u32) -> Schedule {
        Schedule {
            clients: u64::from(clients),
            nanos_per_line: 1e9 / rate as f64,
        }
    }

    /// When line `number` of `client` is due.
    #[inline]
    pub(crate) fn due(&self, client: u32, number: u64) -> u64 {
        // At 1,000 lines a second from 3 clients: client 0 at 0, 3, 6 ms, client 1 at 1, 4, 7 ms,
        // client 2 at 2, 5, 8 ms. Were all due together each millisecond would be a burst of the
        // load's own making.
        let turn = number * self.clients + u64::from(client);
        (turn as f64 * self.nanos_per_line) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_take_turns_at_even_distances() {
        let schedule = Schedule::new(1000, 4);
        let first: Vec<u64> = (0..4).map(|client| schedule.due(client, 0)).collect();
        assert_eq!(first, [0, 1_000_000, 2_000_000, 3_000_000]);
        assert_eq!(schedule.due(0, 1), 4_000_000);
        assert_eq!(schedule.due(1, 250), 1_001_000_000);
    }

    #[test]
    fn an_odd_rate_does_not_drift() {
        let schedule = Schedule::new(3, 1);
        assert_eq!(schedule.due(0, 3_000_000), 1_000_000_000_000_000);
    }

    #[test]
    fn moments_never_go_back() {
        let schedule = Schedule::new(7_777_777, 3);
        let moments = (0..1000).flat_map(|n| (0..3).map(move |client| (client, n)));
        let moments: Vec<u64> = moments.map(|(c, n)| schedule.due(c, n)).collect();
        assert!(moments.is_sorted());
    }
}

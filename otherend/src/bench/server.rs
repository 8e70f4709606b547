//! The CPU of the server when it is a process of this machine: it tells whose limit was reached.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use otherend_diagnose::listeners::{self, Protocol};

use super::plan::Times;

/// The process that listens on the target, and what it has used so far.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    pub(crate) pid: u32,
    pub(crate) name: String,
    samples: Vec<(Instant, Duration)>,
    /// When in the run the last sample was taken, in nanoseconds.
    last: Option<u64>,
}

/// Between two samples: looking at all processes takes milliseconds of the load's own core.
const PAUSE: u64 = 1_000_000_000;

impl ServerProcess {
    /// The process behind `target`; `None` where it is elsewhere or the system does not tell.
    pub(crate) fn behind(target: SocketAddr) -> Option<ServerProcess> {
        let here = |address: SocketAddr| {
            let ip = address.ip();
            ip == target.ip() || (ip.is_unspecified() && target.ip().is_loopback())
        };
        let listening = listeners::on_port(target.port()).ok()?;
        let found = listening
            .into_iter()
            .filter(|listener| listener.protocol == Protocol::Tcp && here(listener.address))
            .find_map(|listener| listener.process)?;
        Some(ServerProcess {
            pid: found.pid,
            name: found.name,
            samples: Vec::new(),
            last: None,
        })
    }

    /// Note what it has used by now, `moment` of the run, if it is time for that again.
    pub(crate) fn watch(&mut self, moment: u64, times: &Times) {
        if !is_due(self.last, moment, times) {
            return;
        }
        self.last = Some(moment);
        if let Some(used) = cpu_of_family(self.pid) {
            self.samples.push((Instant::now(), used));
        }
    }

    /// Cores kept busy between the first and the last sample.
    pub(crate) fn cores(&self) -> Option<f64> {
        let (first, last) = (self.samples.first()?, self.samples.last()?);
        let wall = last.0.duration_since(first.0).as_secs_f64();
        let used = last.1.saturating_sub(first.1).as_secs_f64();
        (wall > 0.0).then(|| used / wall)
    }
}

/// A sample when the measured part begins, one a second within it, and one when it ends.
fn is_due(last: Option<u64>, moment: u64, times: &Times) -> bool {
    match last {
        _ if moment < times.measured_from => false,
        None => true,
        Some(last) => moment >= last + PAUSE || (moment >= times.end && last < times.end),
    }
}

/// CPU time of a process, its children and theirs, the dead ones that it has waited for included.
fn cpu_of_family(pid: u32) -> Option<Duration> {
    let mut family = vec![stat(pid)?];
    let others: Vec<Stat> = std::fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(stat)
        .collect();
    let mut next = 0;
    while let Some(parent) = family.get(next).map(|member| member.pid) {
        family.extend(others.iter().filter(|other| other.parent == parent));
        next += 1;
    }
    Some(family.iter().map(Stat::used).sum())
}

/// What /proc says of a process; times in clock ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    pid: u32,
    parent: u32,
    /// Its own time, that of threads which have ended included.
    own: u64,
    /// The time of children that have ended.
    children: u64,
}

impl Stat {
    /// CPU time used. Ticks are rounded down for each process, which is too coarse for a hundred of
    /// them: where the scheduler's nanoseconds are known and more, they count.
    fn used(&self) -> Duration {
        let per_second = rustix::param::clock_ticks_per_second() as f64;
        let time = |ticks: u64| Duration::from_secs_f64(ticks as f64 / per_second);
        let scheduled = scheduled(self.pid).unwrap_or_default();
        time(self.own).max(scheduled) + time(self.children)
    }
}

/// The time that the scheduler gave to the threads a process has now.
fn scheduled(pid: u32) -> Option<Duration> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let times = threads.filter_map(|thread| {
        let figures = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        figures.split_whitespace().next()?.parse().ok()
    });
    Some(times.map(Duration::from_nanos).sum())
}

fn stat(pid: u32) -> Option<Stat> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// `PID (NAME) STATE PPID …`: the name may hold blanks and parentheses, so look from its end on.
fn parse(stat: &str) -> Option<Stat> {
    let pid = stat.split_whitespace().next()?.parse().ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
    // Fields 14 to 17 of proc(5): user and system time, its own and its children's.
    Some(Stat {
        pid,
        parent: u32::try_from(number(1)?).ok()?,
        own: number(11)? + number(12)?,
        children: number(13)? + number(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_the_rest_of_the_line() {
        let stat = "42 (a) R 7 (x)) S 9 1 1 0 -1 0 0 0 0 0 1 20 300 4000 20 0 1 0 5";
        let expected = Stat {
            pid: 42,
            parent: 9,
            own: 21,
            children: 4300,
        };
        assert_eq!(parse(stat), Some(expected));
        assert_eq!(parse("42 (cut"), None);
    }

    #[test]
    fn samples_are_taken_at_both_ends_and_rarely_between() {
        let seconds = Duration::from_secs;
        let times = Times::new(seconds(3), seconds(1), seconds(5));
        let mut last = None;
        let mut taken = Vec::new();
        for tenth in 0..40 {
            let moment = tenth * PAUSE / 10;
            if is_due(last, moment, &times) {
                taken.push(tenth);
                last = Some(moment);
            }
        }
        assert_eq!(taken, [10, 20, 30]);
        assert!(is_due(Some(25 * PAUSE / 10), times.end, &times));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_listener_of_this_process_is_found_and_measured() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = ServerProcess::behind(address).unwrap();
        assert_eq!(server.pid, std::process::id());
        let times = Times::new(Duration::from_secs(1), Duration::ZERO, Duration::ZERO);
        server.watch(0, &times);
        assert_eq!(server.cores(), None);
        server.watch(times.end, &times);
        assert!(server.cores().is_some());
    }
}

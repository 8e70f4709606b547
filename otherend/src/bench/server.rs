//! The CPU of the server when it is a process of this machine: it tells whose limit was reached.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use otherend_diagnose::listeners::{self, Protocol};
#[cfg(target_os = "linux")]
use procfs::ProcResult;
#[cfg(target_os = "linux")]
use procfs::process::{Process, Stat, all_processes};

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
#[cfg(target_os = "linux")]
fn cpu_of_family(pid: u32) -> Option<Duration> {
    let stat = |process: ProcResult<Process>| process.ok()?.stat().ok();
    let mut family = vec![stat(Process::new(i32::try_from(pid).ok()?))?];
    let others: Vec<Stat> = all_processes().ok()?.filter_map(stat).collect();
    // A server may work in children (`socat … fork`, a pre-forking one) that come and go. The list
    // grows while it is walked: children of children are found in the same way.
    let mut next = 0;
    while let Some(parent) = family.get(next).map(|member| member.pid) {
        let children = others.iter().filter(|other| other.ppid == parent);
        family.extend(children.cloned());
        next += 1;
    }
    Some(family.iter().map(used).sum())
}

#[cfg(not(target_os = "linux"))]
fn cpu_of_family(_pid: u32) -> Option<Duration> {
    None
}

/// CPU time that a process used, and those of its children that have ended.
///
/// Ticks are rounded down for each process, which is too coarse for a hundred of them. The
/// scheduler's nanoseconds are exact, but only of the threads there are now: the larger one counts.
#[cfg(target_os = "linux")]
fn used(process: &Stat) -> Duration {
    let per_second = procfs::ticks_per_second() as f64;
    let time = |ticks: u64| Duration::from_secs_f64(ticks as f64 / per_second);
    let children = u64::try_from(process.cutime + process.cstime).unwrap_or(0);
    let scheduled = scheduled(process.pid).unwrap_or_default();
    time(process.utime + process.stime).max(scheduled) + time(children)
}

/// The time that the scheduler gave to the threads a process has now.
#[cfg(target_os = "linux")]
fn scheduled(pid: i32) -> Option<Duration> {
    let threads = Process::new(pid).ok()?.tasks().ok()?;
    let times = threads.filter_map(|thread| thread.ok()?.schedstat().ok());
    let times = times.map(|time| Duration::from_nanos(time.sum_exec_runtime));
    Some(times.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

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

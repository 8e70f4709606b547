//! The CPU of the server when it is a process of this machine: it tells whose limit was reached.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use otherend_net::listeners::{self, Protocol};

/// The process that listens on the target, and what it has used so far.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    pub(crate) pid: u32,
    pub(crate) name: String,
    samples: Vec<(Instant, Duration)>,
}

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
        })
    }

    /// Note what it has used by now.
    pub(crate) fn sample(&mut self) {
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
    let ticks: u64 = family.iter().map(|member| member.ticks).sum();
    let per_second = rustix::param::clock_ticks_per_second();
    Some(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    pid: u32,
    parent: u32,
    ticks: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// `PID (NAME) STATE PPID …`: the name may hold blanks and parentheses, so look from its end on.
fn parse(stat: &str) -> Option<Stat> {
    let pid = stat.split_whitespace().next()?.parse().ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
    // Fields 14 to 17 of proc(5): own user and system time, and that of children waited for.
    let times = (11..=14).map(number).sum::<Option<u64>>()?;
    Some(Stat {
        pid,
        parent: u32::try_from(number(1)?).ok()?,
        ticks: times,
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
            ticks: 4321,
        };
        assert_eq!(parse(stat), Some(expected));
        assert_eq!(parse("42 (cut"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_listener_of_this_process_is_found_and_measured() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = ServerProcess::behind(address).unwrap();
        assert_eq!(server.pid, std::process::id());
        server.sample();
        assert_eq!(server.cores(), None);
    }
}

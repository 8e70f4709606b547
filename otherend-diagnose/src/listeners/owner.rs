//! Which process has a socket: the links in /proc/PID/fd name it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::{Duration, SystemTime};

use super::Process;

/// The process behind each of the sockets; where several share it the oldest, which has made it:
/// a server that forks hands it on to its children. Their numbers may be lower, for numbers wrap.
///
/// Processes of other users are closed to us unless we are root: their sockets are left out.
pub(super) fn of_sockets(inodes: HashSet<u64>) -> HashMap<u64, Process> {
    let mut found: HashMap<u64, (u64, u32)> = HashMap::new();
    for pid in pids() {
        for inode in sockets_of(pid) {
            let Some(started) = inodes.get(&inode).and_then(|_| start_ticks(pid)) else {
                continue;
            };
            let candidate = (started, pid);
            let oldest = found.entry(inode).or_insert(candidate);
            *oldest = candidate.min(*oldest);
        }
    }
    let processes = found.into_iter();
    processes
        .map(|(inode, (_, pid))| (inode, process(pid)))
        .collect()
}

fn pids() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let mut pids: Vec<u32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    pids.sort_unstable();
    pids
}

fn sockets_of(pid: u32) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let target = fs::read_link(entry.ok()?.path()).ok()?;
            let inode = target.to_str()?.strip_prefix("socket:[")?;
            inode.strip_suffix(']')?.parse().ok()
        })
        .collect()
}

fn process(pid: u32) -> Process {
    let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let words = read("cmdline");
    let command = String::from_utf8_lossy(&words).replace('\0', " ");
    Process {
        pid,
        name: String::from_utf8_lossy(&read("comm")).trim_end().to_owned(),
        command: command.trim_end().to_owned(),
        since: start_ticks(pid).and_then(started),
    }
}

/// When a process was started, in clock ticks since the machine was.
fn start_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The name in parentheses may contain anything; what counts comes after its end.
    let after_name = stat.rsplit_once(')')?.1;
    after_name.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// The moment of so many clock ticks since the machine was started.
fn started(ticks: u64) -> Option<SystemTime> {
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_ascii_whitespace().next()?.parse().ok()?;
    let after_boot = Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second());
    let age = Duration::try_from_secs_f64(uptime)
        .ok()?
        .saturating_sub(after_boot);
    SystemTime::now().checked_sub(age)
}

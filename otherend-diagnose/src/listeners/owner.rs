//! Which process has a socket: the links in /proc/PID/fd name it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::{Duration, SystemTime};

use procfs::process::{FDTarget, Stat, all_processes};
use procfs::{Current, Uptime, ticks_per_second};

use super::Process;

/// The process behind each of the sockets; where several share it the oldest, which has made it:
/// a server that forks hands it on to its children. Their numbers may be lower, for numbers wrap.
///
/// Processes of other users are closed to us unless we are root: their sockets are left out.
pub(super) fn of_sockets(inodes: &HashSet<u64>) -> HashMap<u64, Process> {
    let mut found: HashMap<u64, Stat> = HashMap::new();
    for process in all_processes().into_iter().flatten().flatten() {
        let Ok(descriptors) = process.fd() else {
            continue;
        };
        for descriptor in descriptors.flatten() {
            if let FDTarget::Socket(inode) = descriptor.target
                && inodes.contains(&inode)
                && let Ok(candidate) = process.stat()
            {
                let age = |stat: &Stat| (stat.starttime, stat.pid);
                match found.get(&inode) {
                    Some(oldest) if age(oldest) <= age(&candidate) => {}
                    _ => drop(found.insert(inode, candidate)),
                }
            }
        }
    }
    let processes = found.into_iter();
    processes
        .filter_map(|(inode, stat)| Some((inode, process(stat)?)))
        .collect()
}

fn process(stat: Stat) -> Option<Process> {
    let pid = u32::try_from(stat.pid).ok()?;
    // Any bytes may stand there, where procfs wants text.
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let command = String::from_utf8_lossy(&words).replace('\0', " ");
    Some(Process {
        pid,
        command: command.trim_end().to_owned(),
        since: started(stat.starttime),
        name: stat.comm,
    })
}

/// The moment of so many clock ticks since the machine was started.
fn started(ticks: u64) -> Option<SystemTime> {
    let uptime = Duration::try_from_secs_f64(Uptime::current().ok()?.uptime).ok()?;
    let after_boot = Duration::from_millis(ticks * 1000 / ticks_per_second());
    SystemTime::now().checked_sub(uptime.saturating_sub(after_boot))
}

//! What /proc/PID says of a server's process: its state, and how many descriptors it may still
//! open.

use std::fs;

/// The state letter of a process, as `ps` shows it: `S` sleeps, `T` is stopped.
pub(crate) fn state_of(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain anything; the state comes after its end.
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// Descriptors in use, and how many the process may have. Closed to other users but root.
pub(crate) fn descriptors_of(pid: u32) -> Option<(u64, u64)> {
    let used = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let row = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    let limit = row.split_ascii_whitespace().next()?.parse().ok()?;
    Some((u64::try_from(used).ok()?, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_and_has_descriptors_left() {
        let own = std::process::id();
        assert!(matches!(state_of(own), Some('R' | 'S')));
        let (used, limit) = descriptors_of(own).unwrap();
        assert!(0 < used && used < limit);
    }
}

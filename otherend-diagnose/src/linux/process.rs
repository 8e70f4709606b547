//! What /proc/PID says of a server's process: its state, and how many descriptors it may still
//! open.

use procfs::process::{LimitValue, Process};

/// The state letter of a process, as `ps` shows it: `S` sleeps, `T` is stopped.
pub(crate) fn state_of(pid: u32) -> Option<char> {
    Some(process(pid)?.stat().ok()?.state)
}

/// Descriptors in use, and how many the process may have. Closed to other users but root.
pub(crate) fn descriptors_of(pid: u32) -> Option<(u64, u64)> {
    let process = process(pid)?;
    // `fd_count` counts the folder itself and its parent where the kernel is older than 6.2.
    let used = process.fd().ok()?.count();
    let limit = process.limits().ok()?.max_open_files.soft_limit;
    let LimitValue::Value(limit) = limit else {
        return None;
    };
    Some((u64::try_from(used).ok()?, limit))
}

fn process(pid: u32) -> Option<Process> {
    Process::new(i32::try_from(pid).ok()?).ok()
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

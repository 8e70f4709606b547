//! The signals that ask the program to end, and leave it the time to end in good order.

use std::fs;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Ctrl-C, a supervisor, and a terminal that was closed — but for `nohup`, which means that this
/// last one is not to be heard. A handler would undo that.
pub(crate) fn asking_to_end() -> Vec<i32> {
    let mut signals = vec![SIGINT, SIGTERM];
    signals.extend(Some(SIGHUP).filter(|hangup| !is_ignored(*hangup)));
    signals
}

/// It was ignored when the program started. A system that does not say so (no /proc) has it heard.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    is_in_mask(&status, signal)
}

/// `SigIgn:` has the lowest bit for signal 1, see proc_pid_status(5).
fn is_in_mask(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_found_in_the_mask() {
        let status = "SigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\n";
        assert!(is_in_mask(status, SIGHUP));
        assert!(!is_in_mask(status, SIGINT));
        assert!(!is_in_mask("", SIGHUP));
    }
}

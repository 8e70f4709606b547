//! Ctrl-C and SIGTERM, for every command that serves.

use std::io::{IsTerminal, Write, stderr};

use otherend_net::Handle;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::output::screen::{Remark, Screen};

/// The first Ctrl-C or SIGTERM drains, the second stops at once.
pub(crate) fn stop_on_signals(handle: Handle, screen: Screen) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let thread = std::thread::Builder::new().name("signals".into());
    thread.spawn(move || {
        for _ in signals.forever() {
            write_over_echo();
            if handle.is_stopping() {
                handle.stop();
            } else {
                if !screen.look().quiet {
                    screen.remark(handle.now(), 0, &Remark::Stopping);
                }
                handle.drain();
            }
        }
    })?;
    Ok(())
}

/// A terminal has shown `^C` where the next line is to begin.
fn write_over_echo() {
    let mut stderr = stderr();
    if stderr.is_terminal() {
        // Only the look of a screen depends on it.
        let _ = stderr.write_all(b"\r");
    }
}

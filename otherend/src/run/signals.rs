//! Ctrl-C, SIGTERM and a terminal that is closed, for every command that serves.

use std::io::Write;
use std::time::Duration;

use otherend_net::Handle;
use signal_hook::consts::SIGHUP;
use signal_hook::low_level::emulate_default_handler;

use crate::exit::caught::Caught;
use crate::exit::signals::asking_to_end;
use crate::output::screen::{Remark, Screen};
use crate::output::stdio;

/// The first signal drains, the second stops at once, the third ends the program as it would end any
/// other: whatever a stop waits for, nobody has to. A terminal that is closed insists on nothing:
/// its shell may tell of it once more.
pub(crate) fn stop_on_signals(handle: Handle, screen: Screen) -> anyhow::Result<()> {
    let signals = Caught::new(asking_to_end())?;
    let thread = std::thread::Builder::new().name("signals".into());
    thread.spawn(move || {
        let mut stopped = false;
        for signal in signals {
            if signal == SIGHUP && handle.is_stopping() {
                continue;
            }
            if stopped {
                // It ends all of these by default.
                let _ = emulate_default_handler(signal);
            }
            write_over_echo();
            if handle.is_stopping() {
                handle.stop();
                stopped = true;
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

/// A terminal has shown `^C` where the next line is to begin. One that was halted is not waited for.
fn write_over_echo() {
    let mut stderr = stdio::stderr();
    if stderr.is_terminal() && stderr.takes_within(Duration::ZERO) {
        // Only the look of a screen depends on it.
        let _ = stderr.write_all(b"\r");
    }
}

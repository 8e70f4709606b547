//! Ctrl-C and SIGTERM, for every command that serves.

use std::io::{IsTerminal, Write, stderr};
use std::os::fd::AsFd;

use otherend_net::Handle;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::output::screen::{Remark, Screen};

/// The first Ctrl-C or SIGTERM drains, the second stops at once, the third ends the program as it
/// would end any other: whatever a stop waits for, nobody has to.
pub(crate) fn stop_on_signals(handle: Handle, screen: Screen) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let thread = std::thread::Builder::new().name("signals".into());
    thread.spawn(move || {
        let mut stopped = false;
        for signal in signals.forever() {
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
    let mut stderr = stderr();
    if stderr.is_terminal() && takes_something(&stderr) {
        // Only the look of a screen depends on it.
        let _ = stderr.write_all(b"\r");
    }
}

fn takes_something(file: &impl AsFd) -> bool {
    let mut files = [PollFd::new(file, PollFlags::OUT)];
    let at_once = Timespec::default();
    poll(&mut files, Some(&at_once)).is_ok_and(|ready| ready > 0)
}

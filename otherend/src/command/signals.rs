//! Ctrl-C and SIGTERM, for every command that serves.

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

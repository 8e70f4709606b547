//! Signals that are waited for, one after the other.

use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use signal_hook::iterator::Handle;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

/// How late a signal may be heard whose handler could not wake who waits for it.
const LOOK: Duration = Duration::from_secs(1);

/// The signals that have come, each for whoever asks next.
///
/// A handler marks its signal and sends a byte to wake who waits. A system without memory may refuse
/// the byte, and a Ctrl-C would be lost then: so the marks are looked at every second as well.
pub(crate) struct Caught(SignalDelivery<UnixStream, SignalOnly>);

impl Caught {
    pub(crate) fn new(signals: Vec<i32>) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        Caught::over(read, write, signals)
    }

    fn over(read: UnixStream, write: UnixStream, signals: Vec<i32>) -> io::Result<Self> {
        read.set_read_timeout(Some(LOOK))?;
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, signals)?;
        Ok(Caught(delivery))
    }

    /// What ends the waiting from another thread.
    pub(crate) fn handle(&self) -> Handle {
        self.0.handle()
    }

    fn wait(&mut self) {
        // Nobody else writes: what was read is not looked at, only the marks are.
        let woken = self.0.get_read_mut().read(&mut [0]);
        let usual = [
            ErrorKind::WouldBlock,
            ErrorKind::TimedOut,
            ErrorKind::Interrupted,
        ];
        if woken.is_err_and(|error| !usual.contains(&error.kind())) {
            thread::sleep(LOOK);
        }
    }
}

/// It waits; the end is that of its handle.
impl Iterator for Caught {
    type Item = i32;

    fn next(&mut self) -> Option<i32> {
        loop {
            // The bytes go before the marks: a signal in between leaves a byte too many, none too few.
            if let Some(signal) = self.0.pending().next() {
                return Some(signal);
            }
            if self.0.handle().is_closed() {
                return None;
            }
            self.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use signal_hook::consts::{SIGUSR1, SIGUSR2};
    use signal_hook::low_level::raise;

    use super::*;

    #[test]
    fn a_signal_whose_wake_up_failed_is_heard() {
        let (read, _unused) = UnixStream::pair().unwrap();
        // Nobody reads at its other end: each byte fails.
        let (write, _) = UnixStream::pair().unwrap();
        let mut caught = Caught::over(read, write, vec![SIGUSR1]).unwrap();
        let waiting = thread::spawn(move || caught.next());
        thread::sleep(Duration::from_millis(100));
        raise(SIGUSR1).unwrap();
        let began = Instant::now();
        while !waiting.is_finished() {
            assert!(began.elapsed() < 20 * LOOK, "it is not heard");
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(waiting.join().unwrap(), Some(SIGUSR1));
    }

    #[test]
    fn signals_are_heard_until_the_handle_is_closed() {
        let mut caught = Caught::new(vec![SIGUSR2]).unwrap();
        let handle = caught.handle();
        raise(SIGUSR2).unwrap();
        assert_eq!(caught.next(), Some(SIGUSR2));
        handle.close();
        assert_eq!(caught.next(), None);
    }
}

//! Stdin, stdout and stderr, whatever mode they are in.
//!
//! A pipe or a terminal is often shared, and whoever shares it may have set O_NONBLOCK on it (node,
//! ssh, a parent with an event loop): the mode belongs to the pipe and not to a process. Then the
//! standard library's streams refuse what does not fit at once, and lose a part of it. These wait
//! until it is taken, as if nobody had. They are the only way to the three in this program.

#![allow(
    clippy::disallowed_methods,
    reason = "here the standard library's streams are made patient"
)]

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::process::Stdio;
use std::time::Duration;

use crate::system::descriptor::{self, AsDescriptor, BorrowedDescriptor, Interest};
use crate::system::errors::is_not_open_for_this;

/// A stream that waits for what it can do later.
///
/// Nothing is kept back: what was written has left, in the pieces in which it was written.
#[derive(Debug)]
pub(crate) struct Patient<T>(T);

/// The program's input.
pub(crate) fn stdin() -> Patient<io::Stdin> {
    Patient(io::stdin())
}

/// What the program shows.
pub(crate) fn stdout() -> Patient<io::Stdout> {
    Patient(io::stdout())
}

/// What the program remarks.
pub(crate) fn stderr() -> Patient<io::Stderr> {
    Patient(io::stderr())
}

impl Patient<io::Stdin> {
    /// There are bytes in it that nobody has read.
    pub(crate) fn holds_more(&self) -> bool {
        descriptor::unread_bytes(&self.0).is_ok_and(|bytes| bytes > 0)
    }

    /// Read once, behind what is in `memory`.
    ///
    /// # Errors
    ///
    /// As read(2).
    pub(crate) fn read_behind(&self, memory: &mut Vec<u8>, room: usize) -> io::Result<usize> {
        self.read_patiently(|stdin| descriptor::read_behind(stdin, memory, room))
    }
}

impl<T: AsDescriptor> Patient<T> {
    /// Somebody sits there.
    pub(crate) fn is_terminal(&self) -> bool {
        self.0.as_fd().is_terminal()
    }

    /// Whether it takes something within this time.
    pub(crate) fn takes_within(&self, limit: Duration) -> bool {
        descriptor::wait(&self.0, Interest::Write, Some(limit)).unwrap_or(false)
    }

    /// Wait until it takes something, however long that is.
    ///
    /// # Errors
    ///
    /// As poll(2).
    pub(crate) fn wait_until_it_takes(&self) -> io::Result<()> {
        while !descriptor::wait(&self.0, Interest::Write, None)? {}
        Ok(())
    }

    /// Wait until nobody can read what is written, however long that is.
    ///
    /// A file can always be written, so this never returns for one.
    ///
    /// # Errors
    ///
    /// As poll(2).
    pub(crate) fn wait_until_unread(&self) -> io::Result<()> {
        while !descriptor::wait(&self.0, Interest::Gone, None)? {}
        Ok(())
    }

    fn read_patiently(&self, mut read: impl FnMut(&T) -> io::Result<usize>) -> io::Result<usize> {
        loop {
            match read(&self.0) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    descriptor::wait(&self.0, Interest::Read, None)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Opened for writing only: there is nothing to read.
                Err(error) if is_not_open_for_this(&error) => return Ok(0),
                outcome => return outcome,
            }
        }
    }
}

/// What a program that is started says goes where this one's remarks go.
impl From<Patient<io::Stderr>> for Stdio {
    fn from(stderr: Patient<io::Stderr>) -> Stdio {
        stderr.0.into()
    }
}

impl<T: AsDescriptor> AsDescriptor for Patient<T> {
    fn as_fd(&self) -> BorrowedDescriptor<'_> {
        self.0.as_fd()
    }
}

impl<T: AsDescriptor> Write for Patient<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match descriptor::write(&self.0, bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    descriptor::wait(&self.0, Interest::Write, None)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }

    /// In one piece: another thread, or another process, may write there too.
    fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        self.write_all(text.to_string().as_bytes())
    }

    // Nothing is kept here: a line that was written is out, whatever ends the process.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<T: AsDescriptor> Read for Patient<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.read_patiently(|stream| descriptor::read(stream, bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::thread;

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use rustix::pipe::pipe;

    use super::*;

    /// A pipe of which both ends do not block.
    fn nonblocking() -> (Patient<OwnedFd>, Patient<OwnedFd>) {
        let (from, to) = pipe().unwrap();
        for end in [&from, &to] {
            let flags = fcntl_getfl(end).unwrap();
            fcntl_setfl(end, flags | OFlags::NONBLOCK).unwrap();
        }
        (Patient(from), Patient(to))
    }

    #[test]
    fn what_is_written_arrives_whatever_the_mode() {
        let (mut from, mut to) = nonblocking();
        let text: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
        let written = text.clone();
        let writing = thread::spawn(move || to.write_all(&written));
        let mut heard = Vec::new();
        from.read_to_end(&mut heard).unwrap();
        writing.join().unwrap().unwrap();
        assert!(heard == text);
    }

    #[test]
    fn input_that_comes_later_is_waited_for() {
        let (mut from, mut to) = nonblocking();
        let reading = thread::spawn(move || {
            let mut heard = String::new();
            from.read_to_string(&mut heard).map(|_| heard)
        });
        writeln!(to, "{}", 1).unwrap();
        drop(to);
        assert_eq!(reading.join().unwrap().unwrap(), "1\n");
    }

    #[test]
    fn a_reader_that_has_gone_is_noticed() {
        let (from, to) = nonblocking();
        assert!(to.takes_within(Duration::ZERO));
        let waiting = thread::spawn(move || to.wait_until_unread());
        drop(from);
        waiting.join().unwrap().unwrap();
    }

    #[test]
    fn a_full_pipe_takes_nothing() {
        let (_from, to) = nonblocking();
        while rustix::io::write(&to, &[0; 4096]).is_ok() {}
        assert!(!to.takes_within(Duration::ZERO));
    }
}

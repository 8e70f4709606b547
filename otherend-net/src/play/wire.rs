//! One connection of a performance: what is still to be sent, and how it ends.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use otherend_core::Time;
use otherend_core::transcript::Closing;
use rustix::event::PollFlags;

use crate::stream;

/// After our end: how long the peer's is waited for.
const LINGER: Duration = Duration::from_millis(250);

pub(super) enum Socket {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

pub(super) struct Wire {
    pub(super) socket: Socket,
    /// Over UDP one datagram at a time, sent at once.
    unsent: Vec<u8>,
    closing: Option<Closing>,
    peer_done: bool,
    /// All was said; the peer's end is awaited until then.
    lingers: Option<Time>,
    /// There is nothing left to do.
    pub(super) over: bool,
    /// UDP: nobody receives datagrams there (ICMP port unreachable).
    refused: bool,
}

/// What came from the peer.
pub(super) enum Came {
    Nothing,
    Bytes(usize),
    End,
    Loss,
}

impl Wire {
    pub(super) fn new(socket: Socket) -> Self {
        Wire {
            socket,
            unsent: Vec::new(),
            closing: None,
            peer_done: false,
            lingers: None,
            over: false,
            refused: false,
        }
    }

    /// Send `bytes` as soon as there is room, then stop as `closing` says.
    pub(super) fn say(&mut self, bytes: &[u8], closing: Option<Closing>) {
        self.unsent.extend_from_slice(bytes);
        self.closing = closing.or(self.closing);
    }

    /// Send what there is room for; `false`: the connection broke.
    pub(super) fn write(&mut self, now: Time) -> bool {
        while !self.over && !self.unsent.is_empty() {
            let written = match &mut self.socket {
                Socket::Tcp(stream) => stream.write(&self.unsent),
                Socket::Udp(socket) => socket.send(&self.unsent),
            };
            match written {
                Ok(count) => _ = self.unsent.drain(..count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) => {
                    self.refused |= error.kind() == io::ErrorKind::ConnectionRefused;
                    self.unsent.clear();
                    return false;
                }
            }
        }
        if let Some(closing) = self.closing.take() {
            self.close(closing, now);
        }
        true
    }

    fn close(&mut self, closing: Closing, now: Time) {
        let Socket::Tcp(stream) = &self.socket else {
            self.over |= closing != Closing::HalfClose;
            return;
        };
        if closing == Closing::Reset {
            stream::reset_on_close(stream);
            self.over = true;
            return;
        }
        // A stream that is already broken says so at the next read.
        let _ = stream.shutdown(Shutdown::Write);
        if closing == Closing::Close {
            self.over |= self.peer_done;
            self.lingers = Some(now + LINGER);
        }
    }

    pub(super) fn read(&mut self, input: &mut [u8]) -> Came {
        let read = match &mut self.socket {
            Socket::Tcp(stream) => stream.read(input),
            Socket::Udp(socket) => match socket.recv(input) {
                // An empty datagram is no end.
                Ok(0) => return Came::Nothing,
                read => read,
            },
        };
        let came = match read {
            Ok(0) => Came::End,
            Ok(count) => Came::Bytes(count),
            Err(error) if stream::is_passing(&error) => return Came::Nothing,
            Err(error) => {
                self.refused |= error.kind() == io::ErrorKind::ConnectionRefused;
                Came::Loss
            }
        };
        if !matches!(came, Came::Bytes(_)) {
            self.peer_done = true;
            self.over |= self.lingers.is_some();
        }
        // What comes after our close is not heard.
        if self.lingers.is_some() {
            Came::Nothing
        } else {
            came
        }
    }

    /// End waiting for a peer that does not close.
    pub(super) fn tick(&mut self, now: Time) {
        self.over |= self.lingers.is_some_and(|until| now >= until);
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        self.lingers.filter(|_| !self.over)
    }

    /// Where nobody receives datagrams, if that is so.
    pub(super) fn refusal(&self) -> Option<io::Error> {
        let Socket::Udp(socket) = &self.socket else {
            return None;
        };
        let address = socket.peer_addr().ok().filter(|_| self.refused)?;
        let text = format!("nothing is listening on udp {address}");
        Some(io::Error::new(io::ErrorKind::ConnectionRefused, text))
    }

    /// What to wait for, bytes only if `hearing`; `None`: nothing.
    pub(super) fn interest(&self, hearing: bool) -> Option<PollFlags> {
        let mut interest = PollFlags::empty();
        interest.set(PollFlags::IN, hearing && !self.peer_done);
        interest.set(PollFlags::OUT, !self.unsent.is_empty());
        (!self.over && !interest.is_empty()).then_some(interest)
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Tcp(stream) => stream.as_fd(),
            Socket::Udp(socket) => socket.as_fd(),
        }
    }
}

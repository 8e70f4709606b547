//! Plays one end of a transcript over bare sockets, and cuts what it says behind one byte: what
//! comes after is sent once the other end has heard what came before.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use otherend_net::core::transcript::{Closing, Options, Outcome, Player};
use otherend_net::core::{Outbox, Time};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::stage::PATIENCE;

/// No cut.
pub(crate) const WHOLE: usize = usize::MAX;

pub(crate) struct Actor<'a> {
    player: Player,
    streams: Vec<Option<TcpStream>>,
    /// By connection; what came after the end of the script is there as well.
    heard: Vec<Vec<u8>>,
    /// How many bytes were said, by connection.
    said: Vec<usize>,
    /// Behind which of all of them the cut is.
    cut: usize,
    /// Waits until the other end has heard so many bytes on a connection.
    until_heard: &'a mut dyn FnMut(usize, usize),
}

/// What came of it: what was heard on each connection, and how many bytes were said on all.
pub(crate) type Played = (Vec<Vec<u8>>, usize);

impl<'a> Actor<'a> {
    pub(crate) fn new(
        player: Player,
        cut: usize,
        until_heard: &'a mut dyn FnMut(usize, usize),
    ) -> Self {
        let options = player.options();
        let player = player.with(Options {
            timeout: None,
            strict: true,
            ..options
        });
        Actor {
            streams: (0..player.connections()).map(|_| None).collect(),
            heard: vec![Vec::new(); player.connections()],
            said: vec![0; player.connections()],
            player,
            cut,
            until_heard,
        }
    }

    /// Be the client of `server`, from the first line to the last.
    pub(crate) fn play(mut self, server: SocketAddr) -> Played {
        while self.player.outcome().is_none() {
            while let Some(connection) = self.player.to_open() {
                self.open(connection, TcpStream::connect(server).unwrap());
            }
            self.go_on(None);
        }
        self.end()
    }

    /// Be the server of whoever comes to `listener`.
    pub(crate) fn host(mut self, listener: &TcpListener) -> Played {
        listener.set_nonblocking(true).unwrap();
        while self.player.outcome().is_none() {
            while let Some(connection) = self.player.to_accept()
                && let Ok((stream, _)) = listener.accept()
            {
                self.open(connection, stream);
            }
            self.go_on(Some(listener));
        }
        assert_eq!(self.player.unexpected(), None);
        self.end()
    }

    fn open(&mut self, connection: usize, stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        self.streams[connection] = Some(stream);
        self.act(connection, |player, out| {
            player.opened(connection, Time::ZERO, out);
        });
    }

    /// Say what can be said, then wait for something and hear it.
    fn go_on(&mut self, listener: Option<&TcpListener>) {
        while let Some(connection) = self.player.stirred() {
            self.act(connection, |player, out| {
                player.tick(connection, Time::ZERO, out);
            });
        }
        if self.player.outcome().is_none() {
            for connection in self.wait(listener) {
                self.hear(connection);
            }
        }
    }

    /// The connections on which there is something to hear.
    fn wait(&self, listener: Option<&TcpListener>) -> Vec<usize> {
        let mut fds = Vec::new();
        let mut connections = Vec::new();
        for (connection, stream) in self.streams.iter().enumerate() {
            if let Some(stream) = stream {
                fds.push(PollFd::new(stream, PollFlags::IN));
                connections.push(connection);
            }
        }
        fds.extend(listener.map(|listener| PollFd::new(listener, PollFlags::IN)));
        let limit = Timespec::try_from(PATIENCE).unwrap();
        assert!(poll(&mut fds, Some(&limit)).unwrap() > 0, "nothing comes");
        let ready = connections.into_iter().zip(&fds);
        let ready = ready.filter(|(_, fd)| !fd.revents().is_empty());
        ready.map(|(connection, _)| connection).collect()
    }

    fn hear(&mut self, connection: usize) {
        let Some(stream) = &mut self.streams[connection] else {
            return;
        };
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes) {
            Ok(0) => {
                // It would be ready for ever.
                self.act(connection, |player, out| {
                    player.finished(connection, Time::ZERO, out);
                });
                self.streams[connection] = None;
            }
            Ok(count) => {
                self.heard[connection].extend_from_slice(&bytes[..count]);
                self.act(connection, |player, out| {
                    player.heard(connection, Time::ZERO, &bytes[..count], out);
                });
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                self.act(connection, |player, out| {
                    player.lost(connection, Time::ZERO, out);
                });
                self.streams[connection] = None;
            }
        }
    }

    fn act(&mut self, connection: usize, act: impl FnOnce(&mut Player, &mut Outbox)) {
        let mut out = Outbox::new();
        act(&mut self.player, &mut out);
        self.say(connection, out.unsent());
        let Some(stream) = &self.streams[connection] else {
            return;
        };
        match self.player.closing(connection) {
            None => {}
            // A stream that is already broken says so when it is read.
            Some(Closing::HalfClose | Closing::Close) => _ = stream.shutdown(Shutdown::Write),
            Some(Closing::Reset) => {
                let socket = socket2::SockRef::from(stream);
                socket.set_linger(Some(Duration::ZERO)).unwrap();
                self.streams[connection] = None;
            }
        }
    }

    fn say(&mut self, connection: usize, bytes: &[u8]) {
        let Some(stream) = &mut self.streams[connection] else {
            return;
        };
        let before: usize = self.said.iter().sum();
        let cut = self.cut.saturating_sub(before).min(bytes.len());
        let (first, second) = bytes.split_at(cut);
        // A stream that is already broken says so when it is read.
        let _ = stream.write_all(first);
        if !first.is_empty() && !second.is_empty() {
            (self.until_heard)(connection, self.said[connection] + cut);
        }
        let _ = stream.write_all(second);
        self.said[connection] += bytes.len();
    }

    /// The script is over: what still comes is not in it.
    fn end(mut self) -> Played {
        assert_eq!(self.player.outcome(), Some(&Outcome::Passed));
        for (stream, heard) in self.streams.iter_mut().zip(&mut self.heard) {
            if let Some(stream) = stream {
                stream.read_to_end(heard).unwrap();
            }
        }
        (self.heard, self.said.iter().sum())
    }
}

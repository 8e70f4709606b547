//! One peer of the ledger: numbered lines in pieces of random length, and one of four ways to leave.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use crate::book::{End, Leaving, Page};
use crate::chance::Chance;

/// Whatever takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Peer {
    number: u64,
    stream: Option<TcpStream>,
    /// All that it will say, and how much of that it has said.
    script: Vec<u8>,
    said: usize,
    leaving: Leaving,
    heard: Vec<u8>,
    end: End,
    chance: Chance,
}

impl Peer {
    /// A peer that has `lines` lines to say.
    pub(crate) fn connect(
        address: SocketAddr,
        number: u64,
        lines: u64,
        mut chance: Chance,
    ) -> Peer {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_nonblocking(true).unwrap();
        let mut script = Vec::new();
        for line in 0..lines {
            let rest = (0..chance.below(80)).map(|_| char::from(b'a' + (chance.below(26) as u8)));
            let rest: String = rest.collect();
            script.extend_from_slice(format!("{number} {line} {rest}\n").as_bytes());
        }
        let leaving = match chance.below(4) {
            0 => Leaving::Finishing,
            1 => {
                // Somewhere, most often in the middle of a line.
                script.truncate(chance.below(script.len() + 1));
                Leaving::Finishing
            }
            2 => {
                script.truncate(chance.below(script.len() + 1));
                Leaving::Resetting
            }
            _ => {
                script.extend_from_slice(b"exit\nnobody answers this\n");
                Leaving::Exiting
            }
        };
        Peer {
            number,
            stream: Some(stream),
            script,
            said: 0,
            leaving,
            heard: Vec::new(),
            end: End::Open,
            chance,
        }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Say a piece, or hear what has come. `false`: all is said, and it has left.
    pub(crate) fn go_on(&mut self) -> bool {
        if self.chance.below(4) == 0 {
            self.hear();
        } else {
            self.say_a_piece();
        }
        if self.said == self.script.len() {
            self.leave();
        }
        self.said < self.script.len()
    }

    fn say_a_piece(&mut self) {
        let most = [3, 40, 500, 5_000][self.chance.below(4)];
        let piece = &self.script[self.said..];
        let piece = &piece[..piece.len().min(1 + self.chance.below(most))];
        match self.stream.as_mut().unwrap().write(piece) {
            Ok(count) => self.said += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => drop(self.hear()),
            // It is told so when it listens, too; what it could not say was not said.
            Err(_) => self.script.truncate(self.said),
        }
    }

    /// Hear what has come. `false`: that was the end.
    fn hear(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.as_mut().unwrap().read(&mut buffer) {
            Ok(0) => self.end = End::Finished,
            Ok(count) => {
                self.heard.extend_from_slice(&buffer[..count]);
                return true;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => self.end = End::Broken(error.kind()),
        }
        false
    }

    fn leave(&mut self) {
        match self.leaving {
            // Where the other end broke it off, listening tells.
            Leaving::Finishing => drop(self.stream.as_ref().unwrap().shutdown(Shutdown::Write)),
            Leaving::Resetting => {
                let stream = self.stream.take().unwrap();
                let socket = socket2::SockRef::from(&stream);
                socket.set_linger(Some(Duration::ZERO)).unwrap();
            }
            Leaving::Exiting => {}
        }
    }

    /// Hear everything up to the end and write it down.
    pub(crate) fn page(mut self) -> Page {
        if let Some(stream) = &self.stream {
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            while self.hear() {}
        }
        self.script.truncate(self.said);
        Page {
            said: self.script,
            leaving: self.leaving,
            heard: self.heard,
            end: self.end,
        }
    }
}

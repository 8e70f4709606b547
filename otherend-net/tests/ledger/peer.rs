//! One peer of the ledger: numbered lines in pieces of random length, and one of four ways to leave.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use otherend_net::core::Address;

use crate::book::{End, Leaving, Page};
use crate::chance::Chance;
use crate::words::{Dialect, Words};

/// Whatever takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What all peers of a round do alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    pub(crate) dialect: Dialect,
    /// How many lines each has to say.
    pub(crate) lines: u64,
    /// The server knows exit words, and takes text without an end for a line.
    pub(crate) echo: bool,
    /// The server is told to stop in the middle: nobody breaks off, so that all is accounted for.
    pub(crate) drained: bool,
}

pub(crate) struct Peer {
    number: u64,
    stream: Option<Socket>,
    words: Words,
    /// How much of that it has said.
    said: usize,
    leaving: Leaving,
    heard: Vec<u8>,
    /// How much it hears at a time, and how seldom: slow ones are a server's trouble.
    gulp: usize,
    seldom: usize,
    end: End,
    chance: Chance,
}

impl Peer {
    /// `None`: it was not let in.
    pub(crate) fn connect(
        place: &Address,
        number: u64,
        manners: Manners,
        mut chance: Chance,
    ) -> Option<Peer> {
        let stream = Socket::connect(place).ok()?;
        let mut words = Words::new(number, manners.lines, manners.dialect, &mut chance);
        let somewhere = chance.below(words.bytes.len() + 1);
        let leaving = match chance.below(4) {
            _ if manners.drained => Leaving::Drained,
            0 => Leaving::Finishing,
            1 | 3 if !manners.echo => {
                words.cut_between_lines(somewhere);
                Leaving::Finishing
            }
            1 => {
                // Somewhere, most often in the middle of a line.
                words.cut(somewhere);
                Leaving::Finishing
            }
            2 => {
                words.cut(somewhere);
                Leaving::Resetting
            }
            _ => {
                words.exit();
                Leaving::Exiting
            }
        };
        Some(Peer {
            number,
            stream: Some(stream),
            words,
            said: 0,
            leaving,
            heard: Vec::new(),
            gulp: [16, 4096, 4096][chance.below(3)],
            seldom: [2, 4, 64][chance.below(3)],
            end: End::Open,
            chance,
        })
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Say a piece, or hear what has come. `false`: all is said, and it has left.
    pub(crate) fn go_on(&mut self) -> bool {
        if self.chance.below(self.seldom) == 0 {
            self.hear();
        } else {
            self.say_a_piece();
        }
        if self.said == self.words.bytes.len() {
            self.leave();
        }
        self.said < self.words.bytes.len()
    }

    fn say_a_piece(&mut self) {
        let most = [3, 40, 500, 5_000][self.chance.below(4)];
        let piece = &self.words.bytes[self.said..];
        let piece = &piece[..piece.len().min(1 + self.chance.below(most))];
        match self.stream.as_mut().unwrap().write(piece) {
            Ok(count) => self.said += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => drop(self.hear()),
            // It is told so when it listens, too; what it could not say was not said.
            Err(_) => self.words.bytes.truncate(self.said),
        }
    }

    /// Hear what has come. `false`: that was the end.
    fn hear(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.as_mut().unwrap().read(&mut buffer[..self.gulp]) {
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
            Leaving::Finishing | Leaving::Drained => {
                self.stream.as_ref().unwrap().finish();
            }
            Leaving::Resetting => self.stream.take().unwrap().reset(),
            Leaving::Exiting => {}
        }
    }

    /// Hear everything up to the end and write it down.
    pub(crate) fn page(mut self) -> Page {
        self.gulp = 4096;
        if let Some(stream) = &self.stream {
            stream.wait_for_all();
            while self.hear() {}
        }
        let (due, exits) = self.words.due(self.said);
        Page {
            due,
            exits,
            leaving: self.leaving,
            heard: self.heard,
            reply_end: self.words.reply_end,
            end: self.end,
        }
    }
}

/// What carries a peer's bytes.
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    fn connect(place: &Address) -> io::Result<Socket> {
        match place {
            Address::Path(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_nonblocking(true)?;
                Ok(Socket::Unix(stream))
            }
            place => {
                let stream = TcpStream::connect(place.inet().unwrap())?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                Ok(Socket::Tcp(stream))
            }
        }
    }

    fn finish(&self) {
        let _ = match self {
            Socket::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Socket::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// Break it off; over a Unix socket that is an end like any other, or a broken pipe.
    fn reset(self) {
        if let Socket::Tcp(stream) = &self {
            let socket = socket2::SockRef::from(stream);
            socket.set_linger(Some(Duration::ZERO)).unwrap();
        }
    }

    fn wait_for_all(&self) {
        match self {
            Socket::Tcp(stream) => {
                stream.set_nonblocking(false).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
            }
            Socket::Unix(stream) => {
                stream.set_nonblocking(false).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
            }
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.read(buffer),
            Socket::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.write(bytes),
            Socket::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

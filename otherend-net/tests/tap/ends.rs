//! The two ends of a tapped connection in the hands of the test, and what the tap saw.

#![allow(dead_code, reason = "each is used by some of the tests")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use otherend_net::core::{Address, EndReason, Event, Observer, Role, Time};
use otherend_net::tap::{Tap, TapConfig};
use otherend_net::{Endpoint, Peer, Running, Watcher};

/// Nothing in these tests takes long: who waits for so long waits for ever.
const FOR_EVER: Duration = Duration::from_secs(20);

/// An event that outlives its moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Connected(SocketAddr),
    NotConnected(String),
    Bytes(Role, Vec<u8>),
    Injected(Role, Vec<u8>),
    Finished(Role),
    Ended(EndReason, Option<Role>),
}

/// A tap with one connection through it.
pub(crate) struct Tapped {
    pub(crate) client: TcpStream,
    pub(crate) server: TcpStream,
    pub(crate) tap: Running,
    pub(crate) seen: mpsc::Receiver<Seen>,
}

/// A tap between nobody yet and `target`.
pub(crate) fn tap_to(target: Endpoint, config: TapConfig) -> (Running, mpsc::Receiver<Seen>) {
    let (watch, seen) = mpsc::channel();
    let tap = Tap::bind(&[anywhere().into()], target, config).unwrap();
    let tap = tap.watched_by(Arc::new(Reporter(Mutex::new(watch))));
    (tap.start().unwrap(), seen)
}

/// A tap between nobody yet and `target`, watched by `watcher`.
pub(crate) fn watched_tap(target: Endpoint, watcher: Arc<dyn Watcher>) -> Running {
    let tap = Tap::bind(&[anywhere().into()], target, TapConfig::default()).unwrap();
    tap.watched_by(watcher).start().unwrap()
}

/// A tap and one connection through it.
pub(crate) fn tapped() -> Tapped {
    tapped_with(TapConfig::default())
}

pub(crate) fn tapped_with(config: TapConfig) -> Tapped {
    let listener = TcpListener::bind(anywhere()).unwrap();
    let target = listener.local_addr().unwrap();
    let (tap, seen) = tap_to(target.into(), config);
    let client = connect(tap.addresses()[0].inet().unwrap());
    let (server, _) = listener.accept().unwrap();
    server.set_read_timeout(Some(FOR_EVER)).unwrap();
    assert_eq!(next(&seen), Seen::Connected(target));
    Tapped {
        client,
        server,
        tap,
        seen,
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(FOR_EVER)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

pub(crate) fn anywhere() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// An address that refuses connections for as long as the socket lives.
pub(crate) fn refusing() -> (socket2::Socket, SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&anywhere().into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}

/// The next event.
pub(crate) fn next(seen: &mpsc::Receiver<Seen>) -> Seen {
    seen.recv_timeout(FOR_EVER).unwrap()
}

/// Every event to the end, the bytes of one end joined while nothing else comes between.
pub(crate) fn to_the_end(seen: &mpsc::Receiver<Seen>) -> Vec<Seen> {
    let mut all: Vec<Seen> = Vec::new();
    loop {
        let event = next(seen);
        match (all.last_mut(), event) {
            (Some(Seen::Bytes(before, bytes)), Seen::Bytes(from, more)) if *before == from => {
                bytes.extend(more);
            }
            (_, event) => all.push(event),
        }
        if let Some(Seen::Ended(..)) = all.last() {
            return all;
        }
    }
}

/// Say `text`.
pub(crate) fn say(mut stream: &TcpStream, text: &[u8]) {
    stream.write_all(text).unwrap();
}

/// Hear as many bytes as `text` has, and see that they are the same.
pub(crate) fn hear(mut stream: &TcpStream, text: &[u8]) {
    let mut heard = vec![0; text.len()];
    stream.read_exact(&mut heard).unwrap();
    assert_eq!(heard, text);
}

/// Hear everything up to the end of the stream.
pub(crate) fn hear_out(mut stream: &TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).unwrap();
    heard
}

/// Wait for the other end to reset the connection.
pub(crate) fn is_reset(mut stream: &TcpStream) -> bool {
    let error = stream.read(&mut [0; 16]).unwrap_err();
    error.kind() == std::io::ErrorKind::ConnectionReset
}

/// Close with a reset.
pub(crate) fn reset(stream: TcpStream) {
    let socket = socket2::SockRef::from(&stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
}

struct Reporter(Mutex<mpsc::Sender<Seen>>);

impl Watcher for Reporter {
    fn observer(&self, _peer: &Peer) -> Option<Box<dyn Observer>> {
        Some(Box::new(Reporting(self.0.lock().unwrap().clone())))
    }
}

struct Reporting(mpsc::Sender<Seen>);

impl Observer for Reporting {
    fn on_event(&mut self, _now: Time, event: &Event<'_>) {
        let seen = match *event {
            Event::Connected {
                target: Address::Inet(target),
                ..
            } => Seen::Connected(*target),
            Event::NotConnected { error } => Seen::NotConnected(error.to_string()),
            Event::Bytes { from, bytes } => Seen::Bytes(from, bytes.to_vec()),
            Event::Injected { to, bytes } => Seen::Injected(to, bytes.to_vec()),
            Event::Finished { from } => Seen::Finished(from),
            Event::Ended { reason, who, .. } => Seen::Ended(reason, who),
            _ => return,
        };
        // The test may be over.
        let _ = self.0.send(seen);
    }
}

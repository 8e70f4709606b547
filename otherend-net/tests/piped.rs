//! A client whose bytes mean nothing to it, over real sockets.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use otherend_net::core::{EndReason, Next, Outbox, Pipe, Settings};
use otherend_net::{Client, Stream};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says what the test sends, and tells it what was heard.
struct Test {
    /// `None`: the end.
    to_say: Receiver<Option<Vec<u8>>>,
    heard: Sender<Vec<u8>>,
    full: Arc<AtomicBool>,
}

impl Pipe for Test {
    fn hear(&mut self, bytes: &[u8]) {
        self.heard.send(bytes.to_vec()).unwrap();
    }

    fn has_room(&self) -> bool {
        !self.full.load(Ordering::SeqCst)
    }

    fn next(&mut self, outbox: &mut Outbox) -> Next {
        match self.to_say.try_recv() {
            Ok(Some(piece)) => {
                outbox.push(&piece);
                Next::Piece
            }
            Ok(None) => Next::End,
            Err(_) => Next::Nothing,
        }
    }
}

/// What a test holds of its client.
struct Held {
    say: Sender<Option<Vec<u8>>>,
    heard: Receiver<Vec<u8>>,
    full: Arc<AtomicBool>,
    client: Client,
}

fn client_over(stream: impl Into<Stream>) -> Held {
    let (say, to_say) = mpsc::channel();
    let (tell, heard) = mpsc::channel();
    let full = Arc::new(AtomicBool::new(false));
    let pipe: Box<dyn Pipe> = Box::new(Test {
        to_say,
        heard: tell,
        full: Arc::clone(&full),
    });
    let client = Client::handled_by(pipe, stream, Settings::client(), None).unwrap();
    Held {
        say,
        heard,
        full,
        client,
    }
}

fn client_and_peer() -> (Held, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    (client_over(stream), peer)
}

#[test]
fn bytes_pass_both_ways_at_once() {
    let (mut held, peer) = client_and_peer();
    let sent: Vec<u8> = (0..8_000_000_u32).map(|n| (n % 251) as u8).collect();
    let voice = held.client.voice();
    for piece in sent.chunks(60_000) {
        held.say.send(Some(piece.to_vec())).unwrap();
    }
    held.say.send(None).unwrap();
    voice.go_on();
    let said_back = thread::spawn(move || {
        let (mut peer, mut back) = (peer.try_clone().unwrap(), peer);
        std::io::copy(&mut peer, &mut back).unwrap();
    });
    assert_eq!(held.client.carry().unwrap(), EndReason::PeerFinished);
    said_back.join().unwrap();
    drop(held.client);
    let heard: Vec<u8> = held.heard.iter().flatten().collect();
    assert!(heard == sent);
}

#[test]
fn who_has_no_room_holds_the_peer_back_and_is_asked_again() {
    let (mut held, mut peer) = client_and_peer();
    held.full.store(true, Ordering::SeqCst);
    let voice = held.client.voice();
    let carrying = thread::spawn(move || held.client.carry().unwrap());
    peer.write_all(b"hello").unwrap();
    // It goes on saying meanwhile.
    held.say.send(Some(b"question".to_vec())).unwrap();
    voice.go_on();
    peer.read_exact(&mut [0; 8]).unwrap();
    assert!(held.heard.try_recv().is_err());
    held.full.store(false, Ordering::SeqCst);
    voice.go_on();
    assert_eq!(held.heard.recv_timeout(PATIENCE).unwrap(), b"hello");
    drop(peer);
    assert_eq!(carrying.join().unwrap(), EndReason::PeerFinished);
}

#[test]
fn last_words_are_heard_although_the_peer_has_read_nothing() {
    let (mut held, mut peer) = client_and_peer();
    held.full.store(true, Ordering::SeqCst);
    held.say.send(Some(vec![b'x'; 1000])).unwrap();
    let voice = held.client.voice();
    voice.go_on();
    let carrying = thread::spawn(move || held.client.carry().unwrap());
    peer.peek(&mut [0]).unwrap();
    peer.write_all(b"no place").unwrap();
    // Closing over unread input resets the connection.
    drop(peer);
    held.say.send(Some(vec![b'x'; 1000])).unwrap();
    voice.go_on();
    held.full.store(false, Ordering::SeqCst);
    voice.go_on();
    assert_eq!(carrying.join().unwrap(), EndReason::PeerReset);
    assert_eq!(held.heard.recv_timeout(PATIENCE).unwrap(), b"no place");
}

#[test]
fn each_piece_is_a_datagram_and_each_is_heard_by_itself() {
    const COUNT: usize = 5_000;
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server.local_addr().unwrap()).unwrap();
    let held = client_over(socket);
    let mut client = held.client;
    let voice = client.voice();
    let carrying = thread::spawn(move || client.carry().unwrap());
    let answering = thread::spawn(move || {
        let mut datagram = [0; 100];
        for _ in 0..COUNT {
            let (length, from) = server.recv_from(&mut datagram).unwrap();
            server.send_to(&datagram[..length], from).unwrap();
        }
    });
    // As many at once as the server's own socket holds.
    for round in 0..COUNT / 100 {
        for n in 0..100 {
            let text = format!("{}\n", 100 * round + n);
            held.say.send(Some(text.into_bytes())).unwrap();
        }
        voice.go_on();
        for n in 0..100 {
            let heard = held.heard.recv_timeout(PATIENCE).unwrap();
            assert_eq!(heard, format!("{}\n", 100 * round + n).into_bytes());
        }
    }
    answering.join().unwrap();
    voice.close();
    assert_eq!(carrying.join().unwrap(), EndReason::ClosedHere);
}

/// Always has more to say.
struct Endless(Sender<Vec<u8>>);

impl Pipe for Endless {
    fn hear(&mut self, bytes: &[u8]) {
        self.0.send(bytes.to_vec()).unwrap();
    }

    fn next(&mut self, outbox: &mut Outbox) -> Next {
        outbox.push(&[b'x'; 1000]);
        Next::Piece
    }
}

#[test]
fn a_pipe_that_always_has_more_hears_the_peer_all_the_same() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    let (tell, heard) = mpsc::channel();
    let pipe: Box<dyn Pipe> = Box::new(Endless(tell));
    thread::spawn(move || {
        let mut client = Client::handled_by(pipe, stream, Settings::client(), None).unwrap();
        client.carry().unwrap()
    });
    // It takes all that comes, as fast as it comes.
    let mut reading = peer.try_clone().unwrap();
    thread::spawn(move || std::io::copy(&mut reading, &mut std::io::sink()));
    peer.write_all(b"enough").unwrap();
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), b"enough");
}

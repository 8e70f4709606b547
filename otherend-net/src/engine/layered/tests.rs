//! Both drivers through the tests' layer: the peer is a bare socket that speaks its wire.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use otherend_core::{AnyBehaviour, Conversation, Echo, EndReason, Settings};

use super::super::blocking;
use super::super::carrier::Carrier;
use super::super::desk::Desk;
use super::*;
use crate::hub::mailbox::Mailbox;
use crate::stream::Stream;
use crate::stream::layer::Layers;
use crate::stream::layer::marked::{ANSWER, ASK, Marked};
use crate::system::clock::Clock;

const PATIENCE: Duration = Duration::from_secs(20);

fn marked() -> Vec<Layer> {
    vec![Layer::Marked(Marked::default())]
}

/// What one says on the wire, with or without its end.
fn wire(text: &[u8], ends: bool) -> Vec<u8> {
    let (mut layers, mut wire) = (Layers::of(marked()).unwrap(), Vec::new());
    layers.say(text, &mut wire);
    if ends {
        layers.close(&mut wire);
    }
    wire
}

/// Echoes lines up to `exit`.
fn carrier(mailbox: Mailbox) -> Carrier {
    let clock = Clock::new();
    let mut settings = Settings::server();
    settings.max_message = 1 << 20;
    let echo = AnyBehaviour::Echo(Echo::new(b""));
    let conversation = Conversation::new(Arc::new(settings), echo, clock.now());
    Carrier::in_client(conversation, clock, Arc::new(mailbox))
}

/// Carry one conversation under the blocking driver; `peer` is the other end. Gives why it ended.
fn blocking(peer: impl FnOnce(UnixStream) + Send + 'static) -> EndReason {
    let (ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_read_timeout(Some(PATIENCE)).unwrap();
    let peer = thread::spawn(move || peer(theirs));
    let stream = Stream::from(ours);
    stream.set_nonblocking().unwrap();
    let mut driver = blocking::Driver::new(stream, carrier(Mailbox::for_thread().unwrap()));
    driver.layered = Layered::over(marked());
    let now = driver.carrier.clock.now();
    driver.carrier.conversation.open(now);
    let mut desk = Desk::default();
    while driver.turn(&mut desk, None) {}
    let reason = driver.carrier.conversation.reason().unwrap();
    drop(driver);
    peer.join().unwrap();
    reason
}

/// The same under the async driver.
#[cfg(feature = "tokio")]
fn tasks(peer: impl FnOnce(UnixStream) + Send + 'static) -> EndReason {
    use super::super::tokio::{Driver, Source};
    let (ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_read_timeout(Some(PATIENCE)).unwrap();
    let peer = thread::spawn(move || peer(theirs));
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    let reason = runtime.block_on(async {
        let stream = Stream::from(ours);
        stream.set_nonblocking().unwrap();
        let source = Source::new(stream).unwrap();
        let mut driver = Driver::new(source, carrier(Mailbox::for_task()));
        driver.layered = Layered::over(marked());
        (&mut driver).await;
        driver.carrier.conversation.reason().unwrap()
    });
    peer.join().unwrap();
    reason
}

/// Under every driver that this build has.
fn under_both(case: impl Fn() -> (Box<dyn FnOnce(UnixStream) + Send>, EndReason)) {
    let (peer, reason) = case();
    assert_eq!(blocking(peer), reason);
    #[cfg(feature = "tokio")]
    {
        let (peer, reason) = case();
        assert_eq!(tasks(peer), reason);
    }
}

/// Read up to an answer to our question, without it.
fn answered(peer: &mut UnixStream, heard: &mut Vec<u8>) {
    let mut byte = [0];
    loop {
        peer.read_exact(&mut byte).unwrap();
        if byte == [ANSWER] {
            return;
        }
        heard.extend(byte);
    }
}

#[test]
fn the_same_is_heard_and_said_wherever_the_wire_is_cut() {
    let said = wire(b"hello\nthere\n", true);
    for cut in 1..said.len() {
        let said = said.clone();
        under_both(|| {
            let said = said.clone();
            let peer = move |mut peer: UnixStream| {
                let mut heard = Vec::new();
                peer.write_all(&said[..cut]).unwrap();
                // Its answer shows that the first part was read by itself.
                peer.write_all(&[ASK]).unwrap();
                answered(&mut peer, &mut heard);
                peer.write_all(&said[cut..]).unwrap();
                peer.read_to_end(&mut heard).unwrap();
                assert_eq!(heard, said, "an echo, cut at {cut}");
            };
            (Box::new(peer), EndReason::PeerFinished)
        });
    }
}

#[test]
fn a_wire_that_ends_without_an_end_is_truncated() {
    let said = wire(b"hello\nthe", false);
    for cut in 0..=said.len() {
        let said = said[..cut].to_vec();
        under_both(|| {
            let said = said.clone();
            let peer = move |mut peer: UnixStream| {
                peer.write_all(&said).unwrap();
                peer.shutdown(Shutdown::Write).unwrap();
                // What came of it does not matter: it may have been answered before the end.
                let _ = peer.read_to_end(&mut Vec::new());
            };
            (Box::new(peer), EndReason::Truncated)
        });
    }
}

#[test]
fn our_end_is_said_before_the_stream_is_half_closed_and_the_peer_is_heard_on() {
    under_both(|| {
        let peer = |mut peer: UnixStream| {
            peer.write_all(&wire(b"hello\nexit\n", false)).unwrap();
            let mut heard = Vec::new();
            peer.read_to_end(&mut heard).unwrap();
            assert_eq!(heard, wire(b"hello\n", true));
            // A question behind our end gets no answer; it is no trouble either.
            peer.write_all(&[ASK]).unwrap();
            peer.write_all(&wire(b"", true)[1..]).unwrap();
        };
        (Box::new(peer), EndReason::ExitWord)
    });
}

#[test]
fn what_the_stream_does_not_take_at_once_waits() {
    let line = [vec![b'x'; 900_000], vec![b'\n']].concat();
    let said = wire(&line, true);
    under_both(|| {
        let said = said.clone();
        let peer = move |mut peer: UnixStream| {
            // All of it is said before any of the answer is read.
            peer.write_all(&said).unwrap();
            let mut heard = Vec::new();
            peer.read_to_end(&mut heard).unwrap();
            assert!(heard == said);
        };
        (Box::new(peer), EndReason::PeerFinished)
    });
}

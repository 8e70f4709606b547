//! The client's own promises, blocking and async.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use otherend_net::{Client, ConnectOptions, Received};

/// A client of a peer made of a socket.
fn client_and_peer() -> (Client, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = Client::connect(address, &ConnectOptions::default()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// Read all there is; gives how many bytes that were.
fn reading(mut peer: TcpStream) -> JoinHandle<u64> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        peer.read_to_end(&mut bytes).unwrap();
        bytes.len() as u64
    })
}

#[test]
fn a_line_of_any_length_arrives() {
    let (mut client, peer) = client_and_peer();
    let read = reading(peer);
    client.say(&vec![b'x'; 3 << 20]).unwrap();
    client.finish_saying();
    assert_eq!(
        client.receive(),
        Received::Ended(otherend_net::core::EndReason::PeerFinished)
    );
    assert_eq!(read.join().unwrap(), (3 << 20) + 2);
}

#[test]
fn many_lines_of_another_thread_arrive() {
    let (mut client, peer) = client_and_peer();
    let read = reading(peer);
    let voice = client.voice();
    for _ in 0..100_000 {
        voice.say(&[b'y'; 30]);
    }
    voice.finish_saying();
    assert_eq!(
        client.receive(),
        Received::Ended(otherend_net::core::EndReason::PeerFinished)
    );
    assert_eq!(read.join().unwrap(), 100_000 * 32);
}

#[test]
fn for_ever_is_a_limit_too() {
    let (mut client, mut peer) = client_and_peer();
    peer.write_all(b"here\n").unwrap();
    let received = client.receive_within(Duration::MAX);
    assert_eq!(received, Received::Line(b"here".to_vec()));
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn a_deadline_wakes_the_task_that_waits_now() {
    use otherend_net::AsyncClient;
    use otherend_net::core::EndReason;

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut options = ConnectOptions::default();
    options.settings.idle_timeout = Some(Duration::from_millis(300));
    let mut client = AsyncClient::connect(address, &options).await.unwrap();
    let _peer = listener.accept().unwrap();
    // The timer is armed in one task; another waits.
    let first = tokio::spawn(async move {
        let nothing = client.receive_within(Duration::from_millis(10)).await;
        assert_eq!(nothing, Received::TimedOut);
        client
    });
    let mut client = first.await.unwrap();
    let second = tokio::spawn(async move { client.receive().await });
    let received = tokio::time::timeout(Duration::from_secs(20), second).await;
    assert_eq!(received.unwrap().unwrap(), Received::Ended(EndReason::Idle));
}

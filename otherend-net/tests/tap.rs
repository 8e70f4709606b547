//! A tap between a real client and a real server: what one end does is done to the other.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "tap/ends.rs"]
mod ends;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ends::{
    Seen, anywhere, connect, hear, hear_out, is_reset, next, refusing, reset, say, tap_to, tapped,
    tapped_with, to_the_end,
};
use otherend_net::core::{EndReason, Event, Observer, Role, Time};
use otherend_net::tap::{Tap, TapConfig};
use otherend_net::{Peer, Watcher};

#[test]
fn bytes_pass_both_ways_and_are_seen_with_their_speaker() {
    let t = tapped();
    say(&t.client, b"RING 3\r\n");
    hear(&t.server, b"RING 3\r\n");
    say(&t.server, b"250 rang\n\0\xff");
    hear(&t.client, b"250 rang\n\0\xff");
    drop(t.client);
    assert_eq!(hear_out(&t.server), b"");
    drop(t.server);
    assert_eq!(
        to_the_end(&t.seen),
        [
            Seen::Bytes(Role::Client, b"RING 3\r\n".to_vec()),
            Seen::Bytes(Role::Server, b"250 rang\n\0\xff".to_vec()),
            Seen::Finished(Role::Client),
            Seen::Finished(Role::Server),
            Seen::Ended(EndReason::PeerFinished, None),
        ]
    );
}

#[test]
fn a_half_close_of_the_client_is_passed_on_as_one() {
    let t = tapped();
    say(&t.client, b"all of it");
    t.client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(hear_out(&t.server), b"all of it");
    // The other direction goes on.
    say(&t.server, b"heard all of it");
    drop(t.server);
    assert_eq!(hear_out(&t.client), b"heard all of it");
}

#[test]
fn a_half_close_of_the_server_is_passed_on_as_one() {
    let t = tapped();
    say(&t.server, b"go on");
    t.server.shutdown(Shutdown::Write).unwrap();
    assert_eq!(hear_out(&t.client), b"go on");
    say(&t.client, b"going on");
    drop(t.client);
    assert_eq!(hear_out(&t.server), b"going on");
}

/// Whoever has heard the end of one connection can begin the next.
#[test]
fn a_place_is_free_before_the_end_is_heard() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = TapConfig::default();
    config.max_clients = Some(1);
    let (tap, seen) = tap_to(target.local_addr().unwrap().into(), config);
    for _ in 0..200 {
        let client = connect(tap.addresses()[0].inet().unwrap());
        while !matches!(next(&seen), Seen::Connected(_)) {}
        let (server, _) = target.accept().unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(hear_out(&server), b"");
        drop(server);
        assert_eq!(hear_out(&client), b"");
    }
    assert_eq!(tap.handle().stats().refused, 0);
}

#[test]
fn a_reset_of_the_client_is_passed_on_as_one() {
    let t = tapped();
    say(&t.client, b"x");
    hear(&t.server, b"x");
    reset(t.client);
    assert!(is_reset(&t.server));
    assert_eq!(
        to_the_end(&t.seen).last(),
        Some(&Seen::Ended(EndReason::PeerReset, Some(Role::Client)))
    );
}

#[test]
fn a_reset_of_the_server_is_passed_on_as_one() {
    let t = tapped();
    reset(t.server);
    assert!(is_reset(&t.client));
    assert_eq!(
        to_the_end(&t.seen),
        [Seen::Ended(EndReason::PeerReset, Some(Role::Server))]
    );
}

#[test]
fn a_client_that_resets_after_its_half_close_is_noticed_at_once() {
    let t = tapped();
    t.client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(hear_out(&t.server), b"");
    reset(t.client);
    // Nobody reads from the client any more, and still the server is told.
    assert_eq!(
        to_the_end(&t.seen),
        [
            Seen::Finished(Role::Client),
            Seen::Ended(EndReason::PeerReset, Some(Role::Client))
        ]
    );
}

#[test]
fn the_last_words_of_a_server_that_closes_on_unread_input_arrive() {
    let t = tapped();
    say(&t.client, b"not read by the server");
    assert_eq!(
        next(&t.seen),
        Seen::Bytes(Role::Client, b"not read by the server".to_vec())
    );
    say(&t.server, b"421 too busy\r\n");
    // With input unread, closing resets.
    drop(t.server);
    hear(&t.client, b"421 too busy\r\n");
    assert!(is_reset(&t.client));
}

#[test]
fn sixteen_megabytes_pass_each_way_at_once_byte_for_byte() {
    let t = tapped();
    let (to_server, to_client) = (noise(1, 16 << 20), noise(2, 16 << 20));
    let passes = |from: &TcpStream, to: &TcpStream, bytes: &[u8]| {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        let (said, expected) = (bytes.to_vec(), bytes.to_vec());
        let speaker = thread::spawn(move || {
            from.write_all(&said).unwrap();
            from.shutdown(Shutdown::Write).unwrap();
        });
        let listener = thread::spawn(move || {
            let mut heard = Vec::new();
            to.read_to_end(&mut heard).unwrap();
            // Not assert_eq: nobody wants to read 16 MB.
            assert!(heard == expected);
        });
        [speaker, listener]
    };
    let threads = [
        passes(&t.client, &t.server, &to_server),
        passes(&t.server, &t.client, &to_client),
    ];
    for thread in threads.into_iter().flatten() {
        thread.join().unwrap();
    }
    assert_eq!(
        to_the_end(&t.seen).last(),
        Some(&Seen::Ended(EndReason::PeerFinished, None))
    );
}

/// Bytes that no compression and no line end would leave alone.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut byte = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(|_| byte()).collect()
}

#[test]
fn a_reader_that_stops_reading_stops_the_speaker() {
    let t = tapped();
    t.client
        .set_write_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let block = [b'x'; 64 * 1024];
    let mut said = 0;
    // Every buffer on the way fills up: two of the kernel's each side, one of ours.
    let stopped = loop {
        match (&t.client).write(&block) {
            Ok(count) => said += count,
            Err(error) => break error.kind(),
        }
        assert!(said < 64 << 20, "{said} bytes and nobody reads");
    };
    assert_eq!(stopped, ErrorKind::WouldBlock);
    // And nothing of it is lost.
    t.client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(hear_out(&t.server).len(), said);
}

#[test]
fn a_target_that_is_not_there_is_no_good_end_for_the_client() {
    let (_nobody, target) = refusing();
    let (tap, seen) = tap_to(target.into(), TapConfig::default());
    let client = connect(tap.addresses()[0].inet().unwrap());
    // A close would look like a server that has nothing to say.
    assert!(is_reset(&client));
    let why = format!("cannot connect to {target}: connection refused");
    assert_eq!(next(&seen), Seen::NotConnected(why));
    assert_eq!(next(&seen), Seen::Ended(EndReason::NotConnected, None));
}

#[test]
fn a_drain_closes_what_is_idle_and_waits_for_an_answer_that_is_owed() {
    let listener = TcpListener::bind(anywhere()).unwrap();
    let target = listener.local_addr().unwrap();
    let (tap, seen) = tap_to(target.into(), TapConfig::default());
    let idle = connect(tap.addresses()[0].inet().unwrap());
    let (idle_server, _) = listener.accept().unwrap();
    let busy = connect(tap.addresses()[0].inet().unwrap());
    let (busy_server, _) = listener.accept().unwrap();
    say(&busy, b"question\n");
    hear(&busy_server, b"question\n");
    for _ in 0..3 {
        next(&seen); // two Connected, one Bytes
    }

    tap.handle().drain();
    assert_eq!(hear_out(&idle), b"");
    assert_eq!(hear_out(&idle_server), b"");
    drop((idle, idle_server));
    say(&busy_server, b"answer\n");
    hear(&busy, b"answer\n");
    assert_eq!(hear_out(&busy), b"");
    drop((busy, busy_server));

    let report = tap.drain();
    assert_eq!(
        (report.idle_closed, report.finished, report.aborted),
        (1, 1, 0)
    );
}

#[test]
fn a_stop_resets_both_ends() {
    let t = tapped();
    say(&t.client, b"question\n");
    hear(&t.server, b"question\n");
    let report = t.tap.stop();
    assert!(is_reset(&t.client) && is_reset(&t.server));
    assert_eq!(report.aborted, 1);
}

#[test]
fn whoever_is_too_many_is_told() {
    let mut config = TapConfig::default();
    config.max_clients = Some(1);
    let t = tapped_with(config);
    let second = connect(t.tap.addresses()[0].inet().unwrap());
    assert_eq!(hear_out(&second), b"ERR tap is full\n");
    say(&t.client, b"still here");
    hear(&t.server, b"still here");
}

struct Clumsy;

impl Watcher for Clumsy {
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>> {
        (peer.number == 1).then(|| Box::new(Clumsy) as Box<dyn Observer>)
    }
}

impl Observer for Clumsy {
    fn on_event(&mut self, _now: Time, event: &Event<'_>) {
        assert!(!matches!(event, Event::Bytes { .. }), "as intended");
    }
}

#[test]
fn an_observer_that_panics_ends_its_connection_and_no_other() {
    let listener = TcpListener::bind(anywhere()).unwrap();
    let target = listener.local_addr().unwrap();
    let tap = Tap::bind(&[anywhere().into()], target.into(), TapConfig::default()).unwrap();
    let tap = tap.watched_by(Arc::new(Clumsy)).start().unwrap();
    let first = connect(tap.addresses()[0].inet().unwrap());
    let (_first_server, _) = listener.accept().unwrap();
    let second = connect(tap.addresses()[0].inet().unwrap());
    let (second_server, _) = listener.accept().unwrap();
    say(&first, b"x");
    assert!(is_reset(&first));
    say(&second, b"y");
    hear(&second_server, b"y");
    assert_eq!(tap.handle().stats().disorderly, 1);
}

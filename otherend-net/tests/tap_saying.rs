//! What a tap is told to say to its ends: what arrives, when, and what is seen of it.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "tap/ends.rs"]
mod ends;

use std::io::{BufRead, BufReader, Read};
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ends::{
    Seen, Tapped, anywhere, connect, hear, hear_out, next, say, tapped, tapped_with, to_the_end,
};
use otherend_net::core::transcript::Masks;
use otherend_net::core::{AnyBehaviour, EndReason, Observer, Role, Sink};
use otherend_net::recording::{Recording, RecordingConfig, Scribe};
use otherend_net::tap::{Fault, Tap, TapConfig};
use otherend_net::{Client, ConnectOptions, Delivery, Peer, Server, ServerConfig, Watcher};

/// Say something in the place of `from`.
fn say_as(t: &Tapped, from: Role, text: &[u8]) -> Delivery {
    t.tap.handle().say_as(1, from, text)
}

/// Both ends close; gives all that was seen, the bytes of one end joined.
fn ended(t: Tapped) -> Vec<Seen> {
    drop((t.client, t.server));
    to_the_end(&t.seen)
}

#[test]
fn each_end_is_told_as_if_the_other_had_said_it() {
    let t = tapped();
    assert_eq!(say_as(&t, Role::Server, b"220 hello\r\n"), Delivery::Taken);
    hear(&t.client, b"220 hello\r\n");
    assert_eq!(say_as(&t, Role::Client, b"QUIT\r\n"), Delivery::Taken);
    hear(&t.server, b"QUIT\r\n");
    say(&t.server, b"221 bye\r\n");
    hear(&t.client, b"221 bye\r\n");
    drop(t.client);
    assert_eq!(hear_out(&t.server), b"");
    drop(t.server);
    let seen = to_the_end(&t.seen);
    assert_eq!(
        seen,
        [
            Seen::Injected(Role::Client, b"220 hello\r\n".to_vec()),
            Seen::Injected(Role::Server, b"QUIT\r\n".to_vec()),
            Seen::Bytes(Role::Server, b"221 bye\r\n".to_vec()),
            Seen::Finished(Role::Client),
            Seen::Finished(Role::Server),
            Seen::Ended(EndReason::PeerFinished, None),
        ]
    );
    // Nobody at an end said it.
    let counts = t.tap.drain().stats.counts;
    assert_eq!((counts.bytes_heard, counts.bytes_said), (0, 9));
}

#[test]
fn nothing_comes_into_the_middle_of_a_message() {
    let t = tapped();
    say(&t.client, b"RI");
    hear(&t.server, b"RI");
    assert_eq!(say_as(&t, Role::Client, b"own\n"), Delivery::Taken);
    // The other direction is between two messages, and shows that the tap has looked.
    say_as(&t, Role::Server, b"now\n");
    hear(&t.client, b"now\n");
    say(&t.client, b"NG\nNE");
    hear(&t.server, b"RING\nown\nNE"[2..].as_ref());
    say(&t.client, b"XT\n");
    hear(&t.server, b"XT\n");
    let seen = ended(t);
    let own = |seen: &Seen| matches!(seen, Seen::Injected(..));
    assert_eq!(seen.iter().filter(|seen| own(seen)).count(), 2);
    assert!(seen.contains(&Seen::Injected(Role::Server, b"own\n".to_vec())));
}

#[test]
fn where_nothing_ends_a_message_it_goes_behind_what_has_passed() {
    let mut config = TapConfig::default();
    config.message_end = None;
    let t = tapped_with(config);
    say(&t.client, b"\x01\x02");
    hear(&t.server, b"\x01\x02");
    say_as(&t, Role::Client, b"\x03");
    hear(&t.server, b"\x03");
}

#[test]
fn a_speaker_that_never_pauses_leaves_room_between_its_lines() {
    const LINES: usize = 20_000;
    let t = tapped();
    let line = |i: usize| format!("{i} {}\n", "x".repeat(i % 300));
    let client = t.client.try_clone().unwrap();
    let speaker = thread::spawn(move || {
        let all: String = (0..LINES).map(line).collect();
        say(&client, all.as_bytes());
        client.shutdown(Shutdown::Write).unwrap();
    });
    let mut heard = BufReader::new(&t.server).lines().map(Result::unwrap);
    let (mut said, mut own, mut to_come) = (0, 0, 0..LINES);
    for line_heard in &mut heard {
        if line_heard == "own" {
            own += 1;
            continue;
        }
        assert_eq!(format!("{line_heard}\n"), line(to_come.next().unwrap()));
        if to_come.start % 2000 == 1 {
            assert_eq!(say_as(&t, Role::Client, b"own\n"), Delivery::Taken);
            said += 1;
        }
    }
    speaker.join().unwrap();
    assert!(to_come.is_empty());
    // The last of them may have come behind the speaker's end.
    assert!(own > 0 && own <= said, "{own} of {said}");
}

#[test]
fn what_a_slow_end_does_not_take_waits_and_is_held_back() {
    let t = tapped();
    let line = |i: usize| format!("{i} {}\n", "x".repeat(10_000));
    let mut taken = 0;
    // The kernel takes some; then 1 MiB waits, and the rest is refused.
    while say_as(&t, Role::Server, line(taken).as_bytes()) == Delivery::Taken {
        taken += 1;
        assert!(taken < 10_000, "nothing holds it back");
        thread::sleep(Duration::from_micros(50));
    }
    // So is the server, whose line comes behind what was said in its place.
    say(&t.server, b"its own\n");
    t.server.shutdown(Shutdown::Write).unwrap();
    let heard = String::from_utf8(hear_out(&t.client)).unwrap();
    let all: String = (0..taken).map(line).collect();
    let (before, after) = heard.split_once("its own\n").unwrap();
    assert!(all.starts_with(before) && before.ends_with('\n'));
    assert!(all == format!("{before}{after}"), "in order and complete");
}

#[test]
fn who_has_finished_says_nothing_more() {
    let t = tapped();
    say(&t.client, b"begun");
    t.client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(hear_out(&t.server), b"begun");
    say_as(&t, Role::Client, b"too late\n");
    say_as(&t, Role::Server, b"in time\n");
    hear(&t.client, b"in time\n");
    let seen = ended(t);
    assert!(
        !seen
            .iter()
            .any(|seen| matches!(seen, Seen::Injected(Role::Server, _)))
    );
}

#[test]
fn faults_are_for_what_the_ends_say() {
    let listener = TcpListener::bind(anywhere()).unwrap();
    let target = listener.local_addr().unwrap();
    let faults = ["on C: own drop", "on C: slow split 20ms"].map(|f| f.parse::<Fault>().unwrap());
    let tap = Tap::bind(&[anywhere().into()], target.into(), TapConfig::default()).unwrap();
    let tap = tap.with_faults(faults).start().unwrap();
    let client = connect(tap.addresses()[0].inet().unwrap());
    let (mut server, _) = listener.accept().unwrap();
    say(&client, b"slow\nown\n");
    let mut first = [0];
    server.read_exact(&mut first).unwrap();
    // A line is on its way byte by byte.
    tap.handle().say_as(1, Role::Client, b"own\n");
    hear(&server, b"low\nown\n");
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(hear_out(&server), b"");
}

#[test]
fn a_taps_handle_lists_and_closes_as_a_servers_does() {
    let t = tapped();
    let handle = t.tap.handle();
    let open = handle.conversations();
    assert_eq!(open[0].peer.number, 1);
    assert_eq!(open[0].peer.address, t.client.local_addr().unwrap().into());
    // A tap has no voice of its own.
    assert_eq!(handle.say(1, b"x"), Delivery::NotHere);
    assert_eq!(handle.say_as(2, Role::Client, b"x\n"), Delivery::NotHere);
    handle.say_as(1, Role::Server, b"421 closing\r\n");
    assert!(handle.close(1));
    assert_eq!(hear_out(&t.client), b"421 closing\r\n");
    assert_eq!(hear_out(&t.server), b"");
    assert_eq!(
        ended(t).last(),
        Some(&Seen::Ended(EndReason::ClosedHere, None))
    );
    assert!(handle.wait_until_empty(Duration::from_secs(20)));
    assert!(!handle.close(1));
}

#[test]
fn a_server_has_its_own_voice_alone() {
    let sink = |_: &_| AnyBehaviour::Sink(Sink);
    let server = Server::bind(&[anywhere().into()], ServerConfig::default(), sink).unwrap();
    let server = server.start().unwrap();
    let _client = Client::connect(&server.addresses()[0], &ConnectOptions::default()).unwrap();
    for from in Role::BOTH {
        assert_eq!(server.handle().say_as(1, from, b"x\n"), Delivery::NotHere);
    }
}

/// Records every connection.
struct Record(Recording);

impl Watcher for Record {
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>> {
        Some(Box::new(Scribe::between(self.0.clone(), peer.number)))
    }
}

#[test]
fn it_is_recorded_as_what_it_is_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.talk");
    let mut config = RecordingConfig::new("by a test");
    config.masks = Masks::usual();
    let (recording, writer) = Recording::to_file(&file, config, Box::new(|_| ())).unwrap();
    let listener = TcpListener::bind(anywhere()).unwrap();
    let target = listener.local_addr().unwrap();
    let tap = ends::watched_tap(target.into(), Arc::new(Record(recording)));
    let client = connect(tap.addresses()[0].inet().unwrap());
    let (server, _) = listener.accept().unwrap();
    let handle = tap.handle();
    handle.say_as(1, Role::Client, b"PASS hunter2\n");
    hear(&server, b"PASS hunter2\n");
    handle.say_as(1, Role::Server, b"Password: ");
    hear(&client, b"Password: ");
    // An answer to a question is a secret whoever asked.
    say(&client, b"opensesame\n");
    hear(&server, b"opensesame\n");
    drop(client);
    assert_eq!(hear_out(&server), b"");
    drop(server);
    tap.drain();
    writer.finish().unwrap();
    let recorded = std::fs::read_to_string(&file).unwrap();
    assert!(
        !recorded.contains("hunter2") && !recorded.contains("sesame"),
        "{recorded}"
    );
    let told = recorded
        .lines()
        .filter(|line| line.contains("the tap said"));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            r"# the tap said to the server: PASS {{secret:text=****}}\n",
            r"# the tap said to the client: Password:\x20",
        ]
    );
    assert!(
        !recorded.contains("\nS"),
        "the server said nothing: {recorded}"
    );
}

#[test]
fn an_end_is_told_before_anybody_has_spoken() {
    let t = tapped();
    say_as(&t, Role::Client, b"first\n");
    assert_eq!(
        next(&t.seen),
        Seen::Injected(Role::Server, b"first\n".to_vec())
    );
    hear(&t.server, b"first\n");
}

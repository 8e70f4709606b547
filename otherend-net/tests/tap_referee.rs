//! A tap that knows how the conversation should go, and says who broke it.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "tap/ends.rs"]
mod ends;

use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};

use ends::{anywhere, connect, hear, hear_out, reset, say, watched_tap};
use otherend_net::core::transcript::{Outcome, Plan, Transcript};
use otherend_net::core::{Event, Observer, Time};
use otherend_net::tap::{Judge, Referee, Verdict};
use otherend_net::{Peer, Running, Watcher};

/// What the referee ruled, as a screen shows it; nothing for a performance that passed.
type Rulings = mpsc::Sender<String>;

struct Court(Referee, Mutex<Rulings>);

impl Watcher for Court {
    fn observer(&self, _peer: &Peer) -> Option<Box<dyn Observer>> {
        let rulings = self.1.lock().unwrap().clone();
        Some(Box::new(Seat(self.0.judge(), rulings)))
    }
}

struct Seat(Judge, Rulings);

impl Observer for Seat {
    fn on_event(&mut self, now: Time, event: &Event<'_>) {
        if let Some(Outcome::Failed(mismatch)) = self.0.on_event(now, event) {
            self.1.send(mismatch.render("x.talk")).unwrap();
        }
    }
}

/// A tap with a referee.
struct Match {
    tap: Running,
    target: TcpListener,
    referee: Referee,
    rulings: mpsc::Receiver<String>,
}

fn play_by(transcript: &str) -> Match {
    let transcript = Transcript::parse(transcript.as_bytes()).unwrap();
    let referee = Referee::new(Arc::new(Plan::new(transcript)));
    let target = TcpListener::bind(anywhere()).unwrap();
    let (tell, rulings) = mpsc::channel();
    let court = Arc::new(Court(referee.clone(), Mutex::new(tell)));
    let to = target.local_addr().unwrap().into();
    let tap = watched_tap(to, court);
    Match {
        tap,
        target,
        referee,
        rulings,
    }
}

impl Match {
    fn connect(&self) -> (TcpStream, TcpStream) {
        let client = connect(self.tap.addresses()[0].inet().unwrap());
        (client, self.target.accept().unwrap().0)
    }

    /// Stop, when all connections have ended by themselves.
    fn verdict(self) -> ((u64, u64, u64), Vec<String>) {
        self.tap.drain();
        let Verdict {
            passed,
            failed,
            unfinished,
            ..
        } = self.referee.verdict();
        (
            (passed, failed, unfinished),
            self.rulings.try_iter().collect(),
        )
    }
}

const BELL: &str =
    "otherend talk 1\nS: 200 ready\nC: RING {{n:int=3}}\nS: 250 rang {{n}}\nC! close\n";

/// The client closes, then the server does.
fn close(client: TcpStream, server: TcpStream) {
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(hear_out(&server), b"");
    drop(server);
    assert_eq!(hear_out(&client), b"");
}

fn pass(from: &TcpStream, to: &TcpStream, text: &[u8]) {
    say(from, text);
    hear(to, text);
}

#[test]
fn a_conversation_that_fits_passes_and_the_next_begins_anew() {
    let game = play_by(BELL);
    for n in ["3", "7"] {
        let (client, server) = game.connect();
        pass(&server, &client, b"200 ready\n");
        pass(&client, &server, format!("RING {n}\n").as_bytes());
        pass(&server, &client, format!("250 rang {n}\n").as_bytes());
        close(client, server);
    }
    assert_eq!(game.verdict(), ((2, 0, 0), vec![]));
}

#[test]
fn the_end_that_broke_it_is_named_with_the_place() {
    let game = play_by(BELL);
    let (client, server) = game.connect();
    pass(&server, &client, b"200 ready\n");
    pass(&client, &server, b"RING 4\n");
    pass(&server, &client, b"250 rang 5\n");
    close(client, server);
    let (verdict, rulings) = game.verdict();
    assert_eq!(verdict, (0, 1, 0));
    assert_eq!(
        rulings,
        ["    S: 200 ready\n    C: RING 4\n\
          x.talk:4: the server said something else\n    \
          expected  S: 250 rang {{n}}\n    \
          heard     S: 250 rang 5\n                          \
          ^ expected `4`, the value of n\n"]
    );
}

#[test]
fn a_client_that_breaks_it_is_named_too() {
    let game = play_by(BELL);
    let (client, server) = game.connect();
    pass(&server, &client, b"200 ready\n");
    pass(&client, &server, b"KNOCK\n");
    close(client, server);
    let (verdict, rulings) = game.verdict();
    assert_eq!(verdict, (0, 1, 0));
    assert!(rulings[0].contains("x.talk:3: the client said something else"));
}

#[test]
fn an_end_that_leaves_too_early_has_broken_it() {
    let game = play_by(BELL);
    let (client, server) = game.connect();
    pass(&server, &client, b"200 ready\n");
    reset(client);
    drop(server);
    let (verdict, rulings) = game.verdict();
    assert_eq!(verdict, (0, 1, 0));
    assert!(rulings[0].contains("x.talk:3: the client reset the connection"));
}

#[test]
fn a_transcript_of_two_connections_is_one_performance() {
    let game = play_by("otherend talk 1\nC: a\nS: b\n2C: c\n2S: d\n2C! close\nC! close\n");
    let (first, first_server) = game.connect();
    pass(&first, &first_server, b"a\n");
    pass(&first_server, &first, b"b\n");
    let (second, second_server) = game.connect();
    pass(&second, &second_server, b"c\n");
    pass(&second_server, &second, b"d\n");
    close(second, second_server);
    close(first, first_server);
    assert_eq!(game.verdict(), ((1, 0, 0), vec![]));
}

#[test]
fn what_is_cut_off_is_unfinished() {
    let game = play_by(BELL);
    let (client, server) = game.connect();
    pass(&server, &client, b"200 ready\n");
    game.tap.handle().stop();
    assert_eq!(game.verdict(), ((0, 0, 1), vec![]));
}

//! A server's end of a transcript with several connections: who comes when, who waits for whom.

use std::sync::Arc;

use otherend_core::transcript::{Closing, Outcome, Plan, Player, Transcript, Waits};
use otherend_core::{Outbox, Time};

const START: Time = Time::ZERO;

fn plan(file: &str) -> Arc<Plan> {
    let file = format!("otherend talk 1\n{file}");
    Arc::new(Plan::new(Transcript::parse(file.as_bytes()).unwrap()))
}

/// A server's end, and what it said on each connection.
struct Server {
    player: Player,
    outs: Vec<Outbox>,
}

impl Server {
    fn of(file: &str) -> Self {
        let player = Player::server(plan(file));
        Server {
            outs: (0..player.connections()).map(|_| Outbox::new()).collect(),
            player,
        }
    }

    fn open(&mut self, connection: usize) {
        self.player
            .opened(connection, START, &mut self.outs[connection]);
    }

    fn hear(&mut self, connection: usize, bytes: &[u8]) {
        self.player
            .heard(connection, START, bytes, &mut self.outs[connection]);
    }

    fn finish(&mut self, connection: usize) {
        self.player
            .finished(connection, START, &mut self.outs[connection]);
    }

    /// Let those go on who can.
    fn stir(&mut self) {
        while let Some(connection) = self.player.stirred() {
            self.player
                .tick(connection, START, &mut self.outs[connection]);
        }
    }

    fn said(&self, connection: usize) -> &str {
        std::str::from_utf8(self.outs[connection].unsent()).unwrap()
    }
}

const MEETING: &str = "\
S: hello
C: first
2C! connect
2S: hello you
2C: second
S: there is another
2S: bye
";

#[test]
fn what_is_said_keeps_the_order_of_the_file() {
    let mut server = Server::of(MEETING);
    server.open(0);
    server.hear(0, b"first\n");
    assert_eq!(server.said(0), "hello\n");
    assert_eq!(server.player.waits(0), Waits::Others);
    assert_eq!(server.player.held_up_at(0), Some(7));
    assert_eq!(server.player.deadline(0), None);
    server.open(1);
    // The first is next now: its deadline has come.
    assert_eq!(server.player.waits(0), Waits::Turn);
    assert_eq!(server.player.deadline(0), Some(START));
    assert_eq!(server.player.stirred(), Some(0));
    server.hear(1, b"second\n");
    assert_eq!(server.said(1), "hello you\n");
    server.stir();
    assert_eq!(server.said(0), "hello\nthere is another\n");
    assert_eq!(server.said(1), "hello you\nbye\n");
    server.finish(0);
    server.finish(1);
    assert_eq!(server.player.outcome(), Some(&Outcome::Passed));
}

#[test]
fn nobody_waits_for_who_has_left() {
    let leave: [fn(&mut Server); 3] = [
        |server| server.finish(1),
        |server| server.player.lost(1, START, &mut Outbox::new()),
        |server| server.player.left(1),
    ];
    for leave in leave {
        let mut server = Server::of("C: a\nS: 1\n2C: b\n2S: 2\nS: 3\n2S: 4\nS: 5\n");
        server.open(0);
        server.open(1);
        server.hear(0, b"a\n");
        assert_eq!(server.said(0), "1\n");
        leave(&mut server);
        server.stir();
        assert_eq!(server.said(0), "1\n3\n5\n");
    }
}

#[test]
fn nobody_waits_for_what_a_rule_cut_short() {
    let mut server = Server::of("C: a\n2C: b\n2S: 2\nS: 3\n\non C: stop\nS: stopped\nS! close\n");
    server.open(0);
    server.open(1);
    server.hear(0, b"a\n");
    server.hear(1, b"stop\n");
    assert_eq!(server.player.closing(1), Some(Closing::Close));
    server.stir();
    assert_eq!((server.said(0), server.said(1)), ("3\n", "stopped\n"));
}

#[test]
fn a_connection_is_due_when_the_file_could_have_opened_it() {
    let mut server = Server::of(MEETING);
    // The greeting comes before what the first says, and that before the second opens.
    assert!(!server.player.is_due(1));
    server.open(0);
    assert!(server.player.is_due(1));
    assert!(!server.player.is_due(2));
    // Whoever leaves early leads up to nothing, also when there was nothing left to say.
    server.hear(0, b"first\n");
    assert!(server.player.is_due(1));
    server.player.left(0);
    assert!(!server.player.is_due(1));
}

/// A server takes the two connections in any order: were the second open before the PONG had come,
/// what is published there could come before it.
#[test]
fn a_client_opens_the_next_once_all_above_it_was_heard() {
    let file = "C: SUB news\nC: PING\nS: PONG\n2C! connect\n2C: PUB news\nS: MSG\n";
    let mut client = Player::client(plan(file));
    let mut out = Outbox::new();
    client.opened(0, START, &mut out);
    assert_eq!(out.unsent(), b"SUB news\nPING\n");
    assert_eq!(client.to_open(), None);
    client.heard(0, START, b"PONG", &mut out);
    assert_eq!(client.to_open(), None);
    client.heard(0, START, b"\n", &mut out);
    assert_eq!(client.to_open(), Some(1));
    client.opened(1, START, &mut Outbox::new());
    client.heard(0, START, b"MSG\n", &mut out);
    assert_eq!(client.outcome(), Some(&Outcome::Passed));
}

/// A connection that is over says nothing more that could be waited for.
#[test]
fn a_client_reconnects_once_the_server_has_closed() {
    let mut client = Player::client(plan("C: quit\nS: bye\nS! close\n2C: again\n2S: hello\n"));
    let mut out = Outbox::new();
    client.opened(0, START, &mut out);
    client.heard(0, START, b"bye\n", &mut out);
    assert_eq!(client.to_open(), None);
    client.finished(0, START, &mut out);
    assert_eq!(client.to_open(), Some(1));
}

#[test]
fn one_after_the_other_goes_on_when_the_first_has_left() {
    let file = "C: a\nS: 1\nC: quit\nS! close\n2C: b\n2S: 2\n";
    let mut server = Server::of(file);
    server.open(0);
    assert!(!server.player.is_due(1));
    server.hear(0, b"a\nquit\n");
    assert_eq!(server.player.closing(0), Some(Closing::Close));
    assert!(server.player.is_due(1));
    server.open(1);
    server.hear(1, b"b\n");
    assert_eq!(server.said(1), "2\n");
}

#[test]
fn what_is_said_of_another_connection_is_heard_there_first() {
    let file = "C: subscribe\n2C! connect\n2S: hello\n2C: publish {{text:text=a word}}\nS: got {{text}}\nS: again {{text}}\n";
    let mut server = Server::of(file);
    server.open(0);
    server.open(1);
    server.hear(0, b"subscribe\n");
    server.stir();
    assert_eq!((server.said(0), server.said(1)), ("", "hello\n"));
    assert_eq!(server.player.waits(0), Waits::Others);
    server.hear(1, b"publish ");
    server.stir();
    assert_eq!(server.said(0), "");
    server.hear(1, b"the news\n");
    server.stir();
    assert_eq!(server.said(0), "got the news\nagain the news\n");
}

#[test]
fn what_is_never_heard_is_the_sample() {
    let file = "C: subscribe\n2C: publish {{text:text=a word}}\nS: got {{text}}\n";
    for leaves in [true, false] {
        let mut server = Server::of(file);
        server.open(0);
        server.hear(0, b"subscribe\n");
        if leaves {
            server.open(1);
        }
        server.stir();
        assert_eq!(server.said(0), "");
        server.player.left(1);
        server.stir();
        assert_eq!(server.said(0), "got a word\n");
    }
}

#[test]
fn it_is_known_whether_connections_overlap() {
    assert_eq!(plan(MEETING).overlap(), Some(4));
    let one_after_the_other = "C: a\nS: 1\nS! close\n2C: b\n2S: 2\n3C: c\n";
    assert_eq!(plan(one_after_the_other).overlap(), None);
    assert_eq!(plan("C! connect\n2C! connect\nC: a\n").overlap(), Some(3));
    assert_eq!(plan("on C: a\nS: b\n").overlap(), None);
}

/// With an answer below it a line was taken; without, a reset may be all that became of it.
#[test]
fn a_reset_behind_a_clients_last_word_is_no_success() {
    for (file, passes) in [
        ("C: hello\nS: hi\nC: quit\n", false),
        ("C: hello\nS: hi\nC: quit\nC! close\n", false),
        ("C: hello\nS: hi\n", true),
        ("C: hello\nS: hi\nC: quit\nC! reset\n", true),
    ] {
        let mut client = Player::client(plan(file));
        let mut out = Outbox::new();
        client.opened(0, START, &mut out);
        client.heard(0, START, b"hi\n", &mut out);
        assert_eq!(client.outcome(), Some(&Outcome::Passed), "{file}");
        client.lost_at_the_end(0);
        assert_eq!(client.outcome() == Some(&Outcome::Passed), passes, "{file}");
    }
}

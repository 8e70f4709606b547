//! Datagrams over real sockets: one conversation a peer, and no use as a weapon.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use otherend_core::Handler;
use otherend_net::core::transcript::{Outcome, Plan, Transcript};
use otherend_net::core::{AnyBehaviour, Behaviour, Echo, EndReason, Flow, Replies, Script};
use otherend_net::endpoint::{Listen, Target};
use otherend_net::play::{Performances, PlayOptions, play};
use otherend_net::{Client, ConnectOptions, Peer, Received, Running, Server, ServerConfig, Stats};

/// Nothing here takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(20);

fn serve<H: Into<Handler>>(
    change: impl FnOnce(&mut ServerConfig),
    behaviour: impl Fn() -> H + Send + Sync + 'static,
) -> Running {
    let mut config = ServerConfig::default();
    change(&mut config);
    let place = "udp://127.0.0.1:0".parse().unwrap();
    let server = Server::bind(&[place], config, move |_| behaviour()).unwrap();
    server.start().unwrap()
}

fn plain_echo() -> AnyBehaviour {
    AnyBehaviour::Echo(Echo::new(b""))
}

fn echo() -> AnyBehaviour {
    AnyBehaviour::Echo(Echo::default())
}

/// A peer that talks to `server`.
fn peer(server: &Running) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .connect(server.addresses()[0].inet().unwrap())
        .unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn hear(socket: &UdpSocket) -> Vec<u8> {
    let mut datagram = vec![0; 70_000];
    let length = socket.recv(&mut datagram).unwrap();
    datagram.truncate(length);
    datagram
}

fn ask(socket: &UdpSocket, datagram: &[u8]) -> Vec<u8> {
    socket.send(datagram).unwrap();
    hear(socket)
}

/// Nothing has come; over loopback what was sent is there at once.
fn is_silent(socket: &UdpSocket) -> bool {
    socket.set_nonblocking(true).unwrap();
    let outcome = socket.recv(&mut [0; 100]);
    socket.set_nonblocking(false).unwrap();
    matches!(outcome, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// Wait until the counters are as they should be.
fn until(server: &Running, fits: impl Fn(&Stats) -> bool) -> Stats {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let stats = server.handle().stats();
        if fits(&stats) {
            return stats;
        }
        assert!(Instant::now() < deadline, "{stats:?}");
        thread::yield_now();
    }
}

#[test]
fn one_datagram_is_one_line_and_its_answer_ends_alike() {
    let server = serve(|_| {}, echo);
    let socket = peer(&server);
    for (asked, answered) in [
        ("hello", "From server -> hello"),
        ("hello\n", "From server -> hello\n"),
        ("hello\r\n", "From server -> hello\r\n"),
        ("two\nlines\n", "From server -> two\nlines\n"),
        ("", "From server -> "),
        ("\n", "From server -> \n"),
        ("\n\n", "From server -> \n\n"),
    ] {
        let heard = ask(&socket, asked.as_bytes());
        assert_eq!(String::from_utf8_lossy(&heard), answered, "{asked:?}");
    }
    let report = server.drain();
    assert_eq!(
        (report.stats.accepted, report.stats.counts.messages_heard),
        (1, 7)
    );
}

#[test]
fn an_empty_datagram_has_an_empty_echo() {
    let server = serve(|_| {}, plain_echo);
    assert_eq!(ask(&peer(&server), b""), b"");
}

#[test]
fn many_senders_at_once_are_told_apart() {
    const SENDERS: usize = 200;
    const LINES: usize = 20;
    let server = serve(|_| {}, echo);
    let senders: Vec<_> = (0..SENDERS).map(|_| peer(&server)).collect();
    for line in 0..LINES {
        for (number, sender) in senders.iter().enumerate() {
            sender.send(format!("{number}:{line}").as_bytes()).unwrap();
        }
        for (number, sender) in senders.iter().enumerate() {
            let heard = String::from_utf8(hear(sender)).unwrap();
            assert_eq!(heard, format!("From server -> {number}:{line}"));
        }
    }
    let report = server.drain();
    assert_eq!(report.stats.accepted, SENDERS as u64);
    assert_eq!(report.stats.counts.messages_heard, (SENDERS * LINES) as u64);
    assert_eq!(
        (report.idle_closed, report.stats.refused),
        (SENDERS as u64, 0)
    );
}

/// The first datagram seems to come from the other server: it was sent from its address before it
/// was there, to a server that was not listening yet.
fn lines_of_a_loop(behaviour: fn() -> AnyBehaviour) -> u64 {
    let first = serve(|_| {}, behaviour);
    first.handle().suspend();
    let spoofed = peer(&first);
    let address = spoofed.local_addr().unwrap();
    spoofed.send(b"hello").unwrap();
    drop(spoofed);
    let config = ServerConfig::default();
    let second = Server::bind(&[Listen::Datagrams(address)], config, move |_| behaviour()).unwrap();
    let second = second.start().unwrap();
    first.handle().resume();
    until(&first, |stats| stats.refused == 1);
    let heard = |server: Running| server.drain().stats.counts.messages_heard;
    // The datagram that was refused was no line any more.
    1 + heard(first) + heard(second)
}

#[test]
fn two_echoes_and_one_spoofed_datagram_exchange_at_most_twenty() {
    for behaviour in [echo, plain_echo] {
        let datagrams = lines_of_a_loop(behaviour);
        assert!((3..=20).contains(&datagrams), "{datagrams}");
    }
}

#[test]
fn ports_under_1024_are_not_answered() {
    let low = (512..1024).find_map(|port| UdpSocket::bind(("127.0.0.1", port)).ok());
    let Some(low) = low else {
        eprintln!("skipped: only root has ports under 1024 here");
        return;
    };
    let server = serve(|_| {}, echo);
    low.connect(server.addresses()[0].inet().unwrap()).unwrap();
    low.send(b"hello").unwrap();
    until(&server, |stats| stats.refused == 1);
    assert!(is_silent(&low));
    assert_eq!(server.drain().stats.accepted, 0);
}

#[test]
fn beyond_loopback_longer_answers_are_withheld() {
    // Choosing a way sends nothing.
    let probe = UdpSocket::bind("0.0.0.0:0").unwrap();
    let own = probe
        .connect("192.0.2.1:9")
        .and_then(|()| probe.local_addr());
    let Ok(own) = own else {
        eprintln!("skipped: this machine has no address beyond loopback");
        return;
    };
    let address = SocketAddr::new(own.ip(), 0);
    let server = Server::bind(
        &[Listen::Datagrams(address)],
        ServerConfig::default(),
        |_| echo(),
    )
    .unwrap();
    let server = server.start().unwrap();
    let socket = UdpSocket::bind(address).unwrap();
    socket
        .connect(server.addresses()[0].inet().unwrap())
        .unwrap();
    socket.send(b"hello").unwrap();
    until(&server, |stats| stats.withheld == 1);
    assert!(is_silent(&socket));
    assert!(
        server
            .handle()
            .say(1, b"what our own end says is said")
            .is_taken()
    );
    assert_eq!(hear(&socket), b"what our own end says is said\n");
}

#[test]
fn nobody_is_told_why_a_conversation_ends() {
    let short = |config: &mut ServerConfig| {
        config.settings.idle_timeout = Some(Duration::from_millis(20));
        config.settings.max_message = 100;
    };
    let server = serve(short, echo);
    let socket = peer(&server);
    socket.send(&[b'x'; 101]).unwrap();
    until(&server, |stats| stats.ended == 1);
    assert!(is_silent(&socket));
    assert_eq!(ask(&socket, b"again"), b"From server -> again");
}

#[test]
fn the_exit_word_ends_a_conversation_without_a_word() {
    let server = serve(|_| {}, echo);
    let socket = peer(&server);
    socket.send(b"exit\n").unwrap();
    let stats = until(&server, |stats| stats.ended == 1);
    assert_eq!((stats.disorderly, stats.counts.messages_heard), (0, 1));
    assert!(is_silent(&socket));
    assert_eq!(ask(&socket, b"again"), b"From server -> again");
    assert_eq!(server.handle().conversations()[0].peer.number, 2);
}

#[test]
fn a_full_server_is_silent_and_counts() {
    let server = serve(|config| config.max_clients = Some(3), echo);
    let here: Vec<_> = (0..3).map(|_| peer(&server)).collect();
    for socket in &here {
        ask(socket, b"here");
    }
    let strangers: Vec<_> = (0..20).map(|_| peer(&server)).collect();
    for socket in &strangers {
        socket.send(b"me too").unwrap();
    }
    until(&server, |stats| stats.refused == 20);
    assert!(strangers.iter().all(is_silent));
    assert_eq!(ask(&here[0], b"still here"), b"From server -> still here");
    assert_eq!(server.handle().conversations().len(), 3);
}

#[test]
fn a_peer_that_has_gone_harms_nobody() {
    let server = serve(|_| {}, echo);
    server.handle().suspend();
    for _ in 0..10 {
        peer(&server).send(b"anybody?").unwrap();
    }
    let stays = peer(&server);
    stays.send(b"here").unwrap();
    server.handle().resume();
    // The answers to the others came back as ICMP: port unreachable.
    assert_eq!(hear(&stays), b"From server -> here");
    assert_eq!(ask(&stays, b"again"), b"From server -> again");
}

#[test]
fn what_has_arrived_before_a_stop_is_answered() {
    let server = serve(|_| {}, echo);
    server.handle().suspend();
    let sockets: Vec<_> = (0..50).map(|_| peer(&server)).collect();
    for socket in &sockets {
        socket.send(b"last\n").unwrap();
    }
    let report = server.drain();
    for socket in &sockets {
        assert_eq!(hear(socket), b"From server -> last\n");
    }
    assert_eq!((report.idle_closed, report.aborted), (50, 0));
}

#[test]
fn the_operator_speaks_lists_and_closes() {
    let server = serve(|_| {}, echo);
    let (first, second) = (peer(&server), peer(&server));
    ask(&first, b"one");
    ask(&second, b"two");
    let handle = server.handle();
    let open = handle.conversations();
    let addresses: Vec<SocketAddr> = open
        .iter()
        .filter_map(|open| open.peer.address.inet())
        .collect();
    let expected = [&first, &second].map(|socket| socket.local_addr().unwrap());
    assert_eq!(addresses, expected);
    assert!(handle.say(2, b"hello, second").is_taken());
    assert_eq!(hear(&second), b"hello, second\n");
    assert!(handle.close(1));
    until(&server, |stats| stats.ended == 1);
    assert!(is_silent(&first));
    // It is counted a moment before it leaves the list.
    while handle.conversations().len() > 1 {
        std::thread::yield_now();
    }
    assert!(!handle.say(1, b"hello, first").is_taken());
}

struct Rude;

impl Behaviour for Rude {
    fn on_message(&mut self, line: &[u8], replies: &mut Replies<'_>) -> Flow {
        assert_ne!(line, b"panic", "this test wants it");
        replies.message(b"first");
        replies.message(line);
        Flow::Continue
    }
}

#[test]
fn a_panic_is_one_conversations_own() {
    let server = serve(|_| {}, || AnyBehaviour::custom(Rude));
    let (calm, nervous) = (peer(&server), peer(&server));
    ask(&calm, b"x");
    hear(&calm);
    nervous.send(b"panic").unwrap();
    until(&server, |stats| stats.ended == 1);
    assert_eq!(ask(&calm, b"y"), b"first");
    assert_eq!(hear(&calm), b"y");
}

#[test]
fn each_line_of_an_answer_is_a_datagram() {
    let server = serve(|_| {}, || AnyBehaviour::custom(Rude));
    let socket = peer(&server);
    for line in ["a", "a\nb", "a\r\nb\n"] {
        let end = if line.ends_with('\n') { "\n" } else { "" };
        assert_eq!(
            ask(&socket, line.as_bytes()),
            format!("first{end}").into_bytes()
        );
        assert_eq!(hear(&socket), line.as_bytes());
    }
}

#[test]
fn a_transcript_is_served_to_each_peer() {
    let text = "otherend talk 1\nover udp\n\nC: time?\nS. now\nC. ping\nS. pong\nS. and pang\n";
    let plan = Arc::new(Plan::new(Transcript::parse(text.as_bytes()).unwrap()));
    let script = move || {
        let script = Script::server(Arc::clone(&plan)).unwrap();
        Handler::from(script)
    };
    let server = serve(|_| {}, script);
    let (first, second) = (peer(&server), peer(&server));
    assert_eq!(ask(&first, b"time?\n"), b"now");
    assert_eq!(ask(&second, b"time?\n"), b"now");
    assert_eq!(ask(&first, b"ping"), b"pong");
    assert_eq!(hear(&first), b"and pang");
    let report = server.drain();
    assert_eq!(report.stats.counts.messages_heard, 3);
    assert_eq!(report.stats.counts.messages_said, 4);
}

/// Also two clients of one performance, of whom the second lets the first go on.
#[test]
fn a_transcript_is_played_over_datagrams() {
    let two =
        "otherend talk 1\nover udp\n\nC: first\nS: one\n2C: second\n2S. two\n2S. twice\nS. three\n";
    for file in [include_str!("../../transcripts/time-udp.talk"), two] {
        let plan = Arc::new(Plan::new(Transcript::parse(file.as_bytes()).unwrap()));
        let performances = Performances::new(Arc::clone(&plan));
        let place = "udp://127.0.0.1:0".parse().unwrap();
        let part = move |peer: &Peer| Handler::from(performances.join(peer));
        let server = Server::bind(&[place], ServerConfig::default(), part).unwrap();
        let server = server.start().unwrap();
        let endpoint = server.addresses()[0].inet().unwrap().into();
        let outcome = play(Arc::clone(&plan), &endpoint, &PlayOptions::default());
        assert_eq!(outcome.unwrap(), Outcome::Passed);
        assert_eq!(plan.misfits(), 0);
    }
}

#[test]
fn a_client_hears_each_datagram_as_a_line() {
    let server = serve(|_| {}, || AnyBehaviour::custom(Rude));
    let address = server.addresses()[0].inet().unwrap().into();
    let target = Target::Datagrams(address);
    let mut client = Client::connect(target, &ConnectOptions::default()).unwrap();
    client.say(b"hello").unwrap();
    assert_eq!(client.receive(), Received::Line(b"first".to_vec()));
    assert_eq!(client.receive(), Received::Line(b"hello".to_vec()));
    assert_eq!(client.receive_within(Duration::ZERO), Received::TimedOut);
    client.voice().close();
    assert_eq!(client.receive(), Received::Ended(EndReason::ClosedHere));
}

#[test]
fn a_client_is_told_what_no_datagram_can_hold() {
    let server = serve(|_| {}, echo);
    let address = server.addresses()[0].inet().unwrap().into();
    let target = Target::Datagrams(address);
    let mut client = Client::connect(target, &ConnectOptions::default()).unwrap();
    assert!(client.say(&vec![b'x'; 65_507]).is_err());
    client.say(&[b'x'; 60_000]).unwrap();
    let Received::Line(line) = client.receive() else {
        panic!("no answer");
    };
    assert_eq!(line.len(), 60_015);
}

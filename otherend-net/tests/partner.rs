//! What a partner and a conversation promise each other, on the engines that carry many.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use otherend_net::core::AnyBehaviour;
use otherend_net::partner::{Asked, Partner, relay};
use otherend_net::{Delivery, Engine, Handle, Peer, Running, Server, ServerConfig};

const PATIENCE: Duration = Duration::from_secs(20);

fn engines() -> impl Iterator<Item = Engine> {
    let many = |engine: &Engine| *engine != Engine::Single;
    Engine::ALL.iter().copied().filter(many)
}

/// A server that has `partner` answer each peer, in a thread of its own.
fn serve(engine: Engine, partner: impl Fn(Partner) + Send + Sync + Clone + 'static) -> Running {
    let mut config = ServerConfig::default();
    config.engine = engine;
    config.settings.max_output = 64 * 1024;
    let handle = Arc::new(OnceLock::<Handle>::new());
    let of_server = Arc::clone(&handle);
    let address = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(&[address], config, move |peer: &Peer| {
        let (behaviour, hands) = relay(of_server.get().unwrap(), peer);
        let partner = partner.clone();
        thread::spawn(move || partner(hands));
        AnyBehaviour::custom(behaviour)
    });
    let server = server.unwrap();
    handle.set(server.handle()).ok().unwrap();
    server.start().unwrap()
}

fn connect(server: &Running) -> TcpStream {
    let stream = TcpStream::connect(server.addresses()[0].inet().unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn rest(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// Says each line back in capitals, and goodbye.
fn shout(partner: Partner) {
    loop {
        match partner.hear(None) {
            Asked::Line(line) => _ = partner.say(&line.to_ascii_uppercase()),
            Asked::Finished => {
                partner.say(b"goodbye");
                return;
            }
            _ => return,
        }
    }
}

#[test]
fn a_partner_answers_and_has_the_last_word() {
    for engine in engines() {
        let server = serve(engine, shout);
        let mut peer = connect(&server);
        peer.write_all(b"one\ntwo\nthr").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&mut peer), "ONE\nTWO\nTHR\ngoodbye\n", "{engine}");
    }
}

#[test]
fn thousands_of_lines_pass_in_order_however_slow_the_partner() {
    for engine in engines() {
        let server = serve(engine, |partner| {
            thread::sleep(Duration::from_millis(50));
            shout(partner);
        });
        let mut peer = connect(&server);
        let mut writing = peer.try_clone().unwrap();
        let writer = thread::spawn(move || {
            for number in 0..5000 {
                writing
                    .write_all(format!("line {number}\n").as_bytes())
                    .unwrap();
            }
            writing.shutdown(Shutdown::Write).unwrap();
        });
        let text = rest(&mut peer);
        writer.join().unwrap();
        let expected: String = (0..5000).map(|number| format!("LINE {number}\n")).collect();
        assert!(
            text == expected + "goodbye\n",
            "{engine}: {} bytes",
            text.len()
        );
    }
}

#[test]
fn a_peer_is_held_back_while_its_partner_takes_nothing() {
    for engine in engines() {
        let server = serve(engine, |partner| {
            // Until the peer has noticed, and then it hears all.
            thread::sleep(Duration::from_secs(1));
            while partner.hear(Some(PATIENCE)) != Asked::Finished {}
        });
        let mut peer = connect(&server);
        peer.set_write_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        let line = [b'x'; 1000];
        let mut said = 0;
        let stuck = loop {
            let mut text = line.to_vec();
            text.push(b'\n');
            match peer.write(&text) {
                Ok(count) => said += count,
                Err(error) => break error,
            }
            assert!(said < 100_000_000, "{engine}: nothing holds it back");
        };
        assert!(matches!(
            stuck.kind(),
            ErrorKind::WouldBlock | ErrorKind::TimedOut
        ));
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&mut peer), "", "{engine}");
    }
}

#[test]
fn a_partner_that_floods_is_told_that_it_is_full() {
    for engine in engines() {
        let server = serve(engine, |partner| {
            let line = [b'y'; 1000];
            let mut said = 0;
            let began = Instant::now();
            while partner.say(&line) == Delivery::Taken && began.elapsed() < PATIENCE {
                said += 1;
            }
            let count = format!("{said}");
            while partner.say(count.as_bytes()) == Delivery::Full {
                thread::sleep(Duration::from_millis(5));
            }
        });
        let peer = connect(&server);
        thread::sleep(Duration::from_millis(300));
        let lines: Vec<String> = BufReader::new(peer).lines().map(Result::unwrap).collect();
        let (count, floods) = lines.split_last().unwrap();
        assert_eq!(count.parse::<usize>().unwrap(), floods.len(), "{engine}");
        assert!(floods.iter().all(|line| line.len() == 1000));
    }
}

#[test]
fn a_partner_that_dies_closes_behind_what_it_said() {
    for engine in engines() {
        let server = serve(engine, |partner| {
            if let Asked::Line(_) = partner.hear(None) {
                partner.say(b"almost");
            }
        });
        let mut peer = connect(&server);
        peer.write_all(b"answer me\nand this\nand th").unwrap();
        assert_eq!(rest(&mut peer), "almost\n", "{engine}");
    }
}

#[test]
fn many_come_and_go_and_nothing_stays() {
    for engine in engines() {
        let server = serve(engine, shout);
        for round in 0..200 {
            let mut peer = connect(&server);
            peer.write_all(b"hello\n").unwrap();
            if round % 2 == 0 {
                // Gone without a word: the partner hears that, and ends.
                continue;
            }
            peer.shutdown(Shutdown::Write).unwrap();
            assert_eq!(rest(&mut peer), "HELLO\ngoodbye\n", "{engine}");
        }
        assert!(server.handle().wait_until_empty(PATIENCE), "{engine}");
    }
}

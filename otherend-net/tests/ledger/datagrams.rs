//! The ledger of datagrams. A network may lose them, so each peer has one on its way at a time: then
//! loopback loses none, and every answer is the one to what was just said.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use otherend_net::core::{AnyBehaviour, Echo};
use otherend_net::{Server, ServerConfig};

use crate::book::PREFIX;
use crate::chance::{self, Chance};
use crate::{AT_ONCE, LINES, PLAYERS, connections};

#[test]
fn udp() {
    let seed = chance::seed();
    let place = "udp://127.0.0.1:0".parse().unwrap();
    let mut config = ServerConfig::default();
    // Clients only leave by being silent.
    config.settings.idle_timeout = Some(Duration::from_secs(2));
    let echo = |_: &_| AnyBehaviour::Echo(Echo::new(PREFIX));
    let server = Server::bind(&[place], config, echo).unwrap();
    let server = server.start().unwrap();
    let address = server.addresses()[0].inet().unwrap();
    let next = AtomicU64::new(0);
    let began = Instant::now();
    let play = || {
        let mut said = 0;
        loop {
            let first = next.fetch_add(AT_ONCE, Ordering::Relaxed);
            if first >= connections() {
                return said;
            }
            let mut chance = Chance::new(seed + first);
            let sockets = (0..AT_ONCE).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
            let sockets: Vec<UdpSocket> = sockets.collect();
            for socket in &sockets {
                socket.connect(address).unwrap();
                socket
                    .set_read_timeout(Some(Duration::from_secs(60)))
                    .unwrap();
            }
            for line in 0..LINES {
                for (number, socket) in (first..).zip(&sockets) {
                    said += ask(socket, &format!("{number} {line} "), &mut chance);
                }
            }
        }
    };
    let said: u64 = thread::scope(|scope| {
        let players: Vec<_> = (0..PLAYERS).map(|_| scope.spawn(play)).collect();
        players
            .into_iter()
            .map(|player| player.join().unwrap())
            .sum()
    });
    let took = began.elapsed().as_secs_f64();
    println!("ledger: udp Datagrams Tally {{ said: {said}, answered: {said} }} in {took:.1} s");
    assert_eq!(server.drain().stats.counts.messages_heard, said);
}

/// Say a datagram of any bytes, with an end or without, and hear its answer.
fn ask(socket: &UdpSocket, begin: &str, chance: &mut Chance) -> u64 {
    let mut datagram = begin.as_bytes().to_vec();
    datagram.extend((0..chance.below(1200)).map(|_| chance.below(256) as u8));
    datagram.push(b'.');
    datagram.extend_from_slice([&b"\n"[..], b"\r\n", b""][chance.below(3)]);
    socket.send(&datagram).unwrap();
    let mut answer = [0; 2048];
    let length = socket.recv(&mut answer).unwrap();
    assert_eq!(answer[..length], [PREFIX, &datagram].concat(), "{begin}");
    1
}

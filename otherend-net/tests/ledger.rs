//! The ledger: thousands of peers say numbered lines in random pieces and leave in random ways;
//! what each said is held against what it heard.
//!
//! `OTHEREND_SEED=N` repeats a run: the seed is in the message of every failure.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(clippy::print_stdout, reason = "the figures are there to be read")]

#[path = "ledger/book.rs"]
mod book;
#[path = "ledger/chance.rs"]
mod chance;
#[path = "ledger/peer.rs"]
mod peer;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use book::Tally;
use chance::Chance;
use otherend_net::core::{AnyBehaviour, Echo};
use otherend_net::{Engine, Server, ServerConfig};
use peer::Peer;

/// How many lines each peer has to say.
const LINES: u64 = 200;
/// How many threads play the peers.
const PLAYERS: u64 = 4;
/// How many peers a thread plays at once.
const AT_ONCE: u64 = 25;

#[test]
fn single_answers_each_line_once_and_in_order() {
    keep(Engine::Single);
}

#[test]
fn threads_answers_each_line_once_and_in_order() {
    keep(Engine::Threads);
}

#[cfg(feature = "tokio")]
#[test]
fn async_answers_each_line_once_and_in_order() {
    keep(Engine::Async);
}

/// Each says up to 200 lines.
const CONNECTIONS: u64 = 2_000;

fn keep(engine: Engine) {
    let seed = chance::seed();
    let mut config = ServerConfig::default();
    config.engine = engine;
    let echo = |_: &_| AnyBehaviour::Echo(Echo::new(book::PREFIX));
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::bind(&[address.into()], config, echo).unwrap();
    let server = server.start().unwrap();
    let address = server.addresses()[0].inet().unwrap();
    let next = AtomicU64::new(0);
    let began = Instant::now();
    let tally: Tally = thread::scope(|scope| {
        let play = || play(address, &next, seed);
        let players: Vec<_> = (0..PLAYERS).map(|_| scope.spawn(play)).collect();
        let joined = players.into_iter().map(|player| player.join());
        joined.map(|tally| tally.unwrap()).sum()
    });
    let took = began.elapsed();
    println!("{engine}: {tally:?} in {took:.1?} with OTHEREND_SEED={seed}");
    let report = server.drain();
    assert_eq!(tally.pages, CONNECTIONS, "with OTHEREND_SEED={seed}");
    // Who breaks it off may do so before it is accepted.
    let accepted = report.stats.accepted;
    assert!(
        (CONNECTIONS - tally.resets..=CONNECTIONS).contains(&accepted),
        "{accepted} accepted of {tally:?}, with OTHEREND_SEED={seed}"
    );
    assert_eq!(report.aborted, 0, "with OTHEREND_SEED={seed}");
    let heard = report.stats.counts.messages_heard;
    assert!(
        tally.answered <= heard && heard <= tally.said,
        "{heard} lines were heard, of {tally:?}, with OTHEREND_SEED={seed}"
    );
}

/// Play some of the peers, many at once, until there are no more.
fn play(address: SocketAddr, next: &AtomicU64, seed: u64) -> Tally {
    let mut tally = Tally::default();
    loop {
        let first = next.fetch_add(AT_ONCE, Ordering::Relaxed);
        if first >= CONNECTIONS {
            return tally;
        }
        let numbers = first..CONNECTIONS.min(first + AT_ONCE);
        let mut chance = Chance::new(seed ^ first);
        let mut peers: Vec<Peer> = numbers
            .map(|number| Peer::connect(address, number, LINES, Chance::new(seed + number)))
            .collect();
        let mut talking: Vec<&mut Peer> = peers.iter_mut().collect();
        while !talking.is_empty() {
            let chosen = chance.below(talking.len());
            if !talking[chosen].go_on() {
                talking.swap_remove(chosen);
            }
        }
        for peer in peers {
            let number = peer.number();
            match peer.page().check() {
                Ok(entry) => tally += entry,
                Err(complaint) => {
                    panic!("connection {number}: {complaint}, with OTHEREND_SEED={seed}")
                }
            }
        }
    }
}

//! The ledger: thousands of peers say numbered lines in random pieces and leave in random ways;
//! what each was due is held against what it heard.
//!
//! `OTHEREND_SEED=N` repeats a run: the seed is in the message of every failure.
//! `OTHEREND_LEDGER=N` plays N connections a framing, engine and stream instead of 200.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(clippy::print_stdout, reason = "the figures are there to be read")]

#[path = "ledger/book.rs"]
mod book;
#[path = "ledger/chance.rs"]
mod chance;
#[path = "ledger/datagrams.rs"]
mod datagrams;
#[path = "ledger/peer.rs"]
mod peer;
#[path = "ledger/words.rs"]
mod words;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use book::Tally;
use chance::Chance;
use otherend_net::core::transcript::{Plan, Transcript};
use otherend_net::core::{Address, AnyBehaviour, Echo, Framing};
use otherend_net::endpoint::Listen;
use otherend_net::play::Performances;
use otherend_net::tap::{Tap, TapConfig};
use otherend_net::{Endpoint, Engine, Report, Running, Server, ServerConfig};
use peer::{Manners, Peer};
use tempfile::TempDir;
use words::Dialect;

/// How many lines each peer has to say.
const LINES: u64 = 200;
/// How many threads play the peers.
const PLAYERS: u64 = 4;
/// How many peers a thread plays at once.
const AT_ONCE: u64 = 25;
/// How many peers one server has before it is drained; the last half of a drained round's are in
/// the middle of it.
const ROUND: u64 = 2_000;

macro_rules! on_engines {
    ($($case:ident)*) => {
        mod single { $(#[test] fn $case() { super::$case(otherend_net::Engine::Single); })* }
        mod threads { $(#[test] fn $case() { super::$case(otherend_net::Engine::Threads); })* }
        #[cfg(feature = "tokio")]
        mod tasks { $(#[test] fn $case() { super::$case(otherend_net::Engine::Async); })* }
    };
}

on_engines! {
    tcp
    unix
    mock
}

fn tcp(engine: Engine) {
    for dialect in Dialect::FRAMINGS {
        let start = || serve(engine, dialect, anywhere().into());
        keep(&format!("{engine} tcp"), manners(dialect, true), start);
    }
}

fn unix(engine: Engine) {
    for dialect in Dialect::FRAMINGS {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("ledger.sock");
        let start = || serve(engine, dialect, Listen::Stream(Address::Path(path.clone())));
        keep(&format!("{engine} unix"), manners(dialect, true), start);
    }
}

fn mock(engine: Engine) {
    for (dialect, eol) in [(Dialect::RulesLf, "lf"), (Dialect::RulesCrlf, "crlf")] {
        let file = format!(
            "otherend talk 1\neol {eol}\n\non C: {{{{line:text=a}}}}\nS: -> {{{{line}}}}\n"
        );
        let plan = Arc::new(Plan::new(Transcript::parse(file.as_bytes()).unwrap()));
        let start = || {
            let performances = Performances::new(Arc::clone(&plan));
            let config = config(engine, dialect);
            let server = Server::bind(&[anywhere().into()], config, move |peer| {
                performances.join(peer)
            });
            Other::Alone(server.unwrap().start().unwrap())
        };
        keep(&format!("{engine} mock"), manners(dialect, false), start);
    }
}

#[test]
fn tap() {
    for dialect in Dialect::FRAMINGS {
        let start = || {
            let Other::Alone(server) = serve(Engine::Threads, dialect, anywhere().into()) else {
                unreachable!("it stands alone")
            };
            let target = Endpoint::from(server.addresses()[0].inet().unwrap());
            let tap = Tap::bind(&[anywhere().into()], target, TapConfig::default());
            Other::Tapped(tap.unwrap().start().unwrap(), server)
        };
        keep("tap tcp", manners(dialect, true), start);
    }
}

/// Who answers.
enum Other {
    Alone(Running),
    /// The tap, and whoever is behind it.
    Tapped(Running, Running),
}

impl Other {
    fn place(&self) -> Address {
        let (Other::Alone(first) | Other::Tapped(first, _)) = self;
        first.addresses()[0].clone()
    }

    /// What the server says of itself at its end.
    fn drain(self) -> Report {
        match self {
            Other::Alone(server) => server.drain(),
            Other::Tapped(tap, server) => {
                tap.drain();
                server.drain()
            }
        }
    }
}

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn config(engine: Engine, dialect: Dialect) -> ServerConfig {
    let mut config = ServerConfig::default();
    config.engine = engine;
    config.drain_timeout = Duration::from_secs(60);
    config.settings.framing = match dialect {
        Dialect::Lf | Dialect::RulesLf => Framing::Lf,
        Dialect::Crlf | Dialect::RulesCrlf => Framing::Crlf,
        Dialect::Dotnet => Framing::Dotnet,
        Dialect::Telnet => Framing::Telnet,
        Dialect::Auto => Framing::Auto,
    };
    config
}

fn serve(engine: Engine, dialect: Dialect, place: Listen) -> Other {
    let echo = |_: &_| AnyBehaviour::Echo(Echo::new(book::PREFIX));
    let server = Server::bind(&[place], config(engine, dialect), echo).unwrap();
    Other::Alone(server.start().unwrap())
}

fn manners(dialect: Dialect, echo: bool) -> Manners {
    Manners {
        dialect,
        lines: LINES,
        echo,
        drained: false,
    }
}

/// How many connections each framing has on each engine and stream.
fn connections() -> u64 {
    match std::env::var("OTHEREND_LEDGER") {
        Ok(text) => text.parse().expect("OTHEREND_LEDGER is a number"),
        Err(_) => 200,
    }
}

/// Rounds of peers until all have come; every third server is drained in the middle of its round.
fn keep(what: &str, manners: Manners, start: impl Fn() -> Other) {
    let seed = chance::seed();
    let all = connections();
    let size = ROUND.min(all / 3).max(AT_ONCE);
    let began = Instant::now();
    let mut tally = Tally::default();
    for (count, first) in (0..all).step_by(size as usize).enumerate() {
        let manners = Manners {
            // A tap that is drained cuts nobody's answers off, but what it had not passed on yet
            // was said to nobody: there is no count to hold against.
            drained: count % 3 == 1 && !what.starts_with("tap"),
            ..manners
        };
        let numbers = first..all.min(first + size);
        tally += round(manners, start(), numbers, seed);
    }
    let took = began.elapsed().as_secs_f64();
    println!(
        "ledger: {what} {:?} {tally:?} in {took:.1} s with OTHEREND_SEED={seed}",
        manners.dialect
    );
}

/// The peers with these numbers, and one server for all of them.
fn round(manners: Manners, other: Other, numbers: std::ops::Range<u64>, seed: u64) -> Tally {
    let next = AtomicU64::new(numbers.start);
    let place = other.place();
    let half = numbers.start + (numbers.end - numbers.start) / 2;
    let (tally, report) = thread::scope(|scope| {
        let play = || play(&place, manners, &next, numbers.end, seed);
        let players: Vec<_> = (0..PLAYERS).map(|_| scope.spawn(play)).collect();
        let mut other = Some(other);
        let mut report = None;
        if manners.drained {
            while next.load(Ordering::Relaxed) < half {
                thread::yield_now();
            }
            report = other.take().map(Other::drain);
        }
        let joined = players.into_iter().map(|player| player.join());
        let tally: Tally = joined.map(|tally| tally.unwrap()).sum();
        (tally, report.or_else(|| other.map(Other::drain)).unwrap())
    });
    let heard = report.stats.counts.messages_heard;
    let case = format!("{heard} lines heard, {tally:?}, {manners:?}, OTHEREND_SEED={seed}");
    assert_eq!(report.aborted, 0, "{case}");
    if manners.drained {
        // Each line that was heard was answered, and each answer was heard.
        assert_eq!(heard, tally.answered, "{case}");
    } else {
        assert_eq!(tally.pages, numbers.end - numbers.start, "{case}");
        assert!(tally.answered <= heard && heard <= tally.said, "{case}");
    }
    tally
}

/// Play some of the peers, many at once, until there are no more, or nobody is let in.
fn play(place: &Address, manners: Manners, next: &AtomicU64, end: u64, seed: u64) -> Tally {
    let mut tally = Tally::default();
    loop {
        let first = next.fetch_add(AT_ONCE, Ordering::Relaxed);
        if first >= end {
            return tally;
        }
        let mut chance = Chance::new(seed ^ first);
        let peers = (first..end.min(first + AT_ONCE)).map_while(|number| {
            let peer = Peer::connect(place, number, manners, Chance::new(seed + number));
            assert!(peer.is_some() || manners.drained, "connection {number}");
            peer
        });
        let mut peers: Vec<Peer> = peers.collect();
        let mut talking: Vec<&mut Peer> = peers.iter_mut().collect();
        while !talking.is_empty() {
            let chosen = chance.below(talking.len());
            if !talking[chosen].go_on() {
                talking.swap_remove(chosen);
            }
        }
        for peer in peers {
            let number = peer.number();
            let page = peer.page();
            let end = format!(
                "{:?}, {:?}, {} bytes heard, {} due",
                page.end,
                page.leaving,
                page.heard.len(),
                page.due.len()
            );
            match page.check() {
                Ok(entry) => tally += entry,
                Err(complaint) => {
                    panic!(
                        "connection {number}, {manners:?}: {complaint}, after {end}, OTHEREND_SEED={seed}"
                    )
                }
            }
        }
    }
}

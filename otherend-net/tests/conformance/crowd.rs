//! Many at once: slow ones in thousands do not delay a normal one.

use std::time::{Duration, Instant};

use otherend_net::{Engine, raise_descriptor_limit};

use super::stage::{RawPeer, config, echo, serve, skipped};

// Over TCP alone: two crowds at once would take more descriptors than one process has.
on_engines! {
    for_all:;
    for_many:;
    over_tcp for_all:;
    for_many:
        thousands_of_slow_peers_do_not_delay_a_normal_one
        all_that_are_too_many_are_told_so
}

/// How many descriptors this process may still open.
fn descriptors() -> usize {
    raise_descriptor_limit();
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let limit = limit.current.and_then(|limit| usize::try_from(limit).ok());
    limit.unwrap_or(usize::MAX)
}

fn thousands_of_slow_peers_do_not_delay_a_normal_one(engine: Engine) {
    // Other tests of this process need some, and a thread has a bell beside its socket.
    let (most, each) = match engine {
        Engine::Threads => (500, 3),
        _ => (5000, 2),
    };
    let count = most.min(descriptors() / 2 / each);
    let mut config = config(engine);
    config.max_clients = Some(count + 10);
    let server = serve(config, echo);
    let mut slow: Vec<RawPeer> = (0..count).map(|_| RawPeer::connect(&server)).collect();
    let mut normal = RawPeer::connect(&server);
    let mut longest = Duration::ZERO;
    for peer in &mut slow {
        peer.send(b"x");
        let asked = Instant::now();
        assert_eq!(normal.ask("quick"), "quick\n");
        longest = longest.max(asked.elapsed());
    }
    assert_eq!(server.handle().conversations().len(), count + 1);
    assert!(
        longest < Duration::from_secs(2),
        "{longest:?} with {count} slow peers"
    );
    for peer in &mut slow {
        peer.send(b"\n");
        assert_eq!(peer.line(), "x\n");
    }
}

fn all_that_are_too_many_are_told_so(engine: Engine) {
    const CLIENTS: usize = 1500;
    const INSIDE: usize = 1024;
    if descriptors() < CLIENTS + 2 * INSIDE + 100 {
        return skipped("too few descriptors for 1,500 clients and their server");
    }
    let mut config = config(engine);
    config.max_clients = Some(INSIDE);
    let server = serve(config, echo);
    let mut peers: Vec<RawPeer> = (0..CLIENTS).map(|_| RawPeer::connect(&server)).collect();
    for peer in &mut peers[..INSIDE] {
        assert_eq!(peer.ask("hello"), "hello\n");
    }
    for peer in &mut peers[INSIDE..] {
        assert_eq!(peer.rest_text(), "ERR server is full\n");
    }
    for peer in &mut peers[..INSIDE] {
        assert_eq!(peer.ask("undisturbed?"), "undisturbed?\n");
    }
    let stats = server.handle().stats();
    assert_eq!((stats.accepted, stats.refused), (1024, 476));
}
